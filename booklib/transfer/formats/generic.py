"""Any other table: columns told by their headings in seven languages, or mapped by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from booklib.transfer import cells, days
from booklib.transfer.columns import (
    Column,
    add_authors,
    copies,
    date,
    description,
    isbn,
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
from booklib.transfer.headings import told
from booklib.transfer.reading import Record

SAMPLE = 100
"""Records that are looked at to find a column of ISBNs without a heading that tells it."""

_STATUS = status()


def _authors(draft: Draft, cell: str) -> None:
    add_authors(draft, cells.guessed_names(cell))


def _read(draft: Draft, cell: str) -> None:
    """A column `Read` says yes or no, or when, or the status."""
    said = cells.yes(cell)
    if said is not None:
        draft.status = draft.status or ("read" if said else "to-read")
    elif day := days.day(cell, draft.day_order).text:
        draft.status = draft.status or "read"
        draft.finished = day
    else:
        _STATUS.read(draft, cell)


FIELDS: Mapping[str, Column] = {
    "title": title(),
    "subtitle": line("subtitle"),
    "authors": Column("authors", _authors),
    "isbn": isbn(),
    "status": _STATUS,
    "rating": rating(),
    "rating-of-10": rating(10),
    "started": date("started", "Date started"),
    "finished": date("finished", "Date read"),
    "read": Column("status or date finished", _read, dated=True),
    "added": date("added"),
    "tags": tags(",;|"),
    "review": review(),
    "notes": notes(),
    "publisher": line("publisher"),
    "published": published(),
    "pages": pages(),
    "description": description(),
    "copies": copies(),
    "left-out": left_out("not wanted"),
}
"""What a column can be mapped to by hand; the empty name keeps it in the notes."""

LABELS: Mapping[str, str] = {
    "": "Keep in the notes",
    "title": "Title",
    "subtitle": "Subtitle",
    "authors": "Authors",
    "isbn": "ISBN",
    "status": "Status or shelf",
    "rating": "Rating (of 5)",
    "rating-of-10": "Rating (of 10)",
    "started": "Date started",
    "finished": "Date finished",
    "read": "Read: yes or no, or when",
    "added": "Date added",
    "tags": "Tags",
    "review": "Review",
    "notes": "Private notes",
    "publisher": "Publisher",
    "published": "Date or year of publication",
    "pages": "Number of pages",
    "description": "Description of the book",
    "copies": "Number of copies owned",
    "left-out": "Leave out",
}
"""The words for each of FIELDS, in the order in which a form offers them."""

_MANY = frozenset({"authors", "isbn", "tags", "review", "notes", "left-out"})
"""Fields that several columns may fill."""
OUT_OF_TEN = "The ratings of this file go beyond 5, so they are read as stars of ten."


class Fitted(NamedTuple):
    """How one table is read."""

    form: Format
    fields: Mapping[str, str]
    """The field of each column, empty for those that are kept in the notes."""
    remarks: tuple[str, ...]
    day_first: bool

    @property
    def needs_mapping(self) -> bool:
        """Whether nothing tells which book a row means."""
        return not {"title", "isbn"} & set(self.fields.values())


def fitted(
    header: Sequence[str], records: Callable[[], Iterator[Record]], mapping: Mapping[str, str]
) -> Fitted:
    """How a table is read: by the reader's own mapping, else by its headings and cells."""
    known = told(header)
    wanted = {name: field for name, field in mapping.items() if field in FIELDS}
    fields: dict[str, str] = {}
    for name in header:
        field = wanted.get(name, "") if name in mapping else known.fields.get(name, "")
        chosen = field in wanted.values() and name not in mapping
        fields[name] = "" if chosen and field not in _MANY else field
    if "isbn" not in fields.values():
        fields.update(_isbn_columns(fields, records, mapping))
    remarks: tuple[str, ...] = ()
    rated = [name for name, field in fields.items() if field == "rating" and name not in mapping]
    if rated and _is_of_ten(rated[0], records):
        fields[rated[0]] = "rating-of-10"
        remarks = (OUT_OF_TEN,)
    columns = {
        name: _column(name, field)
        for field in FIELDS
        for name, own in fields.items()
        if own == field
    }
    return Fitted(replace(FORMAT, columns=columns), fields, remarks, known.language != "en")


def _column(name: str, field: str) -> Column:
    """A field's column; where another one has filled the field, its cell is kept in the notes."""
    column = FIELDS[field]
    if field in _MANY:
        return column

    def read(draft: Draft, cell: str) -> None:
        if _filled(draft, field):
            draft.keep(name, cell)
        else:
            column.read(draft, cell)

    return column._replace(read=read)


def _filled(draft: Draft, field: str) -> bool:
    told: Mapping[str, object] = {
        "status": draft.status,
        "rating": draft.rating,
        "rating-of-10": draft.rating,
        "started": draft.started,
        "finished": draft.finished,
        "read": draft.finished,
        "added": draft.added_at,
        "pages": draft.given.get("page_count"),
        "copies": draft.copies,
    }
    return bool(told.get(field, draft.given.get(field)))


def _isbn_columns(
    fields: Mapping[str, str],
    records: Callable[[], Iterator[Record]],
    mapping: Mapping[str, str],
) -> dict[str, str]:
    """The column, if there is one, whose cells are ISBNs whatever its heading says."""
    sample = list(islice(records(), SAMPLE))
    for name, field in fields.items():
        told_cells = [cell for record in sample if (cell := record.cells.get(name, "").strip())]
        right = sum(len(cell) < 30 and cells.isbn(cell).isbn is not None for cell in told_cells)
        if not field and name not in mapping and right and right * 2 > len(told_cells):
            return {name: "isbn"}
    return {}


def _is_of_ten(name: str, records: Callable[[], Iterator[Record]]) -> bool:
    """Whether many of the ratings (one is a slip) lie between 5 and 10."""
    rated = above = 0
    for record in records():
        found = cells.stars(record.cells.get(name, "")[:20] or "-", 10)
        if found.half_stars:
            rated += 1
            above += found.half_stars > 5
    return above > 1 and above * 5 >= rated


def _finish(draft: Draft) -> None:
    """Shelves among the tags, and dates, tell the status where no column does."""
    if not draft.status:
        for tag in list(draft.tags):
            if found := cells.status(tag):
                draft.tags.remove(tag)
                draft.status = found
                break
    if not draft.status and (draft.finished or draft.started):
        draft.status = "read" if draft.finished else "reading"


FORMAT = Format(
    name="generic",
    label="CSV or XLSX of your own",
    where="Any table with a column of titles or ISBNs; headings in English, Spanish, German, "
    "French, Italian, Portuguese or Dutch are understood, and all others can be mapped by hand.",
    needs=frozenset(),
    columns={LABELS[field]: column for field, column in FIELDS.items()},
    finish=_finish,
)
