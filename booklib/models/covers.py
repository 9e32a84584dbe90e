"""A stored cover and its name, which tells its proportions so that a page can keep its place.

A name is the hash of the large picture and its size in pixels: `<22 characters>-560x840`. The
reader's own upload is named `own/<the same>` and kept below its owner; the provider's is shared.
A name from an id of a book would tell a stranger that somebody here owns it.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Literal, NamedTuple

CoverSize = Literal["large", "small"]
COVER_SIZES: tuple[CoverSize, ...] = ("large", "small")
COVER_WIDTHS: dict[CoverSize, int] = {"large": 560, "small": 320}
"""Pixels that a stored cover is wide at most."""

OWN = "own/"
_NAME = re.compile(
    r"(?P<own>own/)?(?P<hash>[\w-]{22})-(?P<width>\d{2,4})x(?P<height>\d{2,4})", re.ASCII
)


class CoverName(NamedTuple):
    """The parts of a stored cover's name."""

    hash: str
    width: int
    height: int
    """Pixels of the large picture."""
    own: bool

    def __str__(self) -> str:
        return f"{OWN if self.own else ''}{self.hash}-{self.width}x{self.height}"

    @classmethod
    def of(cls, large: bytes, width: int, height: int, *, own: bool) -> CoverName:
        """The name of a picture: 128 bits of its SHA-256."""
        digest = urlsafe_b64encode(sha256(large).digest()[:16]).rstrip(b"=").decode("ascii")
        return cls(digest, width, height, own)

    @classmethod
    def parse(cls, name: str) -> CoverName | None:
        """The inverse of `str`; None for a text that names no stored cover."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        return cls(found["hash"], int(found["width"]), int(found["height"]), bool(found["own"]))

    def file(self, size: CoverSize, user_id: str) -> str:
        """Where the picture is kept in Files; an own one below its owner."""
        folder = f"users/{user_id}/covers" if self.own else "covers"
        return f"{folder}/{size}/{self.hash}-{self.width}x{self.height}.webp"
