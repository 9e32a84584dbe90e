"""Lighthouse's figure for performance, on the phone that it plays."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bench.report import Row, at_least, note
from tests.bench.serving import NAME, fill, server, signed_in
from tests.browser.lighthouse import lighthouse
from tests.http_client import Client
from tests.pictured import give_covers

BOOKS = 200
TURNS = 3


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
        rows = await _rows({"welcome": url + pages.pop("welcome")}, "")
        return rows + await _rows({name: url + path for name, path in pages.items()}, cookie)


async def _rows(pages: dict[str, str], cookie: str) -> list[Row]:
    """The middle one of some visits to each page, with what lowered it."""
    found = await lighthouse([*pages.values()] * TURNS, "performance", cookie=cookie, seconds=600)
    rows = []
    for name, url in pages.items():
        visits = [page for page in found if page.url == url]
        middle = sorted(visits, key=lambda page: page.scores["performance"])[TURNS // 2]
        points = middle.scores["performance"]
        rows.append(at_least(f"Lighthouse, performance: {name}", points, 98, "points"))
        rows += [note(f"lowered by {fault.split(':')[0]}", "") for fault in middle.failed]
    return rows
