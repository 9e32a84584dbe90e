"""Backups of a library in use: by themselves, as archives, and whole whatever is killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
from contextlib import closing

import pytest

from tests.e2e.test_kill import isbns, register, served
from tests.http_client import Client
from tests.processes import ROOT, free_port

pytestmark = pytest.mark.slow

BOOKS = 3_000
PICTURES = 60
KILLS = 6
PATIENCE_S = 60


def environ(data):
    return os.environ | {"BOOKLIB_DATA_DIR": str(data), "BOOKLIB_STORAGE": "sqlite"}


async def start(data, *arguments):
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booklib", *arguments),
        env=environ(data),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(data, *arguments):
    """Exit status, and what was printed."""
    child = await start(data, *arguments)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await child.communicate()
    return child.returncode, (out + err).decode()


@pytest.fixture
async def data(tmp_path):
    """A library that nobody serves, with pictures."""
    folder = tmp_path / "data"
    status, said = await run(folder, "demo", "--books", str(BOOKS))
    assert status == 0, said
    pictures = folder / "files/covers/large"
    pictures.mkdir(parents=True)
    for number in range(PICTURES):
        (pictures / f"{number:022d}-2x3.webp").write_bytes(os.urandom(50_000))
    return folder


def whole(data):
    """Everything that a library holds, its settings aside."""
    with closing(sqlite3.connect(data / "site.db")) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = opened.execute("SELECT * FROM user_books ORDER BY number").fetchall()
        rows += opened.execute("SELECT user_id, counts FROM users").fetchall()
    files = (data / "files").rglob("*")
    return rows, {path.name: path.read_bytes() for path in files if path.is_file()}


def half_made(folder):
    return sorted(path.name for path in folder.glob(".part-*"))


async def killed(rng, longest_s, data, *arguments):
    """Start a command and kill it at a random moment; whether it was still at work."""
    child = await start(data, *arguments)
    reading = asyncio.gather(child.stdout.read(), child.stderr.read())
    try:
        async with asyncio.timeout(rng.uniform(0.2, longest_s)):
            await child.wait()
    except TimeoutError:
        child.send_signal(signal.SIGKILL)
    await child.wait()
    await reading
    return child.returncode == -signal.SIGKILL


async def timed(data, *arguments):
    """Seconds that a command takes."""
    began = asyncio.get_running_loop().time()
    status, said = await run(data, *arguments)
    assert status == 0, said
    return asyncio.get_running_loop().time() - began


async def test_a_backup_that_is_killed_leaves_the_former_one_whole(data, tmp_path):
    out, rng = tmp_path / "out.zip", random.Random(20261124)
    takes = await timed(data, "backup", str(out))
    former, before = out.read_bytes(), whole(data)
    kills = 0
    for _ in range(KILLS):
        kills += await killed(rng, takes, data, "backup", str(out), "--force")
        assert whole(data) == before
        status, said = await run(tmp_path / "restored", "restore", str(out), "--force")
        assert status == 0, said
    assert kills
    assert len(former) == len(out.read_bytes())
    await timed(data, "backup", str(out), "--force")
    assert half_made(tmp_path) == half_made(data) == []
    assert whole(tmp_path / "restored") == before


async def test_a_restore_that_is_killed_leaves_the_old_library_or_the_new_one(data, tmp_path):
    out, rng = tmp_path / "out.zip", random.Random(20261125)
    await timed(data, "backup", str(out))
    new = whole(data)
    with closing(sqlite3.connect(data / "site.db")) as opened, opened:
        opened.execute("UPDATE user_books SET notes = 'after the backup'")
    old = whole(data)
    takes = await timed(tmp_path / "elsewhere", "restore", str(out))
    kills = 0
    for _ in range(KILLS):
        kills += await killed(rng, takes, data, "restore", str(out), "--force")
        assert whole(data)[0] in (old[0], new[0])
        assert whole(data)[1] == old[1]
    assert kills
    assert (await run(data, "restore", str(out), "--force"))[0] == 0
    assert whole(data) == new
    assert half_made(data) == []


async def test_a_library_is_backed_up_while_it_is_served_and_written_to(data, tmp_path):
    out, nowhere = tmp_path / "out.zip", f"http://127.0.0.1:{free_port()}"
    async with served(data, port := free_port(), nowhere):
        cookie = await register(port)
        waits, wanted = [], isbns(400)

        async def add():
            async with Client(port, cookie) as client:
                while wanted:
                    reply = await client.post("/books", {"isbn": wanted.pop()}, hx_request="true")
                    assert reply.status == 200, reply
                    began = asyncio.get_running_loop().time()
                    assert (await client.get("/library")).status == 200
                    waits.append(asyncio.get_running_loop().time() - began)

        adding = asyncio.create_task(add())
        status, said = await run(data, "backup", str(out), "--json")
        wanted.clear()
        await adding
        assert status == 0, said
        assert len(waits) > 5
        refused, why = await run(data, "restore", str(out), "--force")
    assert (refused, "Please stop the server first" in why) == (1, True)
    found = json.loads(said)
    assert BOOKS <= found["books"] <= BOOKS + len(waits)
    status, said = await run(tmp_path / "restored", "restore", str(out), "--json")
    assert json.loads(said) == found
    status, said = await run(tmp_path / "restored", "check")
    assert status == 0, said


async def test_a_server_makes_the_daily_backup_by_itself_and_shows_it(data):
    nowhere = f"http://127.0.0.1:{free_port()}"
    async with served(data, port := free_port(), nowhere):
        cookie = await register(port)
        assert "within a minute of the start" in await account(port, cookie)
        async with asyncio.timeout(PATIENCE_S):
            while not list((data / "backups").glob("site-*.db")):
                await asyncio.sleep(0.2)
        page = await account(port, cookie)
    assert "The last backup was made today at" in page
    assert str(data) not in page
    status, said = await run(data, "check")
    assert (status, f"books: {BOOKS:,}" in said) == (0, True)


async def account(port, cookie):
    async with Client(port, cookie) as client:
        return (await client.get("/account")).body.decode()
