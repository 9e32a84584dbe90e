"""Items and the words of the design: what is empty is absent, dates are ISO text in UTC."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from booklib.adapters.dynamodb.schema import DUE, Item
from booklib.models import UNDOABLE, Book, Fields, Job, Keys, Reading, Source, User, UserBook
from booklib.models.jobs import KEPT
from booklib.models.shelf import stamp

Plain = str | int | bool | None


def typed(value: Plain) -> dict[str, Any]:
    """One value as DynamoDB writes it."""
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def item(values: Mapping[str, Plain]) -> Item:
    """An item of the values that are neither None nor an empty text."""
    return {
        name: typed(value) for name, value in values.items() if value is not None and value != ""
    }


def plain(stored: Item) -> dict[str, Any]:
    """The values of an item by name."""
    return {
        name: int(value) if kind == "N" else value
        for name, attribute in stored.items()
        for kind, value in attribute.items()
    }


def pack(value: object) -> str:
    """Compact JSON; nothing for what is empty."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""


def stamped(at: datetime | None) -> str | None:
    """A moment as text that sorts in time, None for None."""
    return stamp(at) if at else None


def moment(text: str | None) -> datetime | None:
    """The inverse of `stamped`."""
    return datetime.fromisoformat(text) if text else None


def expiry(since: datetime | None, kept: timedelta) -> int | None:
    """The second (Unix time) from which DynamoDB's time to live may remove an item."""
    return ceil((since + kept).timestamp()) if since else None


def _fields(packed: str) -> Fields:
    values: Mapping[str, Any] = json.loads(packed or "{}")
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def profile_values(user: User) -> dict[str, Plain]:
    """A user's attributes but for the key and for counts, shelf_version and recent (`apply`'s)."""
    return {
        "name_key": user.name_key,
        "mail_key": user.mail_key,
        "username": user.username,
        "email": user.email,
        "password_hash": user.password_hash,
        "created_at": stamp(user.created_at),
        "session_epoch": user.session_epoch,
        "ended_sessions": pack(user.ended_sessions),
        "time_zone": user.time_zone,
        "view": user.view,
        "shortcuts": user.shortcuts,
        "closing_at": stamped(user.closing_at),
        "last_import": user.last_import,
        "rev": user.rev,
    }


def user_of(stored: Item) -> User:
    """The user of an item."""
    values = plain(stored)
    return User(
        user_id=values["user_id"],
        username=values["username"],
        email=values["email"],
        password_hash=values["password_hash"],
        created_at=datetime.fromisoformat(values["created_at"]),
        session_epoch=values["session_epoch"],
        ended_sessions=tuple(json.loads(values.get("ended_sessions", "[]"))),
        time_zone=values["time_zone"],
        view=values["view"],
        shortcuts=values["shortcuts"],
        closing_at=moment(values.get("closing_at")),
        rev=values["rev"],
        counts=json.loads(values.get("counts", "{}")),
        shelf_version=values["shelf_version"],
        last_import=values.get("last_import", ""),
    )


def book_item(book: Book) -> Item:
    """A Book's item."""
    sources = {name: (source.provider, stamp(source.at)) for name, source in book.sources.items()}
    return item(
        {
            "book_id": book.book_id,
            "isbn": book.isbn,
            "fields": pack(dict(book.fields)),
            "sources": pack(sources),
            "version": book.version,
        }
    )


def book_of(stored: Item) -> Book:
    """The Book of an item."""
    values = plain(stored)
    sources = json.loads(values.get("sources", "{}"))
    return Book(
        book_id=values["book_id"],
        isbn=values.get("isbn"),
        fields=_fields(values.get("fields", "")),
        sources={
            name: Source(provider, datetime.fromisoformat(at))
            for name, (provider, at) in sources.items()
        },
        version=values["version"],
    )


