"""Taking a book off the shelf, and bringing it back within 30 days."""

from __future__ import annotations

from dataclasses import replace

from booklib.library.saving import Changed, book_of, change, owned
from booklib.models import UNDOABLE, UserBook
from booklib.models.shelf import place, rekey
from booklib.ports import Change, World
from booklib.retries import attempts


async def delete(world: World, user_id: str, user_book_id: str) -> Changed:
    """Take a book off every list but the trash; deleting twice changes nothing.

    Raises NotFound and Moved.
    """
    now = world.now()

    def make(before: UserBook) -> UserBook:
        return before if before.deleted_at else rekey(replace(before, deleted_at=now))

    return await change(world, user_id, user_book_id, make)


async def undo_delete(world: World, user_id: str, user_book_id: str) -> Changed:
    """Put a deleted book back with everything it had. Raises NotFound (once really gone), Moved."""
    async for _ in attempts():
        before = await owned(world, user_id, user_book_id)
        if not before.deleted_at:
            return Changed(before, before)
        after = await restored(world, before)
        if await world.storage.apply(user_id, [Change(before, after)]):
            return Changed(before, replace(after, rev=before.rev + 1))
    raise AssertionError("attempts() ends by raising Busy")


async def restored(world: World, user_book: UserBook) -> UserBook:
    """The copy off the trash, its keys made anew from the Book as it is now."""
    return place(replace(user_book, deleted_at=None), await book_of(world, user_book))


def undoable_until(user_book: UserBook) -> str:
    """The date (ISO 8601, UTC) until which a deleted book can be brought back."""
    if user_book.deleted_at is None:
        return ""
    return (user_book.deleted_at + UNDOABLE).date().isoformat()
