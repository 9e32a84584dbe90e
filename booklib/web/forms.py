"""Reading form values into the model's types, and writing them back as a form shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from booklib import isbn as isbn_rules
from booklib.errors import Invalid
from booklib.models import (
    FIELD_NAMES,
    LIST_FIELDS,
    MAX_COPIES,
    MAX_RATING,
    STATUSES,
    Details,
    Fields,
    Status,
    Value,
)
from booklib.models.folding import clean
from booklib.wording import language_code, language_in_words

EDITABLE: Final = tuple(name for name in FIELD_NAMES if name != "cover")
"""The fields of a Book that the reader's form offers, in its order."""

TEXT_LIMITS: Final = {
    "title": 500,
    "subtitle": 500,
    "publisher": 300,
    "language": 35,
    "description": 20_000,
}
"""Characters that a text field takes; 35 is the room BCP 47 (section 4.4.1) asks for a tag."""

MAX_ISBN_TEXT = 200
MAX_ENTRIES = 200
ENTRY_LIMIT = 200
MAX_PAGE_COUNT = 99_999

_LABELS = {
    "title": "The title",
    "subtitle": "The subtitle",
    "publisher": "The publisher",
    "language": "The language",
    "description": "The description",
    "authors": ("author", "authors"),
    "categories": ("category", "categories"),
}
_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_HALVES = {str(half / 2).removesuffix(".0"): half for half in range(1, MAX_RATING + 1)}


def read_status(text: str) -> Status:
    """One of the four statuses; raises Invalid at `status`."""
    if text not in STATUSES:
        raise Invalid.at("status", f"Choose one of: {', '.join(STATUSES)}.")
    return text


def read_rating(text: str) -> int:
    """`0.5` to `5` in halves as half stars, empty as 0; raises Invalid at `rating`."""
    plain = text.strip()
    if not plain:
        return 0
    half = _HALVES.get(plain.removesuffix(".0"))
    if half is None:
        raise Invalid.at("rating", "A rating is 0.5 to 5 stars in steps of a half, or empty.")
    return half


def rating_text(half_stars: int) -> str:
    """Half stars as `read_rating` reads them: 7 is `3.5`, 0 is empty."""
    return f"{half_stars / 2:g}" if half_stars else ""


def read_day(form: Mapping[str, str], name: str) -> str:
    """A day as precise as known (2004-05-11, 2004-05, 2004), or empty; raises Invalid at name."""
    text = form.get(name, "").strip()
    if text and not _is_day(text):
        raise Invalid.at(name, "Write the day as 2004-05-11; 2004-05 or 2004 will do.")
    return text


def is_vague(text: str) -> bool:
    """Whether a date is less than a day of the calendar: a browser's date field cannot show it."""
    return bool(text) and not (len(text) == len("2004-05-11") and _is_day(text))


def read_tags(form: Mapping[str, str], *, lines: bool = False) -> tuple[str, ...]:
    """The tags that a form sends, one a line or separated by commas.

    A line that the form showed (`was-tags`) stays whole, whatever is in it; with `lines` all do.
    """
    known = {*shown_tags(form)}
    tags: list[str] = []
    for line in clean(form.get("tags", "")).split("\n"):
        tags += [line] if lines or line.strip() in known else line.split(",")
    return tuple(tags)


def shown_tags(form: Mapping[str, str]) -> tuple[str, ...]:
    """The tags that a form was made from."""
    return tuple(clean(form.get("was-tags", "")).split("\n"))


def tags_text(tags: Sequence[str]) -> str:
    """Tags as a form shows them, so that `read_tags` reads the same again."""
    return ("\n" if any("," in tag for tag in tags) else ", ").join(tags)


def read_copies(form: Mapping[str, str]) -> int:
    """The number of copies owned, 0 for an empty field; raises Invalid at `copies`."""
    plain = form.get("copies", "").strip() or "0"
    if plain.isdecimal() and len(plain) <= 6 and int(plain) <= MAX_COPIES:
        return int(plain)
    raise Invalid.at("copies", f"Copies are a whole number from 0 to {MAX_COPIES}, or empty.")


