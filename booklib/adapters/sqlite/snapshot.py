"""A library as of one moment, for `check`: what cannot be read is noticed and left out."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from booklib.adapters.sqlite import checking
from booklib.adapters.sqlite.codec import (
    BOOK_COLUMNS,
    JOB_COLUMNS,
    USER_BOOK_COLUMNS,
    USER_COLUMNS,
    Row,
    book_of,
    job_of,
    job_values,
    user_book_of,
    user_of,
)
from booklib.adapters.sqlite.connection import Connection, Database
from booklib.adapters.sqlite.index import words_of
from booklib.errors import StorageDown
from booklib.models import Book, Job, User, UserBook

T = TypeVar("T")

MOST = 100
"""Sentences that are kept."""

_PORTION = 200
_COPIES = (
    "SELECT user_book_id, owner, shelf, words, users.user_id, "
    + ", ".join(f"user_books.{name.strip()}" for name in USER_BOOK_COLUMNS.split(","))
    + " FROM user_books LEFT JOIN users ON users.number = owner"
)
_NEXT = " > ? ORDER BY 1 LIMIT ?"
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)


class OneMoment:
    """The Snapshot port on a connection that was frozen; `database` is the one in use."""

    def __init__(self, frozen: Connection, database: Database) -> None:
        self._frozen = frozen
        self._database = database
        self.noticed: list[str] = []

    async def users(self) -> AsyncIterator[User]:
        sql = f"SELECT name_key, mail_key, {USER_COLUMNS} FROM users WHERE name_key{_NEXT}"
        async for some in self._portions(sql, self._user):
            for user in some:
                yield user

    def all_books(self) -> AsyncIterator[Sequence[Book]]:
        sql = f"SELECT book_id, {BOOK_COLUMNS} FROM books WHERE book_id{_NEXT}"
        return self._portions(sql, lambda row: book_of(row[1:]))

    def all_copies(self) -> AsyncIterator[Sequence[UserBook]]:
        return self._portions(f"{_COPIES} WHERE user_book_id{_NEXT}", self._copy)

    def all_jobs(self) -> AsyncIterator[Sequence[Job]]:
        sql = f"SELECT job_id, next_at, {JOB_COLUMNS} FROM jobs WHERE job_id{_NEXT}"
        return self._portions(sql, self._job)

    async def books(self, ids: Sequence[str]) -> dict[str, Book]:
        sql = f"SELECT {BOOK_COLUMNS} FROM books WHERE book_id IN ({_marks(ids)})"
        return {book.book_id: book for book in await self._some(sql, ids, book_of)}

    async def copies(self, ids: Sequence[str]) -> dict[str, UserBook]:
        sql = f"{_COPIES} WHERE user_book_id IN ({_marks(ids)})"
        found = await self._some(sql, ids, lambda row: user_book_of(row[4] or "", row[5:]))
        return {copy.user_book_id: copy for copy in found}

    async def faults(self) -> list[str]:
        found = await self._frozen.run(checking.all_faults)
        return [*found, *await self._database.write(checking.search_faults)]

    async def _rows(self, sql: str, values: tuple[Any, ...]) -> list[Row]:
        """Raises StorageDown also where a column is missing."""
        try:
            return await self._frozen.run(partial(_rows, sql, values))
        except sqlite3.Error as error:
            raise StorageDown(f"The database cannot be read further: {error}.") from error

    async def _portions(self, sql: str, decode: Callable[[Row], T]) -> AsyncIterator[Sequence[T]]:
        """The rows in the order of their first column, which is their key."""
        after = ""
        while rows := await self._rows(sql, (after, _PORTION)):
            yield [one for row in rows if (one := self._read(row, decode)) is not None]
            if rows[-1][0] == after:
                return  # a key that is no text cannot be gone behind
            after = rows[-1][0]

    def _read(self, row: Row, decode: Callable[[Row], T]) -> T | None:
        try:
            return decode(row)
        except _UNREADABLE as error:
            self._notice(f"“{row[0]}” cannot be read: {error!r}.")
            return None

    def _notice(self, sentence: str) -> None:
        if len(self.noticed) < MOST:
            self.noticed.append(sentence)

    async def _some(self, sql: str, ids: Sequence[str], decode: Callable[[Row], T]) -> list[T]:
        found = []
        for row in await self._rows(sql, tuple(ids)):
            try:
                found.append(decode(row))
            except _UNREADABLE:
                continue  # noticed where all are read
        return found

    def _user(self, row: Row) -> User:
        user = user_of(row[2:])
        if (user.name_key, user.mail_key) != row[:2]:
            self._notice(f"“{user.username}” is compared as another name or email.")
        return user

    def _copy(self, row: Row) -> UserBook:
        ident, owner, shelf, words, user_id, *values = row
        copy = user_book_of(user_id or "", tuple(values))
        if shelf != copy.shelf:
            self._notice(f"“{ident}” is on the shelf “{shelf}”, its status says otherwise.")
        if user_id and words != words_of(owner, copy.card):
            self._notice(f"“{ident}” is found by other words than it shows.")
        return copy

    def _job(self, row: Row) -> Job:
        job = job_of(row[2:])
        if row[1] != job_values(job)["next_at"]:
            self._notice(f"The job “{job.job_id}” is due at another time than it says.")
        return job


def _rows(sql: str, values: tuple[Any, ...], db: sqlite3.Connection) -> list[Row]:
    # A text that is none must not end the walk.
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return db.execute(sql, values).fetchall()


def _marks(ids: Sequence[str]) -> str:
    return ", ".join("?" * len(ids))
