"""LibraryThing: its JSON, an object of books by number, read as the columns of its table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

from booklib.transfer import cells
from booklib.transfer.columns import Column, kept, left_out
from booklib.transfer.drafts import Draft
from booklib.transfer.format import File, Format, Opened
from booklib.transfer.formats import librarything
from booklib.transfer.further import categories
from booklib.transfer.json_members import members
from booklib.transfer.reading import Record, opened

_HEAD = 64 * 1024
_SIGN = re.compile(rb'"books_id"\s*:')

_READERS_OWN = frozenset({"review", "comment", "privatecomment"})
"""Members whose entities are left to the reader of HTML."""

_COLUMNS: Mapping[str, str] = {
    "books_id": "Book Id",
    "title": "Title",
    "primaryauthor": "Primary Author",
    "primaryauthorrole": "Primary Author Role",
    "secondaryauthor": "Secondary Author",
    "secondaryauthorroles": "Secondary Author Roles",
    "publication": "Publication",
    "date": "Date",
    "review": "Review",
    "rating": "Rating",
    "comment": "Comment",
    "privatecomment": "Private Comment",
    "summary": "Summary",
    "format": "Media",
    "physical_description": "Physical Description",
    "weight": "Weight",
    "height": "Height",
    "thickness": "Thickness",
    "length": "Length",
    "dimensions": "Dimensions",
    "pages": "Page Count",
    "lccn": "LCCN",
    "dateacquired": "Acquired",
    "datestarted": "Date Started",
    "dateread": "Date Read",
    "barcode": "Barcode",
    "bcid": "BCID",
    "tags": "Tags",
    "copies": "Copies",
    "collections": "Collections",
    "language": "Languages",
    "originallanguage": "Original Languages",
    "lcc": "LC Classification",
    "originalisbn": "ISBN",
    "isbn": "ISBNs",
    "issn": "ISSN",
    "subject": "Subjects",
    "ddc": "Dewey Decimal",
    "callnumber": "Other Call Number",
    "source": "Source",
    "entrydate": "Entry Date",
    "fromwhere": "From Where",
    "oclc": "OCLC",
    "workcode": "Work id",
    "series": "Series",
    "listprice": "List Price",
    "purchaseprice": "Purchase Price",
    "value": "Value",
    "condition": "Condition",
    "sortcharacter": "Sort Character",
}
"""Members and the columns of the table that say the same."""


def _asin(draft: Draft, cell: str) -> None:
    for label, text in cells.isbn(cell).rest:
        if label == "ASIN":
            draft.keep(label, text)


_AGAIN = left_out("told by another member")
_FURTHER: Mapping[str, Column] = {
    "genre": categories("|"),
    "originaltitle": kept("Original title"),
    "volumes": kept("Volumes", frozenset({"1"})),
    "awards": left_out("what LibraryThing knows of the work"),
    "public": left_out("who may see it on LibraryThing"),
    "reviewlang": left_out("the language of the review"),
    "asin": Column("notes, labelled, where it is no ISBN", _asin),
    "authors": _AGAIN,
    "ean": _AGAIN,
    "upc": _AGAIN,
    "collections_idA": _AGAIN,
    "language_codeA": _AGAIN,
    "originallanguage_codeA": _AGAIN,
    "genre_id": _AGAIN,
    "tagidA": _AGAIN,
}
"""Members that the table has no column for."""

_BY_STROKES = frozenset({"subject", "genre", "secondaryauthor", "secondaryauthorroles"})
_TABLE = librarything.FORMAT.columns

FORMAT = Format(
    name="librarything_json",
    label="LibraryThing (JSON)",
    where="On librarything.com: More, Import/Export, Export as JSON.",
    needs=frozenset(),
    columns={**{name: _TABLE[column] for name, column in _COLUMNS.items()}, **_FURTHER},
)
_AS_TABLE = replace(FORMAT, columns={**_TABLE, **_FURTHER}, finish=librarything.FORMAT.finish)


def _fits(path: Path) -> bool:
    with path.open("rb") as file:
        return bool(_SIGN.search(file.read(_HEAD)))


def _open(path: Path) -> Opened:
    header = dict.fromkeys(name for record in _records(path) for name in record.cells)
    return opened(_AS_TABLE, header, partial(_records, path))


def _records(path: Path) -> Iterator[Record]:
    with path.open("rb") as stream:
        for number, (_, book) in enumerate(members(stream), 1):
            yield Record(number, _cells(book) if isinstance(book, Mapping) else {})


def _cells(book: Mapping[str, Any]) -> dict[str, str]:
    """A book as the cells of the table; members that it has no column for keep their names."""
    told = {**_named(book), **book}
    return {_COLUMNS.get(name, name): _cell(name, value) for name, value in told.items()}


def _named(book: Mapping[str, Any]) -> dict[str, str]:
    """First and further authors from the list of all, for books that have nothing else."""
    every = book.get("authors")
    people = [one for one in every if isinstance(one, Mapping)] if isinstance(every, list) else []
    names = [_flat(one.get("lf") or one.get("fl"), "") for one in people]
    roles = [_flat(one.get("role"), "") for one in people]
    return {
        "primaryauthor": "".join(names[:1]),
        "primaryauthorrole": "".join(roles[:1]),
        "secondaryauthor": "|".join(names[1:]),
        "secondaryauthorroles": "|".join(roles[1:]),
    }


def _cell(name: str, value: Any) -> str:
    if name in ("ddc", "lcc") and isinstance(value, Mapping):
        value = value.get("code")
    if name == "format" and isinstance(value, list):
        value = [one.get("text") if isinstance(one, Mapping) else one for one in value]
    text = _flat(value, "|" if name in _BY_STROKES else ", ")
    return unescape(text).replace("\\'", "'") if name not in _READERS_OWN else text


def _flat(value: Any, separator: str) -> str:
    """A value of any shape as text: lists joined, and lists within them by `>`."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        inner = " > " if separator == "|" else ", "
        return separator.join(filter(None, (_flat(one, inner) for one in value)))
    return "" if value is None else str(value)


FILE = File(fits=_fits, open=_open)
