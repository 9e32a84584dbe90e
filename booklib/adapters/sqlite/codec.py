"""Rows and the words of the design: dates as ISO text in UTC, mappings as JSON, tuples restored."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from booklib.models import Book, Fields, Job, Keys, Reading, Source, User, UserBook
from booklib.models.shelf import stamp

Row = tuple[Any, ...]
Values = dict[str, Any]

AT_ONCE = 20
"""Rows of one statement, far below SQLite's 32,766 parameters.

One statement for many rows, because while it runs a page has Python's lock to itself; not for too
many, because they are made ready under that lock.
"""

USER_COLUMNS = (
    "user_id, username, email, password_hash, created_at, session_epoch, ended_sessions, "
    "time_zone, view, shortcuts, closing_at, rev, counts, shelf_version, last_import"
)
BOOK_COLUMNS = "book_id, isbn, fields, sources, version"
USER_BOOK_COLUMNS = (
    "user_book_id, book_id, isbn, edition, status, rating, added_at, started_on, finished_on, "
    "mine, given, notes, lookup, book_version, deleted_at, moved_to, rev, edit, card, "
    "added_key, title_key, author_key, status_key, "
    "readings, tags, imported, review, copies"
)
JOB_COLUMNS = (
    "job_id, kind, payload, state, attempts, due_at, lease_until, message, created_at, ended_at, "
    "rev"
)


def moment(text: str | None) -> datetime | None:
    """The inverse of `stamp`, which keeps None."""
    return datetime.fromisoformat(text) if text else None


def stamped(at: datetime | None) -> str | None:
    """A moment as text that sorts in time, None for None."""
    return stamp(at) if at else None


def pack(value: object) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _fields(packed: str) -> Fields:
    values: Mapping[str, Any] = json.loads(packed)
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def user_values(user: User) -> Values:
    """A user's columns but for counts and shelf_version, which are `apply`'s."""
    return {
        "user_id": user.user_id,
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
        "shortcuts": int(user.shortcuts),
        "closing_at": stamped(user.closing_at),
        "rev": user.rev,
        "last_import": user.last_import,
    }


def user_of(row: Row) -> User:
    """The user of a row of USER_COLUMNS."""
    return User(
        user_id=row[0],
        username=row[1],
        email=row[2],
        password_hash=row[3],
        created_at=datetime.fromisoformat(row[4]),
        session_epoch=row[5],
        ended_sessions=tuple(json.loads(row[6])),
        time_zone=row[7],
        view=row[8],
        shortcuts=bool(row[9]),
        closing_at=moment(row[10]),
        rev=row[11],
        counts=json.loads(row[12]),
        shelf_version=row[13],
        last_import=row[14],
    )


def book_values(book: Book) -> Values:
    """A Book's columns."""
    sources = {name: (source.provider, stamp(source.at)) for name, source in book.sources.items()}
    return {
        "book_id": book.book_id,
        "isbn": book.isbn,
        "fields": pack(dict(book.fields)),
        "sources": pack(sources),
        "version": book.version,
    }


def book_of(row: Row) -> Book:
    """The Book of a row of BOOK_COLUMNS."""
    sources = json.loads(row[3])
    return Book(
        book_id=row[0],
        isbn=row[1],
        fields=_fields(row[2]),
        sources={
            name: Source(provider, datetime.fromisoformat(at))
            for name, (provider, at) in sources.items()
        },
        version=row[4],
    )


def user_book_values(user_book: UserBook) -> Values:
    """A copy's columns but for number, owner and words."""
    return {
        "user_book_id": user_book.user_book_id,
        "shelf": user_book.shelf,
        "rating": user_book.rating,
        "finished_on": user_book.finished_on,
        "added_key": user_book.keys.added,
        "title_key": user_book.keys.title,
        "author_key": user_book.keys.author,
        "status_key": user_book.keys.status,
        "card": user_book.card,
        "status": user_book.status,
        "book_id": user_book.book_id,
        "isbn": user_book.isbn,
        "edition": user_book.edition,
        "added_at": stamp(user_book.added_at),
        "started_on": user_book.started_on or None,
        "lookup": user_book.lookup,
        "book_version": user_book.book_version,
        "deleted_at": stamped(user_book.deleted_at),
        "moved_to": user_book.moved_to,
        "rev": user_book.rev,
        "edit": user_book.edit,
        "mine": pack(dict(user_book.mine)),
        "given": pack(dict(user_book.given)),
        "notes": user_book.notes,
        "readings": pack(user_book.readings),
        "tags": pack(user_book.tags),
        "imported": pack(dict(user_book.imported)),
        "review": user_book.review,
        "copies": user_book.copies,
    }


def user_book_of(user_id: str, row: Row) -> UserBook:
    """The copy of a row of USER_BOOK_COLUMNS."""
    return UserBook(
        user_book_id=row[0],
        user_id=user_id,
        book_id=row[1],
        isbn=row[2],
        edition=row[3],
        status=row[4],
        rating=row[5],
        added_at=datetime.fromisoformat(row[6]),
        started_on=row[7] or "",
        finished_on=row[8],
        mine=_fields(row[9]),
        given=_fields(row[10]),
        notes=row[11],
        lookup=row[12],
        book_version=row[13],
        deleted_at=moment(row[14]),
        moved_to=row[15],
        rev=row[16],
        edit=row[17],
        card=row[18],
        keys=Keys(*row[19:23]),
        readings=tuple(Reading(*pair) for pair in json.loads(row[23])),
        tags=tuple(json.loads(row[24])),
        imported=_fields(row[25]),
        review=row[26],
        copies=row[27],
    )


def job_values(job: Job) -> Values:
    """A job's columns; `next_at` is when a claim may take it."""
    next_at = {"waiting": job.due_at, "running": job.lease_until}.get(job.state)
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "payload": pack(dict(job.payload)),
        "state": job.state,
        "attempts": job.attempts,
        "due_at": stamped(job.due_at),
        "lease_until": stamped(job.lease_until),
        "next_at": stamped(next_at),
        "message": job.message,
        "created_at": stamp(job.created_at),
        "ended_at": stamped(job.ended_at),
        "rev": job.rev,
    }


def job_of(row: Row) -> Job:
    """The job of a row of JOB_COLUMNS."""
    return Job(
        job_id=row[0],
        kind=row[1],
        payload=json.loads(row[2]),
        state=row[3],
        attempts=row[4],
        due_at=moment(row[5]),
        lease_until=moment(row[6]),
        message=row[7],
        created_at=datetime.fromisoformat(row[8]),
        ended_at=moment(row[9]),
        rev=row[10],
    )


def insert(db: sqlite3.Connection, table: str, values: Values, verb: str = "INSERT") -> None:
    """Insert one row; `verb` may be `INSERT OR REPLACE`."""
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    db.execute(f"{verb} INTO {table} ({names}) VALUES ({marks})", values)


def insert_all(db: sqlite3.Connection, table: str, rows: Sequence[Values]) -> None:
    """Insert some rows, AT_ONCE at most, that have the same columns in the same order."""
    marks = f"({', '.join('?' * len(rows[0]))})"
    db.execute(
        f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES {', '.join([marks] * len(rows))}",
        [value for row in rows for value in row.values()],
    )


def assignments(values: Values) -> str:
    """The SET part of an UPDATE with named parameters."""
    return ", ".join(f"{name} = :{name}" for name in values)
