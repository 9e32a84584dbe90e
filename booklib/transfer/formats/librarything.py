"""LibraryThing: its tab-separated export of all years, collections meaning status or tag."""

from __future__ import annotations

import re

from booklib.models import Status
from booklib.transfer import cells
from booklib.transfer.columns import (
    Column,
    add_authors,
    date,
    ident,
    isbn,
    kept,
    left_out,
    notes,
    pages,
    published,
    put_line,
    rating,
    review,
    tags,
    title,
)
from booklib.transfer.drafts import Draft, folded
from booklib.transfer.format import Format
from booklib.transfer.further import (
    WRITES,
    by_dates,
    categories,
    contributors,
    language,
    read_again,
)
from booklib.transfer.further import shelved as _shelved

_COLLECTIONS: dict[str, Status] = {"read but unowned": "read", "to read": "to-read"}
_OWNED_WORDS = (
    "your library|votre bibliotheque|ihre bibliothek|su biblioteca|tu biblioteca|"
    "la tua biblioteca|uw bibliotheek|sua biblioteca"
)
_OWNED = frozenset(_OWNED_WORDS.split("|"))
_LONG = 1_000
_PUBLICATION = re.compile(r"\s*(.*?\S)\s*\((?:[^()]*\d{4}[^()]*)\)")
_MEASURE = left_out("told by the dimensions")


def _primary(draft: Draft, cell: str) -> None:
    """`Cortazar, Julio`, whose role is in the next column: an editor comes first too."""
    names = cells.names(cell, "|")
    add_authors(draft, names)
    role = draft.cells.get("Primary Author Role", "").strip()
    if folded(role) not in WRITES:
        draft.keep(role, ", ".join(names))


def _secondary(draft: Draft, cell: str) -> None:
    """Names and roles, `|` between: those who wrote are authors."""
    names = [cells.turned_name(" ".join(name.split())) for name in re.split("[|;]", cell)]
    roles = re.split("[|;]", draft.cells.get("Secondary Author Roles", ""))
    contributors(draft, names, roles)


def _publication(draft: Draft, cell: str) -> None:
    """`Gallimard (1979), Poche`: the publisher, and all of it in the notes."""
    if match := _PUBLICATION.match(cell[:_LONG]):
        put_line(draft, "publisher", match[1])
    draft.keep("Publication", cell)


def _isbns(draft: Draft, cell: str) -> None:
    """The same ISBN in both lengths, or those of several editions."""
    others = [cell[_LONG:]]
    for piece in re.split(r"[,;\s]+", cell[:_LONG]):
        found = cells.isbn(piece)
        draft.isbn = draft.isbn or found.isbn
        if found.isbn != draft.isbn and piece.strip("[]"):
            others.append(found.isbn or piece.strip("[]"))
    draft.keep("Other ISBNs", ", ".join(dict.fromkeys(filter(None, others))))


def _collections(draft: Draft, cell: str) -> None:
    """`Your library, To read`: owned, a status, and all others as tags."""
    owned = False
    found: list[Status] = []
    for name in re.split("[,|\n]", cell):
        if folded(name) in _OWNED:
            owned = True
        elif folded(name) == "wishlist":
            found.append("to-read")
            draft.tag(name)
        elif name.strip() and (status := _shelved(draft, name, _COLLECTIONS)):
            found.append(status)
    ranked: tuple[Status, ...] = ("reading", "did-not-finish", "to-read", "read")
    draft.status = next((status for status in ranked if status in found), None)
    if owned:
        draft.copies = max(draft.copies or 1, 1)
    elif draft.copies == 1:
        draft.copies = None


def _copies(draft: Draft, cell: str) -> None:
    """LibraryThing counts one copy of every book, wished for or not: collections tell more."""
    number = cells.whole_number(cell, 999)
    if number is None:
        draft.keep("Copies", cell)
    else:
        draft.copies = number


def _day(label: str) -> Column:
    """A date that has no field here, as `[2007-04-16]`."""
    return Column("notes, labelled", lambda draft, cell: draft.keep(label, cell.strip("[] ")))


def _finish(draft: Draft) -> None:
    read_again(draft)
    by_dates(draft)


FORMAT = Format(
    name="librarything",
    label="LibraryThing",
    where="On librarything.com: More, Import/Export, Export as tab-delimited text.",
    needs=frozenset({"Title", "Primary Author", "Entry Date"}),
    columns={
        "Book Id": ident("librarything"),
        "Title": title(turned=False),
        "Sort Character": left_out("how LibraryThing sorts"),
        "Primary Author": Column("authors", _primary),
        "Primary Author Role": left_out("kept with the author"),
        "Author (first, last)": left_out("the author again"),
        "Secondary Author": Column("authors; other roles in the notes", _secondary),
        "Secondary Author Roles": left_out("kept with the author"),
        "Publication": Column("publisher, and notes, labelled", _publication),
        "Date": published(),
        "Review": review(),
        "Rating": rating(),
        "Comment": kept("Comment"),
        "Private Comment": notes(),
        "Summary": left_out("title and author again"),
        "Media": kept("Format"),
        "Physical Description": kept("Physical description"),
        "Weight": kept("Weight"),
        "Height": _MEASURE,
        "Thickness": _MEASURE,
        "Length": _MEASURE,
        "Dimensions": kept("Dimensions"),
        "Page Count": pages(),
        "LCCN": left_out("the book's number in another catalogue"),
        "Acquired": _day("Acquired on"),
        "Date Started": date("started"),
        "Date Read": date("finished", "Date read"),
        "Barcode": kept("Barcode"),
        "BCID": kept("BookCrossing number"),
        "Tags": tags(","),
        "Copies": Column("copies", _copies),
        "Collections": Column("status, copies and tags", _collections),
        "Languages": language(),
        "Original Languages": kept("Original language"),
        "LC Classification": kept("Library of Congress"),
        "ISBN": isbn(),
        "ISBNs": Column("ISBN; others in the notes", _isbns),
        "ISSN": kept("ISSN"),
        "Subjects": categories("|"),
        "Dewey Decimal": kept("Dewey"),
        "Dewey Wording": left_out("told by the Dewey number"),
        "Other Call Number": kept("Call number"),
        "Source": left_out("where LibraryThing looked it up"),
        "Entry Date": date("added"),
        "From Where": kept("Bought at"),
        "OCLC": left_out("the book's number in another catalogue"),
        "Work id": left_out("the book's number in another catalogue"),
        "Lending Patron": kept("Lent to"),
        "Lending Status": kept("Lending"),
        "Lending Start": _day("Lent on"),
        "Lending End": _day("Lent until"),
        "List Price": kept("List price"),
        "Purchase Price": kept("Bought for"),
        "Value": kept("Value"),
        "Condition": kept("Condition"),
        "Series": kept("Series"),
    },
    aliases={"Author (last, first)": "Primary Author", "Stars": "Rating"},
    finish=_finish,
)
