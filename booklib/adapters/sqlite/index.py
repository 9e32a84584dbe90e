"""What the full-text index holds of a book, and the numbers that order it."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from booklib.adapters.sqlite.codec import insert_all
from booklib.models.shelf import card_words

MOMENT_BITS = 18
"""Low bits of a book's number that tell books of one millisecond apart."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TAG_LENGTH = 4
_FURTHEST = 1 << 44


def tag(owner: int) -> str:
    """An owner's number as the beginning of each of their words: four digits of base 36."""
    digits = ""
    while owner or len(digits) < _TAG_LENGTH:
        owner, digit = divmod(owner, 36)
        digits = _DIGITS[digit] + digits
    return digits


def words_of(owner: int, card: str) -> str:
    """The words by which a book is found, as the index holds them, a space before each."""
    mark = tag(owner)
    return "".join(f" {mark}{word}" for word in card_words(card))


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970, held between the years 1412 and 2527 to fit a number."""
    return max(-_FURTHEST, min((at - _EPOCH) // timedelta(milliseconds=1), _FURTHEST))


def free_number(db: sqlite3.Connection, at: datetime, ident: str) -> int:
    """A number for a book: the full-text index gives its hits in this order, that is as added."""
    return free_numbers(db, [(at, ident)])[0]


def free_numbers(db: sqlite3.Connection, books: Sequence[tuple[datetime, str]]) -> list[int]:
    """A number for each of some books: when it was added, and its id."""
    wanted = [_first_number(at, ident) for at, ident in books]
    taken = _taken(db, wanted)
    found: list[int] = []
    for number in wanted:
        while number in taken:
            number += 1
            taken |= _taken(db, [number])
        taken.add(number)
        found.append(number)
    return found


def _first_number(at: datetime, ident: str) -> int:
    spread = zlib.crc32(ident.encode()) % (1 << MOMENT_BITS)
    return (milliseconds(at) << MOMENT_BITS) + spread


def _taken(db: sqlite3.Connection, numbers: Sequence[int]) -> set[int]:
    marks = ", ".join("?" * len(numbers))
    rows = db.execute(f"SELECT number FROM user_books WHERE number IN ({marks})", numbers)
    return {number for (number,) in rows}


def add(db: sqlite3.Connection, books: Sequence[tuple[int, str]]) -> None:
    """Make books findable: their numbers and words."""
    insert_all(db, "search", [{"rowid": number, "words": words} for number, words in books])


def remove(db: sqlite3.Connection, number: int, words: str) -> None:
    """Undo `add`; the words must be the very same."""
    db.execute("INSERT INTO search (search, rowid, words) VALUES ('delete', ?, ?)", (number, words))
