"""Open Library's answers about many editions at once, until each is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from booklib.adapters.open_library_records import edition_id
from booklib.adapters.provider_fields import mapping

AT_ONCE = 50
"""Editions in one question: an address of about 1,000 characters."""
KEPT = 4 * AT_ONCE
FRESH = timedelta(minutes=10)


class _Kept(NamedTuple):
    until: datetime
    data: dict[str, Any]
    edition: dict[str, Any]


class Ahead:
    """What was told ahead of the questions: for ten minutes, of 200 editions at most."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._kept: dict[str, _Kept] = {}

    def keep(self, keys: Iterable[str], data: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        """Two answers of `api/books`, the second with `jscmd=details`, by their keys.

        A key without an answer is not kept as unknown: one odd record among many makes their
        whole answer empty (openlibrary/plugins/books/dynlinks.py, `dynlinks`).
        """
        until = self._now() + FRESH
        for key in keys:
            if said := mapping(data.get(key)):
                edition = mapping(mapping(more.get(key)).get("details"))
                same = edition_id(edition) == edition_id(said)
                self._kept[key] = _Kept(until, said, edition if same else {})
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]

    def take(self, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The data of an edition and its own record, once; empty where they are not known."""
        kept = self._kept.pop(key, None)
        return (kept.data, kept.edition) if kept and self._now() < kept.until else ({}, {})
