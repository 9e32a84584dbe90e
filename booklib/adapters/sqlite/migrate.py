"""Bring a database file to the newest layout, keeping a copy of what was there before."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from booklib.adapters.sqlite.connection import BUSY_SECONDS, connect_plainly, transact, translated
from booklib.errors import StorageDown

MIGRATIONS = Path(__file__).with_name("migrations")


def prepare(path: Path, migrations: Path = MIGRATIONS) -> None:
    """Make the file, readable by its owner alone, and its tables; safe in two processes at once.

    Migrations are `NNN_name.sql`; the file's `user_version` is the number of the last one. Raises
    StorageDown (not to be opened, or made by a newer version of this program) and StorageFull.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _touch(path)
        with closing(connect_plainly(path)) as connection:
            _use_wal(connection)
            if _version(connection) != max(_scripts(migrations)):
                transact(connection, _migrate, path, migrations)
    except OSError as error:
        raise StorageDown(f"The database cannot be opened: {error}") from error
    except sqlite3.Error as error:
        raise translated(error) from error


def newest_layout(migrations: Path = MIGRATIONS) -> int:
    """The number of the layout that this program makes."""
    return max(_scripts(migrations))


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether a database has the tables and columns that belong to its layout, or is a newer one's.

    Raises sqlite3.Error.
    """
    layout = _version(connection)
    if layout > newest_layout():
        return True
    with closing(sqlite3.connect(":memory:")) as model:
        for number, script in _scripts(MIGRATIONS).items():
            if number <= layout:
                model.executescript(script.read_text("utf-8"))
        return layout > 0 and _columns(model) <= _columns(connection)


def _columns(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "SELECT one.name, its.name FROM sqlite_master one, pragma_table_info(one.name) its "
            "WHERE one.type = 'table'"
        )
    )


def scripts(migrations: Path = MIGRATIONS) -> list[Path]:
    """The migrations in their order."""
    return list(_scripts(migrations).values())


def _touch(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _use_wal(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # The busy timeout does not cover this pragma while another process starts.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _scripts(migrations: Path) -> dict[int, Path]:
    return {int(path.name[:3]): path for path in sorted(migrations.glob("[0-9][0-9][0-9]_*.sql"))}


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Path) -> None:
    # Read again: another process may have been here while this one waited for the lock.
    version = _version(connection)
    scripts = _scripts(migrations)
    if version > max(scripts):
        raise StorageDown(
            f"The database was made by a newer version of this program (layout {version})."
        )
    if 0 < version < max(scripts):
        _keep_copy(path, version)
    for number, script in scripts.items():
        if number > version:
            for statement in statements(script.read_text("utf-8")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _keep_copy(path: Path, version: int) -> None:
    copy = path.with_name(f"{path.name}.layout-{version}")
    _touch(copy)
    # A reader of its own: this transaction holds the lock, so nothing is written meanwhile.
    with closing(connect_plainly(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def statements(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would end the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"a statement without an end: {statement.strip()[:60]}")
