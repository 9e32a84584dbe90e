"""The parts of an XLSX workbook, looked through before anything reads them: a bomb is refused.

openpyxl holds most parts in memory whole, as trees; sheets and texts it reads row by row. The names
of the parts are those of ECMA-376 part 1, annex A, as every office program writes them.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from booklib.errors import BadFile

MAX_UNPACKED = 300 * 1024 * 1024
MAX_STRINGS = 100 * 1024 * 1024
MAX_PARTS = 10_000
MAX_ROW = 512 * 1024
"""Bytes of one row's XML, which is held in memory as a tree."""
MAX_TAGS = 50_000
"""Tags of a part that is held in memory whole; each takes about a kilobyte there."""
MAX_WHOLE = 10 * 1024 * 1024
"""Bytes of such a part."""

TOO_LARGE = "This workbook is too large when unpacked. Please save the books as CSV and try again."
BROKEN = "This workbook is broken or locked. Please save it as CSV and try again."

_PIECE = 256 * 1024
_TYPES = "[Content_Types].xml"
_STRINGS = "xl/sharedstrings.xml"
_SHEETS = "xl/worksheets/"
_WHOLE = re.compile(
    r"\[content_types\]\.xml|.*\.rels|xl/workbook[^/]*\.xml|xl/styles\.xml|xl/theme/.*|docprops/.*"
)
_ROW_END = re.compile(rb"</(?:\w+:)?(?:row|si)\s*>|<(?:\w+:)?(?:row|si)\b[^<>]{0,300}/>")
_HIDES = re.compile(rb"<!|<\?(?!xml)")
"""Comments, CDATA and instructions: in one, a row that never ends could seem to end."""
_DEFINES = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_LONGEST_SIGN = 9
"""Bytes of the longest of these signs, which may stand across the border of two pieces."""


def names(path: Path) -> list[str]:
    """The parts of an archive; none where it is no archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []


def expect_small(path: Path) -> None:
    """Unpack every part once, without keeping it, and count: what an archive lists may be a lie.

    Raises BadFile.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise BadFile(TOO_LARGE)
            total = 0
            for part in parts:
                total += _unpacked(archive, part)
                if total > MAX_UNPACKED:
                    raise BadFile(TOO_LARGE)
            _expect_usual_names(archive)
    except BadFile:
        raise
    except Exception as error:  # whatever zipfile stumbles over in a broken archive
        raise BadFile(BROKEN) from error


def is_sheet(name: str) -> bool:
    """Whether a part was looked through as a sheet."""
    return name.lower().startswith(_SHEETS)


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """The bytes that a part really has; raises BadFile where reading it would fill the memory."""
    name = part.filename.lower()
    by_row, whole = name == _STRINGS or is_sheet(name), bool(_WHOLE.fullmatch(name))
    most = MAX_STRINGS if name == _STRINGS else MAX_WHOLE if whole else MAX_UNPACKED
    forbidden = _HIDES if by_row else _DEFINES
    size, since, tags, before = 0, 0, 0, b""
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            if (by_row or whole) and forbidden.search(before + piece):
                raise BadFile(BROKEN)
            size += len(piece)
            tags += piece.count(b"<")
            ends = [match.end() for match in _ROW_END.finditer(piece)][-1:]
            since = len(piece) - ends[0] if ends else since + len(piece)
            if size > most or (by_row and since > MAX_ROW) or (whole and tags > MAX_TAGS):
                raise BadFile(TOO_LARGE)
            before = piece[1 - _LONGEST_SIGN :]
    return size


def _expect_usual_names(archive: zipfile.ZipFile) -> None:
    """Raise BadFile where texts or workbook hide under a name by which they were not looked at."""
    for one in ElementTree.fromstring(archive.read(_TYPES)):  # noqa: S314  # small, without a DTD
        kind, name = one.get("ContentType", ""), one.get("PartName", "/").lower()[1:]
        hidden = "sharedStrings" in kind and name != _STRINGS
        if hidden or ("sheet.main+xml" in kind and not _WHOLE.fullmatch(name)):
            raise BadFile(BROKEN)
