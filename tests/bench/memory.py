"""Memory of the local server with 10,000 books, under load, logins included."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.bench.load import rate
from tests.bench.report import Row, at_most
from tests.bench.serving import NAME, PASSWORD, fill, server, signed_in
from tests.http_client import Client


async def measure(folder: Path) -> list[Row]:
    """Peak resident memory after pages, searches and simultaneous logins."""
    data = folder / "10000"
    await fill(data, 10_000)
    async with server(data) as (port, pid):
        cookie = await signed_in(port)
        await asyncio.gather(*(_sign_in(port) for _ in range(10)))
        for path in ("/library", "/library?q=the", "/library?sort=title", "/library?view=list"):
            await rate(port, cookie, path, seconds=1)
        peak = peak_megabytes(pid)
    return [at_most("memory of the server, 10,000 books, under load", peak, 150, "MB")]


async def _sign_in(port: int) -> None:
    async with Client(port) as client:
        await client.post("/login", {"username": NAME, "password": PASSWORD})


def peak_megabytes(pid: int) -> float:
    """The most resident memory that a process has had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell a process's peak memory")
