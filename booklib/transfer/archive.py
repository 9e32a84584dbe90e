"""Archives that this program made: looked up by name, never unpacked to the disk."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from booklib.errors import BadFile

LIBRARY = "library.json"
MAX_ENTRIES = 100_000
MAX_DIRECTORY = 64 * 1024 * 1024
"""Bytes of the list of contents, which is held in memory."""
MAX_PICTURE = 12 * 1024 * 1024

BROKEN = "This archive is damaged. Please export your library again, or copy the file once more."
TOO_MANY = f"This archive holds more than {MAX_ENTRIES:,} files, so it is none of this program."

FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,  # what zipfile says of encrypted files
    KeyError,
    struct.error,
)
"""What a damaged or odd archive makes zipfile raise."""

# Where the list of contents is told of (PKWARE's APPNOTE.TXT 4.3.14 to 4.3.16).
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = 65_535


def opened(path: Path) -> zipfile.ZipFile:
    """An archive, once its list of contents is known to fit in memory; raises BadFile."""
    _expect_small_directory(path)
    try:
        return zipfile.ZipFile(path)
    except FAULTS as error:
        raise BadFile(BROKEN) from error


def is_ours(path: Path) -> bool:
    """Whether an archive holds a library of this program. Never raises for what is in a file."""
    try:
        with opened(path) as archive:
            return LIBRARY in archive.namelist()
    except BadFile:
        return False


@contextmanager
def library(path: Path) -> Iterator[IO[bytes]]:
    """The library in an archive, as a stream of JSON; raises BadFile, and FAULTS while read."""
    with opened(path) as archive:
        if archive.namelist().count(LIBRARY) != 1:
            raise BadFile(BROKEN)
        try:
            stream = archive.open(LIBRARY)
        except FAULTS as error:
            raise BadFile(BROKEN) from error
        with stream:
            yield stream


def picture(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """A picture by its name in the archive; None where there is none that can be read."""
    try:
        with archive.open(name) as stream:
            found = stream.read(MAX_PICTURE + 1)
            return found if len(found) <= MAX_PICTURE else None
    except FAULTS:
        return None


def _expect_small_directory(path: Path) -> None:
    """Raise BadFile where the list of contents is too long, before zipfile reads all of it."""
    try:
        with path.open("rb") as file:
            entries, size = _directory(file, path.stat().st_size)
    except (OSError, struct.error, ValueError) as error:
        raise BadFile(BROKEN) from error
    if entries > MAX_ENTRIES or size > MAX_DIRECTORY:
        raise BadFile(TOO_MANY)


def _directory(file: IO[bytes], whole: int) -> tuple[int, int]:
    """The number of files in an archive, and the bytes of its list of contents, as it says."""
    start = max(whole - _LONGEST_COMMENT - _END.size, 0)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0:
        raise ValueError("no end of the list of contents")
    _, _, _, _, entries, size, _, _ = _END.unpack_from(tail, place)
    before = start + place - _LOCATOR.size
    if before < 0:
        return entries, size
    file.seek(before)
    mark, _, where, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if mark != b"PK\x06\x07":
        return entries, size
    file.seek(min(where, whole))
    _, _, _, _, _, _, _, entries, size, _ = _END_64.unpack(file.read(_END_64.size))
    return entries, size
