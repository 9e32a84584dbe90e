"""Goodreads' own CSV, so that other programs can read the library.

The layout of 24 columns that Goodreads writes since 2022. What has no column there (when a reading
was begun, earlier readings, the description) is in our own JSON alone. A file that is imported and
exported again is the same: every cell is written as the import would read it.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import AsyncIterator
from datetime import UTC
from typing import Any, NamedTuple

from booklib import isbn as isbn_rules
from booklib.library.readings import times_read
from booklib.library.tagging import distinct
from booklib.models import Details, Status, UserBook, details
from booklib.models.folding import clean, fold
from booklib.plain_text import from_reader
from booklib.ports import World
from booklib.transfer.cells import defused, names, turned_name
from booklib.transfer.columns import MAX_LINE, MAX_NAME, MAX_NAMES, MAX_PAGES
from booklib.transfer.days import FIRST_YEAR, LAST_YEAR
from booklib.transfer.shelf_lines import Kept, Share, lines, unheard
from booklib.transfer.tables import MAX_CELL

COLUMNS = (
    "Book Id",
    "Title",
    "Author",
    "Author l-f",
    "Additional Authors",
    "ISBN",
    "ISBN13",
    "My Rating",
    "Average Rating",
    "Publisher",
    "Binding",
    "Number of Pages",
    "Year Published",
    "Original Publication Year",
    "Date Read",
    "Date Added",
    "Bookshelves",
    "Bookshelves with positions",
    "Exclusive Shelf",
    "My Review",
    "Spoiler",
    "Private Notes",
    "Read Count",
    "Owned Copies",
)
_DIGITS = frozenset({"ISBN", "ISBN13"})
"""Written as `="..."`, which keeps a spreadsheet from taking them for numbers."""

_YEAR = "Original Publication Year"
_BEFORE_CHRIST = re.compile(r"-\d{1,4}", re.ASCII)

_SHELF: dict[Status, str] = {
    "to-read": "to-read",
    "reading": "currently-reading",
    "read": "read",
    "did-not-finish": "did-not-finish",
}
_SHELVES = frozenset(fold(shelf) for shelf in _SHELF.values())
_UNTITLED = "Untitled"
_BINDING, _FIRST_PUBLISHED, _TIMES_READ = "Binding", "First published", "Times read"
_LABELLED = re.compile(rf"({_BINDING}|{_FIRST_PUBLISHED}|{_TIMES_READ}): (\S.*)")
_COUNT = re.compile(r"[1-9]\d{0,3}", re.ASCII)
_CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)], " ")
_MARKUP = re.compile(r"<[/!?a-zA-Z]|&#?\w+;|\n")


async def stream(world: World, user_id: str, share: Share = unheard) -> AsyncIterator[bytes]:
    """The library as pieces of a CSV file (UTF-8, LF)."""
    yield _joined(COLUMNS)
    async for some in lines(world, user_id, line, share):
        if some:
            yield b"".join(some)


def line(kept: Kept) -> bytes:
    """One book."""
    told = _told(kept.copy, details(kept.copy, kept.book))
    cells = [str(told.get(name, "")) for name in COLUMNS]
    return _joined(_kept_safe(name, cell) for name, cell in zip(COLUMNS, cells, strict=True))


def _kept_safe(name: str, cell: str) -> str:
    """A cell that a spreadsheet shows as it stands."""
    if name in _DIGITS:
        return f'="{cell}"'
    harmless = name == _YEAR and _BEFORE_CHRIST.fullmatch(cell)
    return cell if harmless else defused(cell)


def _joined(cells: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def _told(copy: UserBook, shown: Details) -> dict[str, object]:
    authors = _authors(shown.authors)
    year = _year(shown.published)
    notes = _taken_apart(copy.notes, year)
    day_read = _day_read(copy)
    return {
        "Book Id": _goodreads_id(copy),
        "Title": _title(copy, shown),
        "Author": authors[0] if authors else "",
        "Author l-f": _surname_first(authors[0]) if authors else "",
        "Additional Authors": ", ".join(authors[1:]),
        "ISBN": (copy.isbn and isbn_rules.isbn10(copy.isbn)) or "",
        "ISBN13": copy.isbn or "",
        "My Rating": f"{copy.rating / 2:g}",
        "Publisher": _text(_line(shown.publisher)[: MAX_LINE["publisher"]]),
        "Binding": _text(notes.binding),
        "Number of Pages": shown.page_count if 0 < (shown.page_count or 0) <= MAX_PAGES else "",
        "Year Published": year,
        _YEAR: notes.first_published,
        "Date Read": day_read,
        "Date Added": copy.added_at.astimezone(UTC).date().isoformat().replace("-", "/"),
        "Bookshelves": ", ".join(_shelves(copy)),
        "Exclusive Shelf": _SHELF[copy.status],
        "My Review": _text(copy.review),
        "Private Notes": _text(notes.rest),
        "Read Count": _read_count(copy, notes.times_read, day_read),
        "Owned Copies": copy.copies,
    }


def _goodreads_id(copy: UserBook) -> str:
    """The book's id at Goodreads, where it was imported from there."""
    program, _, number = str(copy.imported.get("ident", "")).partition(":")
    return number if program == "goodreads" else ""


