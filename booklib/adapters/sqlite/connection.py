"""One writer and two readers on one file; a whole transaction is one hop to the writer's thread.

A connection works off its calls one after the other in a thread of its own, which is what
serialises writers of this process; BEGIN IMMEDIATE serialises those of several processes. Because
a transaction is one call, a request cancelled in its middle cannot leave it open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import aiosqlite

from booklib.errors import StorageDown, StorageFull

BUSY_SECONDS = 5.0
CACHE_KIB = 8_000
MAPPED_BYTES = 1 << 30
"""How much of the file is read without a copy: a search jumps from row to row."""

READERS = 2

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[sqlite3.Connection, P], T]
"""Plain functions that run in a connection's thread."""


class Connection(aiosqlite.Connection):
    """A connection that runs a function in its thread, so that many statements cost one hop."""

    def __init__(self, path: Path) -> None:
        super().__init__(lambda: connect_plainly(path), iter_chunk_size=64)
        # A program that fails before it closes its storage must end, not wait for this thread.
        self._thread.daemon = True
        self.waiting = 0
        """Calls handed over and not answered yet."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns; raises StorageFull and StorageDown."""
        self.waiting += 1
        try:
            result: T = await self._execute(lambda: work(self._conn))  # type: ignore[no-untyped-call]
        except sqlite3.Error as error:
            raise translated(error) from error
        finally:
            self.waiting -= 1
        return result


def translated(error: sqlite3.Error) -> Exception:
    """The error that a reader can act on, or the same one where it is a mistake of ours."""
    code = getattr(error, "sqlite_errorcode", None)
    if code in _FULL:
        return StorageFull("The disk is full.")
    broken = isinstance(error, sqlite3.OperationalError) and code not in (
        None,
        sqlite3.SQLITE_ERROR,
    )
    if broken or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StorageDown(f"The database does not answer: {error}.")
    return error


def connect_plainly(path: Path) -> sqlite3.Connection:
    """A connection with the settings that every one of ours has."""
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=512
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        connection.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def transact(
    connection: sqlite3.Connection, work: Work[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run `work` inside a transaction, undone whole by any error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection, *args, **kwargs)
        connection.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


class Database:
    """The connections to one file."""

    def __init__(self, path: Path, writer: Connection, readers: list[Connection]) -> None:
        self._path = path
        self._writer = writer
        self._readers = readers
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open a file that exists and has its tables; raises StorageDown."""
        opened: list[Connection] = []
        try:
            for _ in range(1 + READERS):
                connection = Connection(path)
                await connection
                opened.append(connection)
            for reader in opened[1:]:
                await reader.run(lambda plain: plain.execute("PRAGMA query_only = ON"))
        except sqlite3.Error as error:
            await _close_all(opened)
            raise translated(error) from error
        return cls(path, opened[0], opened[1:])

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` on the reader with the least to do; it never waits for a writer."""
        reader = min(self._readers, key=lambda each: each.waiting)
        return await reader.run(lambda connection: work(connection, *args, **kwargs))

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a transaction that is committed, to the disk, when this returns."""
        return await self._writer.run(
            lambda connection: transact(connection, work, *args, **kwargs)
        )

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[Connection]:
        """A reader of its own, to which everything stays as it is now until the block ends."""
        connection = Connection(self._path)
        try:
            await connection
            await connection.run(_freeze)
            yield connection
        except sqlite3.Error as error:
            raise translated(error) from error
        finally:
            await _close_all([connection])

    async def close(self) -> None:
        """Move the log into the file and close it; closing twice does no harm."""
        if self._closed:
            return
        self._closed = True
        await _close_all(self._readers)
        try:
            await self._writer.run(_checkpoint)
        finally:
            await _close_all([self._writer])


def _freeze(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA mmap_size = 0")  # who reads everything once needs no map of it
    connection.execute("PRAGMA query_only = ON")
    connection.execute("BEGIN")
    connection.execute("PRAGMA schema_version").fetchone()  # the first read sets the moment


def _checkpoint(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _close_all(connections: list[Connection]) -> None:
    for connection in connections:
        await connection.close()
