"""JSON of any size, read member by member: neither the whole of it nor a bomb is ever in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import ijson
from ijson.common import ObjectBuilder

from booklib.errors import BadFile

MAX_UNPACKED = 300 * 1024 * 1024
MAX_MEMBER = 4 * 1024 * 1024
"""Bytes of one member, which is held in memory whole."""
MAX_DEPTH = 20
"""Brackets within brackets."""

BROKEN = "This JSON file is damaged. Please export it again, or copy the file once more."
TOO_LARGE = "This JSON file is too large to be imported."
TOO_DEEP = "This JSON file is none of a list of books."

_PIECE = 64 * 1024
_FAULTS = (ijson.JSONError, UnicodeError, ValueError, ArithmeticError, RecursionError)


def members(stream: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """The members of a JSON object by name; one that is an array comes item by item.

    Of a file that is an array, the items, named by an empty text. Numbers are int or float; one
    that is larger than 64 bits can hold makes the file a damaged one.
    Raises BadFile, and what the stream raises while it is read.
    """
    bounded = _Bounded(stream)
    name = ""
    depth, below = 0, 1  # how deep the reader is, and where the values stand that it gives out
    builder: ObjectBuilder | None = None
    for event, value in _events(bounded):
        opens, closes = event.startswith("start"), event.startswith("end")
        depth += opens - closes
        if depth > MAX_DEPTH:
            raise BadFile(TOO_DEEP)
        if builder is not None:
            builder.event(event, value)
            if closes and depth == below:
                yield name, builder.value
                builder, bounded.since = None, 0
        elif event == "map_key":
            name = value
        elif opens and depth == 2 and event == "start_array" and below == 1 and name:
            below = 2
        elif opens and depth > below:
            builder = ObjectBuilder()
            builder.event(event, value)
        elif closes:
            below = 1
        elif not opens:
            yield name, value
            bounded.since = 0


def _events(stream: _Bounded) -> Iterator[tuple[str, Any]]:
    try:
        # Not `parse` nor `items`: these hold the path of each bracket, which grows quadratically.
        # Python's own numbers are made in a callback of C, where one that is too long for them
        # (docs.python.org/3/library/stdtypes.html#int-max-str-digits) ends the whole process.
        yield from ijson.basic_parse(stream, buf_size=_PIECE, use_float=True)
    except _FAULTS as error:
        raise BadFile(BROKEN) from error


class _Bounded:
    """A stream that ends with BadFile where it, or one member of it, is too large."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._size = 0
        self.since = 0
        """Bytes since the last member."""

    def read(self, size: int = -1) -> bytes:
        """The next bytes, never all at once."""
        piece = self._stream.read(_PIECE if size < 0 else size)
        self._size += len(piece)
        self.since += len(piece)
        if self._size > MAX_UNPACKED or self.since > MAX_MEMBER:
            raise BadFile(TOO_LARGE)
        return piece
