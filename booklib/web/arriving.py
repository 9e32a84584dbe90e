"""One file as it arrives: to the disk of this machine, never in memory whole."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, File

from booklib.errors import Invalid, StorageFull
from booklib.models.folding import clean
from booklib.web import uploads
from booklib.web.bodies import events
from booklib.web.context import site
from booklib.workplace import temporary

FIELD: Final = "file"
MAX_DIRECT: Final = 500_000_000
"""Bytes of a file that a browser stores by itself."""

WRITTEN_AT_ONCE: Final = 1024 * 1024
MAX_NAME: Final = 200

NO_FILE: Final = "Please choose a file first."
BROKEN: Final = "The file did not arrive whole. Please send it again."
TOO_LARGE: Final = (
    "This file is larger than {megabytes} MB, which is more than the library takes at once. "
    "A file without the covers would be smaller."
)

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Arrived(NamedTuple):
    """A file that is here."""

    path: Path
    name: str
    """As it was called where it came from; for people only."""


def most() -> int:
    """Bytes of a file that this program takes itself."""
    return uploads.room_for_file(site().max_upload)


@asynccontextmanager
async def the_file() -> AsyncIterator[Arrived]:
    """The file of the field `file`, for as long as the block lasts.

    Raises Invalid at `file` where none was chosen or it breaks off, Busy, StorageFull, 413, 408.
    """
    async with uploads.turn(uploads.FILE_WAITING):
        with temporary() as place:
            path = place / "file"
            try:
                name, size = await _received(path)
            except ValueError:
                raise Invalid.at(FIELD, BROKEN) from None
            except RequestEntityTooLarge:
                told = TOO_LARGE.format(megabytes=uploads.whole_megabytes(most()))
                raise RequestEntityTooLarge(told) from None
            except OSError as error:
                if error.errno in _FULL:
                    raise StorageFull("The disk is full.") from error
                raise
            if not size:
                raise Invalid.at(FIELD, f"The file {name} is empty." if name else NO_FILE)
            yield Arrived(path, name)


async def _received(path: Path) -> tuple[str, int]:
    """Write the first file of the form that has a name or a content; its name and size."""
    name = ""
    taking = False
    held = bytearray()
    with path.open("wb") as target:
        async for event in events():
            if isinstance(event, File):
                taking = event.name == FIELD and not name and not target.tell()
                name = clean(event.filename)[-MAX_NAME:] if taking else name
            elif isinstance(event, Data) and taking:
                held += event.data
                if len(held) >= WRITTEN_AT_ONCE or not event.more_data:
                    await asyncio.to_thread(target.write, bytes(held))
                    held.clear()
                taking = event.more_data
        return name, target.tell()
