"""Columns that many programs' files have: which field each fills, and how its cell is read.

The `field` of a column is also what the help page and the README tell of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from booklib.models import MAX_COPIES, MAX_READINGS, Reading, Status
from booklib.models.folding import clean, fold
from booklib.plain_text import from_reader
from booklib.transfer import cells, days
from booklib.transfer.drafts import Draft, folded

Read = Callable[[Draft, str], None]
"""Reads one cell, never empty, into the draft."""

MAX_LINE = {"title": 500, "subtitle": 500, "publisher": 300, "language": 35}
MAX_NAMES, MAX_NAME = 200, 200
MAX_PAGES = 99_999
"""What the reader's own form takes of each field."""

Date = Literal["added", "started", "finished"]


class Column(NamedTuple):
    """One column of a format."""

    field: str
    """What becomes of it, in words for people: `title`, `notes, labelled`, `left out: ...`."""
    read: Read
    """Called with cells that are not empty, in the order of the format's columns."""
    dated: bool = False
    """Its cells tell whether the file writes the day or the month first."""


def left_out(why: str) -> Column:
    """A column that is not the reader's own, as another program's average rating."""
    return Column(f"left out: {why}", lambda draft, cell: None)


def kept(label: str, but: frozenset[str] = frozenset()) -> Column:
    """A column that has no field here: kept in the notes under its label.

    `but`: cells that say nothing, as `0` or `No`.
    """

    def read(draft: Draft, cell: str) -> None:
        if cell.strip() not in but:
            draft.keep(label, from_reader(cell))

    return Column("notes, labelled", read)


def ident(program: str) -> Column:
    """The book's id in the program that it comes from."""

    def read(draft: Draft, cell: str) -> None:
        draft.ident = f"{program}:{clean(cell)[:100].strip()}"

    return Column("finds the book again in a later file", read)


def title(*, turned: bool = True) -> Column:
    """The title. `turned`: `Last Hero, The` is The Last Hero."""

    def read(draft: Draft, cell: str) -> None:
        text = " ".join(clean(cell).split())
        put_line(draft, "title", cells.turned_title(text) if turned else text)

    return Column("title", read)


def line(field: str) -> Column:
    """A field that is one line: subtitle, publisher."""

    def read(draft: Draft, cell: str) -> None:
        put_line(draft, field, " ".join(from_reader(cell).split()))

    return Column(field, read)


def put_line(draft: Draft, field: str, text: str) -> None:
    """Set a field of one line; what is longer than our own form takes is kept in the notes."""
    limit = MAX_LINE[field]
    draft.given[field] = text[:limit].strip()
    if len(text) > limit:
        draft.keep(field.capitalize(), text)
        draft.remark(
            f"A {field} is longer than {limit} characters: all of it was put into the notes."
        )


def description() -> Column:
    """What the book is about."""

    def read(draft: Draft, cell: str) -> None:
        draft.given["description"] = from_reader(cell)[:20_000]

    return Column("description", read)


def authors(separators: str = ";&|") -> Column:
    """The authors, or further ones: a list with any of these separators, each `First Last`.

    Without a comma among the separators `Last, First` is turned round.
    """
    return Column("authors", lambda draft, cell: add_authors(draft, cells.names(cell, separators)))


def add_authors(draft: Draft, names: list[str]) -> None:
    """Add authors that are not there yet."""
    known = draft.authors
    new = [name for name in names if name not in known]
    fitting = tuple(name for name in new if len(name) <= MAX_NAME)[: MAX_NAMES - len(known)]
    for name in new:
        if name not in fitting:
            draft.keep("Author", name)
    draft.authors = (*known, *fitting)


def isbn(label: str = "ISBN") -> Column:
    """An ISBN of either length. The first that is right counts; all else is kept in the notes."""

    def read(draft: Draft, cell: str) -> None:
        found = cells.isbn(cell)
        for name, text in found.rest:
            draft.keep(label if name == "ISBN" else name, text)
        if found.problem:
            draft.remark(found.problem)
        if found.isbn and draft.isbn and found.isbn != draft.isbn:
            draft.keep(label, found.isbn)
            draft.remark("This row has two different ISBNs: the second was put into the notes.")
        elif found.isbn:
            draft.isbn = found.isbn

    return Column("ISBN", read)


