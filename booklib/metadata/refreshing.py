"""Fetching metadata again: what would change is shown first, and nothing of the reader's is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from booklib.claims import Claim
from booklib.cover_requests import ask_for
from booklib.errors import Invalid, Stale
from booklib.library.saving import book_of, change, owned
from booklib.metadata.asking import Answer, ask, common_fault, reason_of
from booklib.metadata.fanout import fan_out, settle
from booklib.metadata.waiting import waiting_note
from booklib.models import (
    FIELD_NAMES,
    LIST_FIELDS,
    Book,
    Job,
    Owner,
    Source,
    UserBook,
    Value,
    lookup_job,
)
from booklib.models.shelf import place
from booklib.ports import World
from booklib.retries import armed

SHOWN_FOR = timedelta(days=1)
FAN_OUT_AFTER = timedelta(seconds=5)

State = Literal["asking", "waiting", "nothing-new", "changes", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of a Book as it is and as a catalogue would have it."""

    field: str
    old: Value
    new: Value
    provider: str
    """The catalogue's label: `Open Library`."""
    overridden: bool
    """The reader has a value of their own, which goes on being shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """How far a refresh has come."""

    state: State
    changes: tuple[FieldChange, ...] = ()
    version: int = 0
    """The Book's version that the changes were made for; `apply_refresh` wants it back."""
    message: str = ""
    at: datetime | None = None
    """When the next try is, while waiting."""


async def request_refresh(world: World, user_id: str, user_book_id: str) -> Job:
    """Ask the catalogues again; a book that none has found yet is simply looked up again.

    Raises NotFound, Moved, Busy, and Invalid for a book that no catalogue can be asked for.
    """
    copy = await owned(world, user_id, user_book_id)
    if copy.book_id is None:
        raise Invalid.at("isbn", "Without an ISBN no catalogue can be asked. Add it first.")
    now = world.now()
    if await book_of(world, copy) is None:
        job = await armed(world, lookup_job(copy.book_id, copy.isbn, copy.edition, now))
        await change(world, user_id, user_book_id, _pending)
    else:
        payload = {"book_id": copy.book_id, "isbn": copy.isbn, "edition": copy.edition}
        fresh = Job(
            job_id=f"refresh:{copy.book_id}",
            kind="refresh",
            payload=payload,
            due_at=now,
            created_at=now,
        )
        job = await armed(world, fresh)
    await world.queue.ring(job.job_id)
    return job


def _pending(copy: UserBook) -> UserBook:
    if copy.lookup in ("found", "pending"):
        return copy
    return place(replace(copy, lookup="pending"), None)


async def refresh(world: World, claim: Claim) -> str:
    """Ask the catalogues and keep in the job what would change; the Book stays as it is."""
    payload = claim.job.payload
    book = (await world.storage.books([payload["book_id"]])).get(payload["book_id"])
    if book is None:
        return ""
    answer = await ask(world, payload["isbn"], payload["edition"])
    if not answer.known and (fault := common_fault(answer.faults.values())):
        raise fault
    changes = [
        [name, _json(book.fields.get(name)), _json(new), answer.sources[name].provider]
        for name in FIELD_NAMES
        if (new := _news(book, answer, name)) is not None
    ]
    await claim.progress(changes=changes, version=book.version)
    return reason_of(answer.faults.values())


def _news(book: Book, answer: Answer, name: str) -> Value:
    """A new value for a field, unless whoever gave the old one could not be asked now."""
    source = book.sources.get(name)
    if source and source.provider in answer.faults:
        return None
    new = answer.fields.get(name)
    return new if new and new != book.fields.get(name) else None


