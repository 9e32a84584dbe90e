"""Bookly: a table without a fixed layout, read by its headings as one of the reader's own."""

from __future__ import annotations

from booklib.transfer.format import Format
from booklib.transfer.formats.generic import FIELDS, LABELS

_TOLD_WORDS = (
    "title subtitle authors isbn status rating started finished added tags review notes "
    "publisher published pages description"
)

FORMAT = Format(
    name="bookly",
    label="Bookly",
    where="In the app: Settings, Export. Its columns are told by their headings, as those of a "
    "table of your own; what has no field here, such as reading time, goes to the notes.",
    needs=frozenset(),
    columns={LABELS[field]: FIELDS[field] for field in _TOLD_WORDS.split()},
)
