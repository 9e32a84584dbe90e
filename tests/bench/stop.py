"""How long SIGTERM takes with a client that hangs."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

from tests.bench.report import Row, at_most
from tests.bench.serving import environment
from tests.processes import free_port, until_up


async def measure(folder: Path) -> list[Row]:
    """Seconds from SIGTERM to the end of the process, half a request being open."""
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booklib", "serve", "--port", str(port)),
        env=environment(folder / "stop"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await until_up(port)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nusername=")
    await writer.drain()
    started = time.perf_counter()
    child.send_signal(signal.SIGTERM)
    await child.wait()
    seconds = time.perf_counter() - started
    writer.close()
    return [at_most("SIGTERM with a hung client", seconds, 10, "s")]
