"""A row in the making: each column of a file adds what its cell says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal

from booklib.models import MAX_NOTES, MAX_REVIEW, MAX_TAG, MAX_TAGS, Reading, Status, Value
from booklib.models.folding import clean, fold, tag_key
from booklib.transfer.rows import Row

_CACHED = 100
DayOrder = Literal["day-first", "month-first"]
NO_TITLE = "There is neither a title nor an ISBN in this row."


def folded(text: str) -> str:
    """`fold` for the few short words that come again in every row."""
    return _folded(text) if len(text) <= _CACHED else fold(text)


_folded = lru_cache(maxsize=4096)(fold)


@dataclass(slots=True, kw_only=True)
class Draft:
    """One record while its cells are read. The readers of columns.py write into it."""

    number: int
    cells: Mapping[str, str]
    day_order: DayOrder = "month-first"
    """How the whole file spells 07/03/2019; decided by evidence before the first row."""
    ident: str = ""
    isbn: str | None = None
    given: dict[str, Value] = field(default_factory=dict)
    authors: tuple[str, ...] = ()
    status: Status | None = None
    rating: int | None = None
    added_at: datetime | None = None
    started: str = ""
    finished: str = ""
    readings: list[Reading] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    review: str = ""
    notes: str = ""
    kept: list[tuple[str, str]] = field(default_factory=list)
    """What has no field, as label and text: it goes below the notes."""
    copies: int | None = None
    remarks: list[str] = field(default_factory=list)
    broken: str = ""

    def keep(self, label: str, text: str) -> None:
        """Keep a text that has no field of its own in the notes, under its label."""
        if text := clean(text):
            self.kept.append((label, text))

    def remark(self, sentence: str) -> None:
        """Tell the reader of something that could not be taken as it stands."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def tag(self, text: str) -> None:
        """Add one tag; one that folds like another is there already."""
        tag = " ".join(clean(text).split())
        if not tag:
            return
        if len(tag) > MAX_TAG or len(self.tags) >= MAX_TAGS:
            self.keep("Tag", tag)
            self.remark("Tags that are too long or too many are kept in the notes.")
            return
        key = tag_key(tag)
        if all(key != tag_key(other) for other in self.tags):
            self.tags.append(tag)

    def row(self) -> Row:
        """The finished row; broken where it names no book."""
        given = self.given | {"authors": self.authors}
        broken = self.broken
        if not broken and not self.isbn and not given.get("title"):
            broken = NO_TITLE
        review, notes = self._texts()
        return Row(
            number=self.number,
            ident=self.ident,
            isbn=self.isbn,
            given={name: value for name, value in given.items() if value},
            status=self.status,
            rating=self.rating,
            added_at=self.added_at,
            started=self.started,
            finished=self.finished,
            readings=tuple(self.readings),
            tags=tuple(self.tags),
            review=review,
            notes=notes,
            copies=self.copies,
            remarks=tuple(self.remarks),
            broken=broken,
            cells=self.cells,
        )

    def _texts(self) -> tuple[str, str]:
        """Review and notes of a length that can be stored; what is cut off is told."""
        if len(self.review) > MAX_REVIEW:
            self.keep("Rest of the review", self.review[MAX_REVIEW:])
            self.remark(f"A review is longer than {MAX_REVIEW:,} characters: see the notes.")
        notes = _with_kept(self.notes, self.kept)
        if len(notes) > MAX_NOTES:
            self.remark(f"The notes are longer than {MAX_NOTES:,} characters: the rest is cut off.")
        return self.review[:MAX_REVIEW].strip(), notes[:MAX_NOTES].strip()


def _with_kept(notes: str, kept: list[tuple[str, str]]) -> str:
    labelled = "\n".join(f"{label}: {text}" for label, text in kept)
    return "\n\n".join(part for part in (notes, labelled) if part)
