"""The library as an archive: our own JSON and the covers, written while it is being sent."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from functools import partial

from booklib.models import CoverName
from booklib.ports import World
from booklib.transfer.archive import LIBRARY
from booklib.transfer.library_json import joined, line, picture_files
from booklib.transfer.shelf_lines import Share, lines, pages, unheard

AT_ONCE = 8
"""Pictures that are fetched at the same time."""

_WHEN = (1980, 1, 1, 0, 0, 0)
"""The first moment that an archive can tell: the same books make the same archive."""
_UNIX, _READABLE = 3, 0o100644 << 16


async def stream(world: World, user_id: str, share: Share = unheard) -> AsyncIterator[bytes]:
    """The archive in pieces: pictures first, by name, then the library that refers to them."""
    out = _Pieces()
    # It cannot go back in what was sent, so sizes stand behind each file, and in the contents.
    with zipfile.ZipFile(out, "w") as archive:
        written: set[str] = set()
        async for name, picture in _pictures(world, user_id, lambda part: share(part * 0.8)):
            archive.writestr(_entry(name, zipfile.ZIP_STORED), picture)
            written.add(name)
            yield out.taken()
        own_line = partial(line, pictures=written)
        library = joined(lines(world, user_id, own_line, lambda part: share(0.8 + part * 0.2)))
        entry = _entry(LIBRARY, zipfile.ZIP_DEFLATED)
        with archive.open(entry, "w", force_zip64=True) as file:
            async for piece in library:
                await asyncio.to_thread(file.write, piece)
                if packed := out.taken():
                    yield packed
    yield out.taken()


async def _pictures(world: World, user_id: str, share: Share) -> AsyncIterator[tuple[str, bytes]]:
    """Every picture of the library once, in the order of the names; lost ones are left out."""
    names: dict[str, CoverName] = {}
    async for page in pages(world, user_id, lambda part: share(part * 0.1)):
        for kept in page:
            for file, name in picture_files(kept):
                names.setdefault(file, name)
    ordered = sorted(names)
    for start in range(0, len(ordered), AT_ONCE):
        share(0.1 + 0.9 * start / len(ordered))
        some = ordered[start : start + AT_ONCE]
        places = [names[file].file("large", user_id) for file in some]
        found = await asyncio.gather(*(world.files.get(place) for place in places))
        for file, picture in zip(some, found, strict=True):
            if picture is not None:
                yield file, picture


def _entry(name: str, packing: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.compress_type = packing
    entry.create_system = _UNIX
    entry.external_attr = _READABLE
    return entry


class _Pieces:
    """What a ZipFile writes to; what was written is taken out again and again."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes, /) -> int:
        """Keep a piece."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        """All that was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
