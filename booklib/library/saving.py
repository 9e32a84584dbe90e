"""Reading a copy, changing it and trying again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from booklib.errors import Moved, NotFound
from booklib.models import Book, UserBook, lookup_job
from booklib.models.shelf import place
from booklib.ports import Change, World
from booklib.retries import attempts


class Changed(NamedTuple):
    """A copy before and after a change; the two are equal where there was nothing to change."""

    before: UserBook
    after: UserBook


async def owned(world: World, user_id: str, user_book_id: str) -> UserBook:
    """One copy, deleted or not. Raises NotFound, also for a stranger's id, and Moved."""
    found = (await world.storage.owned(user_id, [user_book_id])).get(user_book_id)
    if found is None:
        raise NotFound("There is no such book in your library.")
    if found.moved_to:
        raise Moved(found.moved_to)
    return found


def on_the_shelf(user_book: UserBook) -> None:
    """Raise NotFound for a deleted copy, which must be brought back before it is changed."""
    if user_book.deleted_at:
        raise NotFound("This book was deleted. Bring it back first.")


async def book_of(world: World, user_book: UserBook) -> Book | None:
    """The Book behind a copy, if a provider knows it."""
    if user_book.book_id is None:
        return None
    return (await world.storage.books([user_book.book_id])).get(user_book.book_id)


async def change(
    world: World, user_id: str, user_book_id: str, make: Callable[[UserBook], UserBook]
) -> Changed:
    """Store what `make` makes of a copy; `make` raises to refuse. Raises NotFound, Moved, Busy."""
    async for _ in attempts():
        before = await owned(world, user_id, user_book_id)
        after = make(before)
        if after == before:
            return Changed(before, before)
        if await world.storage.apply(user_id, [Change(before, after)]):
            return Changed(before, replace(after, rev=before.rev + 1))
    raise AssertionError("attempts() ends by raising Busy")


async def brought_up_to_date(world: World, user_book: UserBook, book: Book | None) -> UserBook:
    """The copy as it should be beside its Book and look-up: mends what a lost race left behind.

    A fan-out reads a list of owners that a concurrent addition may miss (STORAGE.md, section 4).
    """
    wanted = await _settled(world, user_book, book)
    if wanted == user_book:
        return user_book
    if await world.storage.apply(user_book.user_id, [Change(user_book, wanted)]):
        return replace(wanted, rev=user_book.rev + 1)
    return user_book


async def _settled(world: World, user_book: UserBook, book: Book | None) -> UserBook:
    if book is not None:
        stale = user_book.book_version != book.version or user_book.lookup == "pending"
        return place(replace(user_book, lookup="found"), book) if stale else user_book
    if user_book.lookup != "pending" or user_book.book_id is None:
        return user_book
    wanted = lookup_job(user_book.book_id, user_book.isbn, user_book.edition, world.now())
    job = await world.storage.job(wanted.job_id)
    if job is None:
        await world.storage.add_job(wanted)
        await world.queue.ring(wanted.job_id)
    if job is None or not job.ended:
        return user_book
    return place(
        replace(user_book, lookup="failed" if job.state == "failed" else "not-found"), None
    )
