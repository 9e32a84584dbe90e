"""Inventaire: its CSV of items, each with what Wikidata knows of the edition and its works."""

from __future__ import annotations

from booklib.transfer.columns import (
    Column,
    authors,
    date,
    ident,
    isbn,
    kept,
    left_out,
    line,
    notes,
    pages,
    published,
    review,
    tags,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format
from booklib.transfer.further import SERIES, categories, language, person, series_number

_LINK = left_out("a link to Inventaire")


def _work_title(draft: Draft, cell: str) -> None:
    if not draft.given.get("title"):
        title(turned=False).read(draft, cell)


def _transaction(draft: Draft, cell: str) -> None:
    """What Inventaire lists is owned; `inventorying` says that nobody may borrow it."""
    draft.copies = 1
    if cell.strip() != "inventorying":
        draft.keep("Offered for", cell)


FORMAT = Format(
    name="inventaire",
    label="Inventaire",
    where="On inventaire.io: Settings, Data, Export your inventory.",
    needs=frozenset({"Item URL", "Item transaction", "Works labels"}),
    columns={
        "Item URL": ident("inventaire"),
        "Item details": review(),
        "Item notes": notes(),
        "Item visibility": left_out("who may see it on Inventaire"),
        "Item transaction": Column("copies; offers in the notes", _transaction),
        "Item created": date("added"),
        "Shelves": tags(","),
        "Edition URL": _LINK,
        "Edition ISBN-13": isbn("ISBN-13"),
        "Edition ISBN-10": isbn("ISBN-10"),
        "Edition title": title(turned=False),
        "Edition subtitle": line("subtitle"),
        "Edition publication date": published(),
        "Edition cover": left_out("a picture at Inventaire; covers are looked up anew"),
        "Edition number of pages": pages(),
        "Edition language": language(),
        "Works URLs": _LINK,
        "Works labels": Column("title, where the edition has none", _work_title),
        "Original language": kept("Original language"),
        "Authors URLs": _LINK,
        "Authors labels": authors(","),
        "Translators labels": person("Translator"),
        "Translators URLs": _LINK,
        "Series URLs": _LINK,
        "Series labels": kept(SERIES),
        "Works Series ordinals": series_number(),
        "Genres URLs": _LINK,
        "Genres labels": categories(),
        "Subjects URLs": _LINK,
        "Subjects labels": categories(),
        "Publisher URLs": _LINK,
        "Publisher label": line("publisher"),
    },
    aliases={
        "ISBN-13": "Edition ISBN-13",
        "ISBN-10": "Edition ISBN-10",
        "Title": "Edition title",
        "Subtitle": "Edition subtitle",
        "Publication date": "Edition publication date",
        "Number of pages": "Edition number of pages",
    },
)
