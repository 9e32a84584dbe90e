"""Start a server on a library of a given size, and stop it again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tests.http_client import Client
from tests.processes import ROOT, free_port, until_up

NAME = "bench"
PASSWORD = "a long enough password"


def environment(data: Path) -> dict[str, str]:
    """The environment of a program that may not reach a provider."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    return os.environ | {
        "BOOKLIB_DATA_DIR": str(data),
        "OPEN_LIBRARY_URL": nowhere,
        "OPEN_LIBRARY_COVERS_URL": nowhere,
        "GOOGLE_BOOKS_API_KEY": "",
        "PYTHONPATH": str(ROOT),
    }


async def fill(data: Path, books: int) -> None:
    """Make a library of so many books, if it is not there yet."""
    if data.exists():
        return
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booklib", "demo", "--user", NAME, "--books", str(books)),
        "--password-stdin",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env=environment(data),
    )
    await child.communicate(PASSWORD.encode())
    if child.returncode:
        raise RuntimeError(f"booklib demo ended with {child.returncode}")


@contextlib.asynccontextmanager
async def server(data: Path) -> AsyncIterator[tuple[int, int]]:
    """A server on that library, as (port, process id)."""
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.server", "--data", str(data), "--port", str(port)),
        env=environment(data),
        cwd=ROOT,
    )
    try:
        await until_up(port)
        yield port, child.pid
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()


async def signed_in(port: int) -> str:
    """The session cookie of the library's owner."""
    async with Client(port) as client:
        reply = await client.post("/login", {"username": NAME, "password": PASSWORD})
        if reply.status != 303:
            raise RuntimeError(f"/login answered {reply.status}")
        return client.cookie
