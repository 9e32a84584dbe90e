"""Moving in: a Goodreads file of 10,000 rows through the pages, and the shelf meanwhile."""

from __future__ import annotations

import asyncio
import csv
import io
import random
import re
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from stdnum import ean

from tests.bench.memory import peak_megabytes
from tests.bench.report import Row, at_most, note
from tests.bench.serving import fill, server, signed_in
from tests.http_client import Client

ROWS = 10_000
PATIENCE_S = 120
HEADER = """
Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,Publisher,
Binding,Number of Pages,Year Published,Original Publication Year,Date Read,Date Added,Bookshelves,
Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,Private Notes,Read Count,Owned Copies
"""
WORDS = ("silent", "open", "blue", "last", "first", "house", "river", "winter", "station")


def goodreads(rows: int) -> bytes:
    """A file as Goodreads writes it: one row in seven without an ISBN, one in twenty reviewed."""
    chance = random.Random(rows)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER.replace("\n", "").split(","))
    for number in range(rows):
        writer.writerow(_row(number, chance))
    return file.getvalue().encode()


def _row(number: int, chance: random.Random) -> list[object]:
    title = " ".join(chance.choices(WORDS, k=3)).capitalize() + f" {number}"
    first, last = chance.choice(("Ada", "Élise", "Jun", "Omar")), chance.choice(WORDS).capitalize()
    bare = f"978{number:09d}"
    isbn = "" if number % 7 == 0 else bare + ean.calc_check_digit(bare)
    shelf = chance.choice(("to-read", "read", "read", "currently-reading"))
    read = f"20{chance.randint(10, 25)}/0{chance.randint(1, 9)}/1{chance.randint(0, 9)}"
    review = "A good one.<br/><br/>I would read it <b>again</b>. " * 20 if number % 20 == 0 else ""
    tags = ", ".join(chance.sample(WORDS, 2))
    return [
        *(number + 1, title, f"{first} {last}", f"{last}, {first}", "", '=""', f'="{isbn}"'),
        *(chance.randint(0, 5), 3.9, "A Publisher", "Paperback", 320, 2004, 1999),
        *(read if shelf == "read" else "", "2019/01/29", tags, "", shelf, review, "", "", 1, 0),
    ]


async def measure(folder: Path) -> list[Row]:
    """Preview and import of 10,000 rows into an empty library, and the shelf while it runs."""
    with TemporaryDirectory(dir=folder) as data:
        library = Path(data) / "instance"
        await fill(library, 50)
        async with server(library) as (port, pid):
            cookie = await signed_in(port)
            quiet = await _shelf_times(port, cookie, asyncio.Event())
            preview, page, address = await _preview(port, cookie)
            ended = asyncio.Event()
            watching = asyncio.create_task(_shelf_times(port, cookie, ended))
            applied = await _import(port, cookie, address, page, ended)
            during = await watching
            peak = peak_megabytes(pid)
    return [
        at_most(f"import: preview of {ROWS:,} rows", preview, 3, "s"),
        at_most(f"import: applying {ROWS:,} rows", applied, 10, "s"),
        at_most("import: memory of the server", peak, 150, "MB"),
        at_most("import: the shelf meanwhile, to its quiet time", during / quiet, 2),
        note("import: the shelf's quiet time", f"{1000 * quiet:.1f} ms"),
    ]


async def _shelf_times(port: int, cookie: str, ended: asyncio.Event) -> float:
    """Median seconds of the shelf page, asked ten times a second until `ended`, at most 60."""
    times: list[float] = []
    async with Client(port, cookie) as client:
        while not ended.is_set() and len(times) < 60:
            started = time.perf_counter()
            reply = await client.get("/library")
            times.append(time.perf_counter() - started)
            if reply.status != 200:
                raise RuntimeError(f"/library answered {reply.status}")
            await asyncio.sleep(0.1)
    return statistics.median(times)


async def _preview(port: int, cookie: str) -> tuple[float, str, str]:
    """Seconds from sending the file to the preview, its page and address."""
    started = time.perf_counter()
    async with Client(port, cookie) as client:
        reply = await client.post_file("/import", "file", "goodreads.csv", goodreads(ROWS))
        if reply.status != 303:
            raise RuntimeError(f"/import answered {reply.status}: {reply.body[:500]!r}")
        address = re.sub(r"^https?://[^/]+", "", reply.headers["location"])
        page = await _until(client, address, f"{address}/apply")
    return time.perf_counter() - started, page, address


async def _import(port: int, cookie: str, address: str, page: str, ended: asyncio.Event) -> float:
    started = time.perf_counter()
    try:
        async with Client(port, cookie) as client:
            form = {"doubtful": "add"} if 'name="doubtful"' in page else {}
            reply = await client.post(f"{address}/apply", form)
            if reply.status != 303:
                raise RuntimeError(f"{address}/apply answered {reply.status}")
            await _until(client, address, f"{address}/undo")
            return time.perf_counter() - started
    finally:
        ended.set()


async def _until(client: Client, address: str, sign: str) -> str:
    """The page once it holds a sign."""
    for _ in range(PATIENCE_S * 10):
        page = (await client.get(address)).body.decode()
        if sign in page:
            return page
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{address} never showed {sign}")
