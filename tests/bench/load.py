"""How fast a server answers."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping

from tests.http_client import Client, Reply

Headers = dict[str, str]
Rates = dict[str, list[float]]
Send = Callable[[int], Awaitable[Reply]]
"""Sends a request, told how many were sent before."""

TURNS = 5

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


async def rates(port: int, cookie: str, wanted: Mapping[str, tuple[str, Headers]]) -> Rates:
    """Requests a second of several paths, each by name: in turns, so that noise hits them alike."""
    turns: Rates = {name: [] for name in wanted}
    for _ in range(TURNS):
        for name, (path, headers) in wanted.items():
            turns[name].append(await rate(port, cookie, path, seconds=0.5, **headers))
    return turns


async def latencies(*requests: Send, rounds: int = 40) -> list[float]:
    """Median seconds of each of some requests: in turns, so that noise hits them alike."""
    times: list[list[float]] = [[] for _ in requests]
    for turn in range(rounds):
        for send, taken in zip(requests, times, strict=True):
            started = time.perf_counter()
            reply = await send(turn)
            taken.append(time.perf_counter() - started)
            if reply.status not in (200, 304):
                raise RuntimeError(f"a request was answered {reply.status}")
    return [statistics.median(taken) for taken in times]


def getting(client: Client, path: str) -> Send:
    """A request for one path, as `latencies` takes it."""
    return lambda _: client.get(path)
