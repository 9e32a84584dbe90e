"""Tellico: the CSV of a book collection, its headings in English, French or German."""

from __future__ import annotations

from booklib.transfer import cells
from booklib.transfer.columns import (
    Column,
    authors,
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
    tags,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format
from booklib.transfer.further import SERIES, language, person, series_number

_NO = frozenset({"0", "false"})


def _read(draft: Draft, cell: str) -> None:
    if cells.yes(cell):
        draft.status = "read"


def _copyright(draft: Draft, cell: str) -> None:
    if cell.strip() != draft.given.get("published"):
        draft.keep("Copyright", cell)


FORMAT = Format(
    name="tellico",
    label="Tellico",
    where="In Tellico: File, Export, Export to CSV, with the field titles as headings.",
    needs=frozenset({"Title", "LCCN#", "Plot Summary", "Keywords"}),
    columns={
        "Title": title(),
        "Subtitle": line("subtitle"),
        "Author": authors(";"),
        "Editor": person("Editor"),
        "Binding": kept("Binding"),
        "Purchase Date": kept("Bought on"),
        "Purchase Price": kept("Bought for"),
        "Publisher": line("publisher"),
        "Edition": kept("Edition"),
        "Publication Year": published(),
        "Copyright Year": Column("notes, labelled", _copyright),
        "ISBN#": isbn(),
        "LCCN#": left_out("the book's number in another catalogue"),
        "Pages": pages(),
        "Translator": person("Translator"),
        "Language": language(),
        "Genre": tags(";"),
        "Keywords": tags(";"),
        "Series": kept(SERIES),
        "Series Number": series_number(),
        "Condition": kept("Condition"),
        "Signed": kept("Signed", _NO),
        "Read": Column("status", _read),
        "Gift": kept("Gift", _NO),
        "Loaned": kept("Lent", _NO),
        "Rating": rating(),
        "Front Cover": left_out("the name of a picture in Tellico"),
        "Plot Summary": description(),
        "Comments": notes(),
        "ID": left_out("the number in one collection"),
        "Created Date": date("added"),
        "Modified Date": left_out("when Tellico stored it"),
    },
    aliases={
        "Titre": "Title",
        "Sous-titre": "Subtitle",
        "Auteur": "Author",
        "Éditeur": "Editor",
        "Format": "Binding",
        "Date d'achat": "Purchase Date",
        "Prix d'achat": "Purchase Price",
        "Maison d'édition": "Publisher",
        "Édition": "Edition",
        "Année copyright": "Copyright Year",
        "Année de publication": "Publication Year",
        "Traducteur": "Translator",
        "Langue": "Language",
        "Mots clés": "Keywords",
        "Série": "Series",
        "N° dans la série": "Series Number",
        "Signé": "Signed",
        "Lu": "Read",
        "Cadeau": "Gift",
        "Prêté": "Loaned",
        "Note": "Rating",
        "Couverture": "Front Cover",
        "Résumé de l'action": "Plot Summary",
        "Commentaires": "Comments",
        "Créé le": "Created Date",
        "Modifié le": "Modified Date",
    },
)
