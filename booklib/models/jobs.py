"""A stored unit of background work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from booklib.models.books import Book

KEPT = timedelta(days=30)

JobState = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The row is the truth; a queue's message is only a doorbell."""

    job_id: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    """Ids and small JSON values; also a resumable job's cursor and a job's result."""
    state: JobState = "waiting"
    attempts: int = 0
    """Raised by the claim, so that a job that kills its process ends too."""
    due_at: datetime | None = None
    """When a waiting job is to be tried; set whenever `state` is waiting."""
    lease_until: datetime | None = None
    """Until when a running job belongs to whoever claimed it."""
    message: str = ""
    """A sentence for people: why it waits, failed, or what came of it."""
    created_at: datetime
    ended_at: datetime | None = None
    rev: int = 1

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.state in ("done", "failed")

    def outlived(self, now: datetime) -> bool:
        """Whether it ended so long ago that it may be replaced: 30 days, the negative cache."""
        return self.ended_at is not None and now - self.ended_at > KEPT


def lookup_job(book_id: str, isbn: str | None, edition: str | None, now: datetime) -> Job:
    """The job that asks the catalogues for an edition; due at once, the same one for everybody."""
    payload = {"book_id": book_id, "isbn": isbn, "edition": edition}
    return Job(
        job_id=f"lookup:{book_id}", kind="lookup", payload=payload, due_at=now, created_at=now
    )


def cover_job(book: Book, now: datetime) -> Job | None:
    """The job that fetches a Book's picture from the address that it tells; None without one."""
    address = book.fields.get("cover")
    if not address:
        return None
    digest = sha256(str(address).encode()).hexdigest()[:16]
    return Job(
        job_id=f"cover:{book.book_id}:{digest}",
        kind="cover",
        payload={"book_id": book.book_id, "address": str(address)},
        due_at=now,
        created_at=now,
    )
