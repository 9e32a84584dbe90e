"""Lighthouse's figure for performance, on the phone that it plays."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bench.report import Row, at_least
from tests.bench.serving import NAME, fill, server, signed_in
from tests.browser.lighthouse import lighthouse
from tests.http_client import Client
from tests.pictured import give_covers

BOOKS = 200


async def measure(folder: Path) -> list[Row]:
    """The welcome page, a shelf of 200 books with covers, a book's page and the scan page."""
    data = folder / f"{BOOKS}-covers"
    if not data.exists():
        await fill(data, BOOKS)
        await give_covers(data, NAME, 50)
    async with server(data) as (port, _):
        cookie = await signed_in(port)
        async with Client(port, cookie) as client:
            shelf = (await client.get("/library")).body
        book = re.search(rb'href="(/books/[\w-]{22})"', shelf)
        if not book:
            raise RuntimeError("the shelf has no book")
        url = f"http://127.0.0.1:{port}"
        pages = {"welcome": "/", "shelf": "/library", "book": book[1].decode(), "scan": "/scan"}
        seen = await lighthouse([url + pages.pop("welcome")], "performance")
        seen += await lighthouse(
            [url + path for path in pages.values()], "performance", cookie=cookie
        )
    return [
        at_least(f"Lighthouse, performance: {name}", page.scores["performance"], 98, "points")
        for name, page in zip(("welcome", *pages), seen, strict=True)
    ]
