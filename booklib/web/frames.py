"""What stands around the books of a shelf: tabs, filters, search. Drawn once and kept, like a card.

A frame depends on nothing but its Frame, and its templates are given nothing else of the user.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from markupsafe import Markup

from booklib.models import SORTS, Page, ShelfRow, User
from booklib.web.forms import rating_text
from booklib.web.respond import render_to_text
from booklib.web.shelf_query import DELETED, UNRATED, Shown
from booklib.wording import STATUS_WORDS, stars_in_words

FRAMES_KEPT: Final = 128
"""About 15 kB each."""

SORT_WORDS: Final = {
    "added": ("Date added", "newest first", "oldest first"),
    "title": ("Title", "Z to A", "A to Z"),
    "author": ("Author", "Z to A", "A to Z"),
    "rating": ("Rating", "best first", "lowest first"),
    "finished": ("Date finished", "latest first", "earliest first"),
}
"""For each order its name, and what descending and ascending mean."""

SORT_CHOICES: Final = tuple((sort, SORT_WORDS[sort][0]) for sort in SORTS)

RATING_CHOICES: Final = (
    *((rating_text(half), stars_in_words(half)) for half in range(10, 0, -1)),
    (UNRATED, "Not rated"),
)

BOOKS_GO_HERE: Final = "<!--books-->"
"""Where the template leaves room for the books. What the reader typed is escaped, so the mark is
the template's own."""


class Frame(NamedTuple):
    """All that a frame shows."""

    template: str
    shown: Shown
    counts: tuple[tuple[str, int], ...]
    total: int
    found: int
    """Number of books on this page."""
    more: bool
    continued: bool
    """Whether this is a page behind the first."""
    shortcuts: bool


def frame_of(
    template: str, user: User, shown: Shown, page: Page[ShelfRow], *, continued: bool
) -> Frame:
    """The frame for one page of the user's books; `template` is the page's or the fragment's."""
    return Frame(
        template=template,
        shown=shown,
        counts=tuple(sorted(user.counts.items())),
        total=user.total,
        found=len(page.rows),
        more=page.after is not None,
        continued=continued,
        shortcuts=user.shortcuts,
    )


def around(frame: Frame, *, with_messages: bool) -> tuple[bytes, bytes]:
    """What stands before the books and behind them.

    `with_messages` says that messages wait to be shown, which happens once: it is not kept.
    """
    return _draw(frame) if with_messages else _kept(frame)


@lru_cache(maxsize=FRAMES_KEPT)
def _kept(frame: Frame) -> tuple[bytes, bytes]:
    return _draw(frame)


def _draw(frame: Frame) -> tuple[bytes, bytes]:
    shown = frame.shown
    text = render_to_text(
        frame.template,
        user={"shortcuts": frame.shortcuts},
        shown=shown,
        counts=dict(frame.counts),
        total=frame.total,
        found=frame.found,
        more=frame.more,
        continued=frame.continued,
        statuses=STATUS_WORDS,
        order=SORT_WORDS[shown.sort],
        sort_options=_options(SORT_CHOICES, shown.sort),
        rating_options=_options(RATING_CHOICES, shown.rating),
        deleted=DELETED,
    )
    before, _, behind = text.partition(BOOKS_GO_HERE)
    return before.encode(), behind.encode()


def _options(choices: tuple[tuple[str, str], ...], chosen: str) -> Markup:
    """The options of a select."""
    option = Markup('<option value="{}"{}>{}</option>')
    selected = {chosen: Markup(" selected")}
    return Markup().join(
        option.format(value, selected.get(value, ""), words) for value, words in choices
    )
