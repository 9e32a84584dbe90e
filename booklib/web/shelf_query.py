"""The shelf's address: reading it into a Query, and writing the address of a neighbouring list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import quote_plus

from booklib.errors import Invalid
from booklib.models import SORTS, STATUSES, VIEWS, Query, Sort, View
from booklib.models.folding import clean, search_words
from booklib.models.shelf import DESCENDING_BY_DEFAULT
from booklib.web.forms import rating_text, read_rating

MAX_SEARCH: Final = 200
"""Characters of a search."""

DELETED: Final = "deleted"
UNRATED: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which list the reader looks at, in the words of its address."""

    q: str = ""
    status: str = ""
    rating: str = ""
    """As `read_rating` reads it, or `none` for the unrated."""
    sort: Sort = "added"
    dir: str = "desc"
    view: View = "cards"
    view_is_chosen: bool = False
    """Whether the address says so, and not the reader's profile."""

    @property
    def query(self) -> Query:
        """The same as the storage is asked."""
        return Query(
            shelf=self.status or None,
            rating=_half_stars(self.rating),
            words=search_words(self.q),
            sort=self.sort,
            descending=self.dir == "desc",
        )

    @property
    def narrowed(self) -> bool:
        """Whether a search or a rating hides books of this tab."""
        return bool(self.q or self.rating)

    @property
    def turned(self) -> bool:
        """Whether the order is not read in its usual direction."""
        return self.dir != default_dir(self.sort)

    def href(self, **changes: str) -> str:
        """The address of this list, or of one that differs by `changes`; defaults are left out."""
        sort = changes.get("sort", self.sort)
        usual = default_dir(sort)
        direction = changes.get("dir", usual if "sort" in changes else self.dir)
        parts = {
            "q": changes.get("q", self.q),
            "status": changes.get("status", self.status),
            "rating": changes.get("rating", self.rating),
            "sort": "" if sort == "added" else sort,
            "dir": "" if direction == usual else direction,
            "view": changes.get("view", self.view if self.view_is_chosen else ""),
        }
        spelt = "&".join(f"{name}={quote_plus(value)}" for name, value in parts.items() if value)
        return f"/library?{spelt}" if spelt else "/library"

    def next_href(self, cursor: str) -> str:
        """The address of the page behind `cursor`."""
        here = self.href()
        return f"{here}{'&' if '?' in here else '?'}cursor={cursor}"


def read_shown(args: Mapping[str, str], default_view: View) -> Shown:
    """What an address asks for; empty values are the same as none.

    Raises Invalid with a sentence for every value that is none of ours.
    """
    problems: dict[str, str] = {}
    sort = cast(Sort, _one_of(args, "sort", SORTS, "added", problems))
    view = args.get("view", "")
    shown = Shown(
        q=_search(args, problems),
        status=_one_of(args, "status", (*STATUSES, DELETED), "", problems),
        rating=_rating(args, problems),
        sort=sort,
        dir=_one_of(args, "dir", ("asc", "desc"), default_dir(sort), problems),
        view=cast(View, _one_of(args, "view", VIEWS, default_view, problems)),
        view_is_chosen=bool(view),
    )
    if problems:
        raise Invalid(problems)
    return shown


def default_dir(sort: str) -> str:
    """The direction in which an order is usually read."""
    return "desc" if sort in DESCENDING_BY_DEFAULT else "asc"


def _one_of(
    args: Mapping[str, str],
    name: str,
    choices: tuple[str, ...],
    default: str,
    problems: dict[str, str],
) -> str:
    value = args.get(name, "") or default
    if value == default or value in choices:
        return value
    problems[name] = f"There is no {name} “{value[:40]}”; it is one of: {', '.join(choices)}."
    return default


def _search(args: Mapping[str, str], problems: dict[str, str]) -> str:
    words = " ".join(clean(args.get("q", "")).split())
    if len(words) > MAX_SEARCH:
        problems["q"] = f"A search is at most {MAX_SEARCH} characters long."
        return ""
    return words


def _rating(args: Mapping[str, str], problems: dict[str, str]) -> str:
    value = args.get("rating", "").strip()
    if value in (UNRATED, "0"):
        return UNRATED
    try:
        return rating_text(read_rating(value))
    except Invalid as error:
        problems.update(error.problems)
        return ""


def _half_stars(rating: str) -> int | None:
    if rating == UNRATED:
        return 0
    return read_rating(rating) or None
