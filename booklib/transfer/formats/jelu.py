"""Jelu: its CSV, with the dates of every reading and of every book given up."""

from __future__ import annotations

from booklib.models import Reading
from booklib.transfer.columns import (
    Column,
    authors,
    copies,
    isbn,
    left_out,
    line,
    read_day,
    settle_readings,
    status,
    tags,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format


def _read(draft: Draft, cell: str) -> None:
    days = [read_day(draft, day, "Read") for day in cell.split(",") if day.strip()]
    draft.readings += [Reading("", day) for day in days if day]


def _dropped(draft: Draft, cell: str) -> None:
    """Days of giving up. Where the last event is one, it is the end of a book not finished."""
    every = [day.strip() for day in cell.split(",") if day.strip()]
    last = max(read_day(draft, day, "Given up") for day in every) if every else ""
    if not draft.status and last > max((one.finished for one in draft.readings), default=""):
        draft.status = "did-not-finish"
        draft.readings.append(Reading("", last))
        every.pop()
    draft.keep("Given up", ", ".join(every))


def _begun(draft: Draft, cell: str) -> None:
    days = sorted(read_day(draft, day, "Begun") for day in cell.split(",") if day.strip())
    if draft.status == "reading" and days:
        draft.started = days.pop()
    draft.keep("Begun", ", ".join(filter(None, days)))


def _last_event(draft: Draft, cell: str) -> None:
    """The day of the last event of any kind, which the other columns tell too."""
    if not (draft.readings or draft.started or draft.status):
        draft.finished = read_day(draft, cell, "Date read")


def _finish(draft: Draft) -> None:
    if draft.status == "reading":
        own, draft.started = draft.started, ""
        settle_readings(draft)
        if draft.finished:
            draft.readings.append(Reading("", draft.finished))
        draft.started, draft.finished = own, ""
        return
    settle_readings(draft)
    if not draft.status and draft.finished:
        draft.status = "read"


FORMAT = Format(
    name="jelu",
    label="Jelu",
    where="In Jelu: your name, Imports and exports, Export.",
    needs=frozenset({"Title", "read_dates", "isbn13"}),
    columns={
        "Title": title(turned=False),
        "Author": authors(","),
        "authors": authors(","),
        "isbn13": isbn("ISBN-13"),
        "isbn10": isbn("ISBN-10"),
        "ISBN": isbn(),
        "Publisher": line("publisher"),
        "Shelves": status(),
        "read_dates": Column("readings", _read, dated=True),
        "dropped_dates": Column("status; earlier ones in the notes", _dropped, dated=True),
        "currently_reading": Column("date started; earlier ones in the notes", _begun, dated=True),
        "Date Read": Column("date finished, where no other tells", _last_event, dated=True),
        "tags": tags(","),
        "Bookshelves": left_out("the tags again, without their spaces"),
        "owned": copies(),
    },
    finish=_finish,
)
