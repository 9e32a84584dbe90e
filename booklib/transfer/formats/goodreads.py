"""Goodreads: the CSV of all layouts since 2015, told apart by their columns alone."""

from __future__ import annotations

from booklib.models import Reading
from booklib.transfer.columns import (
    Column,
    authors,
    copies,
    date,
    ident,
    isbn,
    kept,
    left_out,
    line,
    notes,
    pages,
    published,
    rating,
    review,
    status,
    tags,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format

_SHELVES = frozenset({"to read", "currently reading", "read", "did not finish"})
"""The shelves that every reader has, folded: they are statuses and no tags."""


def _first_published(draft: Draft, cell: str) -> None:
    if cell.strip() != draft.given.get("published"):
        draft.keep("First published", cell)


def _read_count(draft: Draft, cell: str) -> None:
    if cell.strip() not in ("0", "1"):
        draft.keep("Times read", cell)


def _finish(draft: Draft) -> None:
    """A book that is being read again has been finished earlier, not now."""
    if draft.status == "reading" and draft.finished:
        draft.readings.append(Reading("", draft.finished))
        draft.finished = ""


FORMAT = Format(
    name="goodreads",
    label="Goodreads",
    where="On goodreads.com: My Books, Import and export, Export Library.",
    needs=frozenset({"Title", "My Rating", "Exclusive Shelf"}),
    columns={
        "Book Id": ident("goodreads"),
        "Title": title(turned=False),
        "Author": authors(""),
        "Author l-f": left_out("the author again"),
        "Additional Authors": authors(","),
        "ISBN13": isbn("ISBN-13"),
        "ISBN": isbn(),
        "My Rating": rating(),
        "Average Rating": left_out("what others gave"),
        "Publisher": line("publisher"),
        "Binding": kept("Binding"),
        "Number of Pages": pages(),
        "Year Published": published("Year published"),
        "Original Publication Year": Column("notes, labelled", _first_published),
        "Date Read": date("finished", "Date read"),
        "Date Added": date("added"),
        "Bookshelves": tags(",", _SHELVES),
        "Bookshelves with positions": left_out("the shelves again"),
        "Exclusive Shelf": status(),
        "My Review": review(),
        "Spoiler": kept("Spoiler", frozenset({"false"})),
        "Private Notes": notes(),
        "Read Count": Column("notes, labelled, where more than 1", _read_count),
        "Recommended For": kept("Recommended for"),
        "Recommended By": kept("Recommended by"),
        "Owned Copies": copies(),
        "Original Purchase Date": kept("Bought on"),
        "Original Purchase Location": kept("Bought at"),
        "Condition": kept("Condition"),
        "Condition Description": kept("Condition in words"),
        "BCID": kept("BookCrossing number"),
    },
    finish=_finish,
)
