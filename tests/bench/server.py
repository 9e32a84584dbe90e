"""A server to measure: the program, with a bare Quart app beside it under /bench for comparison."""

from __future__ import annotations

import argparse
import asyncio
import os
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from booklib.app import create_app
from booklib.settings import Settings


def bare_app() -> Quart:
    """What Quart costs when it does nothing."""
    app = Quart("bare")

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
    app, bare = create_app(Settings.from_environment(environ)), bare_app()

    async def both(scope: Any, receive: Any, send: Any) -> None:
        beside = scope["type"] == "http" and scope["path"].startswith("/bench/")
        await (bare if beside else app)(scope, receive, send)

    config = Config()
    config.bind = [f"127.0.0.1:{arguments.port}"]
    config.accesslog = config.errorlog = None
    asyncio.run(serve(both, config))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
