"""Reading a book more than once: the latest reading, and those before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from booklib.errors import Invalid
from booklib.library.saving import Changed, change, on_the_shelf
from booklib.models import MAX_READINGS, Reading, Status, User, UserBook
from booklib.models.shelf import rekey
from booklib.ports import World

FULL = f"A book can have {MAX_READINGS} earlier readings. Remove one first."


async def add_reading(
    world: World, user_id: str, user_book_id: str, started: str, finished: str
) -> Changed:
    """Add an earlier reading; dates as precise as known. The same one again changes nothing.

    Raises Invalid (no date at all, finished before it was started, too many), NotFound and Moved.
    """
    if not started and not finished:
        raise Invalid.at("finished", "Say when you started or finished; the year alone will do.")
    check_order(started, finished)
    reading = Reading(started, finished)

    def make(before: UserBook) -> UserBook:
        on_the_shelf(before)
        if reading in (*before.readings, latest(before)):
            return before
        return replace(before, readings=_with(before, reading))

    return await change(world, user_id, user_book_id, make)


async def remove_reading(
    world: World, user_id: str, user_book_id: str, started: str, finished: str
) -> Changed:
    """Take an earlier reading away; one that is not there is gone already.

    Raises NotFound and Moved.
    """

    def make(before: UserBook) -> UserBook:
        on_the_shelf(before)
        return replace(before, readings=_without(before, Reading(started, finished)))

    return await change(world, user_id, user_book_id, make)


async def read_again(world: World, user: User, user_book_id: str) -> Changed:
    """Begin a book anew: the latest reading joins the earlier ones, this one starts today.

    A book that is being read, or waits to be, stays as it is: a second click changes nothing.
    Raises Invalid (too many readings), NotFound and Moved.
    """
    today = user.today(world.now()).isoformat()

    def make(before: UserBook) -> UserBook:
        on_the_shelf(before)
        if before.status not in ("read", "did-not-finish"):
            return before
        again = _is_kept(before.status, latest(before))
        readings = _with(before, latest(before)) if again else before.readings
        return rekey(
            replace(before, readings=readings, status="reading", started_on=today, finished_on="")
        )

    return await change(world, user.user_id, user_book_id, make)


async def undo_read_again(
    world: World, user_id: str, user_book_id: str, status: Status, started: str, finished: str
) -> Changed:
    """Make an earlier reading the latest again, with the status that the book had.

    Raises NotFound and Moved.
    """

    reading = Reading(started, finished)

    def make(before: UserBook) -> UserBook:
        on_the_shelf(before)
        again = _is_kept(status, reading)
        return rekey(
            replace(
                before,
                readings=_without(before, reading) if again else before.readings,
                status=status,
                started_on=started,
                finished_on=finished,
            )
        )

    return await change(world, user_id, user_book_id, make)


def latest(user_book: UserBook) -> Reading:
    """The latest reading, which may have no dates."""
    return Reading(user_book.started_on, user_book.finished_on)


def times_read(user_book: UserBook) -> int:
    """How often a book was read; a reading that began and has no end does not count."""
    ended = [reading for reading in user_book.readings if reading.finished or not reading.started]
    return len(ended) + (user_book.status == "read")


def check_order(started: str, finished: str) -> None:
    """Raise Invalid at `finished` where it is before the start, as far as both are known."""
    if started and finished and finished < started[: len(finished)]:
        raise Invalid.at("finished", "The book was finished before it was started.")


def in_order(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Readings, oldest first; those without a date come before all others."""
    return tuple(
        sorted(readings, key=lambda reading: (reading.finished or reading.started, reading))
    )


def _is_kept(status: Status, reading: Reading) -> bool:
    """Whether there is anything to remember of a latest reading once the book is begun anew."""
    return status == "read" or any(reading)


def _with(user_book: UserBook, reading: Reading) -> tuple[Reading, ...]:
    if len(user_book.readings) >= MAX_READINGS:
        raise Invalid.at("finished", FULL)
    return in_order([*user_book.readings, reading])


def _without(user_book: UserBook, reading: Reading) -> tuple[Reading, ...]:
    left = list(user_book.readings)
    if reading in left:
        left.remove(reading)
    return tuple(left)