def _line(text: str) -> str:
    return " ".join(clean(text.translate(_CONTROLS)).split())


def _title(copy: UserBook, shown: Details) -> str:
    whole = f"{shown.title}: {shown.subtitle}" if shown.subtitle else shown.title
    title = _line(whole)[: MAX_LINE["title"]].strip()
    return title or ("" if copy.isbn else _UNTITLED)


def _authors(told: tuple[str, ...]) -> list[str]:
    """The authors as they are read again: only the first may have a comma in the name."""
    tidy = (_line(name)[:MAX_NAME].strip(" ,;") for name in told)
    found: list[str] = []
    for name in tidy:
        if found:
            name = " ".join(turned_name(name).replace(",", " ").split()).strip(" ,;")
        else:
            name = next(iter(names(name, "")), "")
            name = next(iter(names(name, "")), "")
        if name and name not in found:
            found.append(name)
    return found[:MAX_NAMES]


def _surname_first(name: str) -> str:
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}" if first and "," not in name else name


def _year(published: str) -> str:
    year = published[:4]
    return year if year.isascii() and year.isdecimal() and _can_be_told(year) else ""


def _can_be_told(day: str) -> bool:
    return bool(day) and FIRST_YEAR <= int(day[:4]) <= LAST_YEAR


def _day_read(copy: UserBook) -> str:
    """When the book was finished last; one that is being read was finished earlier, or never."""
    day = copy.finished_on
    if copy.status == "reading":
        day = max((reading.finished for reading in copy.readings), default="")
    return day.replace("-", "/") if _can_be_told(day) else ""


def _read_count(copy: UserBook, noted: int, day_read: str) -> int:
    count = max(noted, times_read(copy))
    if count > 1:
        return count
    return 1 if copy.status == "read" or day_read else 0


def _shelves(copy: UserBook) -> list[str]:
    """Tags as Goodreads spells its shelves, and the shelf that is the status."""
    spelt = distinct("-".join(_line(tag).replace(",", " ").split()) for tag in copy.tags)
    own = [tag for tag in spelt if fold(tag) not in _SHELVES]
    return own if copy.status == "read" else [*own, _SHELF[copy.status]]


class _Notes(NamedTuple):
    """Private notes, and what an import has put below them because it has no field here."""

    rest: str
    binding: str = ""
    first_published: str = ""
    times_read: int = 0


def _taken_apart(notes: str, year: str) -> _Notes:
    """What an import has kept in the notes goes back to the columns that it came from."""
    above, gap, last = notes.translate(_CONTROLS).rpartition("\n\n")
    found: dict[str, str] = {}
    others: list[str] = []
    for one in last.split("\n"):
        match = _LABELLED.fullmatch(one)
        if match and match[1] not in found and _is_kept(match[1], match[2].strip(), year):
            found[match[1]] = clean(match[2])
        else:
            others.append(one)
    if not found:
        return _Notes(notes)
    rest = f"{above}{gap}" + "\n".join(others) if others else above
    times = int(found.get(_TIMES_READ, 0))
    return _Notes(rest, found.get(_BINDING, ""), found.get(_FIRST_PUBLISHED, ""), times)


def _is_kept(label: str, text: str, year: str) -> bool:
    """Whether an import would keep this text of this column in the notes again."""
    if label == _TIMES_READ:
        return bool(_COUNT.fullmatch(text)) and int(text) > 1
    return label != _FIRST_PUBLISHED or text != year


def _text(text: str) -> str:
    """A text as Goodreads writes it, as HTML where it has several lines or looks like HTML.

    Reading it once more before shows what spaces and empty lines are left of it.
    """
    once = _marked_up(clean(text.translate(_CONTROLS)))
    twice = _marked_up(from_reader(once))
    return twice if len(twice) < MAX_CELL - 1 else clean(text)[: MAX_CELL - 2]


def _marked_up(text: str) -> str:
    if not _MARKUP.search(text):
        return text
    return html.escape(text, quote=False).replace("\n", "<br/>")
