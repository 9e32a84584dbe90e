"""Open Library's reading log: numbers of works and editions, and mostly nothing else."""

from __future__ import annotations

from booklib.transfer.columns import (
    Column,
    authors,
    ident,
    isbn,
    left_out,
    line,
    published,
    rating,
    status,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format
from booklib.transfer.further import categories

ONLY_NUMBERS = (
    "Open Library names this book by its number {number} alone. Look it up on openlibrary.org, "
    "add its ISBN in a column “ISBN”, or its title in a column “Title”, and import the file again."
)


def _other_title(draft: Draft, cell: str) -> None:
    if not draft.given.get("title"):
        title(turned=False).read(draft, cell)


def _finish(draft: Draft) -> None:
    number = draft.ident.partition(":")[2]
    if number and not draft.isbn and not draft.given.get("title"):
        draft.broken = ONLY_NUMBERS.format(number=number)


FORMAT = Format(
    name="open_library_log",
    label="Open Library",
    where="On openlibrary.org: Settings, Import and export. Most of its files hold numbers alone, "
    "which name no book: add a column of ISBNs or titles.",
    needs=frozenset({"Work Id", "Edition Id", "Bookshelf"}),
    columns={
        "Work Id": ident("openlibrary"),
        "Edition Id": ident("openlibrary"),
        "Bookshelf": status({"already read": "read"}),
        "Edition Title": title(turned=False),
        "Title": Column("title, where the edition has none", _other_title),
        "Subtitle": line("subtitle"),
        "Authors": authors(","),
        "ISBN": isbn(),
        "ISBNs": isbn(),
        "Publishers": line("publisher"),
        "Publish Date": published(),
        "First Publish Year": left_out("the year of the first edition"),
        "My Ratings": rating(),
        "Ratings Average": left_out("what others gave"),
        "Ratings Count": left_out("what others gave"),
        "Has Ebook": left_out("what Open Library lends"),
        "Subjects": categories(),
        "Subject People": categories(),
        "Subject Places": categories(),
        "Subject Times": categories(),
    },
    finish=_finish,
)
