"""Openreads: its CSV, with several readings in a cell and tags between five strokes."""

from __future__ import annotations

from booklib.transfer import cells
from booklib.transfer.columns import (
    Column,
    add_reading,
    date,
    description,
    ident,
    isbn,
    kept,
    left_out,
    line,
    notes,
    pages,
    published,
    rating,
    read_day,
    review,
    settle_readings,
    status,
    tags,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format
from booklib.transfer.further import by_dates, guessed_authors, read_again

FAVOURITE, DELETED = "favourite", "deleted in Openreads"
_STATUS = status({"for later": "to-read", "later": "to-read", "not finished": "did-not-finish"})


def _status(draft: Draft, cell: str) -> None:
    if cell.strip() != "unknown":
        _STATUS.read(draft, cell)


def _flag(name: str) -> Column:
    def read(draft: Draft, cell: str) -> None:
        if cells.yes(cell):
            draft.tag(name)

    return Column(f"tag “{name}”", read)


def _readings(draft: Draft, cell: str) -> None:
    """`2023-10-27T00:00:00.000|2023-11-28T00:00:00.000|5400000;…`: start, finish, milliseconds."""
    minutes = 0
    for piece in cell.split(";"):
        started, finished, lasted = [*piece.split("|"), "", "", ""][:3]
        add_reading(draft, *(read_day(draft, day, "Read") for day in (started, finished)))
        if lasted.strip().isdecimal():
            minutes += int(lasted[:15]) // 60_000
        else:
            draft.keep("Reading time", lasted)
    if minutes:
        draft.keep("Reading time", f"{minutes} minutes")


def _finish(draft: Draft) -> None:
    settle_readings(draft)
    read_again(draft)
    by_dates(draft)


FORMAT = Format(
    name="openreads",
    label="Openreads",
    where="In the app: Settings, Backup, Export as CSV.",
    needs=frozenset({"title", "olid", "favourite", "book_format"}),
    columns={
        "title": title(turned=False),
        "subtitle": line("subtitle"),
        "author": guessed_authors(),
        "description": description(),
        "status": Column("status", _status),
        "favourite": _flag(FAVOURITE),
        "deleted": _flag(DELETED),
        "rating": rating(),
        "pages": pages(),
        "publisher": line("publisher"),
        "publication_year": published(),
        "isbn": isbn(),
        "olid": ident("openlibrary"),
        "tags": tags("|"),
        "my_review": review(),
        "notes": notes(),
        "book_format": kept("Format"),
        "readings": Column("readings", _readings, dated=True),
        "date_added": date("added"),
        "date_modified": left_out("when Openreads stored it"),
    },
    finish=_finish,
)