async def proposal(world: World, user_id: str, user_book_id: str) -> Refresh | None:
    """How the refresh of a book's metadata stands; None where none was asked for of late.

    Raises NotFound, Moved.
    """
    copy = await owned(world, user_id, user_book_id)
    if copy.book_id is None:
        return None
    book = await book_of(world, copy)
    kind = "refresh" if book else "lookup"
    job = await world.storage.job(f"{kind}:{copy.book_id}")
    if job is None:
        return None
    if not job.ended:
        return await _under_way(world, job, user_id)
    if book is None or job.ended_at is None or world.now() - job.ended_at > SHOWN_FOR:
        return None
    if job.state == "failed":
        return Refresh(state="failed", message=job.message)
    if job.payload.get("version") != book.version:
        return None
    changes = tuple(_change(world, copy, entry) for entry in job.payload["changes"])
    return Refresh(
        state="changes" if changes else "nothing-new",
        changes=changes,
        version=book.version,
        message=job.message,
    )


async def _under_way(world: World, job: Job, user_id: str) -> Refresh:
    if job.state == "waiting" and job.message:
        note = await waiting_note(world, job, user_id)
        return Refresh(state="waiting", message=note, at=job.due_at)
    return Refresh(state="asking")


def _change(world: World, copy: UserBook, entry: list[Any]) -> FieldChange:
    name, old, new, provider = entry
    labels = {catalogue.name: catalogue.label for catalogue in world.catalogues}
    return FieldChange(
        field=name,
        old=_value(name, old),
        new=_value(name, new),
        provider=labels.get(provider, provider),
        overridden=name in copy.mine,
    )


async def apply_refresh(world: World, user_id: str, user_book_id: str, version: int) -> Book:
    """Store the proposed values in the Book, for everybody; nobody's own values are touched.

    `version` is the proposal's. The reader's copy follows at once, the others by a job. Raises
    Stale where the Book has changed since, NotFound, Moved, Busy.
    """
    copy = await owned(world, user_id, user_book_id)
    book = await book_of(world, copy)
    job = await world.storage.job(f"refresh:{copy.book_id}")
    if book is None or job is None or job.state != "done":
        raise Stale("There is nothing to take over. Please fetch the data again.")
    if book.version != version or job.payload.get("version") != version:
        raise Stale("The book has changed since. Please fetch the data again.")
    after = _with_changes(book, job, world.now())
    if after == book:
        return book
    # The job is stored first and due a little later, so that a crash in between loses nothing. One
    # that such a crash left behind has found nothing to do and ended, so it begins anew.
    await armed(world, _fan_out_job(after, world.now()))
    if not await world.storage.save_book(after, version):
        raise Stale("The book has changed since. Please fetch the data again.")
    await ask_for(world, after)
    await settle(world, Owner(user_id, user_book_id), after.book_id, after, "found")
    return after


def _with_changes(book: Book, job: Job, now: datetime) -> Book:
    changes: list[list[Any]] = job.payload["changes"]
    if not changes:
        return book
    at = job.ended_at or now
    fields = {name: _value(name, new) for name, _, new, _ in changes}
    sources = {name: Source(provider, at) for name, _, _, provider in changes}
    return replace(
        book,
        fields={**book.fields, **fields},
        sources={**book.sources, **sources},
        version=book.version + 1,
    )


def _fan_out_job(book: Book, now: datetime) -> Job:
    return Job(
        job_id=f"fan-out:{book.book_id}:{book.version}",
        kind="fan-out",
        payload={"book_id": book.book_id, "version": book.version},
        due_at=now + FAN_OUT_AFTER,
        created_at=now,
    )


async def carry_out(world: World, claim: Claim) -> str:
    """Bring every copy of a Book to its present version."""
    payload: Mapping[str, Any] = claim.job.payload
    book = (await world.storage.books([payload["book_id"]])).get(payload["book_id"])
    if book is not None and book.version >= payload["version"]:
        await ask_for(world, book)
        await fan_out(world, claim, book.book_id, book, "found")
    return ""


def _json(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _value(name: str, value: Any) -> Value:
    return tuple(value) if name in LIST_FIELDS and value is not None else value
