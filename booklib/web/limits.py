"""Bounds: how large a request may be, and how often the costly routes may be called."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from quart import Quart, request
from quart_rate_limiter import RateLimiter
from quart_rate_limiter.store import RateLimiterStoreABC
from werkzeug.exceptions import RequestEntityTooLarge

from booklib.web import bodies, uploads
from booklib.web.context import signed_in
from booklib.web.security import client_address

MAX_BODY = 1024 * 1024
"""Bytes of a request's body, but for pictures (see uploads.py)."""

MAX_DRAINED = 256 * 1024 * 1024
"""Bytes of a too large body that are read and dropped, so that the answer can be read."""

PATIENCE = 120
"""Seconds that a client may take to send a body."""

REMEMBERED = 10_000
"""Keys that the limiter remembers; the ones not seen for longest go first."""

_TOO_LARGE = "booklib.too_large"
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_ANNOUNCE = frozenset({b"content-length", b"transfer-encoding"})

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class RecentKeys(RateLimiterStoreABC):
    """The limiter's times by key; bounded, where the library's own store grows for ever."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._times: OrderedDict[str, datetime] = OrderedDict()
        self._most = most

    async def before_serving(self) -> None:
        """Nothing to open."""

    async def after_serving(self) -> None:
        """Nothing to close."""

    async def get(self, key: str, default: datetime) -> datetime:
        """The stored time, or `default`."""
        return self._times.get(key, default)

    async def set(self, key: str, tat: datetime) -> None:
        """Store a time; the key that was set longest ago makes room."""
        self._times[key] = tat
        self._times.move_to_end(key)
        if len(self._times) > self._most:
            self._times.popitem(last=False)


async def who() -> str:
    """Whom a limit counts: the signed-in user, else the trusted address."""
    user = signed_in()
    return f"user {user.user_id}" if user else f"from {client_address()}"


def set_up(app: Quart) -> None:
    """Let routes limit themselves with quart_rate_limiter's `rate_limit`."""
    RateLimiter(app, key_function=who, store=RecentKeys())


def bound_bodies(app: Quart, max_upload: int) -> None:
    """Answer 413 to a body that is too large, whichever route it was sent to.

    `max_upload` is in bytes, for requests with pictures.
    """
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
    app.asgi_app = bounded(app.asgi_app, max_upload)  # type: ignore[method-assign, assignment, arg-type]

    async def refuse_too_large() -> None:
        if _TOO_LARGE in request.scope:
            raise RequestEntityTooLarge

    app.before_request(refuse_too_large)
    uploads.set_up(app)


def bounded(app: App, max_upload: int) -> App:
    """Read each body before the app is called, and hold no more of it than MAX_BODY.

    Quart keeps what arrives whether a route reads it or not, and an answer that is sent while the
    client still sends gets lost in a reset connection. So the rest of a body that is too large is
    dropped as it arrives, and the app is told in the scope only once it has ended.
    """

    async def outer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # No route speaks it; the server makes a 403 of this.
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http" or not _has_body(scope):
            await app(scope, receive, send)
            return
        if most := uploads.room(scope, max_upload):
            await bodies.streamed(app, most, scope, receive, send)
            return
        try:
            async with asyncio.timeout(PATIENCE):
                body = await _read(receive)
        except (TimeoutError, ConnectionError):
            return
        if body is None:
            scope = {**scope, _TOO_LARGE: True}
        await app(scope, _replay(body or b"", receive), send)

    return outer


def _has_body(scope: Message) -> bool:
    """Whether there may be one: HTTP/1 announces it (RFC 9112, 6), HTTP/2 and Lambda need not."""
    if scope["method"] not in _BODILESS or scope["http_version"] >= "2":
        return True
    return any(name in _ANNOUNCE for name, _ in scope["headers"])


async def _read(receive: Receive) -> bytes | None:
    """The body, or None if it is larger than MAX_BODY. Raises ConnectionError on a hang-up."""
    body = bytearray()
    size = 0
    more = True
    while more and size <= MAX_DRAINED:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            body += chunk
        more = message.get("more_body", False)
    return bytes(body) if size <= MAX_BODY else None


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then whatever the server says next."""
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
