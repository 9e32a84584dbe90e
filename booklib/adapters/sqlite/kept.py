"""Keeping what was read for as long as nobody has written: the file itself tells."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 256
"""Values kept; one more and all are forgotten, which costs a read each."""


class Kept(Generic[T]):
    """Values by key, each good until the next commit of anybody, other processes included.

    `PRAGMA data_version` differs after every commit by another connection
    (sqlite.org/pragma.html#pragma_data_version). Asking is a look into shared memory without a lock
    that a writer holds, so this connection, which never writes, lives on the event loop's thread.
    A row by its key it reads there too: that takes some millionths of a second, the way to a
    reader's thread many times that, and all the more while an import keeps Python busy.
    """

    def __init__(self, path: Path, read: Callable[[sqlite3.Connection, str], T]) -> None:
        self._watch = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False
        )
        self._read = read
        self._values: dict[str, tuple[int, T]] = {}

    async def get(self, key: str, elsewhere: Callable[[str], Awaitable[T]]) -> T:
        """The value as it is now; asked for `elsewhere` where this connection had to wait."""
        version = self._version()
        kept = self._values.get(key)
        if kept and kept[0] == version:
            return kept[1]
        if version is None:
            return await elsewhere(key)
        try:
            value = self._read(self._watch, key)
        except sqlite3.Error:  # who reads elsewhere waits, or tells what is wrong
            return await elsewhere(key)
        if len(self._values) >= MOST:
            self._values.clear()
        # Of before the read: a commit in between makes the value look older than it is.
        self._values[key] = version, value
        return value

    def _version(self) -> int | None:
        with suppress(sqlite3.Error):  # the read that follows tells what is wrong
            version: int = self._watch.execute("PRAGMA data_version").fetchone()[0]
            return version
        return None

    def close(self) -> None:
        """Let go of the file; values are read anew from then on."""
        self._watch.close()
