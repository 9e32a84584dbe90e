"""Dates in every spelling that other programs and spreadsheets write."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from booklib.models.folding import fold
from booklib.transfer.drafts import DayOrder

FIRST_YEAR, LAST_YEAR = 1000, 2200

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janner janvier janv enero ene gennaio gen janeiro januari",
            "feb february februar fevrier fevr fev febrero febbraio fevereiro februari",
            "mar march marz maerz mrz mars marzo marco maart mrt",
            "apr april avril avr abril abr aprile",
            "may mai mayo maggio mag maio mei",
            "jun june juni juin junio giugno giu junho",
            "jul july juli juillet juil julio luglio lug julho",
            "aug august aout agosto ago augustus",
            "sep sept september septembre septiembre set settembre setembro",
            "oct october okt oktober octobre octubre ottobre ott outubro out",
            "nov november novembre noviembre novembro",
            "dec december dez dezember decembre diciembre dic dicembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}
_NOT_KNOWN_WORDS = (
    "0 nan null none na n a nd n d s d not set no date undated unknown pas de date inconnu "
    "inconnue unbekannt ohne datum o d sin fecha desconocido senza data sconosciuto sem data "
    "onbekend"
)
_NOT_KNOWN = frozenset(_NOT_KNOWN_WORDS.split())
_ISO = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})月?(?:[-/.]?(\d{1,2})日?)?)?年?(?![\d/.-])", re.ASCII)
_PARTS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?!\d)", re.ASCII)
_MONTH_YEAR = re.compile(r"(\d{1,2})[/.-](\d{4})", re.ASCII)
_WITH_SHORT_YEAR = re.compile(r"(?:(\d{1,2})[ .-]+)?([^\W\d]{3,9})\.?[-' ]+'?(\d\d)")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*([ap]\.?m\b)?", re.I)
_ZONE = re.compile(r"(?:Z|([+-])(\d\d):?(\d\d)(?::\d\d)?)\s*$")
_YEAR = re.compile(r"(?<!\d)(1\d{3}|2[01]\d\d)(?!\d)", re.ASCII)
_DAY = re.compile(r"(?<!\d)\d{1,2}(?!\d)", re.ASCII)
_WORD = re.compile(r"[^\W\d_]+")
_COMPACT = re.compile(r"((?:1[5-9]|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
_LONGEST = 80
_NO_DAYS = date(1899, 12, 30)
"""Day 0 of a spreadsheet (ECMA-376 part 1, 18.17.4.1, as all of them count since March 1900)."""


class Day(NamedTuple):
    """What a cell says of a date. `text`: 2019, 2019-03, 2019-03-07, or empty."""

    text: str
    sure: bool
    """False: the cell says something, but (in part) no date that there is."""


def evidence(cell: str) -> DayOrder | None:
    """Which of the two orders 07/03/2019 has in the file with this cell, if the cell can tell."""
    match = _PARTS.match(cell)
    if not match:
        return None
    first, second = int(match[1]), int(match[3])
    if match[2] == "." or (first > 12 >= second):
        return "day-first"
    return "month-first" if second > 12 >= first else None


def is_open(cell: str) -> bool:
    """Whether the cell is a date that reads either way, as 07/03/2019."""
    match = _PARTS.match(cell)
    return bool(match) and evidence(cell) is None and match[1] != match[3]  # type: ignore[index]


def day(cell: str, order: DayOrder = "month-first") -> Day:
    """The date in a cell, as precise as known; empty and sure where the cell says `unknown`."""
    text = cell.strip().strip("[]'\"").strip()
    return _day(text, order) if len(text) <= _LONGEST else Day("", False)


@lru_cache(maxsize=4096)
def _day(text: str, order: DayOrder) -> Day:
    if set(fold(text).split()) <= _NOT_KNOWN:
        return Day("", True)
    if match := _ISO.match(text):
        return _checked(*(int(part) if part else 0 for part in match.groups()))
    if match := _PARTS.match(text):
        first, second, year = int(match[1]), int(match[3]), _whole_year(match[4])
        day_first = (evidence(text) or order) == "day-first"
        return _checked(year, *((second, first) if day_first else (first, second)))
    if match := _MONTH_YEAR.fullmatch(text):
        return _checked(int(match[2]), int(match[1]), 0)
    if match := _COMPACT.fullmatch(text):
        return _checked(*(int(part) for part in match.groups()))
    if _SERIAL.fullmatch(text):
        serial = _NO_DAYS + timedelta(days=int(text[:5]))
        return Day(serial.isoformat(), True) if 1920 <= serial.year < 2150 else Day("", False)
    return _in_words(text)


def moment(cell: str, order: DayOrder = "month-first") -> datetime | None:
    """The date and time in a cell, in UTC; None without a whole date.

    A date without a time is noon, which is the same day nearly everywhere on earth.
    """
    found = day(cell, order)
    if len(found.text) < 10:
        return None
    whole = date.fromisoformat(found.text)
    hour, minute, second, zone = 12, 0, 0, UTC
    if clock := _CLOCK.search(cell):
        hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
        if clock[4]:
            hour = hour % 12 + (12 if clock[4][0] in "pP" else 0)
        zone = _zone(cell[clock.end() :])
    try:
        return datetime(
            whole.year, whole.month, whole.day, hour, minute, second, tzinfo=zone
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime(whole.year, whole.month, whole.day, 12, tzinfo=UTC)


def _zone(rest: str) -> timezone:
    match = _ZONE.search(rest)
    if not match or not match[1]:
        return UTC
    shift = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if shift >= timedelta(hours=24):
        return UTC
    return timezone(-shift if match[1] == "-" else shift)


def _whole_year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (1900 if year > 68 else 2000)


def _in_words(text: str) -> Day:
    """A date with the month's name, in any order and language that is known here."""
    bare = _CLOCK.sub(" ", text)
    if match := _WITH_SHORT_YEAR.fullmatch(bare.strip()):
        month = _month(match[2])
        if month:
            return _checked(_whole_year(match[3]), month, int(match[1] or 0))
    year = _YEAR.search(bare)
    if not year:
        return Day("", False)
    rest = f"{bare[: year.start()]} {bare[year.end() :]}"
    month = next((number for word in _WORD.findall(rest) if (number := _month(word))), 0)
    days = _DAY.findall(rest)
    found = _checked(int(year[0]), month, int(days[0]) if days and month else 0)
    return Day(found.text, found.sure and bool(month))


def _month(word: str) -> int:
    return _MONTHS.get(fold(word), 0)


def _checked(year: int, month: int, number: int) -> Day:
    """The date as far as there is one. A year 0 or 100 is how some programs write `unknown`."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Day("", year < 102)
    if not 1 <= month <= 12:
        return Day(f"{year:04d}", not month)
    if not number:
        return Day(f"{year:04d}-{month:02d}", True)
    try:
        return Day(date(year, month, number).isoformat(), True)
    except ValueError:
        return Day(f"{year:04d}-{month:02d}", False)
