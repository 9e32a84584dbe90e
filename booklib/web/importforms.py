"""What the forms of an import send: columns, answers to what is unsure, the wish to overwrite."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from booklib.errors import Invalid
from booklib.transfer.formats import generic
from booklib.transfer.imports import Doubt, Import

FIELDS: Final = tuple(generic.LABELS.items())
"""What a column may be mapped to, with the words for it."""

UNANSWERED: Final = "Please say first what is to be done with the unsure ones."
UNKNOWN: Final = "A column cannot hold that. Please choose again."

_ANSWERS: Final[Mapping[str, Doubt]] = {"add": "add", "merge": "merge", "skip": "skip"}
_CHOICE: Final = re.compile(r"choice-(\d{1,9})", re.ASCII)


class Wish(NamedTuple):
    """How an import is to be done."""

    overwrite: bool
    doubtful: Doubt
    choices: Mapping[int, Doubt]
    """For single rows, by their number."""


def wish(state: Import, form: Mapping[str, str]) -> Wish:
    """What the form asks for; raises Invalid at `doubtful` where an answer is missing."""
    choices = _choices(form)
    answer = _ANSWERS.get(form.get("doubtful", ""))
    if answer is None and state.counts.get("doubtful"):
        raise Invalid.at("doubtful", UNANSWERED)
    return Wish("overwrite" in form, answer or "skip", choices)


def typed(state: Import, form: Mapping[str, str]) -> dict[str, Any]:
    """What a form comes back with when something is to be mended; else what was wished before."""
    return {
        "overwrite": "overwrite" in form if form else state.overwrite,
        "doubtful": form.get("doubtful", ""),
        "choices": _choices(form),
    }


def mapping(state: Import, form: Mapping[str, str]) -> dict[str, str]:
    """The field that each column fills; a column that the form leaves out stays as it is.

    Raises Invalid for a field that there is not.
    """
    chosen = {
        column: form.get(f"column-{number}", field)
        for number, (column, _, field) in enumerate(state.columns)
    }
    if not can_be_mapped(state) or not set(chosen.values()) <= generic.LABELS.keys():
        raise Invalid.at("columns", UNKNOWN)
    return chosen


def can_be_mapped(state: Import) -> bool:
    """Whether the reader may say what the columns hold: not where the program is known."""
    return bool(state.columns) and all(field in generic.LABELS for _, _, field in state.columns)


def _choices(form: Mapping[str, str]) -> dict[int, Doubt]:
    return {
        int(match[1]): answer
        for name, value in form.items()
        if (match := _CHOICE.fullmatch(name)) and (answer := _ANSWERS.get(value))
    }
