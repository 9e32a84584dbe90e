"""Bodies that stay with the client until a route takes them, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from quart import request
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Epilogue, Event, MultipartDecoder, NeedData

MAX_PARTS: Final = 1200

PIECE: Final = 64 * 1024
MAX_HELD: Final = 4 * PIECE
"""Bytes that are looked through at a time, and that the head of a part may be long."""

SLOWEST: Final = 64 * 1024
"""Bytes in a second at which a body must go on arriving: a slow line's, and more than a drip."""

PATIENCE: Final = 60
"""Seconds that a body may take beyond that."""

STALL: Final = 15
"""Seconds without a single byte after which a body is given up."""

_INCOMING: Final = "booklib.incoming"

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


async def streamed(app: App, most: int, scope: Message, receive: Receive, send: Send) -> None:
    """Call the app with an empty body; its route may take the real one by `events`.

    It has `most` bytes at most.

    What the route left of it is dropped before the answer: a client that still sends would not
    read it.
    """
    sizes = [value for name, value in scope["headers"] if name == b"content-length"]
    body = _Incoming(receive, most, int(sizes[0]) if sizes and sizes[0].isdigit() else 0)
    headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]

    async def send_after_body(message: Message) -> None:
        if message["type"] == "http.response.start":
            await body.drain()
        await send(message)

    await app({**scope, "headers": headers, _INCOMING: body}, body.for_app, send_after_body)


async def events() -> AsyncIterator[Event]:
    """The body of this request in small pieces, and what is told before each part of it.

    Raises ValueError (UnicodeError is one) for a body that breaks off, 413 and 408 without words.
    """
    body: object = request.scope.get(_INCOMING)
    if not isinstance(body, _Incoming):
        return
    if body.announced > body.most:
        raise RequestEntityTooLarge
    boundary = parse_options_header(request.headers.get("Content-Type", ""))[1].get("boundary", "")
    if not boundary:
        raise ValueError("no boundary")
    decoder = MultipartDecoder(boundary.encode("latin-1"), MAX_HELD, max_parts=MAX_PARTS)
    async for piece in _pieces(body):
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), (NeedData, Epilogue)):
            yield event


async def _pieces(body: _Incoming) -> AsyncIterator[bytes | None]:
    """The body in small pieces, because a server may hand over all of it at once; None ends it."""
    while (chunk := await body.chunk()) is not None:
        for start in range(0, len(chunk), PIECE):
            yield chunk[start : start + PIECE]
    yield None


class _Incoming:
    """A body that stays with the client until somebody wants it."""

    def __init__(self, receive: Receive, most: int, announced: int) -> None:
        self.announced = announced
        self.most = most
        self._receive = receive
        self._size = 0
        self._ended = asyncio.Event()
        self._gone = False
        self._told = False
        self._began: float | None = None

    async def for_app(self) -> Message:
        """What the app's own ear hears: no body, and later that the client has left."""
        if not self._told:
            self._told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._ended.wait()
        return {"type": "http.disconnect"} if self._gone else await self._receive()

    async def chunk(self) -> bytes | None:
        """The next piece, None at the end. Raises 413 and 408."""
        if self._ended.is_set():
            return None
        now = asyncio.get_running_loop().time()
        self._began = self._began or now
        try:
            async with asyncio.timeout_at(min(self._latest(self._began), now + STALL)):
                message = await self._receive()
        except TimeoutError:
            self._ended.set()
            raise RequestTimeout from None
        if message["type"] != "http.request":
            self._gone = True
            self._ended.set()
            # The app hears of it too, and ends this request.
            await asyncio.get_running_loop().create_future()
        return self._taken(message)

    def _latest(self, began: float) -> float:
        """When the next piece must be there, on the event loop's clock."""
        return began + PATIENCE + self._size / SLOWEST

    def _taken(self, message: Message) -> bytes:
        piece: bytes = message.get("body", b"")
        self._size += len(piece)
        if not message.get("more_body", False):
            self._ended.set()
        if self._size > self.most:
            raise RequestEntityTooLarge
        return piece

    async def drain(self) -> None:
        """Read and drop the rest, up to twice of what is allowed."""
        while not self._ended.is_set() and self._size <= 2 * self.most:
            try:
                await self.chunk()
            except RequestEntityTooLarge:
                continue
            except RequestTimeout:
                return
