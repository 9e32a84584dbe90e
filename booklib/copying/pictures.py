"""Copying the pictures that a library names, some at a time and never in memory whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from booklib.copying.report import Tally
from booklib.models import COVER_FILE, CoverName, Fields
from booklib.models.covers import COVER_SIZES
from booklib.ports import Files
from booklib.workplace import temporary

AT_ONCE = 8


class Pictures:
    """Copies from one place for files to another; a name is the hash of what it names."""

    def __init__(self, source: Files, target: Files, tally: Tally, *, dry_run: bool) -> None:
        self._source, self._target = source, target
        self._tally = tally
        self._dry_run = dry_run
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def copy(self, layers: Iterable[tuple[Fields, str]]) -> None:
        """Copy what some fields name that is not there yet; each with its owner's id."""
        names = dict.fromkeys(
            name.file(size, user_id)
            for fields, user_id in layers
            if (name := CoverName.parse(str(fields.get(COVER_FILE) or "")))
            for size in COVER_SIZES
        )
        with temporary() as place:
            ends = await asyncio.gather(
                *(self._one(name, place / str(n)) for n, name in enumerate(names)),
                return_exceptions=True,
            )
        for end in ends:
            if end is not None:
                raise end

    async def _one(self, name: str, by_way_of: Path) -> None:
        async with self._turn:
            if await self._target.has(name):
                self._tally.same += 1
            elif not await self._fetched(name, by_way_of):
                self._tally.missing += 1
            else:
                self._tally.written += 1
                if not self._dry_run:
                    await self._target.store(name, by_way_of)

    async def _fetched(self, name: str, by_way_of: Path) -> bool:
        if self._dry_run:
            return await self._source.has(name)
        return await self._source.fetch(name, by_way_of)
