"""The way to start a server."""

from typing import Any, NoReturn


async def serve(*_arguments: Any, **_named: Any) -> NoReturn:
    """There is nothing to start."""
    raise RuntimeError("on Lambda there is no web server: API Gateway hands in the requests")
