"""A book without a number gets the ISBN of a row that the reader says is about it.

Its copy moves then, as it does when the reader types the ISBN.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from booklib.errors import AlreadyOwned
from booklib.library.moving import moved, target_of
from booklib.models import UserBook
from booklib.models.ids import book_key, user_book_id
from booklib.models.shelf import place
from booklib.ports import Change, World
from booklib.retries import attempts
from booklib.transfer.plans import Entry, Judged
from booklib.transfer.rows import Row

OTHER = "Other ISBN: {isbn}"


def number_for(copy: UserBook | None, rows: Iterable[tuple[Judged, bool]]) -> str:
    """The ISBN that a copy gets from rows of which the reader has said that they are about it."""
    if copy is None or copy.book_id:
        return ""
    return next((one.row.isbn for one, led in rows if led and one.row.isbn), "")


def noted(row: Row, copy: UserBook, number: str) -> Row:
    """The row with its ISBN in the notes, where the copy has another or is to have `number`."""
    known = copy.isbn if copy.book_id else number
    if not row.isbn or row.isbn == known:
        return row
    return replace(row, notes="\n".join(filter(None, (row.notes, OTHER.format(isbn=row.isbn)))))


def looked_up(entry: Entry, user_id: str) -> str:
    """Id of the copy whose book is to be looked up after an import; else empty."""
    if entry.isbn:
        return user_book_id(user_id, book_key(entry.isbn))
    return entry.ident if entry.action == "new" else ""


async def give_numbers(world: World, user_id: str, entries: Iterable[Entry]) -> None:
    """Move the copies that get an ISBN; those that have moved already stay. Raises Busy."""
    for entry in entries:
        if entry.isbn:
            await _give(world, user_id, entry.ident, entry.isbn)


async def _give(world: World, user_id: str, ident: str, isbn: str) -> None:
    async for _ in attempts():
        before = (await world.storage.owned(user_id, [ident])).get(ident)
        if before is None or before.deleted_at or before.book_id:
            return
        target = target_of(before, isbn)
        there = (await world.storage.owned(user_id, [target])).get(target)
        try:
            old, new = moved(before, before, isbn, there, world.now())
        except AlreadyOwned:
            return
        book = (await world.storage.books([new.book_id or ""])).get(new.book_id or "")
        after = place(replace(new, lookup="found" if book else "none"), book)
        if await world.storage.apply(user_id, [old, Change(there, after)]):
            return


def taken_back(entry: Entry, trail: UserBook, now: UserBook) -> list[Change]:
    """What brings a copy that has moved back to where it was; `trail` is what led on from there."""
    if entry.before is None:
        raise ValueError("only a copy that was there before gets a number")
    back = place(replace(entry.before, rev=trail.rev, edit=now.edit + 1), None)
    return [Change(trail, back), Change(now, None)]
