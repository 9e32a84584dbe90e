"""What was found in a picture of books."""

from __future__ import annotations

from typing import Literal, NamedTuple

CodeKind = Literal["book", "doubtful", "music", "magazine", "price", "product", "unknown"]
"""`book`: an ISBN. `doubtful`: it looks like one, but its group is not assigned, or the reading is
not sure enough: to be typed or confirmed by the reader. `music`: ISMN. `magazine`: ISSN. `price`:
the second code of a Japanese book. `product`: any other EAN or UPC. `unknown`: something else."""


class Place(NamedTuple):
    """Where a code is in the upright picture: fractions of its width and height, 0 to 1."""

    left: float
    top: float
    width: float
    height: float


class Code(NamedTuple):
    """One barcode."""

    kind: CodeKind
    text: str
    """The digits as read, without an add-on."""
    isbn: str | None
    """The ISBN-13 of a `book` (and of a `doubtful` one, where there is any), else None."""
    place: Place
    crop: bytes = b""
    """A small JPEG of the code and a little around it; empty where there are too many."""


Advice = Literal["", "blurred", "dark", "bright", "small", "nothing"]
"""What would help where no book was read; `nothing`: no barcode is to be seen at all."""


class Scan(NamedTuple):
    """All that one picture gave, from the top left to the bottom right; each code once."""

    width: int
    height: int
    """Pixels of the upright picture as it was sent."""
    codes: tuple[Code, ...]
    advice: Advice = ""
    cut_short: bool = False
    """Whether the time was over before every preparation was tried."""

    @property
    def isbns(self) -> tuple[str, ...]:
        """The books, each once."""
        return tuple(dict.fromkeys(c.isbn for c in self.codes if c.kind == "book" and c.isbn))


class CoverPictures(NamedTuple):
    """A cover made ready to be stored: two WebP pictures, and the size of the large one."""

    large: bytes
    small: bytes
    width: int
    height: int
