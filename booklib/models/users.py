"""The person who owns a library."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from booklib.models.books import STATUSES

View = Literal["cards", "list"]
VIEWS: tuple[View, ...] = ("cards", "list")

Registration = Literal["open", "first", "closed"]
"""Who may make an account: everybody, somebody while there is none yet, nobody."""

ENDED_SESSIONS_KEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One account. `counts` and `shelf_version` are kept by `Storage.apply`, not by `save_user`."""

    user_id: str
    username: str
    email: str
    password_hash: str
    created_at: datetime
    session_epoch: int = 0
    ended_sessions: tuple[str, ...] = ()
    """Ids of single sessions that were signed out, newest last; at most ENDED_SESSIONS_KEPT."""
    time_zone: str = "UTC"
    view: View = "cards"
    shortcuts: bool = True
    """Single-key shortcuts; WCAG 2.2 SC 2.1.4 asks for a way to switch them off."""
    closing_at: datetime | None = None
    last_import: str = ""
    """Id of the import that was begun last."""
    rev: int = 1
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of books for each shelf: the statuses, `deleted` and `moved`."""
    shelf_version: int = 0
    """Raised by every change of the user's books; an unchanged shelf has the same version."""

    @property
    def name_key(self) -> str:
        """The username as it is compared (NFKC and casefold)."""
        return fold_name(self.username)

    @property
    def mail_key(self) -> str:
        """The email as it is compared."""
        return fold_name(self.email)

    @property
    def total(self) -> int:
        """Number of books on the shelf, deleted ones not counted."""
        return sum(self.counts.get(status, 0) for status in STATUSES)

    def today(self, now: datetime) -> date:
        """The date where the user is; UTC where their time zone is unknown to this machine."""
        try:
            zone = ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            return now.astimezone(UTC).date()
        return now.astimezone(zone).date()


def fold_name(name: str) -> str:
    """A username or email as it is compared: NFKC, casefold, NFKC again (Unicode TR 36, 3.1)."""
    folded = unicodedata.normalize("NFKC", name.strip()).casefold()
    return unicodedata.normalize("NFKC", folded)
