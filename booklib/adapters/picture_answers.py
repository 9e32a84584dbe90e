"""What a process for pictures answers, read without believing a word of it.

It decodes what strangers made, so a fault in a decoder may let somebody else speak for it.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any, get_args

from booklib.models import Code, CodeKind, CoverPictures, Scan
from booklib.models.scans import Advice, Place

LONGEST = 1000
"""Characters of a code or a sentence."""

BROKEN = (
    *(asyncio.IncompleteReadError, OSError, struct.error),
    *(LookupError, TypeError, ValueError, RecursionError),
)
"""What reading the answer of a process raises that died, or that makes no sense."""

Frame = tuple[dict[str, Any], bytes]


def read_scan(frame: Frame) -> Scan:
    """A scan as a child told it, every part checked; raises one of BROKEN."""
    header, blob = frame
    codes, start = [], 0
    for told in header["codes"]:
        end = start + _whole(told["crop"])
        isbn = None if told["isbn"] is None else _text(told["isbn"])
        place = Place(*(_fraction(part) for part in told["place"]))
        codes.append(
            Code(_one_of(told["kind"], CodeKind), _text(told["text"]), isbn, place, blob[start:end])
        )
        start = end
    if start != len(blob):
        raise ValueError("the crops are not as long as told")
    return Scan(
        width=_whole(header["width"]),
        height=_whole(header["height"]),
        codes=tuple(codes),
        advice=_one_of(header["advice"], Advice),
        cut_short=header["cut_short"] is True,
    )


def read_cover(frame: Frame) -> CoverPictures:
    """A cover as a child made it; raises one of BROKEN."""
    header, blob = frame
    end = _whole(header["large"])
    return CoverPictures(blob[:end], blob[end:], _whole(header["width"]), _whole(header["height"]))


def read_extras(frame: Frame) -> frozenset[str]:
    """Names of what a process has; raises one of BROKEN."""
    return frozenset(_text(name) for name in frame[0]["extras"])


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("a number is wrong")
    return value


def _fraction(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]
        raise TypeError("a place is wrong")
    return float(value)  # type: ignore[arg-type]


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise TypeError("a text is wrong")
    return value


def _one_of(value: object, choices: Any) -> Any:
    if value not in get_args(choices):
        raise ValueError("a word is unknown")
    return value
