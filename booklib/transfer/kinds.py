"""What a file is by its first bytes, and why a picture or PDF is not a table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from booklib.errors import BadFile

Kind = Literal["text", "json", "zip"]

MAX_TABLE = 100 * 1024 * 1024
"""Bytes of a table or JSON file; an archive's limit is its own module's."""
HEAD = 4096

EMPTY = "This file is empty. Please export it again."
TOO_LARGE = (
    "This file has {size} MB; at most {most} MB can be imported. "
    "Please cut it into several and import them one after the other."
)
NOT_A_TABLE = (
    "This is {what}, and not a table of books. Please export your books as CSV, TSV, XLSX or JSON."
)
_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture or a sound"),
    (b"BM", "a picture"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"BZh", "a compressed file (bzip2)"),
    (b"7z\xbc\xaf", "a compressed file (7z)"),
    (b"\xfd7zXZ", "a compressed file (xz)"),
    (b"Rar!", "a compressed file (RAR)"),
    (b"SQLite format 3\x00", "a database"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HTML = (b"<!doctype", b"<html", b"<?xml", b"<svg", b"<head", b"<rss")


def kind(path: Path) -> Kind:
    """Whether a file is to be read as text, as JSON or as an archive; raises BadFile otherwise."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip(b"\x00 \t\r\n"):
        raise BadFile(EMPTY)
    if head.startswith(_ZIP):
        return "zip"
    if head.startswith(_OLD_EXCEL):
        raise BadFile(
            "This is a file of an old Excel. Please save it there as XLSX or CSV and try again."
        )
    for sign, what in _SIGNS:
        if head.startswith(sign) and _is_binary(head, sign):
            raise BadFile(NOT_A_TABLE.format(what=what))
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(_HTML):
        raise BadFile(NOT_A_TABLE.format(what="a web page or XML file"))
    return "json" if _is_json(start) else "text"


def expect_size(path: Path, most: int = MAX_TABLE) -> None:
    """Raise BadFile for a file with more bytes than that, before any of them is read."""
    size = path.stat().st_size
    if size > most:
        raise BadFile(
            TOO_LARGE.format(size=f"{size / 1024**2:,.0f}", most=f"{most / 1024**2:,.0f}")
        )


def _is_binary(head: bytes, sign: bytes) -> bool:
    """Whether a file really is what two or four letters at its start say: BM may begin a title."""
    return not sign.isalnum() or any(byte < 9 for byte in head[:64])


def _is_json(start: bytes) -> bool:
    """An array of objects, or an object with a first member: `[2070360024]` begins no JSON."""
    return (start[:1] == b"{" and start[1:].lstrip()[:1] in (b'"', b"}", b"")) or (
        start[:1] == b"[" and start[1:].lstrip()[:1] in (b"{", b"]", b"")
    )
