"""A stored cover as a page shows it: addresses, sizes, and the shape that keeps its place."""

from __future__ import annotations

from typing import Final, NamedTuple

from booklib.models import CoverName, CoverSize
from booklib.models.covers import COVER_WIDTHS

STEPS: Final = 40
NARROWEST: Final = 22
WIDEST: Final = 60
"""Covers are as wide as 22 to 60 fortieths of their height; the style sheet has a class for each.
What is narrower or wider is cut to that, and a rest of less than an eightieth too."""

_WHERE: Final = "auto, (max-width: 30rem) 44vw, 12rem"
"""How wide a card's cover is; lazy pictures know it by themselves where browsers can."""


class Photo(NamedTuple):
    """What an `img` says of one stored cover."""

    shape: str
    small: str
    """Address; `width` and `height` are its pixels, the large one's are `full_width` ..."""
    width: int
    height: int
    large: str
    full_width: int
    full_height: int
    sizes: str = _WHERE


def photo_of(name: str) -> Photo | None:
    """The picture that a card or a book names; None where it names none, also by an address."""
    known = CoverName.parse(name) if name else None
    if known is None:
        return None
    width = min(known.width, COVER_WIDTHS["small"])
    return Photo(
        shape=f"shape-{_shape(known.width, known.height)}",
        small=address(known, "small"),
        width=width,
        height=max(round(width * known.height / known.width), 1),
        large=address(known, "large"),
        full_width=known.width,
        full_height=known.height,
    )


def address(name: CoverName, size: CoverSize) -> str:
    """Where a stored cover is fetched from."""
    return f"/covers/{size}/{name}.webp"


def _shape(width: int, height: int) -> int:
    return min(max(round(STEPS * width / height), NARROWEST), WIDEST)
