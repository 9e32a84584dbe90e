"""Libib: the CSV of its export and of its import templates, for books and all else it lends."""

from __future__ import annotations

from booklib.transfer import cells
from booklib.transfer.columns import (
    Column,
    add_authors,
    authors,
    copies,
    date,
    description,
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
from booklib.transfer.further import by_dates

NO_BOOK = "This is not a book in Libib: its kind was put into the notes."
_BOOKS = frozenset({"", "book", "books"})
_ISBN_10, _ISBN_13, _PAGES = isbn("ISBN-10"), isbn("ISBN-13"), pages()


def _is_book(draft: Draft) -> bool:
    return draft.cells.get("item_type", "").strip().lower() in _BOOKS


def _kind(draft: Draft, cell: str) -> None:
    if not _is_book(draft):
        draft.keep("Kind", cell)
        draft.remark(NO_BOOK)


def _code(column: Column, label: str) -> Column:
    """What is an ISBN for books, and a bar code for all else."""

    def read(draft: Draft, cell: str) -> None:
        if _is_book(draft) or cells.isbn(cell).isbn:
            column.read(draft, cell)
        else:
            draft.keep(label, cell)

    return Column("ISBN", read)


def _last_name(draft: Draft, cell: str) -> None:
    if not draft.authors:
        add_authors(draft, [" ".join(f"{draft.cells.get('first_name', '')} {cell}".split())])


def _first_name(draft: Draft, cell: str) -> None:
    if not draft.authors:
        add_authors(draft, [" ".join(cell.split())])


def _length(draft: Draft, cell: str) -> None:
    if _is_book(draft):
        _PAGES.read(draft, cell)
    else:
        draft.keep("Length", cell)


FORMAT = Format(
    name="libib",
    label="Libib",
    where="On libib.com: Settings, Libraries, Export a library.",
    needs=frozenset({"title", "ean_isbn13", "upc_isbn10"}),
    columns={
        "item_type": Column("notes, labelled, of what is no book", _kind),
        "title": title(turned=False),
        "creators": authors(","),
        "last_name": Column("authors, where there are no creators", _last_name),
        "first_name": Column("authors, where there are no creators", _first_name),
        "collection": tags(","),
        "ean_isbn13": _code(_ISBN_13, "EAN"),
        "upc_isbn10": _code(_ISBN_10, "UPC"),
        "description": description(),
        "publisher": line("publisher"),
        "publish_date": published(),
        "group": kept("Series"),
        "tags": tags(","),
        "notes": notes(),
        "price": kept("Price", frozenset({"0", "0.00"})),
        "length": Column("pages", _length),
        "number_of_discs": kept("Discs"),
        "number_of_players": kept("Players"),
        "age_group": kept("Age group"),
        "ensemble": kept("Ensemble"),
        "aspect_ratio": kept("Aspect ratio"),
        "esrb": kept("ESRB rating"),
        "rating": rating(),
        "review": review(),
        "review_date": kept("Reviewed on"),
        "status": status({"not begun": "to-read"}),
        "began": date("started"),
        "completed": date("finished"),
        "added": date("added"),
        "copies": copies(),
        "call_numbers": kept("Call number"),
        "ddc": kept("Dewey"),
        "lcc": kept("Library of Congress"),
        "lccn": left_out("the book's number in another catalogue"),
        "oclc": left_out("the book's number in another catalogue"),
        "lexile": kept("Lexile"),
    },
    aliases={"began_date": "began", "completed_date": "completed", "length_of": "length"},
    finish=by_dates,
)
