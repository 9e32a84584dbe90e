"""Whether what is stored fits together: the file's own structure, and the counts kept in it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from booklib.adapters.sqlite.migrate import scripts, statements

ENGINE = f"SQLite {sqlite3.sqlite_version}"
MOST = 10
"""Faults of the file that are told."""


def faults(db: sqlite3.Connection) -> list[str]:
    """What does not fit, one sentence each; reads the whole file, as of one moment."""
    db.execute("BEGIN")
    try:
        return all_faults(db)
    finally:
        db.execute("COMMIT")


def all_faults(db: sqlite3.Connection) -> list[str]:
    """As `faults`, inside a transaction."""
    return [*_damage(db), *_missing_parts(db), *_wrong_counts(db)]


def search_faults(db: sqlite3.Connection) -> list[str]:
    """Whether the search holds the words of the books. SQLite counts this as a write."""
    try:
        db.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return [f"The search does not hold what the books say: {error}."]
    return []


def _missing_parts(db: sqlite3.Connection) -> list[str]:
    """Tables, columns and indexes that the migrations make and that are not there."""
    with closing(sqlite3.connect(":memory:")) as made:
        for script in scripts():
            for statement in statements(script.read_text("utf-8")):
                made.execute(statement)
        missing = sorted(_parts(made) - _parts(db))
    return [f"The database lacks its {part}." for part in missing]


def _parts(db: sqlite3.Connection) -> set[str]:
    found = db.execute(
        "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' "
        "UNION ALL SELECT 'column ' || part.name, 'of ' || whole.name "
        "FROM sqlite_schema AS whole, pragma_table_info(whole.name) AS part "
        "WHERE whole.type = 'table'"
    )
    return {f"{kind} {name}" for kind, name in found}


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
    found = []
    for number, name, packed in db.execute(
        "SELECT number, username, counts FROM users WHERE closing_at IS NULL"
    ):
        counted = rows.get(number, {})
        if _unpacked(packed) != counted:
            found.append(f"The counts of “{name}” say {packed}, the books {json.dumps(counted)}.")
    return found


def _unpacked(packed: str) -> object:
    try:
        return json.loads(packed)
    except ValueError:
        return None
