"""What is known of the copies of an installation."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Contents(NamedTuple):
    """What a copy of the database holds: its layout, and numbers of accounts and of copies."""

    layout: int
    users: int
    books: int


class BackupState(NamedTuple):
    """How the daily backups stand."""

    last: datetime | None
    kept: int
    problem: str
    """Why the last try failed, as a sentence; empty where it did not."""
