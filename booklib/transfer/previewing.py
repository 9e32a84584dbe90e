"""What the preview shows of a file: what its rows say together, and the first of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from booklib.models import UserBook
from booklib.models.shelf import unpack_card
from booklib.transfer.merging import Merge, merged
from booklib.transfer.planning import WORDS
from booklib.transfer.plans import KINDS, Judged, Kind
from booklib.transfer.rows import Row
from booklib.wording import STATUS_WORDS, count_in_words, date_in_words, stars_in_words

SAMPLES: Mapping[Kind, int] = {"new": 20, "same": 20, "changed": 20, "doubtful": 100, "broken": 20}
"""Rows of each kind that the preview shows."""

FACTS: Mapping[str, str] = {
    "read": "read",
    "reading": "being read",
    "to-read": "to read",
    "did-not-finish": "not finished",
    "rated": "with a rating",
    "dated": "with dates",
    "tagged": "with tags",
    "reviewed": "with a review",
    "noted": "with notes",
}
"""What rows say, in the order in which it is told."""

REMARKS_TOLD = 10
_REMARKS_COUNTED = 50

_IN_WORDS: Mapping[str, Callable[[Any], str]] = {
    "status": lambda status: f"“{STATUS_WORDS[status]}”",
    "rating": stars_in_words,
    "started": date_in_words,
    "finished": date_in_words,
    "copies": lambda number: count_in_words(number, "copy", "copies"),
}


@dataclass(slots=True)
class Preview:
    """Gathers what is shown while the rows go by."""

    counts: Counter[Kind] = field(default_factory=Counter)
    tally: Counter[str] = field(default_factory=Counter)
    """Rows by what they say: the keys of FACTS."""
    samples: dict[Kind, list[dict[str, Any]]] = field(
        default_factory=lambda: {kind: [] for kind in KINDS}
    )
    _remarks: Counter[str] = field(default_factory=Counter)

    def wants(self, kind: Kind) -> bool:
        """Whether another row of this kind is shown."""
        return len(self.samples[kind]) < SAMPLES[kind]

    def count(self, one: Judged) -> None:
        """Take a row into the numbers."""
        self.counts[one.kind] += 1
        if one.kind != "broken":
            self.tally.update(_kinds_of_facts(one.row))
        for remark in one.row.remarks:
            if len(self._remarks) < _REMARKS_COUNTED or remark in self._remarks:
                self._remarks[remark] += 1

    def show(self, one: Judged, copy: UserBook | None, candidate: UserBook | None) -> None:
        """Take a row among those that are shown. `copy`: the reader's, which it is about."""
        self.samples[one.kind].append(_sample(one, copy, _line(candidate)))

    def told(self) -> list[str]:
        """What was noticed in single rows, each sentence once, the most frequent first."""
        often = self._remarks.most_common(REMARKS_TOLD)
        return [said if count == 1 else f"{said} ({count:,} rows)" for said, count in often]


class Fact(NamedTuple):
    """How many rows of a file say something."""

    number: int
    words: str


def facts(tally: Mapping[str, int]) -> list[Fact]:
    """What the rows of a file say together: 14 `read`, 10 `with a rating`."""
    return [Fact(tally[one], words) for one, words in FACTS.items() if tally.get(one)]


def _kinds_of_facts(row: Row) -> list[str]:
    found = {
        "rated": row.rating,
        "dated": row.started or row.finished,
        "tagged": row.tags,
        "reviewed": row.review,
        "noted": row.notes,
    }
    said = [name for name, value in found.items() if value]
    return [row.status, *said] if row.status else said


def _changes(merge: Merge) -> tuple[str, ...]:
    """What a row would change, in words: `4 stars instead of 3 stars`."""
    return tuple(_change(name, *pair) for name, pair in merge.changed.items())


def _change(name: str, before: Any, after: Any) -> str:
    if name == "tags":
        tags = [tag for tag in after if tag not in before]
        return f"tags: {', '.join(tags)}" if tags else "fewer tags"
    if name not in _IN_WORDS:
        return WORDS[name]
    said = _IN_WORDS[name]
    new = f"{name} {said(after)}" if name in ("started", "finished") else said(after)
    return f"{new} instead of {said(before)}" if before else new


def _sample(one: Judged, copy: UserBook | None, candidate: str) -> dict[str, Any]:
    """A row as the preview shows it (see `imports.Sample`)."""
    row = one.row
    authors = row.given.get("authors") or ()
    told: tuple[str, ...] = row.remarks
    if one.kind == "changed" and copy is not None and not one.repeats:
        told = (*_changes(merged(row, copy)), *told)
    elif one.kind == "broken":
        told = ()
    return {
        "row": row.number,
        "title": str(row.mine.get("title") or row.given.get("title") or ""),
        "authors": ", ".join(authors) if isinstance(authors, tuple) else str(authors),
        "isbn": row.isbn or "",
        "reason": one.reason,
        "changes": told,
        "candidate": candidate,
        "said": _said(row),
    }


def _said(row: Row) -> dict[str, Any]:
    """What a row says of the reader's own (see `imports.Said`)."""
    return {
        "status": row.status,
        "rating": row.rating or 0,
        "started": row.started,
        "finished": row.finished,
        "readings": len(row.readings),
        "copies": row.copies or 0,
        "tags": row.tags,
        "review": bool(row.review),
        "notes": bool(row.notes),
    }


def _line(copy: UserBook | None) -> str:
    """A book in a line."""
    if copy is None:
        return ""
    card = unpack_card(copy.card)
    by = f" by {card.authors[0]}" if card.authors else ""
    number = f", {card.isbn}" if card.isbn else ""
    return f"{card.title or card.isbn}{by}{number}"
