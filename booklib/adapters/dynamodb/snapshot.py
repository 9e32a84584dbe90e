"""A library for `check`, by Scan: what cannot be read is noticed and left out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from booklib.adapters.dynamodb import checking
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.codec import (
    book_of,
    expiry,
    job_item,
    job_of,
    user_book_of,
    user_of,
)
from booklib.adapters.dynamodb.schema import Item
from booklib.models import UNDOABLE, Book, Job, User, UserBook

T = TypeVar("T")

MOST = 100
"""Sentences that are kept."""

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
_WHEN = ("next_at", "due", "expires_at")


class AsItIs:
    """The Snapshot port on tables that others may change meanwhile."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self.noticed: list[str] = []

    async def users(self) -> AsyncIterator[User]:
        async for some in self._portions(self._dynamo.tables.users, "user_id", self._user):
            for user in some:
                if user is not None:
                    yield user

    def all_books(self) -> AsyncIterator[Sequence[Book]]:
        return self._portions(self._dynamo.tables.books, "book_id", book_of)

    def all_copies(self) -> AsyncIterator[Sequence[UserBook]]:
        return self._portions(self._dynamo.tables.user_books, "user_book_id", self._copy)

    def all_jobs(self) -> AsyncIterator[Sequence[Job]]:
        return self._portions(self._dynamo.tables.jobs, "job_id", self._job)

    async def books(self, ids: Sequence[str]) -> dict[str, Book]:
        found = await self._some(self._dynamo.tables.books, "book_id", ids, book_of)
        return {book.book_id: book for book in found}

    async def copies(self, ids: Sequence[str]) -> dict[str, UserBook]:
        table = self._dynamo.tables.user_books
        found = await self._some(table, "user_book_id", ids, user_book_of)
        return {copy.user_book_id: copy for copy in found}

    async def faults(self) -> list[str]:
        try:
            return await checking.faults(self._dynamo)
        except _UNREADABLE as error:
            return [f"An account cannot be read: {error!r}."]

    async def _portions(
        self, table: str, key: str, decode: Callable[[Item], T]
    ) -> AsyncIterator[Sequence[T]]:
        async for page in self._dynamo.pages("scan", {"TableName": table, "ConsistentRead": True}):
            found = []
            for item in page:
                try:
                    found.append(decode(item))
                except _UNREADABLE as error:
                    self._notice(f"“{item[key]['S']}” cannot be read: {error!r}.")
            yield found

    async def _some(
        self, table: str, key: str, ids: Sequence[str], decode: Callable[[Item], T]
    ) -> list[T]:
        found = []
        for item in await self._dynamo.get_many(table, key, ids):
            try:
                found.append(decode(item))
            except _UNREADABLE:
                continue  # noticed where all are read
        return found

    def _notice(self, sentence: str) -> None:
        if len(self.noticed) < MOST:
            self.noticed.append(sentence)

    def _user(self, item: Item) -> User | None:
        """None for what is kept beside the users in their table."""
        if "name_key" not in item:
            return None
        user = user_of(item)
        if (user.name_key, user.mail_key) != (item["name_key"]["S"], item["mail_key"]["S"]):
            self._notice(f"“{user.username}” is compared as another name or email.")
        return user

    def _copy(self, item: Item) -> UserBook:
        copy = user_book_of(item)
        if not _expires(item, expiry(copy.deleted_at, UNDOABLE)):
            self._notice(f"“{copy.user_book_id}” is not removed when it should be.")
        return copy

    def _job(self, item: Item) -> Job:
        job = job_of(item)
        wanted = job_item(job)
        if any(item.get(name) != wanted.get(name) for name in _WHEN):
            self._notice(f"The job “{job.job_id}” is due at another time than it says.")
        return job


def _expires(item: Item, second: int | None) -> bool:
    stored = item.get("expires_at")
    return (int(stored["N"]) if stored else None) == second
