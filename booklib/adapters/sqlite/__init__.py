"""Storage on SQLite: one file, one writer, two readers, everything committed before it is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from booklib.adapters.sqlite import checking, dumping, jobs, search, shelf, users, writes
from booklib.adapters.sqlite.connection import Database
from booklib.adapters.sqlite.kept import Kept
from booklib.adapters.sqlite.migrate import prepare
from booklib.adapters.sqlite.snapshot import OneMoment
from booklib.models import UNDOABLE, Book, Job, Owner, Page, Query, ShelfRow, User, UserBook
from booklib.ports import Change, Counted, Snapshot, check_changes

_CHUNK = 200


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteStorage:
    """The Storage port, and Dump, on a SQLite file. Every method raises StorageDown, and those
    that write raise StorageFull, having stored nothing.
    """

    def __init__(
        self, database: Database, users: Kept[User | None], now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._users = users
        self._now = now

    @classmethod
    async def open(cls, path: Path, now: Callable[[], datetime] = _utc_now) -> SqliteStorage:
        """Open the file, made where it is missing and migrated where it is old."""
        await asyncio.to_thread(prepare, path)
        return cls(await Database.open(path), Kept(path, users.get), now)

    async def close(self) -> None:
        """Move the log into the file and let go of it."""
        self._users.close()
        await self._database.close()

    async def ping(self) -> None:
        await self._database.read(users.some, "", 1)

    async def add_user(self, user: User, *, only_first: bool = False) -> None:
        await self._database.write(users.add, user, only_first)

    async def has_users(self) -> bool:
        return bool(await self._database.read(users.some, "", 1))

    async def user(self, user_id: str) -> User | None:
        # Every request of a page begins with this, so it saves the way to a reader's thread.
        return await self._users.get(user_id, self._read_user)

    async def _read_user(self, user_id: str) -> User | None:
        return await self._database.read(users.get, user_id)

    async def user_by_login(self, name_or_email: str) -> User | None:
        return await self._database.read(users.by_login, name_or_email)

    async def save_user(self, before: User, after: User) -> bool:
        return await self._database.write(users.save, before, after)

    async def remove_user(self, user_id: str) -> None:
        await self._database.write(users.start_removal, user_id, self._now())
        while await self._database.write(users.remove_some, user_id):
            pass

    async def users(self) -> AsyncIterator[User]:
        after = ""
        while some := await self._database.read(users.some, after, _CHUNK):
            for user in some:
                yield user
            after = some[-1].name_key

    async def all_books(self) -> AsyncIterator[Sequence[Book]]:
        after = ""
        while some := await self._database.read(dumping.books, after, _CHUNK):
            yield some
            after = some[-1].book_id

    async def all_copies(self) -> AsyncIterator[Sequence[UserBook]]:
        after = ""
        while some := await self._database.read(dumping.copies, after, _CHUNK):
            yield some
            after = some[-1].user_book_id

    async def copies(self, ids: Sequence[str]) -> dict[str, UserBook]:
        return await self._database.read(dumping.copies_by_id, ids)

    async def put_user(self, user: User) -> None:
        await self._database.write(dumping.put_user, user)

    async def put_books(self, books: Sequence[Book]) -> None:
        await self._database.write(dumping.put_books, books)

    async def put_copies(self, copies: Sequence[UserBook]) -> None:
        await self._database.write(dumping.put_copies, copies)

    async def put_counts(self, user_id: str, counts: Counted) -> None:
        await self._database.write(dumping.put_counts, user_id, counts)

    async def faults(self) -> list[str]:
        found = await self._database.read(checking.faults)
        return [*found, *await self._database.write(checking.search_faults)]

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        async with self._database.frozen() as frozen:
            yield OneMoment(frozen, self._database)

    async def hit(self, key: str, window_s: int) -> int:
        return await self._database.write(users.hit, key, window_s, self._now())

    async def unhit(self, key: str) -> None:
        await self._database.write(users.unhit, key)

    async def books(self, ids: Sequence[str]) -> dict[str, Book]:
        return await self._database.read(shelf.books, ids)

    async def save_book(self, book: Book, if_version: int) -> bool:
        return await self._database.write(writes.save_book, book, if_version)

    async def owned(self, user_id: str, ids: Sequence[str]) -> dict[str, UserBook]:
        return await self._database.read(shelf.owned, user_id, ids)

    async def shelf(
        self, user_id: str, query: Query, after: str | None, limit: int
    ) -> Page[ShelfRow]:
        read = search.page if query.words else shelf.page
        return await self._database.read(read, user_id, query, after, limit)

    async def apply(self, user_id: str, changes: Sequence[Change], job: Job | None = None) -> bool:
        check_changes(user_id, changes)
        return await self._database.write(writes.apply, user_id, changes, job)

    async def owners(self, book_id: str, after: str | None, limit: int) -> Page[Owner]:
        return await self._database.read(shelf.owners, book_id, after, limit)

    async def add_job(self, job: Job) -> bool:
        return await self._database.write(jobs.add, job)

    async def job(self, job_id: str) -> Job | None:
        return await self._database.read(jobs.get, job_id)

    async def claim_job(self, job_id: str, now: datetime, lease_s: int) -> Job | None:
        return await self._database.write(jobs.claim, job_id, now, lease_s)

    async def save_job(self, before: Job, after: Job) -> bool:
        return await self._database.write(jobs.save, before, after)

    async def due_jobs(self, now: datetime, limit: int) -> list[Job]:
        return await self._database.read(jobs.due, now, limit)

    async def sweep(self, now: datetime) -> None:
        """Forget what nobody can ask for any more: books deleted and jobs ended 30 days ago.

        Books go in portions, so that other writers need not wait long.
        """
        await self._database.write(writes.sweep_rest, now)
        while await self._database.write(writes.sweep_copies, now - UNDOABLE, _CHUNK) == _CHUNK:
            pass
