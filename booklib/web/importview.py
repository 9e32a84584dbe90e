"""An import as its page tells it: what each group of rows means, how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from booklib.transfer.imports import Doubt, Import, Kind, Said, Sample
from booklib.transfer.previewing import facts
from booklib.wording import (
    STATUS_WORDS,
    count_in_words,
    date_in_words,
    day_in_words,
    stars_in_words,
)

QUICK_POLLS: Final = 120
"""Pieces that are asked for every second; from then on every five."""

RUNNING: Final = frozenset({"reading", "applying", "undoing"})

HEADINGS: Final = {
    "reading": "Reading the file",
    "columns": "What do the columns hold?",
    "preview": "This is what would happen",
    "applying": "Importing",
    "done": "Imported",
    "undoing": "Taking it back",
    "undone": "Taken back",
    "failed": "This did not work",
}

TOLD: Final[Mapping[Kind, tuple[str, str]]] = {
    "new": ("New", "They come onto your shelf."),
    "same": ("Already yours", "Nothing changes: your shelf says the same."),
    "changed": ("Would change", "You have them, and the file says something new."),
    "doubtful": ("Unsure", "They look like books of yours, but no number proves it."),
    "broken": ("Cannot be read", "They stay out. Afterwards you get them as a file to mend."),
}
"""For each kind of rows its name and what it means, in the order of the page."""

DOUBTS: Final[Mapping[Doubt, tuple[str, str]]] = {
    "merge": ("They are the same books", "what the file says is added to mine, their ISBN too"),
    "add": ("They are other books", "add them too"),
    "skip": ("Leave them out", "I look at them later"),
}

STATES: Final = {
    "reading": "The file is being read.",
    "columns": "It waits for you to say what the columns hold.",
    "preview": "It waits for you to look at it. Nothing is written yet.",
    "applying": "It is going on just now.",
    "undoing": "It is being taken back just now.",
    "undone": "It was taken back.",
}


TAGS_TOLD: Final = 6


class Group(NamedTuple):
    """The rows of one kind."""

    kind: Kind
    name: str
    told: str
    number: int
    """Rows of this kind."""
    samples: tuple[Sample, ...]
    rest: int
    """Rows that are not among the samples."""


class Column(NamedTuple):
    """A column of the file."""

    name: str
    examples: str
    field: str


class Progress(NamedTuple):
    """How far a running import has come. `most`: 0 where nobody knows yet."""

    value: int
    most: int
    words: str
    spoken: str
    """The same coarsely, for a voice that would otherwise never stop."""


def context(state: Import, poll: int) -> dict[str, Any]:
    """What the templates of one import need. `poll`: how often this page has asked."""
    groups = [_group(state, kind) for kind in TOLD]
    return {
        "state": state,
        "url": f"/import/{state.import_id}",
        "heading": _heading(state),
        "running": state.stage in RUNNING,
        "progress": _progress(state),
        "poll": {"wait": 1 if poll < QUICK_POLLS else 5, "next": poll + 1},
        "groups": groups,
        "facts": facts(state.tally),
        "said_in_words": said_in_words,
        "certain": state.counts.get("new", 0) + state.counts.get("changed", 0),
        "unsure": state.counts.get("doubtful", 0),
        "doubts": DOUBTS,
        "columns": [_column(*column) for column in state.columns],
        "count_in_words": count_in_words,
        "began": day_in_words(state.created_at),
        "told": told(state),
    }


def said_in_words(said: Said) -> list[str]:
    """What a row says of the reader's own: `Read`, `4½ stars`, `finished 7 March 2019`."""
    words = [STATUS_WORDS[said.status]] if said.status else []
    if said.rating:
        words.append(stars_in_words(said.rating))
    if said.started:
        words.append(f"started {date_in_words(said.started)}")
    if said.finished:
        words.append(f"finished {date_in_words(said.finished)}")
    if said.readings:
        words.append(count_in_words(said.readings, "earlier reading"))
    if said.copies > 1:
        words.append(f"{said.copies:,} copies")
    if said.tags:
        more = f" and {len(said.tags) - TAGS_TOLD} more" if len(said.tags) > TAGS_TOLD else ""
        words.append(f"tagged {', '.join(said.tags[:TAGS_TOLD])}{more}")
    if said.review:
        words.append("a review")
    if said.notes:
        words.append("notes")
    return words


def told(state: Import) -> str:
    """How it stands, in a sentence."""
    if state.stage == "done":
        new = state.counts.get("new", 0)
        changed = state.counts.get("changed", 0)
        return f"{count_in_words(new, 'new book')}, {changed:,} changed."
    return STATES.get(state.stage, state.message)


def _heading(state: Import) -> str:
    if state.stage == "failed" and not state.rows:
        return "This file cannot be read"
    return HEADINGS[state.stage]


def _group(state: Import, kind: Kind) -> Group:
    name, meaning = TOLD[kind]
    count = state.counts.get(kind, 0)
    samples = state.samples.get(kind, ())
    return Group(kind, name, meaning, count, samples, max(count - len(samples), 0))


def _column(name: str, examples: Sequence[str], field: str) -> Column:
    return Column(name, " · ".join(one[:60] for one in examples[:3]), field)


def _progress(state: Import) -> Progress:
    if not state.rows:
        return Progress(0, 0, "Just begun", "Just begun")
    value = min(state.handled, state.rows)
    what = "rows" if state.stage == "reading" else "books"
    words = f"{value:,} of {state.rows:,} {what}"
    if state.seconds_left is not None:
        words += f", {time_left(state.seconds_left)}"
    return Progress(value, state.rows, words, f"{value * 10 // state.rows * 10} percent")


def time_left(seconds: int) -> str:
    """`about 6 seconds left`: no more exact than anybody can know."""
    if seconds <= 1:
        return "nearly done"
    if seconds < 20:
        return f"about {seconds} seconds left"
    if seconds < 90:
        return f"about {-(-seconds // 10) * 10} seconds left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} minutes left"
    return f"about {round(seconds / 3600)} hours left"
