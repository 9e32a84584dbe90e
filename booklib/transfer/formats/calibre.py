"""Calibre: the CSV of its catalogue, with the columns that the reader chose and made."""

from __future__ import annotations

import re

from booklib.transfer import cells
from booklib.transfer.columns import (
    Column,
    add_authors,
    copies,
    date,
    description,
    ident,
    isbn,
    kept,
    left_out,
    line,
    pages,
    published,
    rating,
    status,
    tags,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format
from booklib.transfer.further import SERIES, by_dates, language, read_again, series_number

OWN_CATALOGUE = "This looks like a catalogue that calibre made itself, and no book."
_ISBN, _STATUS = isbn(), status()
_NINE = re.compile(r"\d{9}")


def _authors(draft: Draft, cell: str) -> None:
    """`A & B` or `A, B`; but `Last, First` where `author_sort` tells that it is one author."""
    sort = draft.cells.get("author_sort", "")
    together = cells.names(cell, ";|&")
    if re.search("[;&|]", cell) or not sort:
        add_authors(draft, together if re.search("[;&|]", cell) else cells.guessed_names(cell))
    elif "&" in sort:
        add_authors(draft, cells.names(cell, ","))
    else:
        add_authors(draft, together)
    if cell.strip().lower() == "calibre" and "Catalog" in draft.cells.get("tags", ""):
        draft.remark(OWN_CATALOGUE)


def _identifiers(draft: Draft, cell: str) -> None:
    """`goodreads:39077187,isbn:9780756411800`: the ISBN is right here, whatever Excel has done."""
    others = []
    for piece in cell.split(","):
        scheme, _, number = piece.strip().partition(":")
        if scheme.lower() == "isbn":
            _ISBN.read(draft, number)
        else:
            others.append(piece.strip())
    draft.keep("Identifiers", ", ".join(others))


def _isbn(draft: Draft, cell: str) -> None:
    """Digits alone: the X that ends some ISBNs is lost on the way."""
    text = cell.strip()
    if _NINE.fullmatch(text) and cells.isbn(f"{text}X").isbn:
        text += "X"
    if cells.isbn(text).isbn or not draft.isbn:
        _ISBN.read(draft, text)


def _read(draft: Draft, cell: str) -> None:
    said = cells.yes(cell)
    if said is None:
        _STATUS.read(draft, cell)
    else:
        draft.status = "read" if said else "to-read"


def _finish(draft: Draft) -> None:
    read_again(draft)
    by_dates(draft)


FORMAT = Format(
    name="calibre",
    label="Calibre",
    where="In calibre: Convert books, Create a catalogue, CSV, with the columns that you want.",
    needs=frozenset({"title", "authors", "author_sort"}),
    columns={
        "author_sort": left_out("the authors again"),
        "authors": Column("authors", _authors),
        "title": title(turned=False),
        "title_sort": left_out("the title again"),
        "identifiers": Column("ISBN; others in the notes", _identifiers),
        "isbn": Column("ISBN", _isbn),
        "rating": rating(),
        "tags": tags(","),
        "series": kept(SERIES),
        "series_index": series_number(),
        "languages": language(),
        "publisher": line("publisher"),
        "pubdate": published(),
        "timestamp": date("added"),
        "comments": description(),
        "formats": kept("Formats"),
        "library_name": kept("Calibre library"),
        "size": left_out("the size of the file"),
        "cover": left_out("a place on your computer"),
        "ondevice": left_out("what was on your reader that day"),
        "last_modified": left_out("when calibre stored it"),
        "id": left_out("the number in one library"),
        "uuid": ident("calibre"),
        "#read": Column("status", _read),
        "#status": Column("status", _read),
        "#read_status": Column("status", _read),
        "#date_started": date("started"),
        "#date_read": date("finished", "Date read"),
        "#date_finished": date("finished", "Date finished"),
        "#pages": pages(),
        "#owned": copies(),
    },
    finish=_finish,
)
