"""A living shelf in one command: 200 well-known books and, for measuring, any number made up."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from importlib import resources
from itertools import islice
from typing import NamedTuple

from stdnum import ean

from booklib.models import Fields, Status, User, UserBook
from booklib.models.ids import book_id, book_key, user_book_id
from booklib.models.shelf import place
from booklib.ports import MAX_CHANGES, Change, World
from booklib.retries import attempts

YEARS = 5
"""Over how many years the books came to the shelf."""
READ, READING = 0.55, 0.02
RATED = 0.8
HALF_STARS = (2, 4, 5, 6, 6, 7, 8, 8, 8, 9, 10, 10)

_NO_COUNTRY = "9795"
"""No ISBN begins like this, the agency has not given the group away: nobody's real book."""
_FIRST = ("Ada", "Bruno", "Chiara", "Dmitri", "Élise", "Farid", "Greta", "Haruki", "Inês", "Jonas")
_LAST = ("Abel", "Brandt", "Castro", "Dvořák", "Eriksen", "Fontaine", "García", "Haddad", "Ito")
_WHAT = ("House", "River", "Winter", "Garden", "Letter", "Island", "Clock", "Orchard", "Station")
_HOW = ("Silent", "Last", "Hidden", "Crooked", "Distant", "Golden", "Borrowed", "Second", "Open")
_WHERE = ("Lisbon", "the North", "Kyoto", "the Valley", "Trieste", "the Harbour", "Bergen")


class Fact(NamedTuple):
    """One edition as a file might tell it."""

    isbn: str
    given: Fields


async def fill(world: World, user: User, count: int, tell: Callable[[int], object]) -> int:
    """Add `count` demo books that the user has not yet; the number added.

    Nothing is asked of a catalogue: the facts stand as what a file said, and looking a book up
    again completes it. `tell` gets the size of each finished batch. Raises Busy.
    """
    now = world.now()
    wanted = enumerate(islice(facts(), count))
    added = 0
    while batch := list(islice(wanted, MAX_CHANGES)):
        books = [_copy(user, fact, number, count, now) for number, fact in batch]
        added += await _add(world, user, books)
        tell(len(batch))
    return added


def facts() -> Iterator[Fact]:
    """The well-known books, then made-up ones without end, always the same."""
    yield from well_known()
    number = 0
    while True:
        yield _made_up(number)
        number += 1


def well_known() -> Iterator[Fact]:
    """Books that many people know: title, authors, year of the first edition, one ISBN."""
    with resources.files("booklib").joinpath("demo_books.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            given: dict[str, str | tuple[str, ...]] = {
                "title": row["title"],
                "authors": tuple(row["authors"].split("; ")),
                "published": row["year"],
            }
            if row["subtitle"]:
                given["subtitle"] = row["subtitle"]
            yield Fact(row["isbn"], dict(given))


def _made_up(number: int) -> Fact:
    chance = random.Random(number)  # noqa: S311  # the same books every time
    how, what, where = chance.choice(_HOW), chance.choice(_WHAT), chance.choice(_WHERE)
    title = chance.choice((f"The {how} {what}", f"{what} of {where}", f"A {how} {what} in {where}"))
    stem = f"{_NO_COUNTRY}{number:08d}"
    return Fact(
        stem + str(ean.calc_check_digit(stem)),
        {
            "title": f"{title} {number + 1}",
            "authors": (f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",),
            "published": str(chance.randint(1950, 2024)),
            "page_count": chance.randint(90, 900),
        },
    )


def _copy(user: User, fact: Fact, number: int, count: int, now: datetime) -> UserBook:
    """The user's copy, with a past: when it came, when it was read, how it was liked."""
    chance = random.Random(fact.isbn)  # noqa: S311  # a second run makes the same past
    days = YEARS * 365 * (count - number) / count
    added_at = now - timedelta(days=days, seconds=chance.randint(0, 3600))
    status = _status(chance.random())
    key = book_key(fact.isbn)
    started = user.today(added_at) + timedelta(days=int(chance.uniform(0, days * 0.7)))
    finished = min(started + timedelta(days=chance.randint(1, 40)), user.today(now))
    rated = status == "read" and chance.random() < RATED
    return UserBook(
        user_book_id=user_book_id(user.user_id, key),
        user_id=user.user_id,
        book_id=book_id(key),
        isbn=fact.isbn,
        status=status,
        rating=chance.choice(HALF_STARS) if rated else 0,
        added_at=added_at,
        started_on="" if status == "to-read" else started.isoformat(),
        finished_on=finished.isoformat() if status == "read" else "",
        given=fact.given,
    )


def _status(chance: float) -> Status:
    if chance < READ:
        return "read"
    return "reading" if chance < READ + READING else "to-read"


async def _add(world: World, user: User, books: Sequence[UserBook]) -> int:
    """Add those that are missing; a copy in the trash stays there."""
    async for _ in attempts():
        there = await world.storage.owned(user.user_id, [book.user_book_id for book in books])
        missing = [book for book in books if book.user_book_id not in there]
        known = await world.storage.books([book.book_id for book in missing if book.book_id])
        changes = [Change(None, place(book, known.get(book.book_id or ""))) for book in missing]
        if not changes or await world.storage.apply(user.user_id, changes):
            return len(changes)
    raise AssertionError("attempts() ends by raising Busy")
