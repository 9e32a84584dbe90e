"""A server to measure: the program, with a bare Quart app beside it under /bench for comparison.

`/bench/trivial` does nothing; `/bench/lag` tells how long the event loop was kept from going round.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from booklib.app import create_app
from booklib.settings import Settings


class Lag:
    """How much longer than asked the event loop slept, at worst: by the clock and in its own work.

    Its own work does not grow when other processes are busy, so that a test may judge by it.
    """

    TICK_S = 0.002

    def __init__(self) -> None:
        self.waited = self.worked = 0.0

    async def watch(self) -> None:
        """Look at the clocks until cancelled."""
        while True:
            clock, work = time.perf_counter(), time.thread_time()
            await asyncio.sleep(self.TICK_S)
            self.waited = max(self.waited, time.perf_counter() - clock - self.TICK_S)
            self.worked = max(self.worked, time.thread_time() - work)

    def take(self) -> dict[str, float]:
        """The worst since the last call, in milliseconds."""
        found = {"waited": 1000 * self.waited, "worked": 1000 * self.worked}
        self.waited = self.worked = 0.0
        return found


def bare_app(lag: Lag) -> Quart:
    """What Quart costs when it does nothing."""
    app = Quart("bare")

    @app.route("/bench/lag")
    async def lags() -> dict[str, float]:
        return lag.take()

    @app.route("/bench/trivial", methods=["GET", "POST"])
    async def trivial() -> str:
        return "hello"

    return app


def main() -> None:
    """Serve both on one port until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    environ = dict(os.environ) | {"BOOKLIB_DATA_DIR": arguments.data}
    lag = Lag()
    app, bare = create_app(Settings.from_environment(environ)), bare_app(lag)

    async def both(scope: Any, receive: Any, send: Any) -> None:
        beside = scope["type"] == "http" and scope["path"].startswith("/bench/")
        await (bare if beside else app)(scope, receive, send)

    config = Config()
    config.bind = [f"127.0.0.1:{arguments.port}"]
    config.accesslog = config.errorlog = None

    async def watched() -> None:
        watching = asyncio.create_task(lag.watch())
        await serve(both, config)  # type: ignore[arg-type]
        watching.cancel()

    asyncio.run(watched())


if __name__ == "__main__":
    main()
