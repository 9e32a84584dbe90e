"""MyBibliotheca: its CSV, which is Goodreads' with columns of its own."""

from __future__ import annotations

from booklib.transfer.columns import (
    authors,
    date,
    isbn,
    kept,
    rating,
    tags,
    title,
)
from booklib.transfer.format import Format
from booklib.transfer.further import by_dates

_SHELVES = frozenset({"to read", "currently reading", "read", "did not finish"})

FORMAT = Format(
    name="mybibliotheca",
    label="MyBibliotheca",
    where="In MyBibliotheca: Settings, Data, Export library. A list of ISBNs alone is read too.",
    needs=frozenset({"Title", "My Rating", "Reading Pace", "Emotional Impact"}),
    columns={
        "Title": title(turned=False),
        "Author": authors(","),
        "ISBN": isbn(),
        "My Rating": rating(),
        "Bookshelves": tags(",", _SHELVES),
        "Date Read": date("finished", "Date read"),
        "Reading Pace": kept("Reading pace"),
        "Emotional Impact": kept("Emotional impact"),
        "Personal Tags": tags(","),
    },
    finish=by_dates,
)
