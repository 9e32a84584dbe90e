"""Our own format: every field of every book as JSON, one book a line.

`{"format": "book-library", "version": 1, "books": [...]}`. A book's members are sorted and absent
where there is nothing to say:

- `isbn` (ISBN-13), or `edition` (a provider's id), or else `id`, which finds the book again;
- `status`, `rating` (stars, in halves), `added_at` (UTC), `started` and `finished` (as precise as
  known), `readings` (earlier ones, oldest first), `tags`, `review`, `notes`, `copies`;
- `mine`: the reader's own values by field, null where the reader wants a field empty;
- `known`: what is shown where the reader has no value of their own;
- `imported`: what the file said that was imported last;
- `cover`: in an archive, the file of the picture that is shown where the reader has none of their
  own; theirs is `cover_file` in `mine`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Container
from typing import Any

from booklib.models import COVER_FILE, FIELD_NAMES, CoverName, Fields, Value, shown_value
from booklib.models.shelf import stamp
from booklib.ports import World
from booklib.transfer.shelf_lines import Kept, Share, lines, unheard

NAME = "book-library"
VERSION = 1
ID = "id"
"""Where `imported` keeps the id of a book that has neither ISBN nor edition."""

HEAD = f'{{"format": "{NAME}", "version": {VERSION}, "books": ['.encode()
TAIL = b"]}\n"
FOLDER = "covers"
"""Where an archive keeps its pictures."""


async def stream(world: World, user_id: str, share: Share = unheard) -> AsyncIterator[bytes]:
    """The library as pieces of a JSON file."""
    async for piece in joined(lines(world, user_id, line, share)):
        yield piece


async def joined(ready: AsyncIterator[list[bytes]]) -> AsyncIterator[bytes]:
    """Lines of books as pieces of a whole file."""
    yield HEAD
    before = b"\n"
    async for some in ready:
        if some:
            yield before + b",\n".join(some)
            before = b",\n"
    yield (b"\n" if before == b",\n" else b"") + TAIL


def line(kept: Kept, pictures: Container[str] = ()) -> bytes:
    """One book. `pictures` are the names of the files that are in the archive."""
    told = _told(kept, pictures)
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def picture_files(kept: Kept) -> list[tuple[str, CoverName]]:
    """The pictures of a book that are kept here: name in the archive, and name here."""
    values = (kept.copy.mine.get(COVER_FILE), _below(kept, COVER_FILE))
    names = (CoverName.parse(value) for value in values if isinstance(value, str))
    return [(_file(name), name) for name in names if name]


def _told(kept: Kept, pictures: Container[str]) -> dict[str, Any]:
    copy = kept.copy
    known = {name: _below(kept, name) for name in FIELD_NAMES}
    told = {
        "isbn": copy.isbn,
        "edition": None if copy.isbn else copy.edition,
        ID: None if copy.isbn or copy.edition else copy.imported.get(ID, copy.user_book_id),
        "status": copy.status,
        "rating": _stars(copy.rating),
        "added_at": stamp(copy.added_at),
        "started": copy.started_on,
        "finished": copy.finished_on,
        "readings": [reading._asdict() for reading in copy.readings],
        "tags": list(copy.tags),
        "review": copy.review,
        "notes": copy.notes,
        "copies": copy.copies,
        "mine": _mine(copy.mine, pictures),
        "known": {name: _plain(value) for name, value in known.items() if _says(value)},
        "imported": {name: _plain(value) for name, value in copy.imported.items() if name != ID},
        "cover": _picture(_below(kept, COVER_FILE), pictures),
    }
    return {name: value for name, value in told.items() if _says(value)}


def _mine(mine: Fields, pictures: Container[str]) -> dict[str, Any]:
    told = {name: _plain(value) for name, value in mine.items()}
    if told.get(COVER_FILE) is not None:
        told[COVER_FILE] = _picture(mine[COVER_FILE], pictures)
        if told[COVER_FILE] is None:
            del told[COVER_FILE]
    return told


def _picture(value: Value, pictures: Container[str]) -> str | None:
    """The file in the archive of a cover's stored name, if it is in there."""
    name = CoverName.parse(value) if isinstance(value, str) else None
    return _file(name) if name and _file(name) in pictures else None


def _file(name: CoverName) -> str:
    return f"{FOLDER}/{name._replace(own=False)}.webp"


def _below(kept: Kept, name: str) -> Value:
    """What is shown of a field where the reader has no value of their own."""
    return shown_value(name, {}, kept.book.fields if kept.book else {}, kept.copy.given)


def _stars(halves: int) -> int | float:
    return halves / 2 if halves % 2 else halves // 2


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _says(value: Any) -> bool:
    return value is not None and value not in ("", 0, (), [], {})