def rating(out_of: int = 5) -> Column:
    """A rating of so many stars; what is no rating, or none of half stars, is kept as it is."""

    def read(draft: Draft, cell: str) -> None:
        found = cells.stars(cell, out_of)
        if found.wrong:
            draft.keep("Rating", found.exact)
            draft.remark(f"A rating is not a number from 0 to {out_of}: it was put into the notes.")
            return
        if found.half_stars is not None:
            draft.rating = found.half_stars
        if found.exact:
            draft.keep("Rating", f"{found.exact} of {out_of}")

    return Column("rating", read)


def date(which: Date, label: str = "") -> Column:
    """The date when the book was added to the library, or its latest reading begun or finished."""
    name = label or f"Date {which}"

    def read(draft: Draft, cell: str) -> None:
        text = read_day(draft, cell, name)
        if which == "added":
            draft.added_at = days.moment(cell, draft.day_order)
            if text and not draft.added_at:
                draft.keep(name, cell)
        elif which == "started":
            draft.started = text
        else:
            draft.finished = text

    return Column(f"date {which}", read, dated=True)


def read_day(draft: Draft, cell: str, label: str) -> str:
    """The date in a cell as precise as known; what is no date is kept under the label."""
    found = days.day(cell, draft.day_order)
    if not found.sure:
        draft.keep(label, cell)
        draft.remark("A date does not exist: it was put into the notes as it was written.")
    return found.text


def add_reading(draft: Draft, started: str, finished: str) -> None:
    """Add one reading (dates as precise as known); `settle_readings` puts them in order."""
    if started or finished:
        draft.readings.append(Reading(started, finished))


def settle_readings(draft: Draft) -> None:
    """Let the latest of all readings be the row's own, and those before it the earlier ones."""
    own = Reading(draft.started, draft.finished)
    every = {*draft.readings, own} - {Reading("", "")}
    told = {one.finished for one in every if one.started}
    # A date alone tells nothing beside a reading that has it too.
    every = {one for one in every if one.started or one.finished not in told}
    ordered = sorted(every, key=lambda one: (one.finished or one.started, one.started))
    if ordered:
        draft.started, draft.finished = ordered.pop()
    for one in ordered[:-MAX_READINGS]:
        draft.keep("Read", " to ".join(filter(None, one)))
    draft.readings = ordered[-MAX_READINGS:]


def status(words: Mapping[str, Status] | None = None) -> Column:
    """The status: the program's own words for it, else those of any; an unknown one is a tag."""
    own = {fold(word): status for word, status in (words or {}).items()}

    def read(draft: Draft, cell: str) -> None:
        found = own.get(folded(cell)) or cells.status(cell)
        if found:
            draft.status = found
        else:
            draft.tag(cell)

    return Column("status", read)


def tags(separators: str = ",", but: frozenset[str] = frozenset()) -> Column:
    """Tags between any of the separators. `but`: shelves that are no tags, folded."""
    cut = re.compile(f"[{re.escape(separators)}\n]+")

    def read(draft: Draft, cell: str) -> None:
        for piece in cut.split(cell):
            if not but or folded(piece) not in but:
                draft.tag(piece)

    return Column("tags", read)


def review() -> Column:
    """The reader's review, its HTML taken off; a second one goes below the first."""

    def read(draft: Draft, cell: str) -> None:
        draft.review = "\n\n".join(filter(None, (draft.review, from_reader(cell))))

    return Column("review", read)


def notes() -> Column:
    """The reader's private notes, their HTML taken off."""

    def read(draft: Draft, cell: str) -> None:
        draft.notes = "\n\n".join(filter(None, (draft.notes, from_reader(cell))))

    return Column("notes", read)


def pages() -> Column:
    """The number of pages; 0 is none."""

    def read(draft: Draft, cell: str) -> None:
        number = cells.whole_number(cell, MAX_PAGES)
        if number is None:
            draft.keep("Pages", cell)
        else:
            draft.given["page_count"] = number or None

    return Column("pages", read)


def published(label: str = "Published") -> Column:
    """The year or date of publication. A year before 1000 is kept in the notes."""

    def read(draft: Draft, cell: str) -> None:
        found = days.day(cell, draft.day_order)
        if found.text:
            draft.given["published"] = found.text
        if not found.sure or (not found.text and re.fullmatch(r"\s*-?[1-9]\d{0,2}\s*", cell)):
            draft.keep(label, cell)

    return Column("published", read, dated=True)


def copies() -> Column:
    """The number of copies that the reader owns; yes is one, and 0 or no is none told."""

    def read(draft: Draft, cell: str) -> None:
        owned = cells.yes(cell)
        number = cells.whole_number(cell, MAX_COPIES) if owned is None else int(owned)
        if number is None:
            draft.keep("Owned copies", cell)
        else:
            draft.copies = number

    return Column("copies", read)
