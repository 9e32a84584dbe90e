"""A storage as a whole: what `check`, `copy` and the list of users need, and no page ever does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from booklib.models import Book, Job, User, UserBook

Counted = Mapping[str, int]
"""Numbers of books by shelf (see `User.counts`)."""


class Snapshot(Protocol):
    """All that is stored, as of one moment where the storage has such a thing; for `check`.

    What cannot be read is left out of every answer, and told in `noticed`.
    """

    noticed: list[str]
    """What is wrong in ways that only this storage knows, of all that was read so far."""

    def users(self) -> AsyncIterator[User]:
        """Every user."""

    def all_books(self) -> AsyncIterator[Sequence[Book]]:
        """Every Book, in portions."""

    def all_copies(self) -> AsyncIterator[Sequence[UserBook]]:
        """Everybody's copies, in portions; those of nobody have an empty `user_id`."""

    def all_jobs(self) -> AsyncIterator[Sequence[Job]]:
        """Every job, in portions."""

    async def books(self, ids: Sequence[str]) -> dict[str, Book]:
        """Books by id, at most MAX_IDS."""

    async def copies(self, ids: Sequence[str]) -> dict[str, UserBook]:
        """Copies by id, whoever has them, at most MAX_IDS."""

    async def faults(self) -> list[str]:
        """As `Dump.faults`."""


class Dump(Protocol):
    """What reads and writes everything, for the command line; never given to the web app."""

    def users(self) -> AsyncIterator[User]:
        """Every user, in the order of their folded names."""

    def all_books(self) -> AsyncIterator[Sequence[Book]]:
        """Every Book, in portions and in no order."""

    def all_copies(self) -> AsyncIterator[Sequence[UserBook]]:
        """Everybody's copies, deleted and moved ones too, in portions and in no order."""

    async def copies(self, ids: Sequence[str]) -> dict[str, UserBook]:
        """Copies by id, whoever has them, at most MAX_IDS."""

    async def put_user(self, user: User) -> None:
        """Store a user as they are, but for counts. Raises NameTaken and EmailTaken."""

    async def put_books(self, books: Sequence[Book]) -> None:
        """Store Books as they are, whatever is there."""

    async def put_copies(self, copies: Sequence[UserBook]) -> None:
        """Store copies as they are, whatever is there, counting nothing; their owners are there."""

    async def put_counts(self, user_id: str, counts: Counted) -> None:
        """Store the numbers of a user's books; the shelf has another version then."""

    async def faults(self) -> list[str]:
        """What does not fit together in what is stored, one sentence each; reads everything."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """What `check` reads: as of now until the block ends, where the storage can."""
