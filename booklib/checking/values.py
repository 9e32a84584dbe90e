"""What every user, Book, copy and job must be by itself; each fault is the end of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, get_args

from booklib import isbn
from booklib.models import (
    COVER_FILE,
    LIST_FIELDS,
    MAX_COPIES,
    MAX_NOTES,
    MAX_RATING,
    MAX_READINGS,
    MAX_REVIEW,
    MAX_TAG,
    MAX_TAGS,
    STATUSES,
    Book,
    CoverName,
    Job,
    Lookup,
    User,
    UserBook,
)
from booklib.models.books import SHOWN_NAMES
from booklib.models.folding import tag_key
from booklib.models.ids import book_id, book_key, user_book_id
from booklib.models.jobs import JobState
from booklib.models.shelf import own_bytes, place
from booklib.models.users import VIEWS
from booklib.ports import MAX_OWN_BYTES

_DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


def user(one: User) -> Iterator[str]:
    """What is wrong with an account."""
    if one.view not in VIEWS:
        yield f"has the view “{one.view}”"
    if any(number < 0 for number in one.counts.values()):
        yield "counts less than no books"


def book(one: Book) -> Iterator[str]:
    """What is wrong with a Book."""
    if one.isbn and not _is_isbn(one.isbn):
        yield f"has “{one.isbn}” as its ISBN, which is none"
    if one.isbn and one.book_id != book_id(book_key(one.isbn)):
        yield "has another id than its ISBN gives"
    if one.version < 1:
        yield f"has the version {one.version}"
    if not one.fields.get("title"):
        yield "has no title"
    if one.sources.keys() - one.fields.keys():
        yield "names the source of what it does not tell"
    yield from _fields(one.fields)


def copy(one: UserBook, its_book: Book | None) -> Iterator[str]:
    """What is wrong with a copy, beside the Book that it was made from."""
    yield from _identity(one)
    yield from _values(one)
    yield from _reading_life(one)
    yield from _own_texts(one)
    if one.book_version and its_book is None:
        yield "was made from a Book that is not there"
    elif its_book is not None and one.book_version > its_book.version:
        yield "was made from a Book that is newer than the stored one"
    elif one.book_version == (its_book.version if its_book else 0):
        yield from _placed(one, its_book)


def job(one: Job, kinds: frozenset[str]) -> Iterator[str]:
    """What is wrong with a job; `kinds`: those that there are."""
    if one.kind not in kinds:
        yield f"is of the kind “{one.kind}”, which nobody works on"
    if one.state not in get_args(JobState):
        yield f"has the state “{one.state}”"
    if (one.state == "waiting") != (one.due_at is not None):
        yield "waits for no time, or is due without waiting"
    if (one.state == "running") != (one.lease_until is not None):
        yield "runs for nobody, or is somebody's without running"
    if one.ended != (one.ended_at is not None):
        yield "has ended at no time, or has an end without having ended"
    if one.attempts < 0:
        yield f"was tried {one.attempts} times"


def _placed(one: UserBook, its_book: Book | None) -> Iterator[str]:
    placed = place(one, its_book)
    if placed.card != one.card:
        yield "shows something else on the shelf than is stored"
    if placed.keys != one.keys:
        yield "is sorted by other keys than its values give"


def _identity(one: UserBook) -> Iterator[str]:
    """The same edition is in a library once, because its id follows from it."""
    if one.isbn and not _is_isbn(one.isbn):
        yield f"has “{one.isbn}” as its ISBN, which is none"
    if not one.isbn and not one.edition:
        if one.book_id is not None:
            yield "names a Book without an ISBN or an edition"
        return
    key = book_key(one.isbn, one.edition)
    if one.user_book_id != user_book_id(one.user_id, key):
        yield "has another id than its ISBN or edition gives"
    if one.book_id != book_id(key):
        yield "names another Book than its ISBN or edition gives"


def _is_isbn(text: str) -> bool:
    try:
        return isbn.parse(text) == text
    except isbn.IsbnError:
        return False


def _values(one: UserBook) -> Iterator[str]:
    if one.status not in STATUSES:
        yield f"has the status “{one.status}”"
    if not 0 <= one.rating <= MAX_RATING:
        yield f"has the rating {one.rating}"
    if one.lookup not in get_args(Lookup):
        yield f"has the look-up state “{one.lookup}”"
    if not 0 <= one.copies <= MAX_COPIES:
        yield f"counts {one.copies} copies"
    if one.moved_to and one.deleted_at is None:
        yield "has moved and is on the shelf all the same"
    if one.rev < 1 or one.edit < 1:
        yield "was changed less than never"


def _reading_life(one: UserBook) -> Iterator[str]:
    days = [one.started_on, one.finished_on, *(day for pair in one.readings for day in pair)]
    for day in days:
        if day and not _is_day(day):
            yield f"has the date “{day}”"
    if len(one.readings) > MAX_READINGS:
        yield f"has {len(one.readings)} readings"
    if len(one.tags) > MAX_TAGS or any(not 0 < len(tag) <= MAX_TAG for tag in one.tags):
        yield "has too many tags, or one that is too long or empty"
    if len({tag_key(tag) for tag in one.tags}) < len(one.tags):
        yield "has one tag twice"


def _own_texts(one: UserBook) -> Iterator[str]:
    yield from _fields(one.mine)
    yield from _fields(one.given)
    if len(one.notes) > MAX_NOTES:
        yield f"has notes of {len(one.notes):,} characters"
    if len(one.review) > MAX_REVIEW:
        yield f"has a review of {len(one.review):,} characters"
    if (size := own_bytes(one)) > MAX_OWN_BYTES:
        yield f"holds {size:,} bytes of own texts"


def _fields(fields: Any) -> Iterator[str]:
    for name, value in fields.items():
        if name not in SHOWN_NAMES:
            yield f"has a field “{name}”"
        elif value is not None and not _fits(name, value):
            yield f"has {value!r:.60} as its {name}"
    named = fields.get(COVER_FILE)
    if named and CoverName.parse(str(named)) is None:
        yield f"has “{named}” as its cover, which is the name of none"


def _fits(name: str, value: object) -> bool:
    if name in LIST_FIELDS:
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    return isinstance(value, int if name == "page_count" else str)


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True