def user_book_item(book: UserBook) -> Item:
    """A copy's item. Without its keys it is in no index that goes by them."""
    return item(
        {
            "user_book_id": book.user_book_id,
            "user_id": book.user_id,
            "book_id": book.book_id,
            "isbn": book.isbn,
            "edition": book.edition,
            "status": book.status,
            "rating": book.rating or None,
            "added_at": stamp(book.added_at),
            "started_on": book.started_on,
            "finished_on": book.finished_on,
            "mine": pack(dict(book.mine)),
            "given": pack(dict(book.given)),
            "notes": book.notes,
            "readings": pack(book.readings),
            "tags": pack(book.tags),
            "imported": pack(dict(book.imported)),
            "review": book.review,
            "copies": book.copies or None,
            "lookup": None if book.lookup == "none" else book.lookup,
            "book_version": book.book_version or None,
            "deleted_at": stamped(book.deleted_at),
            "expires_at": expiry(book.deleted_at, UNDOABLE),
            "moved_to": book.moved_to,
            "rev": book.rev,
            "edit": book.edit,
            "card": book.card,
            "added_key": book.keys.added,
            "title_key": book.keys.title,
            "author_key": book.keys.author,
            "status_key": book.keys.status,
        }
    )


def user_book_of(stored: Item) -> UserBook:
    """The copy of an item."""
    values = plain(stored)
    read = values.get
    return UserBook(
        user_book_id=values["user_book_id"],
        user_id=values["user_id"],
        book_id=read("book_id"),
        isbn=read("isbn"),
        edition=read("edition"),
        status=values["status"],
        rating=read("rating", 0),
        added_at=datetime.fromisoformat(values["added_at"]),
        started_on=read("started_on", ""),
        finished_on=read("finished_on", ""),
        mine=_fields(read("mine", "")),
        given=_fields(read("given", "")),
        notes=read("notes", ""),
        readings=tuple(Reading(*pair) for pair in json.loads(read("readings", "[]"))),
        tags=tuple(json.loads(read("tags", "[]"))),
        imported=_fields(read("imported", "")),
        review=read("review", ""),
        copies=read("copies", 0),
        lookup=read("lookup", "none"),
        book_version=read("book_version", 0),
        deleted_at=moment(read("deleted_at")),
        moved_to=read("moved_to"),
        rev=values["rev"],
        edit=values["edit"],
        card=read("card", ""),
        keys=Keys(read("added_key"), read("title_key"), read("author_key"), read("status_key", "")),
    )


def next_at(job: Job) -> datetime | None:
    """When a claim may take a job; None once it has ended."""
    return {"waiting": job.due_at, "running": job.lease_until}.get(job.state)


def job_item(job: Job, rev: int | None = None) -> Item:
    """A job's item, with another `rev` where one is given; in the index while it may be claimed."""
    job = job if rev is None else replace(job, rev=rev)
    when = stamped(next_at(job))
    return item(
        {
            "job_id": job.job_id,
            "kind": job.kind,
            "payload": pack(dict(job.payload)),
            "state": job.state,
            "attempts": job.attempts,
            "due_at": stamped(job.due_at),
            "lease_until": stamped(job.lease_until),
            "next_at": when,
            "due": DUE if when else None,
            "message": job.message,
            "created_at": stamp(job.created_at),
            "ended_at": stamped(job.ended_at),
            "expires_at": expiry(job.ended_at, KEPT),
            "rev": job.rev,
        }
    )


def job_of(stored: Item) -> Job:
    """The job of an item."""
    values = plain(stored)
    return Job(
        job_id=values["job_id"],
        kind=values["kind"],
        payload=json.loads(values.get("payload", "{}")),
        state=values["state"],
        attempts=values["attempts"],
        due_at=moment(values.get("due_at")),
        lease_until=moment(values.get("lease_until")),
        message=values.get("message", ""),
        created_at=datetime.fromisoformat(values["created_at"]),
        ended_at=moment(values.get("ended_at")),
        rev=values["rev"],
    )