def read_entries(text: str) -> tuple[str, ...]:
    """The entries of a list field, one a line or separated by semicolons, without repetitions."""
    parts = (" ".join(part.split()) for part in re.split(r"[\n;]", clean(text)))
    return tuple(dict.fromkeys(part for part in parts if part))


def read_edit(form: Mapping[str, str]) -> int | None:
    """The text version that a form was made from; None where a script sends none."""
    text = form.get("edit", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid.at("edit", "The form's `edit` is a whole number, or left out.")
    return int(text)


def read_isbn(text: str) -> str | None:
    """An ISBN in any spelling as ISBN-13, None for an empty field; raises Invalid at `isbn`."""
    if not text.strip():
        return None
    if len(text) > MAX_ISBN_TEXT:
        raise Invalid.at("isbn", "This is too long for an ISBN.")
    try:
        return isbn_rules.parse(text)
    except isbn_rules.IsbnError as error:
        raise Invalid.at("isbn", str(error)) from None


def untouched(form: Mapping[str, str], name: str) -> bool:
    """Whether a field was not sent, or still says what the form showed (`was-NAME`)."""
    if name not in form:
        return True
    was = form.get(f"was-{name}")
    if was is None:
        return False
    if name in LIST_FIELDS:
        return read_entries(form[name]) == read_entries(was)
    return clean(form[name]) == clean(was)


def read_fields(form: Mapping[str, str]) -> Fields:
    """The fields that the reader changed; None for one that was emptied.

    Raises Invalid with every problem, so that the reader mends them in one go.
    """
    values: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for name in EDITABLE:
        if untouched(form, name):
            continue
        try:
            values[name] = _value(name, form[name])
        except Invalid as error:
            problems.update(error.problems)
    if problems:
        raise Invalid(problems)
    return values


def form_values(shown: Details) -> dict[str, str]:
    """What an edit form shows for each field of EDITABLE."""
    return {name: form_value(name, getattr(shown, name)) for name in EDITABLE}


def form_value(name: str, value: Value) -> str:
    """One field's value as a form shows it; lists one entry a line, languages by name."""
    if name == "language" and isinstance(value, str):
        return language_in_words(value)
    if isinstance(value, tuple):
        return "\n".join(value)
    return "" if value is None else str(value)


def _value(name: str, text: str) -> Value:
    if name in LIST_FIELDS:
        return _entries(name, text) or None
    if name == "page_count":
        return _page_count(text)
    if name == "published":
        return _published(text)
    plain = _text(name, text)
    return (language_code(plain) if name == "language" else plain) or None


def _text(name: str, text: str) -> str:
    cleaned = clean(text)
    if name not in ("description", "notes"):
        cleaned = " ".join(cleaned.split())
    limit = TEXT_LIMITS[name]
    if len(cleaned) > limit:
        raise Invalid.at(
            name,
            f"{_LABELS[name]} is {len(cleaned):,} characters long; at most {limit:,} fit.",
        )
    return cleaned


def _entries(name: str, text: str) -> tuple[str, ...]:
    entries = read_entries(text)
    one, many = _LABELS[name]
    if len(entries) > MAX_ENTRIES:
        raise Invalid.at(name, f"That is {len(entries):,} {many}; at most {MAX_ENTRIES} fit.")
    longest = max((len(entry) for entry in entries), default=0)
    if longest > ENTRY_LIMIT:
        raise Invalid.at(
            name,
            f"One {one} is {longest:,} characters long; at most {ENTRY_LIMIT} fit. "
            "Put each on a line of its own.",
        )
    return entries


def _page_count(text: str) -> int | None:
    plain = text.strip()
    if not plain:
        return None
    if plain.isdecimal() and len(plain) <= 6 and 1 <= int(plain) <= MAX_PAGE_COUNT:
        return int(plain)
    raise Invalid.at("page_count", f"Pages are a whole number from 1 to {MAX_PAGE_COUNT:,}.")


def _published(text: str) -> str | None:
    plain = text.strip()
    if plain and not _is_day(plain):
        raise Invalid.at("published", "Write the date as 2004, 2004-05 or 2004-05-11.")
    return plain or None


def _is_day(text: str) -> bool:
    """Whether a text is a date of the calendar, of at least a year."""
    match = _DAY.fullmatch(text)
    if not match:
        return False
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
