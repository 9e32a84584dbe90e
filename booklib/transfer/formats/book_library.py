"""Book Library: what this program itself has exported, as JSON or as an archive with covers."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO, Any

from booklib.errors import BadFile
from booklib.transfer import archive, kinds
from booklib.transfer.columns import Column
from booklib.transfer.drafts import Draft
from booklib.transfer.format import File, Format, Opened
from booklib.transfer.json_members import members
from booklib.transfer.library_json import NAME, VERSION
from booklib.transfer.library_rows import row
from booklib.transfer.reading import MAX_ROWS, TOO_MANY
from booklib.transfer.rows import Row

MAX_ARCHIVE = 2 * 1024**3

LABEL = "Book Library"
BROKEN = "This export is damaged. Please export your library again, or copy the file once more."
NEWER = (
    "This file was written by a newer version of this program. "
    "Please update this one and import the file again."
)
NO_BOOKS = "There are no books in this export."

_EDGE = 4096
_SIGN = re.compile(rf'"format"\s*:\s*"{NAME}"'.encode())
Source = Callable[[], AbstractContextManager[IO[bytes]]]


def _member(field: str) -> Column:
    return Column(field, _unread)


def _unread(draft: Draft, cell: str) -> None:
    """Our own files are no tables: `library_rows` reads them."""


FORMAT = Format(
    name=NAME,
    label=LABEL,
    where="In any Book Library: Account, Take your library out, JSON or the archive with covers.",
    needs=frozenset(),
    columns={
        "isbn, edition, id": _member("finds the book again"),
        "status": _member("status"),
        "rating": _member("rating"),
        "added_at": _member("date added"),
        "started, finished": _member("the latest reading"),
        "readings": _member("earlier readings"),
        "tags": _member("tags"),
        "review": _member("review"),
        "notes": _member("notes"),
        "copies": _member("copies"),
        "mine": _member("your own texts and your own cover"),
        "known": _member("title, authors and all other details"),
        "imported": _member("what an earlier file said"),
        "cover": _member("cover, from the archive"),
    },
)


def _fits(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_EDGE)
        if head.startswith(b"PK"):
            return archive.is_ours(path)
        file.seek(max(path.stat().st_size - _EDGE, 0))
        tail = file.read()
    return bool(_SIGN.search(head) or _SIGN.search(tail))


def _open(path: Path) -> Opened:
    with path.open("rb") as file:
        packed = file.read(2) == b"PK"
    kinds.expect_size(path, MAX_ARCHIVE if packed else kinds.MAX_TABLE)
    source: Source = partial(archive.library if packed else _plain, path)
    _check(source)
    return Opened(name=NAME, label=LABEL, columns=(), remarks=(), rows=partial(_rows, source))


def _plain(path: Path) -> AbstractContextManager[IO[bytes]]:
    return path.open("rb")


def _check(source: Source) -> None:
    """Raise BadFile for what is not ours, of a newer version, or without books."""
    format_name, version = _head(source)
    if format_name != NAME:
        raise BadFile(BROKEN)
    if type(version) is not int or version < 1:
        raise BadFile(BROKEN)
    if version != VERSION:
        raise BadFile(NEWER)
    if next(_rows(source), None) is None:
        raise BadFile(NO_BOOKS)


def _head(source: Source) -> tuple[Any, Any]:
    """What the file calls itself, and its version. Both stand before the books as we write it."""
    found: dict[str, Any] = {}
    for name, value in _members(source):
        if name in ("format", "version"):
            found[name] = value
        if len(found) == 2:
            break
    return found.get("format"), found.get("version")


def _rows(source: Source) -> Generator[Row, None, None]:
    books = (value for name, value in _members(source) if name == "books")
    for number, book in enumerate(books, 1):
        if number > MAX_ROWS:
            raise BadFile(TOO_MANY)
        yield row(number, book)


def _members(source: Source) -> Iterator[tuple[str, Any]]:
    with source() as stream:
        try:
            yield from members(stream)
        except archive.FAULTS as error:
            raise BadFile(BROKEN) from error


FILE = File(fits=_fits, open=_open)
