"""What a shelf shows and how it is sorted: one pure function makes card and keys for both storages.

Sort keys are plain strings that are compared by their UTF-8 bytes. A tab separates their parts: it
sorts before every character that a folded text can hold, so "dune" comes before "dune messiah".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Generic, Literal, NamedTuple, TypeVar

from booklib.models.books import Book, Details, Keys, Lookup, Status, UserBook, details
from booklib.models.folding import author_order, cut, fold, search_words, title_order

Sort = Literal["added", "title", "author", "rating", "finished"]
SORTS: tuple[Sort, ...] = ("added", "title", "author", "rating", "finished")
DESCENDING_BY_DEFAULT = frozenset({"added", "rating", "finished"})
SEPARATOR = "\t"
_ON_CARD = ("title", "subtitle", "authors")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which books, in which order. `words` are folded; each must begin some word of the book."""

    shelf: str | None = None
    """A status, `deleted`, or None for every status. Deleted books come newest first, always."""
    rating: int | None = None
    """Half stars; 0 asks for books without a rating."""
    words: tuple[str, ...] = ()
    sort: Sort = "added"
    descending: bool = True


class ShelfRow(NamedTuple):
    """What a list reads of one book; the card stays packed until somebody draws it."""

    user_book_id: str
    card: str
    status: Status
    rating: int
    finished_on: str
    deleted: bool
    key: str
    """The row's sort key in the order asked for: the cursor that continues after it."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `after` is the cursor of the next page, None on the last."""

    rows: tuple[T, ...]
    after: str | None


class Owner(NamedTuple):
    """One copy of a Book, for fanning out its changes."""

    user_id: str
    user_book_id: str


class Card(NamedTuple):
    """The unpacked card."""

    title: str
    authors: tuple[str, ...]
    year: str
    isbn: str
    cover: str
    """Name of the stored cover (see models/covers.py); empty where there is none."""
    lookup: Lookup
    subtitle: str = ""
    tags: tuple[str, ...] = ()


def pack_card(shown: Details, isbn: str | None, lookup: Lookup, tags: tuple[str, ...] = ()) -> str:
    """A card as one compact JSON array, which ends before the tags where there are none."""
    card = Card(
        shown.title,
        shown.authors,
        shown.year,
        isbn or "",
        shown.cover_file,
        lookup,
        shown.subtitle,
        tags,
    )
    return json.dumps(card if tags else card[:-1], ensure_ascii=False, separators=(",", ":"))


def unpack_card(packed: str) -> Card:
    """The inverse of `pack_card`."""
    title, authors, year, isbn, cover, lookup, subtitle, *tags = json.loads(packed)
    return Card(
        title, tuple(authors), year, isbn, cover, lookup, subtitle, tuple(tags[0]) if tags else ()
    )


def own_bytes(user_book: UserBook) -> int:
    """Bytes that a copy's own texts take in a storage; those count twice that its card repeats."""
    fields = [dict(user_book.mine), dict(user_book.given)]
    repeated = [{name: own[name] for name in _ON_CARD if name in own} for own in fields]
    lists = [user_book.tags, user_book.tags, user_book.readings, dict(user_book.imported)]
    packed = json.dumps([*fields, *repeated, *lists], ensure_ascii=False)
    return len(packed.encode()) + len(user_book.notes.encode()) + len(user_book.review.encode())


def card_words(packed: str) -> tuple[str, ...]:
    """The folded words by which a card is found: title, subtitle, authors, tags, both ISBNs."""
    card = unpack_card(packed)
    isbns = isbn_spellings(card.isbn)
    return search_words(card.title, card.subtitle, *card.authors, *card.tags, *isbns)


def isbn_spellings(isbn: str) -> tuple[str, ...]:
    """An ISBN-13 and, where there is one, its ISBN-10 (ISO 2108: prefix 978 only)."""
    if not isbn.startswith("978"):
        return (isbn,)
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(isbn[3:12]))
    return isbn, isbn[3:12] + "0123456789X"[-total % 11]


def stamp(moment: datetime) -> str:
    """A moment as fixed-width text that sorts in time: UTC, microseconds."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


def place(user_book: UserBook, book: Book | None) -> UserBook:
    """The same UserBook with card, keys and book_version as `book` and its own texts make them."""
    shown = details(user_book, book)
    title = cut(title_order(shown.title, shown.language) or fold(user_book.isbn or ""))
    author = cut(author_order(shown.authors[0]) if shown.authors else "")
    placed = replace(
        user_book,
        card=pack_card(shown, user_book.isbn, user_book.lookup, user_book.tags),
        book_version=book.version if book else 0,
    )
    ident = user_book.user_book_id
    return _with_keys(
        placed, SEPARATOR.join((title, ident)), SEPARATOR.join((author, title, ident))
    )


def rekey(user_book: UserBook) -> UserBook:
    """The same UserBook with the keys that follow from status, dates and deletion made anew.

    Enough after a change that touches no text; raises ValueError on a book that was deleted, whose
    text keys are gone: that one needs `place`.
    """
    if user_book.keys.title is None or user_book.keys.author is None:
        raise ValueError("a deleted book has no text keys: place() makes them anew")
    return _with_keys(user_book, user_book.keys.title, user_book.keys.author)


def _with_keys(user_book: UserBook, title: str, author: str) -> UserBook:
    ident = user_book.user_book_id
    if user_book.deleted_at:
        gone = f"{user_book.shelf}#{stamp(user_book.deleted_at)}{SEPARATOR}{ident}"
        return replace(user_book, keys=Keys(None, None, None, gone))
    added = f"{stamp(user_book.added_at)}{SEPARATOR}{ident}"
    return replace(user_book, keys=Keys(added, title, author, f"{user_book.status}#{added}"))


def sort_key(row: UserBook, sort: Sort) -> str:
    """The cursor key of a book that is not deleted, in one of the five orders."""
    added = row.keys.added or ""
    if sort == "rating":
        return f"{row.rating:02d}{SEPARATOR}{added}"
    if sort == "finished":
        return f"{row.finished_on}{SEPARATOR}{added}"
    keys = {"added": added, "title": row.keys.title or "", "author": row.keys.author or ""}
    return keys[sort]


def count_changes(
    pairs: list[tuple[UserBook | None, UserBook | None]],
) -> Mapping[str, int]:
    """How a user's counts move when each `before` becomes its `after`."""
    moved: Counter[str] = Counter()
    for before, after in pairs:
        if before:
            moved[before.shelf] -= 1
        if after:
            moved[after.shelf] += 1
    return {shelf: number for shelf, number in moved.items() if number}
