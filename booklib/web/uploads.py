"""Pictures as they arrive: one at a time, never the whole body; and who may send now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from quart import Quart, current_app
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Field, File

from booklib.errors import Busy, Invalid
from booklib.web.bodies import Message, events
from booklib.web.context import current_user, site

MAX_PICTURE: Final = 12 * 1024 * 1024
"""Bytes of one picture."""

MAX_PICTURES: Final = 10
"""Pictures of one request."""

MAX_UPLOAD: Final = MAX_PICTURES * MAX_PICTURE + 1024 * 1024
"""Bytes of a request with pictures; a platform may take less."""

MAX_FILE: Final = 500_000_000
"""Bytes of a request with a file to import, where the platform takes it (see `room_for_file`)."""

MAX_TEXT: Final = 64 * 1024
"""Bytes of one field that is no picture."""

MAX_TEXTS: Final = 256 * 1024
"""Bytes of all fields of a request that are no pictures."""

AT_ONCE: Final = 2
"""Requests of one kind that are taken in at the same time: with pictures, each holds up to two."""

LONGEST_WAIT: Final = 30
"""Seconds that a request waits for its turn."""

TOO_LARGE: Final = (
    "That is more than the library takes at once ({megabytes} MB). "
    "Please send fewer pictures, or smaller ones."
)
BROKEN: Final = "The pictures did not arrive whole. Please send them again."
WAITING: Final = "Other pictures are being read just now. Please try again in a moment."
FILE_WAITING: Final = "Other files are on their way just now. Please try again in a moment."

_PICTURES: Final = re.compile(r"/scan|/books/[^/]+/cover")
_FILE: Final = re.compile(r"/import")
"""The paths of the routes that take pictures, and a file."""

_TURNS: Final = "booklib.uploads"
_LINES: Final = "booklib.uploads.lines"


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
    app.extensions[_TURNS] = {wait: asyncio.Semaphore(AT_ONCE) for wait in (WAITING, FILE_WAITING)}
    app.extensions[_LINES] = WeakValueDictionary[str, asyncio.Lock]()


def room_for_file(max_upload: int) -> int:
    """Bytes of a request with a file, on a platform that takes `max_upload` bytes of pictures."""
    return MAX_FILE if max_upload >= MAX_UPLOAD else max_upload


def room(scope: Message, max_upload: int) -> int:
    """Bytes that a route takes from the connection by itself; 0 for a body that is read whole."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if scope["method"] != "POST" or not kind.lower().startswith(b"multipart/form-data"):
        return 0
    if _FILE.fullmatch(scope["path"]):
        return room_for_file(max_upload)
    return max_upload if _PICTURES.fullmatch(scope["path"]) else 0


def whole_megabytes(size: int) -> int:
    """A number of bytes as people are told it: never more than there is."""
    return size // 1_000_000


def too_large() -> RequestEntityTooLarge:
    """The refusal of more than this library takes at once."""
    return RequestEntityTooLarge(TOO_LARGE.format(megabytes=whole_megabytes(site().max_upload)))


@asynccontextmanager
async def turn(waiting: str = WAITING) -> AsyncIterator[None]:
    """Wait for a place among the AT_ONCE requests that may send; raises Busy, saying `waiting`.

    Each reader has one place at most, so that nobody alone keeps all others waiting.
    """
    places: asyncio.Semaphore = current_app.extensions[_TURNS][waiting]
    lines: WeakValueDictionary[str, asyncio.Lock] = current_app.extensions[_LINES]
    line = lines.setdefault(current_user().user_id, asyncio.Lock())
    async with AsyncExitStack() as held:
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await held.enter_async_context(line)
                await held.enter_async_context(places)
        except TimeoutError:
            raise Busy(waiting) from None
        yield


async def parts() -> AsyncIterator[Part]:
    """The parts of this request's body, as they arrive; none where it is not multipart.

    Raises Invalid for a body that breaks off, 413 and 408 for one that is too large or too slow.
    """
    try:
        async for part in _gathered():
            yield part
    except ValueError:
        raise Invalid.at("image", BROKEN) from None
    except RequestEntityTooLarge:
        # The decoder's own has no words for people.
        raise too_large() from None


async def _gathered() -> AsyncIterator[Part]:
    gathered: _Gathered | None = None
    texts = 0
    async for event in events():
        if isinstance(event, (Field, File)):
            gathered = _Gathered(event)
        elif isinstance(event, Data) and gathered is not None:
            gathered.add(event.data)
            texts += len(event.data) if gathered.is_text else 0
            if texts > MAX_TEXTS:
                raise RequestEntityTooLarge
            if not event.more_data:
                yield gathered.part()


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
