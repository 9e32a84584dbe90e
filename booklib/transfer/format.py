"""What a format is: how its files are recognised, read, and told of in the help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from booklib.transfer.columns import Column
from booklib.transfer.drafts import Draft


def _nothing(draft: Draft) -> None:
    """No column depends on another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One program's file with columns (CSV, TSV, XLSX), or with JSON objects that have members."""

    name: str
    """Short and stable: `goodreads`."""
    label: str
    """What people call it: `Goodreads`."""
    where: str
    """How one gets the file from that program, as a sentence for the help page."""
    needs: frozenset[str]
    """Columns by which it is recognised: all of them are there. Compared without regard to case,
    outer space and quotes; the format with most of them wins."""
    columns: Mapping[str, Column]
    """Every column that the program writes, by its header. Columns that are not here are kept in
    the notes under their header."""
    finish: Callable[[Draft], None] = _nothing
    """Called when all cells are read, for what depends on several columns."""
    json_records: Callable[[Any], Any] | None = None
    """For a JSON file: see formats/librarything_json.py."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Headers in other languages or older layouts, each with its name in `columns`."""
