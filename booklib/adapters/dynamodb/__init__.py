"""Storage on DynamoDB: four tables, every read of a page a Get or a Query, no Scan but in Dump."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from booklib.adapters.dynamodb import checking, dumping, jobs, removal, schema, shelf, users, writes
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.schema import Tables
from booklib.adapters.dynamodb.snapshot import AsItIs
from booklib.models import Book, Job, Owner, Page, Query, ShelfRow, User, UserBook
from booklib.ports import Change, Counted, Snapshot, check_changes

__all__ = ["DynamoStorage", "Tables"]

PATIENCE_S = 3.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DynamoStorage:
    """The Storage port, and Dump, on DynamoDB.

    Every method raises StorageDown, and Busy where DynamoDB has too much to do for longer than a
    reader would wait.
    """

    def __init__(
        self,
        client: Any,
        tables: Tables,
        *,
        now: Callable[[], datetime] = _utc_now,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`client` is an open low-level aiobotocore client; whoever opened it closes it.

        What may pass is tried again for `patience_s` seconds.
        """
        self._dynamo = Dynamo(client, tables, patience_s)
        self._shelf = shelf.Shelf(self._dynamo)
        self._now = now

    async def ping(self) -> None:
        await self._dynamo.get(self._dynamo.tables.users, user_id=schema.ACCOUNTS)

    async def add_user(self, user: User, *, only_first: bool = False) -> None:
        await users.add(self._dynamo, user, only_first)

    async def has_users(self) -> bool:
        return await users.there_are_some(self._dynamo)

    async def user(self, user_id: str) -> User | None:
        return await users.user(self._dynamo, user_id, self._now())

    async def user_by_login(self, name_or_email: str) -> User | None:
        return await users.by_login(self._dynamo, name_or_email)

    async def save_user(self, before: User, after: User) -> bool:
        return await users.save(self._dynamo, before, after)

    async def remove_user(self, user_id: str) -> None:
        await removal.remove(self._dynamo, user_id, self._now())

    async def users(self) -> AsyncIterator[User]:
        for user in await checking.users(self._dynamo):
            yield user

    def all_books(self) -> AsyncIterator[Sequence[Book]]:
        return dumping.books(self._dynamo)

    def all_copies(self) -> AsyncIterator[Sequence[UserBook]]:
        return dumping.copies(self._dynamo)

    async def copies(self, ids: Sequence[str]) -> dict[str, UserBook]:
        return await dumping.copies_by_id(self._dynamo, ids)

    async def put_user(self, user: User) -> None:
        await dumping.put_user(self._dynamo, user)

    async def put_books(self, books: Sequence[Book]) -> None:
        await dumping.put_books(self._dynamo, books)

    async def put_copies(self, copies: Sequence[UserBook]) -> None:
        await dumping.put_copies(self._dynamo, copies)

    async def put_counts(self, user_id: str, counts: Counted) -> None:
        await dumping.put_counts(self._dynamo, user_id, counts)

    async def faults(self) -> list[str]:
        return await checking.faults(self._dynamo)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        yield AsItIs(self._dynamo)

    async def hit(self, key: str, window_s: int) -> int:
        return await users.hit(self._dynamo, key, window_s, self._now())

    async def unhit(self, key: str) -> None:
        await users.unhit(self._dynamo, key, self._now())

    async def books(self, ids: Sequence[str]) -> dict[str, Book]:
        return await shelf.books(self._dynamo, ids)

    async def save_book(self, book: Book, if_version: int) -> bool:
        return await writes.save_book(self._dynamo, book, if_version)

    async def owned(self, user_id: str, ids: Sequence[str]) -> dict[str, UserBook]:
        return await shelf.owned(self._dynamo, user_id, ids)

    async def shelf(
        self, user_id: str, query: Query, after: str | None, limit: int
    ) -> Page[ShelfRow]:
        return await self._shelf.page(user_id, query, after, limit, self._now())

    async def apply(self, user_id: str, changes: Sequence[Change], job: Job | None = None) -> bool:
        check_changes(user_id, changes)
        return await writes.apply(self._dynamo, user_id, changes, job, self._now())

    async def owners(self, book_id: str, after: str | None, limit: int) -> Page[Owner]:
        return await shelf.owners(self._dynamo, book_id, after, limit)

    async def add_job(self, job: Job) -> bool:
        return await jobs.add(self._dynamo, job)

    async def job(self, job_id: str) -> Job | None:
        return await jobs.get(self._dynamo, job_id)

    async def claim_job(self, job_id: str, now: datetime, lease_s: int) -> Job | None:
        return await jobs.claim(self._dynamo, job_id, now, lease_s)

    async def save_job(self, before: Job, after: Job) -> bool:
        return await jobs.save(self._dynamo, before, after)

    async def due_jobs(self, now: datetime, limit: int) -> list[Job]:
        return await jobs.due(self._dynamo, now, limit)
