"""kill -9 in the middle of many writes: what was acknowledged is there, what is there is whole."""

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from booklib.adapters.sqlite import SqliteStorage
from booklib.models import Query
from tests.factories import a_user

WRITER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from booklib.adapters.sqlite import SqliteStorage
from booklib.models.shelf import rekey
from booklib.ports import Change
from tests.factories import a_copy, a_job

async def main(path, start):
    storage = await SqliteStorage.open(path)

    async def one(number):
        title = f"Book {number}"
        new = a_copy(title, minute=number)
        assert await storage.apply("id-alice", [Change(None, new)], a_job(f"lookup:{number}"))
        print(f"added {number} {new.user_book_id}", flush=True)
        assert await storage.apply("id-alice", [Change(new, rekey(replace(new, status="read")))])
        print(f"read {number} {new.user_book_id}", flush=True)

    for number in range(start, start + 100_000, 4):
        await asyncio.gather(*(one(n) for n in range(number, number + 4)))

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def run_and_kill(path, start, seconds):
    """The lines that a writer got out before it was killed."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, path, str(start)], stdout=subprocess.PIPE, text=True
    )
    first = writer.stdout.readline()
    killing = threading.Timer(seconds, writer.kill)
    killing.start()
    rest = writer.stdout.read()
    writer.wait(timeout=30)
    killing.cancel()
    writer.stdout.close()
    assert writer.returncode == -9
    return (first + rest).splitlines()


async def check(path, log):
    """Compare the storage with everything that was ever acknowledged."""
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        plain.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
        per_shelf = dict(plain.execute("SELECT shelf, count(*) FROM user_books GROUP BY shelf"))
        packed, version = plain.execute("SELECT counts, shelf_version FROM users").fetchone()
        changes = plain.execute("SELECT sum(rev) FROM user_books").fetchone()[0]
    assert json.loads(packed) == per_shelf
    assert version == changes
    storage = await SqliteStorage.open(path)
    for start in range(0, len(log), 100):
        some = [line.split() for line in log[start : start + 100]]
        stored = await storage.owned("id-alice", list({ident for _, _, ident in some}))
        for what, number, ident in some:
            assert ident in stored
            assert what == "added" or stored[ident].status == "read"
            assert await storage.job(f"lookup:{number}")
    page = await storage.shelf("id-alice", Query(words=("book",)), None, 50)
    assert page.rows
    await storage.close()


@pytest.mark.slow
def test_what_was_acknowledged_survives_being_killed_at_ten_random_moments(tmp_path):
    path = tmp_path / "site.db"

    async def prepare():
        storage = await SqliteStorage.open(path)
        await storage.add_user(a_user("alice"))
        await storage.close()

    asyncio.run(prepare())
    log = []
    for turn in range(10):
        log += run_and_kill(path, turn * 100_000, random.uniform(0.05, 0.5))
        asyncio.run(check(path, log))
    assert len(log) > 100
