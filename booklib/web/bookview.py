"""What a book's page shows: values in words, who said them, and what is the reader's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from booklib import isbn as isbn_rules
from booklib.library import Entry, below, times_read, undoable_until
from booklib.models import COVER_FILE, User, Value
from booklib.models.shelf import unpack_card
from booklib.ports import Catalogue
from booklib.web import cards
from booklib.web.forms import EDITABLE, form_value, is_vague, rating_text, tags_text
from booklib.web.photos import Photo, photo_of
from booklib.wording import (
    FIELD_WORDS,
    STATUS_WORDS,
    count_in_words,
    day_in_words,
    reading_in_words,
    stars_in_words,
    times_in_words,
    value_in_words,
)

OPENING: Final = 1_500
"""Characters of a long review that are shown at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One field of a book as its page tells it."""

    name: str
    label: str
    value: Value
    text: str
    """The value in words; a dash where there is none."""
    source: str
    """Who said the shown value: a provider's label, `your file`, or `you`."""
    since: str
    """The day of the provider's answer in words, else empty."""
    mine: bool
    """Whether the reader's own value stands, hiding `other`."""
    other: str
    """What would be shown without the reader's own value, in words; empty where nothing would."""
    other_form: str
    """The same as a form spells it."""
    other_source: str


class Cover(NamedTuple):
    """A cover: how it is drawn, and the picture that lies over it."""

    binding: str
    size: str
    heading: str
    byline: str
    photo: Photo | None
    source: str
    """Who the picture is from: a provider's label, `you`, or empty without one."""
    choice: bool
    """Whether the reader chose a picture of their own, or none."""
    offered: str
    """The label of the provider that tells of a picture, else empty."""

    @classmethod
    def of(cls, entry: Entry, catalogues: Sequence[Catalogue]) -> Cover:
        """The cover that the shelf shows for the same book."""
        card = unpack_card(entry.user_book.card)
        title = cards.heading(card)
        photo = photo_of(entry.details.cover_file)
        own = COVER_FILE in entry.user_book.mine
        labels = {catalogue.name: catalogue.label for catalogue in catalogues}
        told = entry.book.sources.get("cover") if entry.book else None
        offered = provider_in_words(told.provider, labels) if told else ""
        return cls(
            binding=cards.binding(entry.user_book.user_book_id),
            size=cards.title_size(title),
            heading=title,
            byline=cards.byline(card.authors),
            photo=photo,
            source=("you" if own else _painter(entry, labels)) if photo else "",
            choice=own,
            offered=offered,
        )


def _painter(entry: Entry, labels: Mapping[str, str]) -> str:
    """Whose picture the Book has: the old one stays until the new one has come."""
    source = entry.book.sources.get(COVER_FILE) if entry.book else None
    return provider_in_words(source.provider, labels) if source else ""


def isbn_in_words(isbn: str | None) -> str:
    """An ISBN as it is printed on a book; empty where there is none."""
    return isbn_rules.hyphenated(isbn) if isbn else ""


def facts_of(entry: Entry, catalogues: Sequence[Catalogue]) -> dict[str, Fact]:
    """Every field of a book that the reader may edit, by name."""
    labels = {catalogue.name: catalogue.label for catalogue in catalogues}
    return {name: _fact(entry, name, labels) for name in EDITABLE}


def _fact(entry: Entry, name: str, labels: Mapping[str, str]) -> Fact:
    value: Value = getattr(entry.details, name)
    mine = name in entry.user_book.mine
    under = below(entry.user_book, entry.book, name)
    provider, at = _source(entry, name, labels)
    known = under not in (None, "", ())
    return Fact(
        name=name,
        label=FIELD_WORDS[name],
        value=value,
        text=value_in_words(name, value),
        source="you" if mine else provider,
        since=day_in_words(at) if at and not mine else "",
        mine=mine,
        other=value_in_words(name, under) if mine and known else "",
        other_form=form_value(name, under) if mine and known else "",
        other_source=provider,
    )


def _source(entry: Entry, name: str, labels: Mapping[str, str]) -> tuple[str, datetime | None]:
    """Who speaks for a field when the reader does not, and when they said it."""
    source = entry.book.sources.get(name) if entry.book else None
    if source:
        return provider_in_words(source.provider, labels), source.at
    return ("your file" if name in entry.user_book.given else ""), None


def provider_in_words(name: str, labels: Mapping[str, str]) -> str:
    """A provider's label, also of one that is not asked any more."""
    return labels.get(name) or name.replace("_", " ").title()


def panel_context(entry: Entry, problems: Mapping[str, str]) -> dict[str, Any]:
    """What status, rating, dates and notes show."""
    book = entry.user_book
    return {
        "book": book,
        "shown": entry.details,
        "statuses": STATUS_WORDS,
        "stars_in_words": stars_in_words,
        "rating_text": rating_text,
        "days": {"started": book.started_on, "finished": book.finished_on},
        "is_vague": is_vague,
        "times": times_in_words(times_read(book)) if book.readings else "",
        "problems": problems,
        "notes": book.notes,
    }


def life_context(entry: Entry) -> dict[str, Any]:
    """What tags, earlier readings and review show."""
    book = entry.user_book
    opening, rest = opened(book.review)
    return {
        "tags_text": tags_text(book.tags),
        "reading_in_words": reading_in_words,
        "earlier": {"started": "", "finished": ""},
        "review": book.review,
        "review_opening": opening,
        "review_rest": rest,
        "copies": count_in_words(book.copies, "copy", "copies") if book.copies else "",
    }


def opened(text: str) -> tuple[str, str]:
    """What is shown of a text at once, and the rest of it, which is empty for all but long ones."""
    if len(text) <= 2 * OPENING:
        return text, ""
    ends = (text.rfind(sign, OPENING // 2, OPENING) for sign in ("\n", " "))
    end = next((end for end in ends if end > 0), OPENING)
    return text[:end] + ("" if text[end] == "\n" else "…"), text[end:]


def about_context(entry: Entry, user: User, catalogues: Sequence[Catalogue]) -> dict[str, Any]:
    """What head and body of the page show."""
    book = entry.user_book
    return {
        "facts": facts_of(entry, catalogues),
        "cover": Cover.of(entry, catalogues),
        "isbn": isbn_in_words(book.isbn),
        "isbn10": isbn_rules.isbn10(book.isbn) if book.isbn else None,
        "added_on": day_in_words(user.today(book.added_at)),
        "deleted_on": day_in_words(user.today(book.deleted_at)) if book.deleted_at else "",
        "until": (
            day_in_words(date.fromisoformat(undoable_until(book))) if book.deleted_at else ""
        ),
    }
