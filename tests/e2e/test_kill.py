"""What was acknowledged survives `kill -9`, and unfinished look-ups go on after the restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import sqlite3
import sys

import pytest

from booklib.models import CoverName
from booklib.models.covers import COVER_SIZES as SIZES
from booklib.models.shelf import unpack_card
from tests.http_client import Client
from tests.processes import ROOT, free_port, until_up

pytestmark = pytest.mark.slow

KILLS = 10
WRITES = 1_000
"""Half of them add a book, the others rate it."""
PASSWORD = "seven brown sparrows"


def isbns(number: int) -> list[str]:
    """So many ISBN-13s, with their check digits; nobody outside this test is asked about them."""
    made = []
    for count in range(number):
        body = f"97800{count:07d}"
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
        made.append(f"{body}{-total % 10}")
    return made


@contextlib.asynccontextmanager
async def served(data, port: int, provider: str):
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booklib", "serve", "--port", str(port)),
        env=os.environ
        | {
            "BOOKLIB_DATA_DIR": str(data),
            "OPEN_LIBRARY_URL": provider,
            "OPEN_LIBRARY_COVERS_URL": provider,
            "GOOGLE_BOOKS_API_KEY": "",
        },
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until_up(port)
        yield child
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGKILL)
        await child.wait()


class Log:
    """What was answered, kept outside the process that dies."""

    def __init__(self):
        self.half_stars = {}
        """By ISBN: 0 for a book that was added, more for one that was rated too."""
        self.enough = asyncio.Event()
        self.wanted = 0

    def wait_for(self, answers):
        """Forget `enough` until so many more writes are answered."""
        self.wanted = answers
        self.enough.clear()
        return self.enough.wait()

    def note(self, isbn, half_stars):
        self.half_stars[isbn] = half_stars
        self.wanted -= 1
        if self.wanted <= 0:
            self.enough.set()


async def write_until_killed(port, cookie, wanted: list[str], log: Log) -> None:
    """Add and rate books one after the other; note only what was answered."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        async with Client(port, cookie) as client:
            while wanted:
                isbn = wanted[-1]
                reply = await client.post("/books", {"isbn": isbn}, hx_request="true")
                assert reply.status == 200, reply
                assert isbn not in log.half_stars or b"You already have" in reply.body
                log.note(isbn, 0)
                ident = re.search(rb"/books/([\w-]{22})", reply.body)[1].decode()
                stars = int(isbn[-2]) % 5 + 1
                path = f"/books/{ident}/rating"
                reply = await client.post(path, {"rating": str(stars)}, hx_request="true")
                assert reply.status == 200, reply
                log.note(isbn, 2 * stars)
                wanted.pop()


async def register(port) -> str:
    async with Client(port) as client:
        reply = await client.post(
            "/register",
            {
                "username": "alice",
                "email": "alice@example.org",
                "password": PASSWORD,
                "confirm_password": PASSWORD,
            },
        )
        assert reply.status == 303, reply.body
        return client.cookie


async def test_a_thousand_writes_and_ten_kills_lose_nothing(tmp_path):
    data, nowhere = tmp_path / "instance", f"http://127.0.0.1:{free_port()}"
    rng = random.Random(20261122)
    wanted, log = isbns(WRITES // 2), Log()
    async with served(data, port := free_port(), nowhere):
        cookie = await register(port)
    for kill in range(KILLS + 1):
        async with served(data, port := free_port(), nowhere) as child:
            share = wanted[-(len(wanted) // (KILLS + 1 - kill) or 1) :]
            del wanted[-len(share) :]
            writers = [share[lane::4] for lane in range(4)]
            writing = asyncio.gather(
                *(write_until_killed(port, cookie, lane, log) for lane in writers)
            )
            if kill < KILLS:
                async with asyncio.timeout(60):
                    await log.wait_for(rng.randrange(1, len(share)))
                await asyncio.sleep(rng.uniform(0, 0.01))
                child.send_signal(signal.SIGKILL)
            await writing
            left = sum(map(len, writers))
            assert (left > 0) == (kill < KILLS)  # killed in the middle, and finished at the end
            wanted += [isbn for lane in writers for isbn in lane]
    assert len(log.half_stars) == WRITES // 2
    database = sqlite3.connect(data / "site.db")
    stored = dict(database.execute("SELECT isbn, rating FROM user_books"))
    jobs = database.execute("SELECT count(*) FROM jobs WHERE kind = 'lookup'").fetchone()[0]
    sound = database.execute("PRAGMA integrity_check").fetchone()[0]
    database.close()
    assert stored == log.half_stars
    assert jobs == len(stored)
    assert sound == "ok"


@contextlib.asynccontextmanager
async def catalogue(mode: str):
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.provider_server", "--mode", mode, "--port", str(port)),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await until_up(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.send_signal(signal.SIGTERM)
        await child.wait()


async def test_look_ups_that_ten_kills_interrupted_go_on_after_the_restart(tmp_path):
    data, rng, wanted = tmp_path / "instance", random.Random(20261123), isbns(150)
    async with catalogue("delay=0.05") as url:
        async with served(data, port := free_port(), url) as child:
            cookie = await register(port)
            async with Client(port, cookie) as client:
                reply = await client.post("/books", {"isbn": "\n".join(wanted)})
                assert reply.status == 303
            child.send_signal(signal.SIGKILL)
        for _ in range(KILLS):
            async with served(data, port := free_port(), url) as child:
                await asyncio.sleep(rng.uniform(0.1, 0.6))
                child.send_signal(signal.SIGKILL)
        async with served(data, free_port(), url):
            async with asyncio.timeout(150):
                while unfinished(data):
                    await asyncio.sleep(0.5)
    with contextlib.closing(sqlite3.connect(data / "site.db")) as database:
        copies = database.execute("SELECT isbn, lookup, book_version FROM user_books").fetchall()
        cards = database.execute("SELECT card FROM user_books").fetchall()
        states = database.execute("SELECT DISTINCT kind, state, message FROM jobs").fetchall()
        books = database.execute("SELECT count(*) FROM books").fetchone()[0]
        most = database.execute("SELECT max(attempts) FROM jobs").fetchone()[0]
    # The second version of each Book has its picture.
    assert sorted(copies) == sorted((isbn, "found", 2) for isbn in wanted)
    assert {(kind, state) for kind, state, _ in states} == {("lookup", "done"), ("cover", "done")}
    names = [CoverName.parse(unpack_card(card).cover) for (card,) in cards]
    assert all((data / "files" / name.file(size, "")).is_file() for name in names for size in SIZES)
    assert books == len(wanted)
    assert most > 1  # some were killed at work


def unfinished(data) -> int:
    with contextlib.closing(sqlite3.connect(data / "site.db")) as database:
        row = database.execute("SELECT count(*) FROM jobs WHERE ended_at IS NULL").fetchone()
    return row[0]
