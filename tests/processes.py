"""What tests that start processes share: ports, and waiting until something listens."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
FIRST = 20_000 + 1_000 * (WORKER % 10)
"""Below the ports that systems give to outgoing connections, and each test process has its own."""

_turns = cycle(random.sample(range(FIRST, FIRST + 1_000), 1_000))


def free_port() -> int:
    """A port of loopback that nobody listens on, and that is not given out again soon."""
    for port in _turns:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("a cycle does not end")


async def until_up(port: int, seconds: float = 30) -> None:
    """Return when something listens on the port; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
