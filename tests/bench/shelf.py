"""The shelf's budgets: rate, growth, search, a click, an unchanged page."""

from __future__ import annotations

import re
import sqlite3
import statistics
import time
from itertools import product
from pathlib import Path

from tests.bench.load import latency, rate
from tests.bench.report import Row, at_least, at_most, note
from tests.bench.serving import fill, server, signed_in
from tests.http_client import Client

SMALL, MIDDLE, LARGE = 1_000, 10_000, 100_000
SORTS = ("added", "title", "author", "rating", "finished")
SEARCHES = ("a", "th", "the", "war", "novel", "smith", "love stor", "zzz", "三", "978")


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
        trivial = await rate(port, cookie, "/bench/trivial")
        page = await rate(port, cookie, "/library")
        zipped = await rate(port, cookie, "/library", accept_encoding="gzip")
        async with Client(port, cookie) as client:
            tag = (await client.get("/library")).headers["etag"]
        unchanged = await rate(port, cookie, "/library", if_none_match=tag)
    return [
        note("trivial route", f"{trivial:.0f} requests/s"),
        at_least("shelf page, 50 of 10,000, of the trivial route's rate", 100 * page / trivial, 25),
        note("the same, compressed", f"{100 * zipped / trivial:.0f} %"),
        at_least("shelf unchanged (304), of the trivial rate", 100 * unchanged / trivial, 60),
    ]


def _shelves() -> list[str]:
    filters = ("", "status=read", "rating=4", "status=read&rating=4")
    return [
        f"/library?sort={sort}&dir={direction}&{chosen}"
        for sort, direction, chosen in product(SORTS, ("asc", "desc"), filters)
    ]


async def _growth(folder: Path) -> list[Row]:
    times = await _times(folder / str(SMALL), SMALL) | await _times(folder / str(LARGE), LARGE)
    ratios = {
        path: times[LARGE, path] / small
        for (books, path), small in times.items()
        if books == SMALL and (LARGE, path) in times
    }
    worst = max(ratios, key=lambda path: ratios[path])
    return [
        at_most(
            "shelf of 100,000 to one of 1,000, median of every sort and filter",
            statistics.median(ratios.values()),
            1.3,
        ),
        at_most(f"the same, the worst: {worst}", ratios[worst], 1.3),
    ]


async def _times(data: Path, books: int) -> dict[tuple[int, str], float]:
    times = {}
    async with server(data) as (port, _):
        cookie = await signed_in(port)
        for path in _shelves():
            # hypercorn closes a connection after a thousand requests, so each list gets its own.
            async with Client(port, cookie) as client:
                await client.get(path)
                times[books, path] = await latency(client, path)
                if deep := await _deep(client, path):
                    times[books, path + " deep"] = await latency(client, deep)
    return times


async def _deep(client: Client, path: str, pages: int = 4) -> str | None:
    """The address of a page some way down, if the list is so long."""
    for _ in range(pages):
        link = re.search(rb'href="(/library\?[^"]*cursor=[^"]*)"', (await client.get(path)).body)
        if not link:
            return None
        path = link[1].decode().replace("&amp;", "&")
    return path


async def _searches(data: Path) -> list[Row]:
    async with server(data) as (port, _), Client(port, await signed_in(port)) as client:
        plain = await latency(client, "/library")
        times = {}
        for words, sort in product(SEARCHES, ("added", "title", "author")):
            for direction in ("asc", "desc"):
                path = f"/library?q={words.replace(' ', '+')}&sort={sort}&dir={direction}"
                path = path.replace("三", "%E4%B8%89")
                times[path] = await latency(client, path, rounds=15)
    worst = max(times, key=lambda path: times[path])
    return [
        at_most(
            "search in 100,000 books to the plain shelf page, median",
            statistics.median(times.values()) / plain,
            2,
        ),
        at_most(f"the same, the worst: {worst}", times[worst] / plain, 2),
    ]


async def _click(data: Path) -> list[Row]:
    async with server(data) as (port, _), Client(port, await signed_in(port)) as client:
        page = (await client.get("/library")).body
        ids = re.findall(rb'action="/books/([\w-]{22})/rating"', page)
        paths = [f"/books/{ident.decode()}/rating" for ident in dict.fromkeys(ids)]
        trivial, clicks = [], []
        for turn in range(60):
            path = paths[turn % len(paths)]
            started = time.perf_counter()
            await client.post("/bench/trivial", {"rating": "3"})
            trivial.append(time.perf_counter() - started)
            started = time.perf_counter()
            reply = await client.post(path, {"rating": str(turn % 5 + 1)}, hx_request="true")
            clicks.append(time.perf_counter() - started)
            if reply.status != 200:
                raise RuntimeError(f"{path} answered {reply.status}")
    floor = statistics.median(trivial) + _committed_write(data)
    return [
        at_most(
            "rating change with its fragment, to a trivial POST + one committed write",
            statistics.median(clicks) / floor,
            1.5,
        ),
        note("the same in ms", f"{1000 * statistics.median(clicks):.1f} to {1000 * floor:.1f}"),
    ]


def _committed_write(folder: Path) -> float:
    """Median seconds of one durable SQLite write on the disk that holds the library."""
    database = sqlite3.connect(folder / "bench.db", isolation_level=None)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x)")
    times = []
    for number in range(60):
        started = time.perf_counter()
        database.execute("INSERT INTO t VALUES (?)", (number,))
        times.append(time.perf_counter() - started)
    database.close()
    return statistics.median(times)
