"""Drawing the books of a shelf, and keeping what was drawn.

A card's HTML depends on nothing but its row, so each is drawn once and kept: a page of fifty is
then joined, not rendered. It is kept as UTF-8, because one emoji makes a Python string four times
as large, and the page that it is put into too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import crc32

from markupsafe import Markup
from quart import current_app

from booklib import isbn as isbn_rules
from booklib.models import Card, Lookup, ShelfRow, Status, UserBook
from booklib.models.shelf import unpack_card
from booklib.web.photos import Photo, photo_of
from booklib.wording import STATUS_SHORT, STATUS_WORDS

CARDS_KEPT: Final = 4096
"""About 2 kB each."""

CLOTHS: Final = 20
BINDINGS: Final = 6
"""How many of each the style sheet holds: `cloth-01` to `cloth-20`, `binding-1` to `binding-6`."""

FIRST_WAIT: Final = 2
LONGEST_WAIT: Final = 60
"""Seconds after which a pending card asks again, doubled each time."""

FIRST_ROW: Final = 6
"""Pictures that are fetched at once; those further down wait until one scrolls to them."""
_LAZY: Final = b' loading="lazy"'

_TEMPLATE: Final = "shelf/_card.html"

_STATUSES: Final = tuple(
    (status, words, STATUS_SHORT.get(status, "")) for status, words in STATUS_WORDS.items()
)
"""Each with its words, and with a short form where they do not fit beside the others."""

_NOTES: Final[dict[Lookup, str]] = {
    "pending": "Details will follow",
    "not-found": "No details found",
    "failed": "Look-up failed",
}


class Drawn(NamedTuple):
    """What the card's template shows."""

    ident: str
    heading: str
    short: str
    """The heading as it is spoken in a button's name, cut to a bearable length."""
    byline: str
    year: str
    note: str
    lookup: Lookup
    status: Status
    rating: int
    deleted: bool
    binding: str
    size: str
    wait: int
    next_wait: int
    photo: Photo | None
    polls: bool
    """Whether the card asks again: its look-up, or its picture, is still to come."""
    statuses: tuple[tuple[Status, str, str], ...] = _STATUSES


def shelf_html(rows: Iterable[ShelfRow]) -> bytes:
    """Rows of the shelf as HTML in UTF-8."""
    drawn = [
        _kept(row.user_book_id, row.card, row.status, row.rating, row.deleted, FIRST_WAIT)
        for row in rows
    ]
    drawn[:FIRST_ROW] = [card.replace(_LAZY, b"") for card in drawn[:FIRST_ROW]]
    return b"".join(drawn)


def card_of(user_book: UserBook, wait: int = FIRST_WAIT, *, coming: bool = False) -> Markup:
    """One book as HTML, the same as on the shelf.

    `wait` is the number of seconds after which it asks again while its look-up is pending, or its
    picture is `coming`.
    """
    patience = min(max(wait, FIRST_WAIT), LONGEST_WAIT)
    deleted = user_book.deleted_at is not None
    html = _kept(
        user_book.user_book_id,
        user_book.card,
        user_book.status,
        user_book.rating,
        deleted,
        patience,
        coming,
    )
    return Markup(html.decode())  # noqa: S704  # made by a template that escapes


def binding(ident: str) -> str:
    """The classes of a drawn cover: always the same for the same id."""
    number = crc32(ident.encode())
    return f"cloth-{number % CLOTHS + 1:02d} binding-{number // CLOTHS % BINDINGS + 1}"


def heading(card: Card) -> str:
    """The title, or the ISBN as it is printed on a book while there is no title yet."""
    if card.title:
        return card.title
    return isbn_rules.hyphenated(card.isbn) if card.isbn else "Untitled"


def byline(authors: tuple[str, ...]) -> str:
    """The authors in a line: three at most, the rest as a number."""
    if len(authors) > 3:
        return f"{', '.join(authors[:2])} and {len(authors) - 2} more"
    return " and ".join(part for part in (", ".join(authors[:-1]), *authors[-1:]) if part)


def title_size(title: str) -> str:
    """The class of the size in which a title fits on its cover."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in title)
    room = len(title) + wide
    longest = max((len(word) for word in title.split()), default=0) if not wide else 0
    for size, most, word in (("xl", 12, 6), ("l", 28, 8), ("m", 60, 11), ("s", 110, 13)):
        if room <= most and longest <= word:
            return size
    return "xs"


@lru_cache(maxsize=CARDS_KEPT)
def _kept(
    ident: str,
    packed: str,
    status: Status,
    rating: int,
    deleted: bool,
    wait: int,
    coming: bool = False,
) -> bytes:
    card = unpack_card(packed)
    title = heading(card)
    photo = photo_of(card.cover)
    waits = card.lookup == "pending" or (coming and card.lookup == "found" and photo is None)
    drawn = Drawn(
        ident=ident,
        heading=title,
        short=title if len(title) <= 60 else f"{title[:59]}…",
        byline=byline(card.authors),
        year=card.year,
        note=_NOTES.get(card.lookup, ""),
        lookup=card.lookup,
        status=status,
        rating=rating,
        deleted=deleted,
        binding=binding(ident),
        size=title_size(title),
        wait=wait,
        next_wait=min(2 * wait, LONGEST_WAIT),
        photo=photo,
        polls=waits and not deleted,
    )
    html: str = current_app.jinja_env.get_template(_TEMPLATE).render(card=drawn)
    return html.encode()
