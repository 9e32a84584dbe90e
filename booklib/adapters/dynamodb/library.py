"""A user's whole index for what no index answers, kept for a moment as long as nobody writes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from operator import attrgetter

from booklib.adapters.dynamodb.walks import Row
from booklib.models import Query
from booklib.models.folding import matches
from booklib.models.shelf import SEPARATOR, card_words

GOOD_FOR_S = 10.0
MOST_ROWS = 50_000
"""Rows kept by a process, some 50 MB with the words of their cards."""


class Library:
    """The rows of one stretch of an index in its ascending order."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = sorted(rows, key=attrgetter("key"))
        self._words: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def page(
        self, query: Query, descending: bool, after: str | None, most: int
    ) -> list[tuple[str, Row]]:
        """The first rows behind a cursor that a query asks for, each with its own cursor."""
        keyed = [(_cursor(row, query), row) for row in self._rows if _passes(row, query)]
        if query.sort in ("rating", "finished"):
            keyed.sort(key=lambda pair: pair[0])
        if descending:
            keyed.reverse()
        found: list[tuple[str, Row]] = []
        for cursor, row in keyed:
            behind = after is None or (cursor != after and (cursor < after) == descending)
            if behind and (not query.words or matches(query.words, self._words_of(row))):
                found.append((cursor, row))
                if len(found) == most:
                    break
        return found

    def _words_of(self, row: Row) -> tuple[str, ...]:
        words = self._words.get(row.user_book_id)
        if words is None:
            words = self._words[row.user_book_id] = card_words(row.card)
        return words


def _passes(row: Row, query: Query) -> bool:
    on_shelf = query.shelf in (None, "deleted", row.status)
    return on_shelf and query.rating in (None, row.rating)


def _cursor(row: Row, query: Query) -> str:
    if query.shelf != "deleted":
        if query.sort == "rating":
            return f"{row.rating:02d}{SEPARATOR}{row.key}"
        if query.sort == "finished":
            return f"{row.finished_on}{SEPARATOR}{row.key}"
    return row.key


class Libraries:
    """Whole indexes by user, each good for ten seconds of one version of the user's shelf.

    Bounded: the oldest go first.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[int, float, Library]] = {}

    def get(self, user_id: str, index: str, version: int) -> Library | None:
        """What was kept, if it is still good."""
        kept = self._kept.get((user_id, index))
        if kept is None or kept[0] != version or time.monotonic() - kept[1] > GOOD_FOR_S:
            return None
        return kept[2]

    def keep(self, user_id: str, index: str, version: int, library: Library) -> None:
        """Keep it, and forget what is too old or too much."""
        self._kept.pop((user_id, index), None)
        self._kept[user_id, index] = version, time.monotonic(), library
        for key, (_, since, _) in list(self._kept.items()):
            total = sum(len(each) for _, _, each in self._kept.values())
            if time.monotonic() - since > GOOD_FOR_S or total > MOST_ROWS:
                del self._kept[key]
