"""The StoryGraph: its CSV, with quarter stars and the dates of several readings in one cell."""

from __future__ import annotations

import re

from booklib.models import Reading
from booklib.models.folding import clean
from booklib.transfer import cells
from booklib.transfer.columns import (
    Column,
    add_reading,
    authors,
    copies,
    date,
    isbn,
    kept,
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

_DAY = re.compile(
    r"\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{4}[/.]\d{1,2}|\d{4}"
)
_ISBN_LIKE = re.compile(r"[\d\s-]+[Xx]?|.*[eE]\+\d+")
_STATUS = status({"paused": "reading"})
_ISBN = isbn()


def _uid(draft: Draft, cell: str) -> None:
    """An ISBN, often with digits lost, or else the book's own id at the StoryGraph or Amazon."""
    text = clean(cell)[:100].strip()
    if _ISBN_LIKE.fullmatch(text):
        _ISBN.read(draft, cell)
        return
    draft.ident = f"storygraph:{text}"
    (label, _), *_ = cells.isbn(text).rest or (("", ""),)
    draft.keep("ASIN" if label == "ASIN" else "StoryGraph id", text)


def _read_status(draft: Draft, cell: str) -> None:
    _STATUS.read(draft, cell)
    if cell.strip().lower() == "paused":
        draft.tag(cell)


def _dates_read(draft: Draft, cell: str) -> None:
    """`2020/10/21-2020/10/25, 2022/01/03`: a start and finish, and one finish alone."""
    for piece in cell.split(","):
        found = _DAY.findall(piece)
        rest = _DAY.sub("", piece).strip(" -–")
        if rest or not 1 <= len(found) <= 2:
            draft.keep("Dates read", piece)
            continue
        told = [read_day(draft, one, "Dates read") for one in found]
        if len(told) == 1:
            told = [told[0], ""] if piece.rstrip().endswith(("-", "–")) else ["", told[0]]
        add_reading(draft, *told)


def _read_count(draft: Draft, cell: str) -> None:
    count = cells.whole_number(cell, 10_000)
    if count is None or count > max(1, len(draft.readings)):
        draft.keep("Times read", cell)


def _finish(draft: Draft) -> None:
    settle_readings(draft)
    if draft.status == "reading" and draft.finished:
        draft.readings.append(Reading(draft.started, draft.finished))
        draft.started = draft.finished = ""


FORMAT = Format(
    name="storygraph",
    label="The StoryGraph",
    where="On app.thestorygraph.com: Manage account, Manage your data, Export StoryGraph library.",
    needs=frozenset({"Title", "ISBN/UID", "Read Status"}),
    columns={
        "Title": title(turned=False),
        "Authors": authors(","),
        "Contributors": kept("Contributors"),
        "ISBN/UID": Column("ISBN", _uid),
        "Format": kept("Format"),
        "Read Status": Column("status", _read_status),
        "Date Added": date("added"),
        "Last Date Read": date("finished", "Last date read"),
        "Dates Read": Column("readings", _dates_read, dated=True),
        "Read Count": Column("notes, labelled, where more than the dates tell", _read_count),
        "Moods": kept("Moods"),
        "Pace": kept("Pace"),
        "Character- or Plot-Driven?": kept("Character- or plot-driven"),
        "Strong Character Development?": kept("Strong character development"),
        "Loveable Characters?": kept("Loveable characters"),
        "Diverse Characters?": kept("Diverse characters"),
        "Flawed Characters?": kept("Flawed characters"),
        "Star Rating": rating(),
        "Review": review(),
        "Content Warnings": kept("Content warnings"),
        "Content Warning Description": kept("Content warnings in words"),
        "Tags": tags(","),
        "Owned?": copies(),
    },
    finish=_finish,
)
