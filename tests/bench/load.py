"""How fast a server answers."""

from __future__ import annotations

import asyncio
import statistics
import time

from tests.http_client import Client

REQUESTS_A_CONNECTION = 900
"""hypercorn closes a connection after a thousand."""


async def rate(port: int, cookie: str, path: str, seconds: float = 2.0, **headers: str) -> float:
    """Requests a second over eight connections, for about `seconds`."""
    done = 0
    end = time.perf_counter() + seconds

    async def hammer() -> None:
        nonlocal done
        while time.perf_counter() < end:
            async with Client(port, cookie) as client:
                for _ in range(REQUESTS_A_CONNECTION):
                    reply = await client.get(path, **headers)
                    if reply.status not in (200, 304):
                        raise RuntimeError(f"{path} answered {reply.status}")
                    done += 1
                    if time.perf_counter() >= end:
                        break

    started = time.perf_counter()
    await asyncio.gather(*(hammer() for _ in range(8)))
    return done / (time.perf_counter() - started)


async def latency(client: Client, path: str, rounds: int = 40, **headers: str) -> float:
    """Median seconds of one request after another."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        reply = await client.get(path, **headers)
        times.append(time.perf_counter() - started)
        if reply.status not in (200, 304):
            raise RuntimeError(f"{path} answered {reply.status}")
    return statistics.median(times)
