"""The covers of our own archive, taken in as the reader's own pictures."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType

from booklib.covers.storing import store
from booklib.errors import BadFile, BadPicture
from booklib.models import COVER_FILE, CoverName, CoverPictures, Value
from booklib.models.covers import OWN
from booklib.ports import World
from booklib.transfer.archive import opened, picture
from booklib.transfer.library_json import FOLDER
from booklib.transfer.plans import Judged
from booklib.transfer.rows import Row
from booklib.workplace import temporary


class Covers:
    """Stores the pictures that rows name, each checked as an upload is.

    The archive is fetched when the first picture is wanted that is not here yet.
    """

    def __init__(self, world: World, user_id: str, upload: str) -> None:
        """`upload` is the file's name in Files."""
        self._world = world
        self._user_id = user_id
        self._upload = upload
        self._held = AsyncExitStack()
        self._archive: zipfile.ZipFile | None = None
        self._fetched = False

    async def __aenter__(self) -> Covers:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._held.aclose()

    async def taken(self, rows: Iterable[Judged]) -> list[Judged]:
        """The rows with the names of stored pictures, and without those that cannot be had.

        Doing it again stores nothing any more. Raises StorageFull, StorageDown and Busy.
        """
        return [one._replace(row=await self._row(one.row)) for one in rows]

    async def _row(self, row: Row) -> Row:
        if row.broken or not (row.mine.get(COVER_FILE) or row.given.get(COVER_FILE)):
            return row
        return replace(row, mine=await self._fields(row.mine), given=await self._fields(row.given))

    async def _fields(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        found = dict(fields)
        if isinstance(value := found.get(COVER_FILE), str):
            if name := await self._stored(value):
                found[COVER_FILE] = name
            else:
                del found[COVER_FILE]
        return found

    async def _stored(self, value: str) -> str:
        """The name under which a picture is kept; empty where there is none."""
        name = CoverName.parse(value)
        if name and await self._world.files.has(name.file("large", self._user_id)):
            return value
        file = f"{FOLDER}/{value.removeprefix(OWN)}.webp" if name else value
        found = await self._from_archive(file)
        if found is None:
            return ""
        try:
            pictures = await self._world.pictures.cover(found)
        except BadPicture:
            return ""
        stored = CoverName.of(pictures.large, pictures.width, pictures.height, own=True)
        if name and _is_as_we_made_it(found, name, pictures):
            stored, pictures = name, pictures._replace(large=found)
        await store(self._world, stored, pictures, self._user_id)
        return str(stored)

    async def _from_archive(self, name: str) -> bytes | None:
        if not self._fetched:
            self._fetched = True
            self._archive = await self._opened()
        if self._archive is None:
            return None
        return await asyncio.to_thread(picture, self._archive, name)

    async def _opened(self) -> zipfile.ZipFile | None:
        """The archive; None where the upload is none."""
        path = self._held.enter_context(temporary()) / "upload"
        if not await self._world.files.fetch(self._upload, path):
            return None
        try:
            return self._held.enter_context(await asyncio.to_thread(opened, path))
        except BadFile:
            return None


def _is_as_we_made_it(found: bytes, name: CoverName, pictures: CoverPictures) -> bool:
    """Whether a picture may stay as it is, byte for byte: one of ours, under its own name.

    That is a WebP of pixels alone (RFC 9649, 2.5), without a place for anything else.
    """
    size = len(found).to_bytes(4, "little") if len(found) < 1 << 32 else b""
    plain = found[:4] == b"RIFF" and found[8:16] == b"WEBPVP8 " and size != b""
    whole = int.from_bytes(found[4:8], "little") + 8 == len(found)
    chunk = int.from_bytes(found[16:20], "little")
    own = CoverName.of(found, pictures.width, pictures.height, own=True) == name
    return plain and whole and chunk + chunk % 2 + 20 == len(found) and own
