"""What providers write in their own ways, brought to the shapes of a Book's fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from html import unescape
from typing import Any

from stdnum import isbn as numbers

from booklib import plain_text
from booklib.models import Fields, Value
from booklib.models.folding import clean
from booklib.models.shelf import isbn_spellings

MAX_TEXT = 500
MAX_DESCRIPTION = 8_000
MAX_MARKDOWN = 2 * MAX_DESCRIPTION
"""Characters of a description in Markdown that are looked at."""
MAX_NAMES = 20
MAX_PAGES = 50_000
FIRST_YEAR, LAST_YEAR = 1000, 2100

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_ISO = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?(?![\d-])")
_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d{2})(?!\d)")
# The MARC codes that Open Library uses (loc.gov/marc/languages) and their ISO 639-1 equals.
_LANGUAGE_PAIRS = (
    "eng:en ger:de deu:de fre:fr fra:fr spa:es ita:it dut:nl nld:nl por:pt rus:ru jpn:ja "
    "chi:zh zho:zh kor:ko ara:ar heb:he swe:sv dan:da nor:no nob:nb nno:nn fin:fi ice:is "
    "isl:is pol:pl cze:cs ces:cs slo:sk slk:sk slv:sl hrv:hr srp:sr bul:bg rum:ro ron:ro "
    "hun:hu gre:el ell:el tur:tr ukr:uk bel:be lit:lt lav:lv est:et lat:la cat:ca baq:eu "
    "eus:eu glg:gl gle:ga wel:cy cym:cy per:fa fas:fa hin:hi ben:bn tam:ta tel:te urd:ur "
    "mar:mr tha:th vie:vi ind:id may:ms msa:ms geo:ka kat:ka arm:hy hye:hy alb:sq sqi:sq "
    "mac:mk mkd:mk epo:eo afr:af swa:sw yid:yi san:sa tgl:tl guj:gu mal:ml kan:kn pan:pa"
)
_LANGUAGES = dict(pair.split(":") for pair in _LANGUAGE_PAIRS.split())
_UNKNOWN_LANGUAGES = frozenset({"un", "und", "mul", "zxx", "mis"})


def known(values: Mapping[str, Value]) -> Fields:
    """Only the fields that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def line(value: Any, limit: int = MAX_TEXT) -> str:
    """One line of plain text from whatever a provider put there; empty for anything but text."""
    if not isinstance(value, str):
        return ""
    return clean(" ".join(unescape(value).split()))[:limit].strip()


def lines(values: Any, limit: int = MAX_NAMES) -> tuple[str, ...]:
    """Distinct lines, in their order."""
    found = (line(value) for value in values) if isinstance(values, list) else ()
    return tuple(dict.fromkeys(text for text in found if text))[:limit]


def pages(value: Any) -> int | None:
    """A number of pages, if it can be one."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    return number if 0 < number <= MAX_PAGES else None


def paragraphs(value: Any) -> str:
    """A description, HTML or not, as plain text with an empty line between paragraphs."""
    if not isinstance(value, str):
        return ""
    return plain_text.paragraphs(value, MAX_DESCRIPTION)


def published(value: Any) -> str:
    """A date of publication as precise as known: 2004, 2004-05 or 2004-05-11; else empty.

    Takes ISO dates and English free text ("March 2009", "Mar 03, 2009", "c1996"). Whatever cannot
    be a date (month 13, 31 June) falls back to the part before it.
    """
    text = line(value)
    if iso := _ISO.match(text):
        return _checked(*(int(part) if part else 0 for part in iso.groups()))
    year = _YEAR.search(text)
    if not year:
        return ""
    month = next((_MONTHS[w] for w in re.findall("[a-z]+", text.lower()) if w in _MONTHS), 0)
    rest = text[: year.start()] + " " + text[year.end() :]
    days = re.findall(r"(?<!\d)\d{1,2}(?!\d)", rest)
    return _checked(int(year[0]), month, int(days[0]) if len(days) == 1 else 0)


def _checked(year: int, month: int, day: int) -> str:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return ""
    if not 1 <= month <= 12:
        return f"{year}"
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return f"{year}-{month:02d}"


def language(value: Any) -> str:
    """A language code: two letters where the language has such a code (ISO 639-1)."""
    code = line(value).replace("_", "-")
    base, dash, region = code.partition("-")
    base = _LANGUAGES.get(base.lower(), base.lower())
    if not re.fullmatch("[a-z]{2,3}", base) or base in _UNKNOWN_LANGUAGES:
        return ""
    return f"{base}-{region.upper()}" if dash and re.fullmatch("[A-Za-z]{2}", region) else base


def isbn13s(codes: Iterable[Any]) -> tuple[str, ...]:
    """The valid ones among ISBN-10s and ISBN-13s, as ISBN-13."""
    found = (numbers.compact(code) for code in codes if isinstance(code, str))
    return tuple(dict.fromkeys(numbers.to_isbn13(code) for code in found if numbers.is_valid(code)))


def carries(codes: Iterable[Any], isbn: str) -> bool:
    """Whether one of the codes is this ISBN-13, in either length."""
    wanted = isbn_spellings(isbn)
    return any(
        re.sub(r"[\s-]", "", code).upper() in wanted for code in codes if isinstance(code, str)
    )


def marked_down(value: Any) -> str:
    """A text, or {type, value}; its Markdown notes on sources and other editions taken off."""
    text = value if isinstance(value, str) else mapping(value).get("value")
    if not isinstance(text, str):
        return ""
    text = text[:MAX_MARKDOWN].replace("\r\n", "\n")
    text = re.split(r"\n[ \t]*-{4,}", text)[0]
    text = re.sub(r"(?m)^[ \t]*\[\d+\]:[ \t].*$|\(\[source\]\[\d+\]\)", "", text, flags=re.I)
    text = re.sub(r"(?m)^[ \t]*-[ \t]*\[[^\]\n]*\]\([^)\n]*\)[ \t]*$|^>[ \t]?", "", text)
    text = re.sub(r"\[([^][]+)\](?:\([^()]*\)|\[\d+\])", r"\1", text)
    emphasis = r"(\*{1,3}|(?<!\w)_{1,2}(?=\w))(\S.{0,200}?\S|\S)\1"
    return paragraphs(re.sub(emphasis, r"\2", text))
