"""What the digits of a barcode stand for."""

from __future__ import annotations

from booklib.isbn import hyphenated
from booklib.models.scans import CodeKind

GOODS: dict[str, CodeKind] = {
    "9790": "music",
    "977": "magazine",
    "978": "book",
    "979": "book",
    "191": "price",
    "192": "price",
}
"""First digits (GS1 prefixes; ISBN Users' Manual; 191 and 192: the second code of Japanese books,
JPO's standard for bibliographic barcodes)."""


def kind_of(digits: str) -> CodeKind:
    """The kind of an EAN of 13 digits (a UPC-A with a zero before it) or of 8."""
    if len(digits) != 13:
        return "product"
    kind = GOODS.get(digits[:4]) or GOODS.get(digits[:3], "product")
    return "doubtful" if kind == "book" and not is_assigned(digits) else kind


def looks_like_book(digits: str) -> bool:
    """Whether the digits are those of an ISBN-13, of an assigned group or not."""
    return len(digits) == 13 and digits.startswith(("978", "979")) and digits[:4] != "9790"


def is_assigned(isbn: str) -> bool:
    """Whether the International ISBN Agency has given the group (country, language) to anybody."""
    return hyphenated(isbn).count("-") >= 3


def as_printed(digits: str) -> str:
    """The digits as they stand below the bars: of a UPC-A without the zero before them."""
    return digits[1:] if len(digits) == 13 and digits[0] == "0" else digits
