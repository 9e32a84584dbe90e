"""Whether the pictures that a library names are there, and which files nobody names."""

from __future__ import annotations

from booklib.models import CoverName, CoverSize
from booklib.models.covers import COVER_SIZES
from booklib.ports import Files

FOLDERS = ("covers", "users", "imports", "mappings", "exports")
SHOWN = 3
"""Names that are told of files that nobody names."""

_NAMED = 1 << len(COVER_SIZES)


class Pictures:
    """The files as they were listed, and which of them the library named since."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._there: dict[str, int] = {}
        self._strays: list[str] = []
        self._more = 0

    async def look(self, users: frozenset[str]) -> None:
        """List the files; those of people who are none of `users` are nobody's."""
        for folder in FOLDERS:
            async for name in self._files.names(folder):
                size, kept = _parsed(name)
                if kept:
                    self._there[kept] = self._there.get(kept, 0) | 1 << COVER_SIZES.index(size)
                elif folder == "covers" or name.split("/")[1] not in users:
                    self._stray(name)

    async def lacks(self, name: CoverName, user_id: str) -> bool:
        """Whether a picture that is named is not there in all its sizes."""
        key = name.file("large", user_id)
        self._there[key] = self._there.get(key, 0) | _NAMED
        if self._there[key] == 2 * _NAMED - 1:
            return False
        # It may have been stored since the list was made.
        return not all([await self._files.has(name.file(size, user_id)) for size in COVER_SIZES])

    def strays(self) -> str:
        """A sentence on the files that nobody names; empty where there is none."""
        for name, found in self._there.items():
            if not found & _NAMED:
                self._stray(name)
        if not self._more:
            return ""
        shown = ", ".join(self._strays) + (", …" if self._more > SHOWN else "")
        return f"files that nothing in the library names: {self._more:,} ({shown})"

    def _stray(self, name: str) -> None:
        self._more += 1
        if len(self._strays) < SHOWN:
            self._strays.append(name)


def _parsed(name: str) -> tuple[CoverSize, str]:
    """The size of a cover's file, and the name of its large one; that is empty for another file."""
    for size in COVER_SIZES:
        if name.endswith(".webp") and f"covers/{size}/" in name:
            return size, name.replace(f"covers/{size}/", "covers/large/")
    return "large", ""
