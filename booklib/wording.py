"""How values are told to people: dates, ratings, languages and statuses in words."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from booklib.models import Reading, Status, Value

STATUS_WORDS: Final[dict[Status, str]] = {
    "to-read": "To read",
    "reading": "Reading",
    "read": "Read",
    "did-not-finish": "Did not finish",
}

STATUS_SHORT: Final[dict[Status, str]] = {"did-not-finish": "DNF"}
"""What stands for a status where its words do not fit; as readers abbreviate it."""

FIELD_WORDS: Final = {
    "title": "Title",
    "subtitle": "Subtitle",
    "authors": "Authors",
    "publisher": "Publisher",
    "published": "Published",
    "page_count": "Pages",
    "language": "Language",
    "categories": "Categories",
    "description": "Description",
    "cover": "Cover",
}

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LANGUAGES: Final[dict[str, str]] = dict(
    re.findall(
        r"(\w+)=(\w+)",
        "ar=Arabic bg=Bulgarian bn=Bengali ca=Catalan cs=Czech cy=Welsh da=Danish de=German "
        "el=Greek en=English eo=Esperanto es=Spanish et=Estonian eu=Basque fa=Persian "
        "fi=Finnish fr=French ga=Irish gl=Galician he=Hebrew hi=Hindi hr=Croatian "
        "hu=Hungarian hy=Armenian id=Indonesian is=Icelandic it=Italian ja=Japanese "
        "ka=Georgian ko=Korean la=Latin lt=Lithuanian lv=Latvian mk=Macedonian mr=Marathi "
        "ms=Malay nb=Norwegian nl=Dutch nn=Norwegian no=Norwegian pl=Polish pt=Portuguese "
        "ro=Romanian ru=Russian sa=Sanskrit sk=Slovak sl=Slovenian sq=Albanian sr=Serbian "
        "sv=Swedish sw=Swahili ta=Tamil te=Telugu th=Thai tr=Turkish uk=Ukrainian ur=Urdu "
        "vi=Vietnamese yi=Yiddish zh=Chinese",
    )
)
_CODES: Final[dict[str, str]] = {name.lower(): code for code, name in reversed(_LANGUAGES.items())}


def day_in_words(day: date | datetime) -> str:
    """`11 May 2004`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def date_in_words(text: str) -> str:
    """A date as precise as known: `2004`, `May 2004`, `11 May 2004`."""
    year, _, rest = text.partition("-")
    month, _, day = rest.partition("-")
    if not (month.isdigit() and 1 <= int(month) <= 12):
        return text
    named = f"{_MONTHS[int(month) - 1]} {year}"
    return f"{int(day)} {named}" if day.isdigit() else named


def language_in_words(code: str) -> str:
    """`English` for `en` or `en-GB`; what is not a code we know is told as it is."""
    return _LANGUAGES.get(code.partition("-")[0].lower(), code)


def language_code(text: str) -> str:
    """The code of a language named in English; anything else stays as it is."""
    return _CODES.get(text.lower(), text)


def language_names() -> list[str]:
    """The languages that a form suggests."""
    return sorted(set(_LANGUAGES.values()))


def stars_in_words(half_stars: int) -> str:
    """`3½ stars`, `1 star`, `No rating`."""
    if not half_stars:
        return "No rating"
    whole, half = divmod(half_stars, 2)
    number = f"{whole or ''}{'½' if half else ''}"
    return f"{number} {'star' if half_stars <= 2 else 'stars'}"


def reading_in_words(reading: Reading) -> str:
    """`May 2004 to 3 June 2004`, or as much of it as is known."""
    started, finished = (date_in_words(text) for text in reading)
    if started and finished:
        return started if started == finished else f"{started} to {finished}"
    if finished:
        return f"Finished {finished}"
    return f"Started {started}" if started else "At a time not known"


def times_in_words(times: int) -> str:
    """`Read once`, `Read twice`, `Read 3 times`; empty for a book that was never read."""
    if times < 3:
        return ("", "Read once", "Read twice")[times]
    return f"Read {times} times"


def value_in_words(name: str, value: Value) -> str:
    """A field's value as a sentence or table shows it; a dash where there is none."""
    if value is None or value in ("", ()):
        return "–"
    if isinstance(value, tuple):
        return ", ".join(value)
    if name == "published":
        return date_in_words(str(value))
    if name == "language":
        return language_in_words(str(value))
    return str(value)


def count_in_words(number: int, one: str, many: str = "") -> str:
    """`1 book`, `12 books`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
