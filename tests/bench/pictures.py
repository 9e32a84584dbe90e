"""Photos of twelve megapixels: what they cost everybody else, in time and in memory."""

from __future__ import annotations

import asyncio
import json
import random
import time
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.bench.memory import peak_megabytes
from tests.bench.report import Row, at_most, note
from tests.bench.serving import fill, server, signed_in
from tests.http_client import Client

PHOTO = (4000, 3000)
TURNS = 6


def noise(size: tuple[int, int] = PHOTO) -> bytes:
    """A JPEG of noise, which takes a decoder as long as any picture does."""
    width, height = size
    pixels = random.Random(0).randbytes(width * height)
    file = BytesIO()
    Image.frombytes("L", size, pixels).save(file, "JPEG", quality=70)
    return file.getvalue()


async def lag(port: int) -> dict[str, float]:
    """Milliseconds for which the server's event loop did not go round, since last asked."""
    async with Client(port) as client:
        found: dict[str, float] = json.loads((await client.get("/bench/lag")).body)
        return found


async def while_photos_are_read(data: Path, turns: int = TURNS) -> dict[str, float]:
    """Read some photos on a library, and look at the server meanwhile.

    `waited`, `worked` (milliseconds, see Lag), `asked` (the slowest answer of /health, in ms),
    `memory` (megabytes at the peak) and `photo` (seconds that one took, at most).
    """
    photo, asked = noise(), []
    async with server(data) as (port, pid):
        cookie = await signed_in(port)
        await lag(port)
        sending = asyncio.create_task(_send(port, cookie, [photo] * turns))
        async with Client(port) as client:
            while not sending.done():
                started = time.perf_counter()
                await client.get("/health")
                asked.append(time.perf_counter() - started)
                await asyncio.sleep(0.01)
        seconds = await sending
        return await lag(port) | {
            "asked": 1000 * max(asked),
            "memory": peak_megabytes(pid),
            "photo": max(seconds),
        }


async def _send(port: int, cookie: str, photos: list[bytes]) -> list[float]:
    """Send photos one after the other; the seconds of each."""
    seconds = []
    async with Client(port, cookie) as client:
        for photo in photos:
            started = time.perf_counter()
            reply = await client.post_picture("/scan", photo)
            seconds.append(time.perf_counter() - started)
            if reply.status not in (200, 422):
                raise RuntimeError(f"/scan answered {reply.status}")
    return seconds


async def measure(folder: Path) -> list[Row]:
    """The event loop's lag and the server's memory with 10,000 books."""
    data = folder / "10000"
    await fill(data, 10_000)
    found = await while_photos_are_read(data)
    return [
        at_most("event loop held up while photos of 12 MP are read", found["waited"], 50, "ms"),
        note("of that its own work", f"{found['worked']:.0f} ms"),
        note("slowest answer to another visitor meanwhile", f"{found['asked']:.0f} ms"),
        note("a photo of noise, which ends at the limit", f"{found['photo']:.1f} s"),
        at_most("memory of the server while photos are read", found["memory"], 150, "MB"),
    ]
