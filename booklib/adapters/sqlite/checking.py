"""Whether what is stored fits together: the file's own structure, and the counts kept in it."""

from __future__ import annotations

import json
import sqlite3

ENGINE = f"SQLite {sqlite3.sqlite_version}"
MOST = 10
"""Faults of the file that are told."""


def faults(db: sqlite3.Connection) -> list[str]:
    """What does not fit, one sentence each; reads the whole file, as of one moment."""
    db.execute("BEGIN")
    try:
        return [*_damage(db), *_wrong_counts(db)]
    finally:
        db.execute("COMMIT")


def search_faults(db: sqlite3.Connection) -> list[str]:
    """Whether the search holds the words of the books. SQLite counts this as a write."""
    try:
        db.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        return [f"The search does not hold what the books say: {error}."]
    return []


def _damage(db: sqlite3.Connection) -> list[str]:
    said = [row[0] for row in db.execute(f"PRAGMA integrity_check({MOST})") if row[0] != "ok"]
    orphans = db.execute("PRAGMA foreign_key_check").fetchall()
    strays = [f"{len(orphans):,} rows belong to nothing."] if orphans else []
    return [*(f"The database file is damaged: {what}." for what in said), *strays]


def _wrong_counts(db: sqlite3.Connection) -> list[str]:
    """Users whose counts are not those of their books. Those being removed have none to keep."""
    rows: dict[int, dict[str, int]] = {}
    for owner, shelf, count in db.execute(
        "SELECT owner, shelf, count(*) FROM user_books GROUP BY owner, shelf"
    ):
        rows.setdefault(owner, {})[shelf] = count
    return [
        f"The counts of “{name}” say {json.loads(counts)}, the books {rows.get(number, {})}."
        for number, name, counts in db.execute(
            "SELECT number, username, counts FROM users WHERE closing_at IS NULL"
        )
        if json.loads(counts) != rows.get(number, {})
    ]
