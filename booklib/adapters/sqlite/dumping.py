"""Reading and writing whole tables, for copies of a library. Runs in a connection's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from booklib.adapters.sqlite.codec import (
    BOOK_COLUMNS,
    USER_BOOK_COLUMNS,
    book_of,
    book_values,
    insert,
    pack,
    user_book_of,
    user_values,
)
from booklib.adapters.sqlite.users import check_names
from booklib.adapters.sqlite.writes import put_copy
from booklib.models import Book, User, UserBook
from booklib.ports import Counted

_OWNED = ", ".join(f"user_books.{name.strip()}" for name in USER_BOOK_COLUMNS.split(","))


def books(db: sqlite3.Connection, after: str, limit: int) -> list[Book]:
    """Books behind an id."""
    rows = db.execute(
        f"SELECT {BOOK_COLUMNS} FROM books WHERE book_id > ? ORDER BY book_id LIMIT ?",
        (after, limit),
    ).fetchall()
    return [book_of(row) for row in rows]


def copies(db: sqlite3.Connection, after: str, limit: int) -> list[UserBook]:
    """Everybody's copies behind an id, deleted and moved ones too."""
    rows = db.execute(
        f"SELECT users.user_id, {_OWNED} FROM user_books JOIN users ON users.number = owner "
        "WHERE user_book_id > ? ORDER BY user_book_id LIMIT ?",
        (after, limit),
    ).fetchall()
    return [user_book_of(row[0], row[1:]) for row in rows]


def copies_by_id(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, UserBook]:
    """Copies by id, whoever has them."""
    marks = ", ".join("?" * len(ids))
    rows = db.execute(
        f"SELECT users.user_id, {_OWNED} FROM user_books JOIN users ON users.number = owner "
        f"WHERE user_book_id IN ({marks})",
        tuple(ids),
    ).fetchall()
    return {row[1]: user_book_of(row[0], row[1:]) for row in rows}


def put_user(db: sqlite3.Connection, user: User) -> None:
    """Store a user as they are, without counts. Raises NameTaken and EmailTaken."""
    check_names(db, user)
    values = user_values(user)
    names = ", ".join(f"{name} = :{name}" for name in values)
    if not db.execute(f"UPDATE users SET {names} WHERE user_id = :user_id", values).rowcount:
        version = {"counts": "{}", "shelf_version": user.shelf_version}
        insert(db, "users", values | version)


def put_books(db: sqlite3.Connection, some: Sequence[Book]) -> None:
    """Store Books as they are."""
    for book in some:
        insert(db, "books", book_values(book), "INSERT OR REPLACE")


def put_copies(db: sqlite3.Connection, some: Sequence[UserBook]) -> None:
    """Store copies as they are, counting nothing; their owners must be there."""
    owners: dict[str, int] = {}
    for copy in some:
        if copy.user_id not in owners:
            found = db.execute("SELECT number FROM users WHERE user_id = ?", (copy.user_id,))
            owners[copy.user_id] = found.fetchone()[0]
        put_copy(db, owners[copy.user_id], copy)


def put_counts(db: sqlite3.Connection, user_id: str, counts: Counted) -> None:
    """Store what was counted anew; the shelf has another version then."""
    db.execute(
        "UPDATE users SET counts = ?, shelf_version = shelf_version + 1 WHERE user_id = ?",
        (pack(dict(counts)), user_id),
    )
