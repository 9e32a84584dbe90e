"""The neutral row: what any program's file says of one book, in this program's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from booklib.models import Fields, Reading, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One book of a file. None, an empty text or an empty tuple: the file does not say."""

    number: int
    """Line of the file as a spreadsheet counts it: the header is 1. In JSON the book's place."""
    ident: str = ""
    """The book's id in the program that it comes from, as `goodreads:1234`; else empty."""
    isbn: str | None = None
    """ISBN-13, checked."""
    edition: str | None = None
    """A provider's edition id, from this program's own export alone."""
    given: Fields = field(default_factory=dict)
    """Title, authors, publisher... as the file says: values of FIELD_NAMES."""
    mine: Fields = field(default_factory=dict)
    """The reader's own values, from this program's own export alone."""
    status: Status | None = None
    rating: int | None = None
    """Half stars, 0 to 10; 0 where the file says that there is none."""
    added_at: datetime | None = None
    exact: bool = False
    """Whether `added_at` is to the microsecond and stays as it is; from our own export alone."""
    started: str = ""
    """As precise as known: 2019, 2019-03, 2019-03-07; the latest reading's."""
    finished: str = ""
    readings: tuple[Reading, ...] = ()
    """Earlier readings, oldest first."""
    tags: tuple[str, ...] = ()
    review: str = ""
    notes: str = ""
    """Private notes, and below them, labelled, what has no field of its own."""
    copies: int | None = None
    remarks: tuple[str, ...] = ()
    """Sentences on what could not be taken as it stands, and where it is kept instead."""
    broken: str = ""
    """Why this row cannot be imported, as a sentence; then nothing else counts."""
    cells: Mapping[str, str] = field(default_factory=dict)
    """The row as it stood in the file, by column, for the file of rows that were left out."""
    cover: str = ""
    """Name of the cover's picture in the archive, from this program's own export alone."""
    imported: Fields = field(default_factory=dict)
    """`UserBook.imported` of an own export."""
