"""Columns that several programs have beyond the usual ones: series, languages, contributors."""

from __future__ import annotations

import re
from collections.abc import Mapping

from booklib.models import Reading, Status
from booklib.models.folding import clean
from booklib.transfer import cells
from booklib.transfer.columns import Column, add_authors, put_line
from booklib.transfer.drafts import Draft, folded

SERIES = "Series"
MAX_CATEGORIES, MAX_CATEGORY = 60, 100

WRITES = frozenset(
    {"", "author", "primary author", "secondary author", "main author", "joint author", "coauthor"}
)
"""Roles, folded, of those who are authors; all others are contributors."""

_LANGUAGES = {
    name: code
    for code, names in {
        "ar": "ara arabic arabe arabisch",
        "ca": "cat catalan katalanisch",
        "cs": "cze ces czech tcheque tschechisch",
        "da": "dan danish danois danisch",
        "de": "ger deu german allemand deutsch aleman tedesco duits alemao",
        "el": "gre ell greek grec griechisch",
        "en": "eng english anglais englisch ingles inglese engels",
        "es": "spa spanish espagnol spanisch espanol castellano spagnolo spaans espanhol",
        "fi": "fin finnish finnois finnisch",
        "fr": "fre fra french francais franzosisch frances francese frans",
        "he": "heb hebrew hebreu hebraisch",
        "hu": "hun hungarian hongrois ungarisch",
        "it": "ita italian italien italienisch italiano italiaans",
        "ja": "jpn japanese japonais japanisch japones giapponese japans",
        "ko": "kor korean coreen koreanisch",
        "la": "lat latin latein",
        "nl": "dut nld dutch neerlandais niederlandisch nederlands holandes olandese",
        "no": "nor norwegian norvegien norwegisch",
        "pl": "pol polish polonais polnisch",
        "pt": "por portuguese portugais portugiesisch portugues portoghese portugees",
        "ru": "rus russian russe russisch ruso russo",
        "sv": "swe swedish suedois schwedisch",
        "tr": "tur turkish turc turkisch",
        "uk": "ukr ukrainian ukrainien ukrainisch",
        "zh": "chi zho chinese chinois chinesisch chino cinese",
    }.items()
    for name in names.split()
}
"""Codes of ISO 639-1 by those of 639-2 and by the languages' names, folded."""


def language() -> Column:
    """The language as code or name; further ones are kept in the notes."""

    def read(draft: Draft, cell: str) -> None:
        first, *others = re.split(r"[,;|]", cell)
        name = " ".join(clean(first).split())
        put_line(draft, "language", _LANGUAGES.get(folded(name), name))
        draft.keep("Further languages", ", ".join(one.strip() for one in others))

    return Column("language", read)


def categories(separators: str = ",") -> Column:
    """Genres and subjects that a catalogue has given a book, and not its reader."""
    cut = re.compile(f"[{re.escape(separators)}\n]+")

    def read(draft: Draft, cell: str) -> None:
        known = draft.given.get("categories") or ()
        new = [" ".join(clean(piece).split()) for piece in cut.split(cell)]
        every = dict.fromkeys((*(known if isinstance(known, tuple) else ()), *new))
        fitting = [one for one in every if one and len(one) <= MAX_CATEGORY][:MAX_CATEGORIES]
        draft.given["categories"] = tuple(fitting)
        draft.keep("Categories", ", ".join(one for one in every if one and one not in fitting))

    return Column("categories", read)


def series_number() -> Column:
    """The place in the series whose column came just before: both stand together in the notes."""

    def read(draft: Draft, cell: str) -> None:
        place = cell.strip().removesuffix(".0")
        label, name = draft.kept[-1] if draft.kept else ("", "")
        if label == SERIES:
            draft.kept[-1] = (SERIES, f"{name}, {place}")
        elif place not in ("0", "1"):
            draft.keep("Number in the series", place)

    return Column("notes, with the series", read)


def person(role: str) -> Column:
    """People who did something else than to write: kept in the notes under their role."""

    def read(draft: Draft, cell: str) -> None:
        draft.keep(role, ", ".join(cells.guessed_names(cell)))

    return Column("notes, labelled", read)


def contributors(draft: Draft, names: list[str], roles: list[str]) -> None:
    """Add those who wrote to the authors, and keep all others in the notes under their role."""
    known = {_letters(name) for name in draft.authors}
    for place, name in enumerate(names):
        role = " ".join(roles[place].split()) if place < len(roles) else ""
        if folded(role) not in WRITES:
            draft.keep(role, name)
        elif name and _letters(name) not in known:
            known.add(_letters(name))
            add_authors(draft, [name])


def _letters(name: str) -> str:
    """`J. K. Rowling` and `J.K. Rowling` are one."""
    return folded(name).replace(" ", "")


def shelved(draft: Draft, shelf: str, words: Mapping[str, Status]) -> Status | None:
    """The status that a shelf means; a shelf that means none is a tag."""
    found = words.get(folded(shelf)) or cells.status(shelf)
    if not found:
        draft.tag(shelf)
    return found


def by_dates(draft: Draft) -> None:
    """Let the dates tell the status where no column does."""
    if not draft.status and (draft.finished or draft.started):
        draft.status = "read" if draft.finished else "reading"


def read_again(draft: Draft) -> None:
    """A book that is being read again has been finished earlier, not now."""
    if draft.status == "reading" and draft.finished:
        draft.readings.append(Reading(draft.started, draft.finished))
        draft.started = draft.finished = ""


def guessed_authors() -> Column:
    """The authors, in a cell that is written as each reader likes."""
    return Column("authors", lambda draft, cell: add_authors(draft, cells.guessed_names(cell)))
