"""What a format is: how its files are recognised, read, and told of in the help."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from booklib.transfer.columns import Column
from booklib.transfer.drafts import Draft
from booklib.transfer.rows import Row


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
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Headers in other languages or older layouts, each with its name in `columns`."""


class Seen(NamedTuple):
    """A column of an opened file, as the page shows it."""

    name: str
    examples: tuple[str, ...]
    """The first few cells that are not empty."""
    field: str
    """What becomes of it: a key of generic.FIELDS where columns are mapped, else in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that is recognised; its rows can be read any number of times."""

    name: str
    """The format's, as `goodreads`."""
    label: str
    columns: tuple[Seen, ...]
    """Empty where a file has no columns, as our own JSON."""
    remarks: tuple[str, ...]
    """What was noticed in the file, as sentences."""
    rows: Callable[[], Generator[Row, None, None]]
    """Reads the file from its beginning; raises BadFile where it turns out to be broken."""
    needs_mapping: bool = False
    """No column is known to hold titles or ISBNs: the reader must say which does."""
    signature: str = ""
    """The same for every file with this header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A kind of file that is no table (JSON, an archive): `FILE` of a module in formats.

    A module that has one as well as a `FORMAT` is opened by its `FILE` alone; the `FORMAT` is then
    what the help tells of it, and what `reading.opened` reads its members with.
    """

    fits: Callable[[Path], bool]
    """Whether it is this kind, from the content alone. Quick, whatever the size, and never raises
    for the content of a file."""
    open: Callable[[Path], Opened]
    """Raises BadFile."""
