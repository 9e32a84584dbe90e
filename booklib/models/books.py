"""A Book (what the world knows of an edition) and a UserBook (one person's copy of it)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

Status = Literal["to-read", "reading", "read", "did-not-finish"]
STATUSES: tuple[Status, ...] = ("to-read", "reading", "read", "did-not-finish")

Lookup = Literal["none", "pending", "found", "not-found", "failed"]

Value = str | int | tuple[str, ...] | None
Fields = Mapping[str, Value]
"""Values by field name. In a UserBook's `mine`, None says: the reader wants it empty."""

LIST_FIELDS = frozenset({"authors", "categories"})
FIELD_NAMES = (
    "title",
    "subtitle",
    "authors",
    "publisher",
    "published",
    "page_count",
    "language",
    "categories",
    "description",
    "cover",
)
"""What providers tell. `published` is as precise as known: 2004, 2004-05 or 2004-05-11. `cover` is
the address of a picture at the provider, which no page ever links to."""

COVER_FILE = "cover_file"
"""The field that names the stored cover (see models/covers.py): in a Book's fields the provider's
picture, in `mine` the reader's own upload, or None where the reader wants no picture."""

SHOWN_NAMES = (*FIELD_NAMES, COVER_FILE)

MAX_RATING = 10
"""Ratings are whole numbers of half stars, 1 to 10; 0 means none."""

MAX_NOTES = 20_000
MAX_REVIEW = 40_000
"""Characters."""

MAX_TAGS = 100
MAX_TAG = 100
"""Tags of a book, and characters of one tag."""

MAX_READINGS = 100
"""Earlier readings of a book."""

MAX_COPIES = 999

UNDOABLE = timedelta(days=30)
"""How long a deleted book can be brought back, and an old address leads to the new one."""


class Reading(NamedTuple):
    """One time that a book was read: dates as precise as known (`2019`, `2019-03`, `2019-03-07`).

    Either may be empty.
    """

    started: str
    finished: str


class Source(NamedTuple):
    """Which provider gave a field, and when."""

    provider: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One edition as the providers describe it, shared by all users and edited by none."""

    book_id: str
    isbn: str | None
    fields: Fields
    sources: Mapping[str, Source] = field(default_factory=dict)
    version: int = 1


class Keys(NamedTuple):
    """Sort keys, compared as UTF-8 bytes; each ends in the id. A deleted book has only `status`."""

    added: str | None
    title: str | None
    author: str | None
    status: str


NO_KEYS = Keys(None, None, None, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserBook:
    """One user's book. `card` and `keys` are derived by `shelf.place`, never set by hand."""

    user_book_id: str
    user_id: str
    book_id: str | None = None
    isbn: str | None = None
    edition: str | None = None
    """A provider's edition id (`provider:id`) where there is no ISBN."""
    status: Status = "to-read"
    rating: int = 0
    added_at: datetime
    started_on: str = ""
    """Of the latest reading, as precise as known: 2019, 2019-03, 2019-03-07, or empty."""
    finished_on: str = ""
    readings: tuple[Reading, ...] = ()
    """The readings before the latest, oldest first."""
    tags: tuple[str, ...] = ()
    """As the reader wrote them; no two fold alike."""
    mine: Fields = field(default_factory=dict)
    """The reader's own values, shown before all others."""
    given: Fields = field(default_factory=dict)
    """What an imported file said, shown where nobody else says anything."""
    imported: Fields = field(default_factory=dict)
    """What the file imported last said of status, rating, dates, tags... so that the next import
    can tell the reader's own changes from its own."""
    review: str = ""
    notes: str = ""
    copies: int = 0
    """Number of copies that the reader owns; 0 where nobody said."""
    lookup: Lookup = "none"
    book_version: int = 0
    """Version of the Book that `card` and `keys` were made from; 0 means without a Book."""
    deleted_at: datetime | None = None
    moved_to: str | None = None
    """Id of the copy that took this one's place when its ISBN changed; set with `deleted_at`."""
    rev: int = 1
    """Raised by every change."""
    edit: int = 1
    """Raised by the reader's own text changes only, so that metadata is no conflict."""
    card: str = ""
    keys: Keys = NO_KEYS

    @property
    def shelf(self) -> str:
        """Where the book is counted: its status, `deleted`, or `moved` (only a trail is left)."""
        if self.moved_to:
            return "moved"
        return "deleted" if self.deleted_at else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a page shows of a book: override, else Book, else what an imported file said."""

    title: str = ""
    subtitle: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    published: str = ""
    page_count: int | None = None
    language: str = ""
    categories: tuple[str, ...] = ()
    description: str = ""
    cover: str = ""
    cover_file: str = ""

    @property
    def year(self) -> str:
        """The year of publication, or an empty string."""
        return self.published[:4]


def shown_value(name: str, mine: Fields, book: Fields, given: Fields) -> Value:
    """The value of one field by the rule of precedence; None where nobody says anything."""
    for layer in (mine, book, given):
        if name in layer:
            return layer[name]
    return None


def details(user_book: UserBook, book: Book | None) -> Details:
    """What the owner of `user_book` sees."""
    known = book.fields if book else {}
    values = {
        name: value
        for name in SHOWN_NAMES
        if (value := shown_value(name, user_book.mine, known, user_book.given)) is not None
    }
    return Details(**values)  # type: ignore[arg-type]  # the codecs and forms keep each field's type
