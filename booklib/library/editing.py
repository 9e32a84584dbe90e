"""The reader's own values for a book's fields, and moving a copy to another edition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from booklib.errors import Invalid, Moved, NotFound, Stale
from booklib.library.adding import with_lookup
from booklib.library.changing import KEEP, Keep
from booklib.library.moving import moved, target_of, trail
from booklib.library.readings import in_order, latest
from booklib.library.saving import Changed, book_of, on_the_shelf, owned
from booklib.library.tagging import distinct
from booklib.models import (
    MAX_COPIES,
    MAX_READINGS,
    MAX_TAGS,
    Book,
    Fields,
    Job,
    Reading,
    UserBook,
    Value,
    shown_value,
)
from booklib.models.shelf import place
from booklib.ports import Change, World
from booklib.retries import attempts


async def edit(
    world: World,
    user_id: str,
    user_book_id: str,
    values: Fields,
    *,
    isbn: str | Keep = KEEP,
    copies: int | Keep = KEEP,
    edit: int | None = None,
) -> Changed:
    """Lay the reader's own values over a book; only the fields in `values` are touched.

    An empty value hides what the Book says (an empty title takes the own title back), the Book's
    own value takes the override back. A new `isbn` (ISBN-13) moves the copy: `after` then has
    another id. `copies` is the number of copies owned, 0 for not said. `edit` is the one the form
    was made from; None overwrites.
    Raises Invalid, Stale, AlreadyOwned, NotFound and Moved.
    """
    if not isinstance(copies, Keep) and not 0 <= copies <= MAX_COPIES:
        raise Invalid.at("copies", f"Copies are a whole number from 0 to {MAX_COPIES}.")
    async for _ in attempts():
        before = await owned(world, user_id, user_book_id)
        on_the_shelf(before)
        if edit is not None and edit != before.edit:
            raise Stale("This book was edited elsewhere since you opened this page.")
        book = await book_of(world, before)
        after = _edited(before, book, values, copies)
        if not isinstance(isbn, Keep) and isbn != before.isbn:
            changes, after, job = await _move(world, before, after, isbn)
        elif after == before:
            return Changed(before, before)
        else:
            changes, job = [Change(before, after)], None
        if await world.storage.apply(user_id, changes, job):
            if job:
                await world.queue.ring(job.job_id)
            return Changed(before, replace(after, rev=_rev_after(changes)))
    raise AssertionError("attempts() ends by raising Busy")


def _rev_after(changes: list[Change]) -> int:
    before = changes[-1].before
    return before.rev + 1 if before else 1


def _edited(before: UserBook, book: Book | None, values: Fields, copies: int | Keep) -> UserBook:
    mine = dict(before.mine)
    for name, value in values.items():
        _lay(mine, name, value, below(before, book, name))
    if not shown_value("title", mine, book.fields if book else {}, before.given) and not (
        before.isbn or before.edition
    ):
        raise Invalid.at("title", "A book needs a title.")
    number = before.copies if isinstance(copies, Keep) else copies
    if mine == dict(before.mine) and number == before.copies:
        return before
    return place(replace(before, mine=mine, copies=number, edit=before.edit + 1), book)


def below(user_book: UserBook, book: Book | None, name: str) -> Value:
    """What would be shown of a field without the reader's own value."""
    return shown_value(name, {}, book.fields if book else {}, user_book.given)


def _lay(mine: dict[str, Value], name: str, value: Value, underneath: Value) -> None:
    empty = value is None or value in ("", ())
    if value == underneath or (empty and (name == "title" or underneath in (None, "", ()))):
        mine.pop(name, None)
    else:
        mine[name] = None if empty else value


async def _move(
    world: World, before: UserBook, edited: UserBook, isbn: str
) -> tuple[list[Change], UserBook, Job | None]:
    target = target_of(before, isbn)
    there = (await world.storage.owned(before.user_id, [target])).get(target)
    old, new = moved(before, edited, isbn, there, world.now())
    after, job = await with_lookup(world, new)
    return [old, Change(there, after)], after, job


async def merge(world: World, user_id: str, user_book_id: str, into: str) -> Changed:
    """Make one of two copies: `into` stays and takes over what it lacks, the other leads to it.

    Where `into` has moved, the copy that took its place is meant.
    Raises NotFound, Moved and Busy.
    """
    async for _ in attempts():
        source = await owned(world, user_id, user_book_id)
        target = await _led_on(world, user_id, into)
        if source.deleted_at or target.deleted_at or source.user_book_id == target.user_book_id:
            raise NotFound("There is no such book in your library.")
        after = place(_merged(source, target), await book_of(world, target))
        changes = [trail(source, target.user_book_id, world.now()), Change(target, after)]
        if await world.storage.apply(user_id, changes):
            return Changed(source, replace(after, rev=target.rev + 1))
    raise AssertionError("attempts() ends by raising Busy")


async def _led_on(world: World, user_id: str, user_book_id: str) -> UserBook:
    """A copy, or the one that took its place. Raises NotFound."""
    while True:
        try:
            return await owned(world, user_id, user_book_id)
        except Moved as led:
            user_book_id = led.user_book_id


def _merged(source: UserBook, target: UserBook) -> UserBook:
    last, readings = _merged_readings(source, target)
    return replace(
        target,
        status=source.status if target.status == "to-read" else target.status,
        rating=target.rating or source.rating,
        added_at=min(target.added_at, source.added_at),
        started_on=last.started,
        finished_on=last.finished,
        readings=readings,
        tags=distinct([*target.tags, *source.tags])[:MAX_TAGS],
        mine=_united(source.mine, target.mine),
        given=_united(source.given, target.given),
        imported=_united(source.imported, target.imported),
        notes=_joined(target.notes, source.notes),
        review=_joined(target.review, source.review),
        copies=max(target.copies, source.copies),
        edit=target.edit + 1,
    )


def _merged_readings(source: UserBook, target: UserBook) -> tuple[Reading, tuple[Reading, ...]]:
    """The latest reading of two copies, and those before: nothing that either knew is lost."""
    ours, theirs = latest(target), latest(source)
    last = Reading(*(own or other for own, other in zip(ours, theirs, strict=True)))
    known = {*source.readings, *target.readings}
    if any(theirs) and any(b and b != a for a, b in zip(last, theirs, strict=True)):
        last = ours
        known.add(theirs)
    repeated = max(target.readings.count(_UNDATED), source.readings.count(_UNDATED))
    dated = in_order(known - {last, _UNDATED})
    return last, (*[_UNDATED] * repeated, *dated)[:MAX_READINGS]


_UNDATED = Reading("", "")


def _joined(*texts: str) -> str:
    return "\n\n".join(dict.fromkeys(text for text in texts if text))


def _united(source: Mapping[str, Value], target: Mapping[str, Value]) -> Fields:
    return {**source, **target}
