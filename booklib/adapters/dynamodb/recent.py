"""A user's own last writes, which an index may not show yet: read your writes (STORAGE.md, 4)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple

SECONDS = 10
"""For how long a write is looked after; an index is usually a second behind at most."""

MOST = 20
"""Writes that are looked after; 20 of them keep the user's item under 1 KB."""

BULK = 10
"""An `apply` of more changes than this leaves only a mark that there was one."""

GOOD_FOR_S = 1.0


class Write(NamedTuple):
    """One write of a copy; without an id, of many at once."""

    user_book_id: str
    at: int
    """Seconds, Unix time."""


Recent = tuple[Write, ...]


def pack(recent: Recent) -> str:
    """The first moment, and each id with the seconds since: `1793534400 ID.0 ID.7`."""
    if not recent:
        return ""
    first = min(write.at for write in recent)
    return " ".join([str(first), *(f"{ident}.{at - first}" for ident, at in recent)])


def unpack(packed: str) -> Recent:
    """The inverse of `pack`."""
    first, *writes = packed.split(" ")
    parts = [write.rpartition(".") for write in writes]
    return tuple(Write(ident, int(first) + int(since)) for ident, _, since in parts)


def fresh(recent: Recent, now: datetime) -> Recent:
    """The writes that an index may not show yet."""
    oldest = int(now.timestamp()) - SECONDS
    return tuple(write for write in recent if write.at >= oldest)


def noted(recent: Recent, ids: Sequence[str], now: datetime) -> Recent:
    """The list with some more writes, without those that are settled by now."""
    written = [""] if len(ids) > BULK else list(ids)
    kept = [write for write in fresh(recent, now) if write.user_book_id not in written]
    kept += [Write(ident, int(now.timestamp())) for ident in written]
    return tuple(kept[-MOST:])


class Standing(NamedTuple):
    """What a shelf has to know of its user."""

    counts: Mapping[str, int]
    version: int
    """As it is stored."""
    recent: Recent

    def shelf_version(self, now: datetime) -> int:
        """One more than the stored version once many writes have settled.

        A page that was read in between may lack some of them, and must not pass for the same.
        """
        lately = fresh(self.recent, now)
        return self.version + any(
            write.user_book_id == "" and write not in lately for write in self.recent
        )


class _Known(NamedTuple):
    whose: tuple[str, str]
    standing: Standing
    at: float


_known: ContextVar[list[_Known] | None] = ContextVar("known", default=None)
_written: dict[tuple[str, str], float] = {}
"""When this process last changed a user's books, for as long as anybody may have to know."""


def remember(table: str, user_id: str, standing: Standing, asked_at: float) -> None:
    """Keep for this request what was just read of a user; `asked_at` by `time.monotonic`."""
    _known.set([_Known((table, user_id), standing, asked_at)])


def recall(table: str, user_id: str) -> Standing | None:
    """What this request has just read of the user: once, within a second, before any write."""
    known = _known.get()
    if not known or known[0].whose != (table, user_id):
        return None
    [(whose, standing, at)] = known
    known.clear()
    if time.monotonic() - at > GOOD_FOR_S or _written.get(whose, at - 1) >= at:
        return None
    return standing


def wrote(table: str, user_id: str) -> None:
    """What was read of the user before does not count any more, in no request of this process."""
    now = time.monotonic()
    for whose in [whose for whose, at in _written.items() if now - at > GOOD_FOR_S]:
        del _written[whose]
    _written[table, user_id] = now
