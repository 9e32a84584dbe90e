"""What is told of books just added: a toast for one, a list of outcomes for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from markupsafe import Markup
from quart import Response

from booklib.library import Added
from booklib.models import UserBook
from booklib.web import answers
from booklib.web.answers import Toast
from booklib.wording import count_in_words


class Line(NamedTuple):
    """One entry of what was pasted: `done`, or a `problem` in a sentence."""

    text: str
    problem: str
    done: Added | None

    @property
    def name(self) -> str:
        """The book as a list names it."""
        return answers.name_of(self.done.user_book) if self.done else self.text

    @property
    def url(self) -> str:
        """The page of the book."""
        return f"/books/{self.done.user_book.user_book_id}" if self.done else ""


class Outcome(NamedTuple):
    """What came of a list, by kind; `sentence` says it in one line."""

    new: list[Line]
    have: list[Line]
    restored: list[Line]
    bad: list[Line]
    sentence: str

    @property
    def is_plain(self) -> bool:
        """Whether every line was new, so that one sentence says it all."""
        return not (self.have or self.restored or self.bad)

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Outcome:
        """Sort the lines by what came of them."""
        kinds: dict[str, list[Line]] = {"new": [], "have": [], "restored": [], "bad": []}
        for line in lines:
            kinds[line.done.outcome if line.done else "bad"].append(line)
        parts = [
            ("new", f"Added {count_in_words(len(kinds['new']), 'book')}"),
            ("restored", f"{len(kinds['restored'])} back from the trash"),
            ("have", f"{len(kinds['have'])} already yours"),
            ("bad", f"{len(kinds['bad'])} not added"),
        ]
        told = ", ".join(words for kind, words in parts if kinds[kind])
        return cls(**kinds, sentence=f"{told[:1].upper()}{told[1:]}.")


_SENTENCES = {
    "new": "Added {}.",
    "have": "You already have {}.",
    "restored": "{} was in the trash and is back, with everything it had.",
}


def toast_of(done: Added) -> Toast:
    """What is told of one addition; a link leads to the book."""
    book = done.user_book
    name = Markup('<a href="/books/{}">{}</a>').format(book.user_book_id, answers.name_of(book))
    return Toast(message=Markup(_SENTENCES[done.outcome]).format(name))  # noqa: S704  # constants


def fragment(done: Sequence[Added], told: Toast | None, box: str, *, status: int = 200) -> Response:
    """The answer to htmx: a fresh box, the new cards on top of the shelf, counts and a toast."""
    fresh = [one for one in done if one.outcome != "have"]
    cards = [answers.on_top(one.user_book) for one in fresh]
    counts = answers.counts_after(*[(_before(one), one.user_book) for one in fresh])
    pieces = [box, answers.partial("#add-outcome", "delete"), *cards]
    if fresh:
        pieces.append(counts)
    if told:
        pieces.append(answers.toast(told))
    return answers.fragment(*pieces, status=status)


def _before(done: Added) -> UserBook | None:
    """The copy before it was added, as far as counting goes."""
    if done.outcome == "new":
        return None
    return replace(done.user_book, deleted_at=done.user_book.added_at)
