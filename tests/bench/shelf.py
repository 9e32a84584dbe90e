"""The shelf's budgets: rate, growth, search, a click, an unchanged page."""

from __future__ import annotations

import re
import sqlite3
import statistics
from collections.abc import Awaitable, Iterator
from contextlib import closing, contextmanager
from itertools import product
from operator import truediv
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from tests.bench.load import getting, latencies, rates
from tests.bench.report import Row, at_least, at_most, note
from tests.bench.serving import fill, server, signed_in
from tests.http_client import Client, Reply

SMALL, MIDDLE, LARGE = 1_000, 10_000, 100_000
SORTS = ("added", "title", "author", "rating", "finished")
SEARCHES = (
    *("a", "k", "th", "the", "war", "novel", "smith", "love stor", "zzz", "三", "978"),
    *("ada abel", "silent house", "kyoto", "open station", "silent", "a s", "the house of"),
)
"""One letter, one word, several; in a hundred thousand books from no hit to nearly all."""


async def measure(folder: Path) -> list[Row]:
    """Every row that needs a shelf of 1,000, 10,000 or 100,000 books."""
    for books in (SMALL, MIDDLE, LARGE):
        await fill(folder / str(books), books)
    rows = await _rates(folder / str(MIDDLE))
    rows += await _growth(folder)
    rows += await _searches(folder / str(LARGE))
    return rows + await _click(folder / str(MIDDLE))


async def _rates(data: Path) -> list[Row]:
    async with server(data) as (port, _):
        cookie = await signed_in(port)
        async with Client(port, cookie) as client:
            tag = (await client.get("/library")).headers["etag"]
        turns = await rates(
            port,
            cookie,
            {
                "trivial": ("/bench/trivial", {}),
                "page": ("/library", {}),
                "zipped": ("/library", {"accept_encoding": "gzip"}),
                "unchanged": ("/library", {"if_none_match": tag}),
            },
        )
    share = {
        name: 100 * statistics.median(map(truediv, turns[name], turns["trivial"])) for name in turns
    }
    return [
        note("trivial route", f"{statistics.median(turns['trivial']):.0f} requests/s"),
        at_least("shelf page, 50 of 10,000, of the trivial route's rate", share["page"], 25),
        note("the same, compressed", f"{share['zipped']:.0f} %"),
        at_least("shelf unchanged (304), of the trivial rate", share["unchanged"], 60),
    ]


def _shelves() -> list[str]:
    filters = ("", "status=read", "rating=4", "status=read&rating=4")
    return [
        f"/library?sort={sort}&dir={direction}&{chosen}"
        for sort, direction, chosen in product(SORTS, ("asc", "desc"), filters)
    ]


async def _growth(folder: Path) -> list[Row]:
    async with server(folder / str(SMALL)) as (small, _), server(folder / str(LARGE)) as (large, _):
        cookies = {port: await signed_in(port) for port in (small, large)}
        ratios: dict[str, float] = {}
        for path in _shelves():
            # hypercorn closes a connection after a thousand requests, so each list gets its own.
            async with (
                Client(small, cookies[small]) as few,
                Client(large, cookies[large]) as many,
            ):
                ratios |= await _grown(few, many, path)
    worst = max(ratios, key=lambda path: ratios[path])
    return [
        at_most(
            "shelf of 100,000 to one of 1,000, median of every sort and filter",
            statistics.median(ratios.values()),
            1.3,
        ),
        at_most(f"the same, the worst: {worst}", ratios[worst], 1.3),
    ]


async def _grown(few: Client, many: Client, path: str) -> dict[str, float]:
    """The ratios of a list's first page, and of one some way down where both lists are so long."""
    ratios = {}
    pages = {path: (path, path)}
    down = await _deep(few, path), await _deep(many, path)
    if down[0] and down[1]:
        pages[f"{path} deep"] = down[0], down[1]
    for name, (small, large) in pages.items():
        if await _books(few, small) == await _books(many, large):
            times = await latencies(getting(few, small), getting(many, large))
            ratios[name] = times[1] / times[0]
    return ratios


async def _books(client: Client, path: str) -> int:
    return (await client.get(path)).body.count(b'<li class="book"')


async def _deep(client: Client, path: str, pages: int = 4) -> str | None:
    """The address of a page some way down, if the list is so long."""
    for _ in range(pages):
        link = re.search(rb'href="(/library\?[^"]*cursor=[^"]*)"', (await client.get(path)).body)
        if not link:
            return None
        path = link[1].decode().replace("&amp;", "&")
    return path


async def _searches(data: Path) -> list[Row]:
    async with server(data) as (port, _):
        cookie = await signed_in(port)
        ratios = {}
        for words, sort, direction in product(SEARCHES, SORTS, ("asc", "desc")):
            path = f"/library?{urlencode({'q': words, 'sort': sort, 'dir': direction})}"
            async with Client(port, cookie) as client:
                plain, search = getting(client, "/library"), getting(client, path)
                times = await latencies(plain, search, rounds=15)
                ratios[path] = times[1] / times[0]
    worst = max(ratios, key=lambda path: ratios[path])
    return [
        at_most(
            "search in 100,000 books to the plain shelf page, median",
            statistics.median(ratios.values()),
            2,
        ),
        at_most(f"the same, the worst: {worst}", ratios[worst], 2),
    ]


async def _click(data: Path) -> list[Row]:
    async with server(data) as (port, _), Client(port, await signed_in(port)) as client:
        page = (await client.get("/library")).body
        ids = re.findall(rb'action="/books/([\w-]{22})/rating"', page)
        paths = [f"/books/{ident.decode()}/rating" for ident in dict.fromkeys(ids)]

        def trivial(_: int) -> Awaitable[Reply]:
            return client.post("/bench/trivial", {"rating": "3"})

        def click(turn: int) -> Awaitable[Reply]:
            rating = str(turn % 5 + 1)
            return client.post(paths[turn % len(paths)], {"rating": rating}, hx_request="true")

        with _raw_database(data) as raw:

            async def write(turn: int) -> Reply:
                raw.execute("INSERT INTO t VALUES (?)", (turn,))
                return Reply(200, {}, b"")

            times = await latencies(trivial, write, click, rounds=200)
    floor = times[0] + times[1]
    return [
        at_most(
            "rating change with its fragment, to a trivial POST + one committed write",
            times[2] / floor,
            1.5,
        ),
        note(
            "the same in ms",
            f"{1000 * times[2]:.2f} to {1000 * times[0]:.2f} + {1000 * times[1]:.2f}",
        ),
    ]


@contextmanager
def _raw_database(folder: Path) -> Iterator[sqlite3.Connection]:
    """A table whose writes are durable, on the disk that holds the library."""
    with (
        TemporaryDirectory(dir=folder) as beside,
        closing(sqlite3.connect(Path(beside) / "raw.db", isolation_level=None)) as database,
    ):
        database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x)"
        )
        yield database
