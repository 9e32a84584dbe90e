"""A book of our own JSON (see `library_json`) as a row, checked as strictly as a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any, NoReturn

from booklib import isbn as isbn_rules
from booklib.library.tagging import distinct
from booklib.models import (
    COVER_FILE,
    FIELD_NAMES,
    LIST_FIELDS,
    MAX_COPIES,
    MAX_NOTES,
    MAX_RATING,
    MAX_READINGS,
    MAX_REVIEW,
    MAX_TAG,
    MAX_TAGS,
    STATUSES,
    CoverName,
    Fields,
    Reading,
    Status,
    Value,
)
from booklib.models.covers import OWN
from booklib.models.folding import clean
from booklib.transfer.days import FIRST_YEAR, LAST_YEAR
from booklib.transfer.library_json import FOLDER, ID, NAME
from booklib.transfer.rows import Row

MAX_TEXT = 40_000
MAX_LIST, MAX_NAME = 1_000, 1_000
MAX_BASE = 20
"""Members of `imported`."""

NO_BOOK = "There is no book in this place of the file."
NO_NAME = "This book has neither a title nor an ISBN."

_DAY = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)
_EDITION = re.compile(r"[a-z][a-z0-9_]{0,39}:[!-~]{1,200}", re.ASCII)
_ID = re.compile(r"[!-~]{1,100}", re.ASCII)
_PICTURE = re.compile(rf"{FOLDER}/\w[\w.-]{{0,120}}", re.ASCII)


class _Wrong(Exception):
    """A member cannot be taken; the message is a sentence for the reader."""


def row(number: int, book: Any) -> Row:
    """The row of one member of `books`, broken where something in it is wrong."""
    if not isinstance(book, Mapping):
        return Row(number=number, broken=NO_BOOK)
    try:
        return _row(number, book)
    except _Wrong as wrong:
        return Row(number=number, broken=str(wrong), cells=_cells(book))


def _row(number: int, book: Mapping[str, Any]) -> Row:
    known = _fields(book, "known", FIELD_NAMES)
    mine = _fields(book, "mine", (*FIELD_NAMES, COVER_FILE), may_be_empty=True)
    isbn, edition = _isbn(book), _matching(book, "edition", _EDITION)
    own_id = _matching(book, ID, _ID)
    if not (isbn or edition or mine.get("title") or known.get("title")):
        raise _Wrong(NO_NAME)
    if (own := mine.get(COVER_FILE)) is not None:
        if not _PICTURE.fullmatch(str(own)):
            _refuse("mine")
        mine[COVER_FILE] = _stored(str(own))
    given = {name: value for name, value in known.items() if value is not None}
    if cover := _matching(book, "cover", _PICTURE):
        given[COVER_FILE] = _stored(cover)
    imported = _imported(book)
    return Row(
        number=number,
        ident=f"{NAME}:{own_id}" if own_id else "",
        isbn=isbn,
        edition=edition or None,
        given=given,
        mine=mine,
        status=_status(book),
        rating=_rating(book),
        added_at=_moment(book),
        exact=True,
        started=_day(book, "started"),
        finished=_day(book, "finished"),
        readings=_readings(book),
        tags=_tags(book),
        review=_text(book, "review", MAX_REVIEW),
        notes=_text(book, "notes", MAX_NOTES),
        copies=_whole(book.get("copies", 0), "copies", MAX_COPIES),
        cells=_cells(book),
        cover=cover,
        imported={**imported, ID: own_id} if own_id else imported,
    )


def _cells(book: Mapping[str, Any]) -> dict[str, str]:
    """A book as the cells of a table that can be mended and imported again."""
    shown = {**_mapping(book, "known"), **_mapping(book, "mine")}
    told = {
        "Title": shown.get("title"),
        "Authors": shown.get("authors"),
        "ISBN": book.get("isbn"),
        "Status": book.get("status"),
        "Rating": book.get("rating"),
        "Date Added": book.get("added_at"),
        "Date Started": book.get("started"),
        "Date Finished": book.get("finished"),
        "Tags": book.get("tags"),
        "Review": book.get("review"),
        "Notes": book.get("notes"),
        "Copies": book.get("copies"),
    }
    return {name: _cell(value) for name, value in told.items()}


def _mapping(book: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = book.get(name)
    return value if isinstance(value, Mapping) else {}


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_cell(one) for one in value)[:MAX_TEXT]
    return "" if value is None else str(value)[:MAX_TEXT]


def _told(name: str) -> str:
    return f"“{name}” is not as this program writes it."


def _isbn(book: Mapping[str, Any]) -> str | None:
    text = book.get("isbn")
    if text is None:
        return None
    if not isinstance(text, str):
        _refuse("isbn")
    try:
        return isbn_rules.parse(text[:40])
    except isbn_rules.IsbnError as error:
        raise _Wrong(f"The ISBN {text[:40]} is none. {error}") from error


def _refuse(name: str) -> NoReturn:
    raise _Wrong(_told(name))


def _matching(book: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = book.get(name, "")
    if not isinstance(value, str) or (value and not form.fullmatch(value)):
        _refuse(name)
    return value


def _stored(file: str) -> str:
    """The name that a picture of an archive gets as the reader's own, where the file's tells it.

    Else the file's own; `own_covers` looks into it.
    """
    name = f"{OWN}{PurePosixPath(file).stem}"
    return name if CoverName.parse(name) else file


def _status(book: Mapping[str, Any]) -> Status:
    for status in STATUSES:
        if status == book.get("status"):
            return status
    _refuse("status")


def _rating(book: Mapping[str, Any]) -> int:
    stars = book.get("rating", 0)
    if isinstance(stars, bool) or not isinstance(stars, int | float):
        _refuse("rating")
    if not 0 <= stars <= MAX_RATING / 2 or stars * 2 != int(stars * 2):
        raise _Wrong("The rating is not a number from 0 to 5, in halves.")
    return int(stars * 2)


def _moment(book: Mapping[str, Any]) -> datetime | None:
    text = book.get("added_at")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        utc = moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _Wrong(_told("added_at")) from None
    if moment.tzinfo is None or not FIRST_YEAR <= utc.year <= LAST_YEAR:
        _refuse("added_at")
    return utc


def _day(book: Mapping[str, Any], name: str) -> str:
    text = _matching(book, name, _DAY)
    try:
        date.fromisoformat(f"{text or 2000}-01-01"[:10])
    except ValueError:
        raise _Wrong(f"The date {text} does not exist.") from None
    return text


def _readings(book: Mapping[str, Any]) -> tuple[Reading, ...]:
    told = book.get("readings", [])
    if not isinstance(told, list) or len(told) > MAX_READINGS:
        _refuse("readings")
    if not all(isinstance(one, Mapping) for one in told):
        _refuse("readings")
    return tuple(Reading(_day(one, "started"), _day(one, "finished")) for one in told)


def _tags(book: Mapping[str, Any]) -> tuple[str, ...]:
    return distinct(_texts(book.get("tags", []), "tags", MAX_TAGS, MAX_TAG))


def _text(book: Mapping[str, Any], name: str, most: int) -> str:
    return _cleaned(book.get(name, ""), name, most)


def _cleaned(value: Any, name: str, most: int) -> str:
    if not isinstance(value, str):
        _refuse(name)
    if len(value) > most:
        raise _Wrong(f"“{name}” has more than {most:,} characters.")
    return clean(value)


def _texts(value: Any, name: str, most: int, longest: int) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        _refuse(name)
    return tuple(text for one in value if (text := _cleaned(one, name, longest)))


def _whole(value: Any, name: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        _refuse(name)
    return int(value)


def _fields(
    book: Mapping[str, Any], name: str, known: Iterable[str], *, may_be_empty: bool = False
) -> dict[str, Value]:
    """Values by field; fields that this version does not know are left out."""
    told = book.get(name, {})
    if not isinstance(told, Mapping):
        _refuse(name)
    found: dict[str, Value] = {}
    for field in known:
        if field not in told:
            continue
        value = told[field]
        if value is None:
            if may_be_empty:
                found[field] = None
        elif (read := _value(field, value)) not in ("", ()):
            found[field] = read
    return found


def _value(field: str, value: Any) -> Value:
    if field in LIST_FIELDS:
        return _texts(value, field, MAX_LIST, MAX_NAME)
    if field == "page_count":
        return _whole(value, field, 10_000_000)
    return _cleaned(value, field, MAX_TEXT)


def _imported(book: Mapping[str, Any]) -> Fields:
    told = book.get("imported", {})
    if not isinstance(told, Mapping) or len(told) > MAX_BASE:
        _refuse("imported")
    return {_cleaned(name, "imported", 40): _base(value) for name, value in told.items()}


def _base(value: Any) -> Value:
    if isinstance(value, list):
        return _texts(value, "imported", MAX_LIST, MAX_NAME)
    if isinstance(value, str):
        return _cleaned(value, "imported", MAX_NAME)
    return None if value is None else _whole(value, "imported", 10**9)
