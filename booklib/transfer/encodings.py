"""The letters of a text file: which encoding it has, and its lines, one after the other."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from booklib.errors import BadFile

CHUNK = 1024 * 1024
MAX_LINE = 2_000_000
"""Characters. A longer line is no row of any table."""

LONG_LINE = (
    "Line {number} is longer than {most:,} characters, so this is no table of books. "
    "Please export it again."
)
BINARY = "This file holds no text. Please export your books as CSV, TSV, XLSX or JSON."
STRAY_BYTES = (
    "A few letters of this file are written in another way than the rest. "
    "They are shown as � and can be mended after the import."
)
WESTERN = "This file is not in Unicode: it is read as Western European (Windows-1252)."
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 8192
_CONTROLS = frozenset(range(1, 32)) - {9, 10, 11, 12, 13, 26, 27}


class Letters(NamedTuple):
    """How a file's bytes become text."""

    encoding: str
    remark: str = ""


def letters(path: Path) -> Letters:
    """The encoding of a text file; raises BadFile for one that holds no text."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return Letters(encoding)
    if encoding := _utf_16(sample):
        return Letters(encoding)
    if sum(byte in _CONTROLS for byte in sample) > len(sample) / 50:
        raise BadFile(BINARY)
    if _is_utf_8(path):
        return Letters("utf-8")
    right, wrong = _counted(path)
    if right > wrong:
        return Letters("utf-8", STRAY_BYTES)
    return Letters("cp1252", WESTERN)


def _utf_16(sample: bytes) -> str:
    """Which UTF-16 a sample without byte order mark is, or empty.

    The upper halves of digits, separators and Latin letters are NUL, and stand on one side.
    """
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < max(4, len(sample) / 10) or min(even, odd) * 10 > max(even, odd):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_utf_8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while piece := file.read(CHUNK):
                decoder.decode(piece)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return False
    return True


def _counted(path: Path) -> tuple[int, int]:
    """The letters of a file beyond ASCII that are right as UTF-8, and the bytes that are not."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    right = wrong = 0
    with path.open("rb") as file:
        for piece in chain(iter(lambda: file.read(CHUNK), b""), [b""]):
            text = decoder.decode(piece, not piece)
            bad = text.count("�")
            wrong += bad
            right += len(text) - len(text.encode("ascii", "ignore")) - bad
    return right, wrong


def lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a text file with their ends, without NUL; raises BadFile for an endless one."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise BadFile(LONG_LINE.format(number=number, most=MAX_LINE))
            yield line.replace("\x00", "")
