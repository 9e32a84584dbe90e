"""Whether what is stored keeps the invariants of the design, item by item, on any storage."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date

from booklib.models import (
    COVER_FILE,
    MAX_COPIES,
    MAX_RATING,
    MAX_READINGS,
    MAX_TAG,
    MAX_TAGS,
    STATUSES,
    Book,
    CoverName,
    UserBook,
)
from booklib.models.covers import COVER_SIZES
from booklib.models.ids import book_id, book_key, user_book_id
from booklib.models.shelf import own_bytes, place, unpack_card
from booklib.ports import MAX_IDS, MAX_OWN_BYTES, Files, Store

MOST = 100
"""Faults that are told one by one."""

_DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_LOOKUPS = frozenset({"none", "pending", "found", "not-found", "failed"})


async def faults(store: Store, files: Files | None = None) -> AsyncIterator[str]:
    """What does not keep the invariants of the design, one sentence each; reads all in portions.

    What a storage counts and guards itself is for `Dump.faults`. With `files`, pictures that the
    library names must be there. A change in the middle of it may look like a fault.
    """
    names = {user.user_id: user.username async for user in store.users()}
    async for books in store.all_books():
        for book in books:
            for fault in _book(book):
                yield fault
            if files and (missing := await _missing(files, book.fields.get(COVER_FILE), "")):
                yield f"The cover {missing} of the Book {_named(book)} is not among the files."
    async for every in store.all_copies():
        for start in range(0, len(every), MAX_IDS):
            async for fault in _copies(store, files, every[start : start + MAX_IDS], names):
                yield fault


def _named(book: Book) -> str:
    return str(book.isbn or book.fields.get("title") or book.book_id)


def _book(book: Book) -> Iterator[str]:
    if book.isbn and book.book_id != book_id(book_key(book.isbn)):
        yield f"The Book {_named(book)} has another id than its ISBN gives."
    if book.version < 1:
        yield f"The Book {_named(book)} has the version {book.version}."
    if not book.fields.get("title"):
        yield f"The Book {_named(book)} has no title."


async def _copies(
    store: Store, files: Files | None, copies: Sequence[UserBook], names: Mapping[str, str]
) -> AsyncIterator[str]:
    books = await store.books(sorted({copy.book_id for copy in copies if copy.book_id}))
    targets = await store.copies(sorted({copy.moved_to for copy in copies if copy.moved_to}))
    for copy in copies:
        whose = names.get(copy.user_id)
        card = unpack_card(copy.card) if copy.card else None
        title = (card and (card.title or card.isbn)) or copy.user_book_id
        said = list(_copy(copy, books.get(copy.book_id or "")))
        if whose is None:
            said.append("belongs to nobody")
        if copy.moved_to and not _led(copy, targets.get(copy.moved_to)):
            said.append("has moved to a book that is not there")
        own = None if copy.moved_to else copy.mine.get(COVER_FILE)
        if files and (missing := await _missing(files, own, copy.user_id)):
            said.append(f"names the cover {missing}, which is not among the files")
        for fault in said:
            yield f"“{title}” of {whose or copy.user_id} {fault}."


def _led(copy: UserBook, target: UserBook | None) -> bool:
    return target is not None and target.user_id == copy.user_id


def _copy(copy: UserBook, book: Book | None) -> Iterator[str]:
    yield from _identity(copy)
    yield from _values(copy)
    if copy.book_version and book is None:
        yield "was made from a Book that is not there"
    elif book is not None and copy.book_version > book.version:
        yield "was made from a Book that is newer than the stored one"
    elif copy.book_version == (book.version if book else 0):
        placed = place(copy, book)
        if placed.card != copy.card:
            yield "shows something else on the shelf than is stored"
        if placed.keys != copy.keys:
            yield "is sorted by other keys than its values give"


def _identity(copy: UserBook) -> Iterator[str]:
    """The same edition is in a library once, because its id follows from it."""
    if not copy.isbn and not copy.edition:
        if copy.book_id is not None:
            yield "names a Book without an ISBN or an edition"
        return
    key = book_key(copy.isbn, copy.edition)
    if copy.user_book_id != user_book_id(copy.user_id, key):
        yield "has another id than its ISBN or edition gives"
    if copy.book_id != book_id(key):
        yield "names another Book than its ISBN or edition gives"


def _values(copy: UserBook) -> Iterator[str]:
    if copy.status not in STATUSES:
        yield f"has the status “{copy.status}”"
    if not 0 <= copy.rating <= MAX_RATING:
        yield f"has the rating {copy.rating}"
    if copy.lookup not in _LOOKUPS:
        yield f"has the look-up state “{copy.lookup}”"
    if not 0 <= copy.copies <= MAX_COPIES:
        yield f"counts {copy.copies} copies"
    if copy.moved_to and copy.deleted_at is None:
        yield "has moved and is on the shelf all the same"
    yield from _reading_life(copy)


def _reading_life(copy: UserBook) -> Iterator[str]:
    days = [copy.started_on, copy.finished_on, *(day for pair in copy.readings for day in pair)]
    for day in days:
        if day and not _is_day(day):
            yield f"has the date “{day}”"
    if len(copy.readings) > MAX_READINGS:
        yield f"has {len(copy.readings)} readings"
    if len(copy.tags) > MAX_TAGS or any(not 0 < len(tag) <= MAX_TAG for tag in copy.tags):
        yield "has too many tags, or one that is too long or empty"
    if own_bytes(copy) > MAX_OWN_BYTES:
        yield f"holds {own_bytes(copy):,} bytes of own texts"


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True


async def _missing(files: Files, named: object, user_id: str) -> str:
    name = CoverName.parse(str(named)) if named else None
    if name is None:
        return ""
    for size in COVER_SIZES:
        if await files.get(name.file(size, user_id)) is None:
            return str(name)
    return ""
