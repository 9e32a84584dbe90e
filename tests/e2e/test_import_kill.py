"""An import whose server is killed at ten random points ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import shutil
import signal
import sqlite3

import pytest

from tests.e2e.test_kill import register, served
from tests.goodreads import goodreads_csv
from tests.http_client import Client
from tests.processes import free_port

pytestmark = pytest.mark.slow

ROWS = 3_000
KILLS = 10
UNDO_KILLS = 3
PATIENCE_S = 60
COUNTED_UP = {"rev", "number", "owner", "words"}
"""What tells how often a row was written, or where."""


@contextlib.contextmanager
def opened(data):
    with contextlib.closing(sqlite3.connect(data / "site.db", timeout=30)) as database:
        yield database


def library(data):
    """Every copy as it is stored."""
    with opened(data) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT * FROM user_books ORDER BY user_book_id").fetchall()
    return [{name: row[name] for name in set(row.keys()) - COUNTED_UP} for row in rows]


def counts(data):
    """How many books the account says that it has, by status."""
    with opened(data) as database:
        packed = database.execute("SELECT counts FROM users").fetchone()[0]
        sound = database.execute("PRAGMA integrity_check").fetchone()[0]
    assert sound == "ok"
    return json.loads(packed)


def job(data, kind):
    """State and payload of the import's job of this kind."""
    with opened(data) as database:
        row = database.execute(
            "SELECT state, payload FROM jobs WHERE kind = ? ORDER BY created_at DESC", (kind,)
        ).fetchone()
    return (row[0], json.loads(row[1])) if row else ("none", {})


def end_leases(data):
    """Let the leases of a worker that is dead be over now, and not in half a minute."""
    with opened(data) as database, database:
        database.execute(
            "UPDATE jobs SET lease_until = :past, next_at = :past WHERE state = 'running'",
            {"past": "2020-01-01T00:00:00.000000Z"},
        )


async def until(true, what):
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"{what} did not come") from None


@contextlib.asynccontextmanager
async def server(data):
    """A server without a catalogue, its process and its port."""
    end_leases(data)
    nowhere = f"http://127.0.0.1:{free_port()}"
    async with served(data, port := free_port(), nowhere) as child:
        yield child, port


async def hand_in(data, port, cookie):
    """Send the file; the address of the import."""
    async with Client(port, cookie) as client:
        reply = await client.post_file("/import", "file", "goodreads.csv", goodreads_csv(ROWS))
    assert reply.status == 303, reply.body
    return re.sub(r"^https?://[^/]+", "", reply.headers["location"])


async def press(port, cookie, address):
    async with Client(port, cookie) as client:
        reply = await client.post(address, {"doubtful": "add"})
    assert reply.status == 303, reply.body


async def killed_on_the_way(data, kind, rng, kills):
    """Start servers that are killed at random points of a job until it was so many times."""
    for kill in range(kills):
        async with server(data) as (child, _):
            await until(lambda: job(data, kind)[0] != "waiting", f"the work on {kind}")
            done = job(data, kind)[1].get("handled", 0)
            # Much less than an even share: this process may see late how far the other has come.
            share = (ROWS - done) // (3 * (kills - kill) + 1)
            further = done + rng.randrange(share + 1)
            await until(lambda: job(data, kind)[1].get("handled", 0) >= further, "a step")  # noqa: B023
            await asyncio.sleep(rng.uniform(0, 0.02))
            child.send_signal(signal.SIGKILL)
            await child.wait()
        assert job(data, kind)[0] == "running"


async def test_an_import_killed_ten_times_is_the_undisturbed_one_and_can_be_taken_back(tmp_path):
    calm, wild, rng = tmp_path / "calm", tmp_path / "wild", random.Random(20261124)
    async with server_of_a_new_account(wild) as (port, cookie):
        address = await hand_in(wild, port, cookie)
        await until(lambda: job(wild, "import-read")[0] == "done", "the preview")
    assert library(wild) == []
    shutil.copytree(wild, calm)
    async with server(calm) as (_, port):
        await press(port, cookie, f"{address}/apply")
        await until(lambda: job(calm, "import")[0] == "done", "the end")
    wanted = library(calm)
    assert len(wanted) == ROWS - 1

    async with server(wild) as (child, port):
        await press(port, cookie, f"{address}/apply")
        child.send_signal(signal.SIGKILL)
        await child.wait()
    await killed_on_the_way(wild, "import", rng, KILLS - 1)
    async with server(wild) as (_, port):
        await until(lambda: job(wild, "import")[0] in ("done", "failed"), "the end")
        assert job(wild, "import")[1]["counts"] == job(calm, "import")[1]["counts"]
        assert library(wild) == wanted
        assert counts(wild) == counts(calm)
        await press(port, cookie, f"{address}/undo")
    await killed_on_the_way(wild, "import-undo", rng, UNDO_KILLS)
    async with server(wild):
        await until(lambda: job(wild, "import-undo")[0] in ("done", "failed"), "the end")
    assert job(wild, "import-undo")[1]["kept"] == []
    assert (library(wild), counts(wild)) == ([], {})


@contextlib.asynccontextmanager
async def server_of_a_new_account(data):
    nowhere = f"http://127.0.0.1:{free_port()}"
    async with served(data, port := free_port(), nowhere):
        yield port, await register(port)
