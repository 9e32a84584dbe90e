"""Pictures as they arrive: one at a time, never the whole body, and only for a route that asks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from quart import Quart, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from booklib.errors import Busy, Invalid
from booklib.web.context import current_user, site

MAX_PICTURE: Final = 12 * 1024 * 1024
"""Bytes of one picture."""

MAX_PICTURES: Final = 10
"""Pictures of one request."""

MAX_UPLOAD: Final = MAX_PICTURES * MAX_PICTURE + 1024 * 1024
"""Bytes of a request with pictures; a platform may take less."""

MAX_TEXT: Final = 64 * 1024
"""Bytes of one field that is no picture."""

MAX_TEXTS: Final = 256 * 1024
"""Bytes of all fields of a request that are no pictures."""

MAX_PARTS: Final = 1200

PIECE: Final = 64 * 1024
MAX_HELD: Final = 4 * PIECE
"""Bytes that are looked through at a time, and that the head of a part may be long."""

PATIENCE: Final = 180
"""Seconds that the pictures of one request may take to arrive."""

STALL: Final = 15
"""Seconds without a single byte after which a body is given up."""

AT_ONCE: Final = 2
"""Requests whose pictures are taken in at the same time: each holds up to two of them."""

LONGEST_WAIT: Final = 30
"""Seconds that a request waits for its turn."""

TOO_LARGE: Final = (
    "That is more than the library takes at once ({megabytes} MB). "
    "Please send fewer pictures, or smaller ones."
)
BROKEN: Final = "The pictures did not arrive whole. Please send them again."
WAITING: Final = "Other pictures are being read just now. Please try again in a moment."

_TAKEN: Final = re.compile(r"/scan|/books/[^/]+/cover")
"""The paths of the routes that take pictures."""

_INCOMING: Final = "booklib.incoming"
_TURNS: Final = "booklib.uploads"
_LINES: Final = "booklib.uploads.lines"

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Part(NamedTuple):
    """One part of a multipart body (RFC 7578)."""

    name: str
    filename: str | None
    """None for a field that is no file; empty where no file was chosen."""
    data: bytes
    too_large: bool
    """Whether there was more than MAX_PICTURE, or MAX_TEXT of a text; then `data` is empty."""


def set_up(app: Quart) -> None:
    """Make the places for those whose turn it is."""
    app.extensions[_TURNS] = asyncio.Semaphore(AT_ONCE)
    app.extensions[_LINES] = WeakValueDictionary[str, asyncio.Lock]()


def is_streamed(scope: Message) -> bool:
    """Whether a request brings pictures to a route that takes them."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return (
        scope["method"] == "POST"
        and kind.lower().startswith(b"multipart/form-data")
        and _TAKEN.fullmatch(scope["path"]) is not None
    )


def whole_megabytes(size: int) -> int:
    """A number of bytes as people are told it: never more than there is."""
    return size // 1_000_000


def too_large() -> RequestEntityTooLarge:
    """The refusal of more than this library takes at once."""
    return RequestEntityTooLarge(TOO_LARGE.format(megabytes=whole_megabytes(site().max_upload)))


async def streamed(app: App, most: int, scope: Message, receive: Receive, send: Send) -> None:
    """Call the app with an empty body; its route may take the real one by `parts`.

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


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """Wait for a place among the AT_ONCE requests that may send; raises Busy.

    Each reader has one place at most, so that nobody alone keeps all others waiting.
    """
    places: asyncio.Semaphore = current_app.extensions[_TURNS]
    lines: WeakValueDictionary[str, asyncio.Lock] = current_app.extensions[_LINES]
    line = lines.setdefault(current_user().user_id, asyncio.Lock())
    async with AsyncExitStack() as held:
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await held.enter_async_context(line)
                await held.enter_async_context(places)
        except TimeoutError:
            raise Busy(WAITING) from None
        yield


async def parts() -> AsyncIterator[Part]:
    """The parts of this request's body, as they arrive; none where it is not multipart.

    Raises Invalid for a body that breaks off, 413 and 408 for one that is too large or too slow.
    """
    body: object = request.scope.get(_INCOMING)
    if not isinstance(body, _Incoming):
        return
    if body.announced > site().max_upload:
        raise too_large()
    boundary = parse_options_header(request.headers.get("Content-Type", ""))[1].get("boundary", "")
    if not boundary:
        raise Invalid.at("image", BROKEN)
    try:
        async for part in _decoded(body, boundary.encode("latin-1")):
            yield part
    except (ValueError, UnicodeError):
        raise Invalid.at("image", BROKEN) from None
    except RequestEntityTooLarge:
        # The decoder's own has no words for people.
        raise too_large() from None


async def _decoded(body: _Incoming, boundary: bytes) -> AsyncIterator[Part]:
    decoder = MultipartDecoder(boundary, MAX_HELD, max_parts=MAX_PARTS)
    gathered: _Gathered | None = None
    texts = 0
    async for piece in _pieces(body):
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), (NeedData, Epilogue)):
            if isinstance(event, (Field, File)):
                gathered = _Gathered(event)
            elif isinstance(event, Data) and gathered is not None:
                gathered.add(event.data)
                texts += len(event.data) if gathered.is_text else 0
                if texts > MAX_TEXTS:
                    raise RequestEntityTooLarge
                if not event.more_data:
                    yield gathered.part()


async def _pieces(body: _Incoming) -> AsyncIterator[bytes | None]:
    """The body in small pieces, because a server may hand over all of it at once; None ends it."""
    while (chunk := await body.chunk()) is not None:
        for start in range(0, len(chunk), PIECE):
            yield chunk[start : start + PIECE]
    yield None


class _Gathered:
    """A part that is still arriving."""

    def __init__(self, head: Field | File) -> None:
        self._head = head
        self._filename = (head.filename or "") if isinstance(head, File) else None
        self._most = MAX_TEXT if self._filename is None else MAX_PICTURE
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def is_text(self) -> bool:
        """Whether it is no file."""
        return self._filename is None

    def add(self, piece: bytes) -> None:
        """Keep a piece, or let all of it go once it is too much."""
        self._size += len(piece)
        if self._size <= self._most:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def part(self) -> Part:
        """The whole part."""
        too_large = self._size > self._most
        data = b"".join(self._pieces)
        self._pieces.clear()
        return Part(self._head.name or "", self._filename, data, too_large)


class _Incoming:
    """A body that stays with the client until somebody wants it."""

    def __init__(self, receive: Receive, most: int, announced: int) -> None:
        self.announced = announced
        self._most = most
        self._receive = receive
        self._size = 0
        self._ended = asyncio.Event()
        self._gone = False
        self._told = False
        self._deadline: float | None = None

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
        self._deadline = self._deadline or now + PATIENCE
        try:
            async with asyncio.timeout_at(min(self._deadline, now + STALL)):
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

    def _taken(self, message: Message) -> bytes:
        piece: bytes = message.get("body", b"")
        self._size += len(piece)
        if not message.get("more_body", False):
            self._ended.set()
        if self._size > self._most:
            raise RequestEntityTooLarge
        return piece

    async def drain(self) -> None:
        """Read and drop the rest, up to twice of what is allowed."""
        while not self._ended.is_set() and self._size <= 2 * self._most:
            try:
                await self.chunk()
            except RequestEntityTooLarge:
                continue
            except RequestTimeout:
                return
