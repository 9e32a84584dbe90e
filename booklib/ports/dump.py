"""A storage as a whole: what `check`, `copy` and the list of users need, and no page ever does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from booklib.models import Book, User, UserBook

Counted = Mapping[str, int]
"""Numbers of books by shelf (see `User.counts`)."""


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
