"""Babelio: the CSV of a library and the one of its reviews, Latin-1 with semicolons."""

from __future__ import annotations

import re

from booklib.transfer.columns import (
    Column,
    authors,
    date,
    isbn,
    line,
    published,
    rating,
    review,
    status,
    title,
)
from booklib.transfer.drafts import Draft, folded
from booklib.transfer.format import Format

_ISBN, _STATUS = isbn(), status()
_OF_AMAZON = re.compile(r"(?:978)?(B0[0-9A-Z]{8})")
_OWN = re.compile(r"SIE\d+_\d+")


def _number(draft: Draft, cell: str) -> None:
    """An ISBN; else `SIE…`, Babelio's own number, or Amazon's with 978 before it."""
    text = cell.strip()
    if match := _OF_AMAZON.fullmatch(text):
        draft.ident = f"babelio:{match[1]}"
        draft.keep("ASIN", match[1])
    elif _OWN.fullmatch(text):
        draft.ident = f"babelio:{text}"
        draft.keep("Number at Babelio", text)
    else:
        _ISBN.read(draft, cell)


def _state(draft: Draft, cell: str) -> None:
    """`Lu`, `A lire`, `En cours`; `Pense-bête` is a wish, and stays told from what is at hand."""
    _STATUS.read(draft, cell)
    if folded(cell) == "pense bete":
        draft.tag(cell)


def _finish(draft: Draft) -> None:
    """Who reviews a book has read it."""
    if draft.review and not draft.status:
        draft.status = "read"


FORMAT = Format(
    name="babelio",
    label="Babelio",
    where="On babelio.com: Mes livres, Exporter ma bibliothèque; and Mes critiques, Exporter.",
    needs=frozenset({"Titre", "Auteur", "Date d'entrée dans Babelio"}),
    columns={
        "ISBN": Column("ISBN", _number),
        "Titre": title(turned=False),
        "Auteur": authors(";"),
        "Editeur": line("publisher"),
        "Date de publication": published(),
        "Date d'entrée dans Babelio": date("added"),
        "Statut": Column("status, and a tag for “Pense-bête”", _state),
        "Note": rating(),
        "Critique": review(),
    },
    finish=_finish,
)
