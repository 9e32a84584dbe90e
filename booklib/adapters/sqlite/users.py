"""Accounts and counters of tries. Every function runs in a connection's thread."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from booklib.adapters.sqlite.codec import USER_COLUMNS, assignments, insert, user_of, user_values
from booklib.adapters.sqlite.writes import remove_copies
from booklib.errors import EmailTaken, NameTaken, RegistrationClosed
from booklib.models import User
from booklib.models.shelf import stamp
from booklib.models.users import fold_name

_CHUNK = 200


def add(db: sqlite3.Connection, user: User, only_first: bool) -> None:
    """Raises NameTaken and EmailTaken, and RegistrationClosed if it was to be the first."""
    if only_first and some(db, "", 1):
        raise RegistrationClosed
    check_names(db, user)
    insert(db, "users", user_values(user) | {"counts": "{}", "shelf_version": 0})


def check_names(db: sqlite3.Connection, user: User) -> None:
    """Raise NameTaken or EmailTaken where another user has one of them."""
    for column, key, error in (
        ("name_key", user.name_key, NameTaken),
        ("mail_key", user.mail_key, EmailTaken),
    ):
        taken = f"SELECT 1 FROM users WHERE {column} = ? AND user_id != ?"
        if db.execute(taken, (key, user.user_id)).fetchone():
            raise error


def get(db: sqlite3.Connection, user_id: str) -> User | None:
    """One user."""
    row = db.execute(f"SELECT {USER_COLUMNS} FROM users WHERE user_id = ?", (user_id,)).fetchone()
    return user_of(row) if row else None


def by_login(db: sqlite3.Connection, name_or_email: str) -> User | None:
    """The user with this name, else with this email."""
    row = db.execute(
        f"SELECT {USER_COLUMNS} FROM users WHERE name_key = :key OR mail_key = :key",
        {"key": fold_name(name_or_email)},
    ).fetchone()
    return user_of(row) if row else None


def save(db: sqlite3.Connection, before: User, after: User) -> bool:
    """Raises NameTaken and EmailTaken."""
    stored = db.execute("SELECT rev FROM users WHERE user_id = ?", (before.user_id,)).fetchone()
    if stored is None or stored[0] != before.rev:
        return False
    check_names(db, after)
    values = user_values(replace(after, rev=before.rev + 1))
    db.execute(f"UPDATE users SET {assignments(values)} WHERE user_id = :user_id", values)
    return True


def start_removal(db: sqlite3.Connection, user_id: str, now: datetime) -> None:
    """Let no more books be added."""
    db.execute(
        "UPDATE users SET closing_at = coalesce(closing_at, ?), rev = rev + 1 WHERE user_id = ?",
        (stamp(now), user_id),
    )


def remove_some(db: sqlite3.Connection, user_id: str) -> bool:
    """Remove some of a user's books, and the user with the last of them; False: nothing is left.

    In portions, so that a large library does not keep other writers waiting.
    """
    row = db.execute("SELECT number FROM users WHERE user_id = ?", (user_id,)).fetchone()
    if row is None:
        return False
    copies = db.execute("SELECT number FROM user_books WHERE owner = ? LIMIT ?", (row[0], _CHUNK))
    numbers = [number for (number,) in copies.fetchall()]
    remove_copies(db, numbers)
    if len(numbers) == _CHUNK:
        return True
    db.execute("DELETE FROM users WHERE number = ?", row)
    return False


def some(db: sqlite3.Connection, after: str, limit: int) -> list[User]:
    """Users in the order of their folded names, behind one of those."""
    rows = db.execute(
        f"SELECT {USER_COLUMNS} FROM users WHERE name_key > ? ORDER BY name_key LIMIT ?",
        (after, limit),
    ).fetchall()
    return [user_of(row) for row in rows]


def hit(db: sqlite3.Connection, key: str, window_s: int, now: datetime) -> int:
    """Count one try; windows that are over are forgotten."""
    db.execute("DELETE FROM hits WHERE until <= ?", (stamp(now),))
    row = db.execute(
        "INSERT INTO hits (key, until, tries) VALUES (?, ?, 1) "
        "ON CONFLICT (key) DO UPDATE SET tries = tries + 1 RETURNING tries",
        (key, stamp(now + timedelta(seconds=window_s))),
    ).fetchone()
    return int(row[0])


def unhit(db: sqlite3.Connection, key: str) -> None:
    """Take one try back."""
    db.execute("UPDATE hits SET tries = tries - 1 WHERE key = ? AND tries > 0", (key,))
