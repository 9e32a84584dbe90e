"""Columns that many programs' files have: which field each fills, and how its cell is read.

The `field` of a column is also what the help page and the README tell of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from booklib.transfer.drafts import Draft

Read = Callable[[Draft, str], None]
"""Reads one cell, never empty, into the draft."""


class Column(NamedTuple):
    """One column of a format."""

    field: str
    """What becomes of it, in words for people: `title`, `notes, labelled`, `left out: ...`."""
    read: Read
    """Called with cells that are not empty, in the order of the format's columns."""


def left_out(why: str) -> Column:
    """A column that is not the reader's own, as another program's average rating."""
    return Column(f"left out: {why}", lambda draft, cell: None)


def kept(label: str) -> Column:
    """A column that has no field here: kept in the notes under its label."""
    return Column("notes, labelled", lambda draft, cell: draft.keep(label, cell))


def ident(program: str) -> Column:
    """The book's id in the program that it comes from."""

    def read(draft: Draft, cell: str) -> None:
        draft.ident = f"{program}:{cell.strip()}"

    return Column("finds the book again in a later file", read)
