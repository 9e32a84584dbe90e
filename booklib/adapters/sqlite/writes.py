"""Changing books: all changes of one `apply` in one transaction. Runs in the writer's thread."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from booklib.adapters.sqlite import index, jobs
from booklib.adapters.sqlite.codec import (
    AT_ONCE,
    Values,
    assignments,
    book_values,
    insert,
    insert_all,
    pack,
    user_book_values,
)
from booklib.models import Book, Job, UserBook
from booklib.models.jobs import KEPT
from booklib.models.shelf import count_changes, stamp
from booklib.ports import Change

Stored = dict[str, Values]


def save_book(db: sqlite3.Connection, book: Book, if_version: int) -> bool:
    """Compare the version and set."""
    row = db.execute("SELECT version FROM books WHERE book_id = ?", (book.book_id,)).fetchone()
    if (row[0] if row else 0) != if_version:
        return False
    insert(db, "books", book_values(book), "INSERT OR REPLACE")
    return True


def apply(db: sqlite3.Connection, user_id: str, changes: Sequence[Change], job: Job | None) -> bool:
    """Do all changes or none; see `Storage.apply`."""
    user = db.execute(
        "SELECT number, closing_at, counts FROM users WHERE user_id = ?", (user_id,)
    ).fetchone()
    if user is None or user[1] is not None:
        return False
    stored = _stored(db, [(before or after).user_book_id for before, after in changes])  # type: ignore[union-attr]
    if not all(_fits(user[0], change, stored) for change in changes):
        return False
    for before, after in changes:
        if after is None:
            _remove(db, stored[before.user_book_id])  # type: ignore[union-attr]
        elif before is not None:
            row = stored[after.user_book_id]
            _change(db, row, replace(after, rev=before.rev + 1))
    new = [replace(after, rev=1) for before, after in changes if after and before is None]
    for start in range(0, len(new), AT_ONCE):
        _add(db, user[0], new[start : start + AT_ONCE])
    _count(db, user[0], user[2], count_changes(list(changes)))
    if job:
        jobs.add_or_replace(db, job)
    return True


def _stored(db: sqlite3.Connection, ids: Sequence[str]) -> Stored:
    marks = ", ".join("?" * len(ids))
    cursor = db.execute(f"SELECT * FROM user_books WHERE user_book_id IN ({marks})", ids)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["user_book_id"]: row for row in rows}


def _fits(owner: int, change: Change, stored: Stored) -> bool:
    before, after = change
    if before is None:
        return after is not None and after.user_book_id not in stored
    row = stored.get(before.user_book_id)
    return row is not None and (row["owner"], row["rev"]) == (owner, before.rev)


def _add(db: sqlite3.Connection, owner: int, new: Sequence[UserBook]) -> None:
    numbers = index.free_numbers(db, [(copy.added_at, copy.user_book_id) for copy in new])
    words = [index.words_of(owner, copy.card) for copy in new]
    rows = [
        user_book_values(copy) | {"number": number, "owner": owner, "words": said}
        for copy, number, said in zip(new, numbers, words, strict=True)
    ]
    insert_all(db, "user_books", rows)
    index.add(db, list(zip(numbers, words, strict=True)))


def _change(db: sqlite3.Connection, row: Values, after: UserBook) -> None:
    values = user_book_values(after)
    if row["added_at"] != values["added_at"]:
        values["number"] = index.free_number(db, after.added_at, after.user_book_id)
    if row["card"] != after.card:
        values["words"] = index.words_of(row["owner"], after.card)
    # Only what differs: SQLite rewrites the entries of every index that has a column named here.
    changed = {name: value for name, value in values.items() if value != row[name]}
    if "words" in changed or "number" in changed:
        index.remove(db, row["number"], row["words"])
    db.execute(
        f"UPDATE user_books SET {assignments(changed)} WHERE user_book_id = :ident",
        changed | {"ident": row["user_book_id"]},
    )
    if "words" in changed or "number" in changed:
        now = row | changed
        index.add(db, [(now["number"], now["words"])])


def put_copy(db: sqlite3.Connection, owner: int, copy: UserBook) -> None:
    """Store a copy as it is, over the one that may be there; nothing is counted."""
    row = _stored(db, [copy.user_book_id]).get(copy.user_book_id)
    if row is None:
        _add(db, owner, [copy])
    elif user_book_values(copy).items() - row.items():
        _change(db, row, copy)


def _remove(db: sqlite3.Connection, row: Values) -> None:
    index.remove(db, row["number"], row["words"])
    db.execute("DELETE FROM user_books WHERE number = ?", (row["number"],))


def _count(db: sqlite3.Connection, owner: int, packed: str, moved: Mapping[str, int]) -> None:
    counts: dict[str, int] = json.loads(packed)
    for shelf, number in moved.items():
        counts[shelf] = counts.get(shelf, 0) + number
    left = {shelf: number for shelf, number in counts.items() if number}
    db.execute(
        "UPDATE users SET counts = ?, shelf_version = shelf_version + 1 WHERE number = ?",
        (pack(left), owner),
    )


def remove_copies(db: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Remove books for good, leaving their owners' counts alone."""
    for number in numbers:
        row = db.execute("SELECT words FROM user_books WHERE number = ?", (number,)).fetchone()
        _remove(db, {"number": number, "words": row[0]})


def sweep_copies(db: sqlite3.Connection, deleted_before: datetime, limit: int) -> int:
    """Remove at most `limit` books deleted before a moment, and count anew; how many they were."""
    rows = db.execute(
        "SELECT number, owner, shelf FROM user_books WHERE deleted_at < ? LIMIT ?",
        (stamp(deleted_before), limit),
    ).fetchall()
    remove_copies(db, [number for number, _, _ in rows])
    for owner in {owner for _, owner, _ in rows}:
        gone = Counter(shelf for _, whose, shelf in rows if whose == owner)
        packed = db.execute("SELECT counts FROM users WHERE number = ?", (owner,)).fetchone()[0]
        _count(db, owner, packed, {shelf: -number for shelf, number in gone.items()})
    return len(rows)


def sweep_rest(db: sqlite3.Connection, now: datetime) -> None:
    """Forget jobs that ended more than 30 days ago and counters whose window is over."""
    db.execute("DELETE FROM jobs WHERE ended_at < ?", (stamp(now - KEPT),))
    db.execute("DELETE FROM hits WHERE until <= ?", (stamp(now),))
