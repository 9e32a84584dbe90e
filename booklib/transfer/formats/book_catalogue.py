"""Book Catalogue and its child NeverTooManyBooks: the CSV that both can write."""

from __future__ import annotations

from booklib.transfer import cells
from booklib.transfer.columns import (
    Column,
    Read,
    add_authors,
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
    tags,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format
from booklib.transfer.further import categories, language

_NO = frozenset({"0", "false"})
_KINDS = {"1": "Anthology of one author", "2": "Anthology of several authors"}


def _authors(draft: Draft, cell: str) -> None:
    """`Stoker, Bram|Frayling, Christopher`; a colon may follow a name."""
    pieces = (piece.strip(" :") for piece in cell.split("|"))
    add_authors(draft, cells.names("|".join(pieces), "|"))


def _with_lines(read: Read) -> Read:
    """A reader of cells in which line ends are written as backslash and n."""
    return lambda draft, cell: read(draft, cell.replace("\\n", "\n"))


def _text(column: Column) -> Column:
    return column._replace(read=_with_lines(column.read))


def _read(draft: Draft, cell: str) -> None:
    draft.status = "read" if cells.yes(cell) else None


def _anthology(draft: Draft, cell: str) -> None:
    if cell.strip() not in _NO:
        draft.keep("Kind", _KINDS.get(cell.strip(), cell))


def _finish(draft: Draft) -> None:
    if not draft.status:
        draft.status = "reading" if draft.started and not draft.finished else "to-read"
        if draft.finished:
            draft.status = "read"


FORMAT = Format(
    name="book_catalogue",
    label="Book Catalogue",
    where="In the app: Administration, Export to CSV. NeverTooManyBooks reads and writes it too.",
    needs=frozenset({"author_details", "title", "bookshelf_id"}),
    columns={
        "_id": left_out("the number of the row"),
        "author_details": Column("authors", _authors),
        "title": title(),
        "isbn": isbn(),
        "publisher": line("publisher"),
        "date_published": published(),
        "rating": rating(),
        "bookshelf_id": left_out("the shelf again"),
        "bookshelf": tags(",", frozenset({"default"})),
        "read": Column("status", _read),
        "series_details": kept("Series"),
        "pages": pages(),
        "notes": _text(notes()),
        "list_price": kept("List price"),
        "anthology": Column("notes, labelled", _anthology),
        "location": kept("Place"),
        "read_start": date("started"),
        "read_end": date("finished"),
        "format": kept("Format"),
        "signed": kept("Signed", _NO),
        "loaned_to": kept("Lent to"),
        "anthology_titles": kept("Contents"),
        "description": _text(description()),
        "genre": categories("/"),
        "language": language(),
        "date_added": date("added"),
        "goodreads_book_id": left_out("the book's number in another catalogue"),
        "last_goodreads_sync_date": left_out("when it was sent to Goodreads"),
        "last_update_date": left_out("when the app stored it"),
        "book_uuid": ident("book-catalogue"),
    },
    aliases={"bookshelf_text": "bookshelf"},
    finish=_finish,
)
