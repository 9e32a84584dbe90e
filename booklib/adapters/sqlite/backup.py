"""Copies of a database in use: consistent, verified by opening them, seven days of them kept."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from booklib.adapters.sqlite.connection import connect_plainly, translated
from booklib.adapters.sqlite.migrate import is_ours
from booklib.errors import StorageDown, StorageFull
from booklib.models import BackupState, Contents

log = logging.getLogger(__name__)

KEPT = 7
DAY = timedelta(days=1)
FIRST_S, LOOK_S = 20.0, 3_600.0
PAGES, PAUSE_S = 200, 0.005
"""Pages copied in one step, and the pause after it, so that the disk serves pages too."""

_NAMES = "site-????-??-??.db"
_PROBLEM = "problem.txt"


class Stopped(Exception):
    """Nobody wants the backup any more."""


def back_up(database: Path, copy: Path, stop: Event | None = None) -> Contents:
    """Copy a database as of one moment, while others write to it; what is in it.

    The copy appears under its name once it is whole and was opened and checked. Raises StorageFull
    and StorageDown, and Stopped soon after `stop` was set.
    """
    part = copy.with_name(f".part-{copy.name}")
    try:
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
        wanted = _copied(database, part, stop or Event())
        found = contents(part)
        if found != wanted:
            raise StorageDown("The backup does not hold what the library holds.")
        sync(part)
        os.replace(part, copy)
        sync(copy.parent)
        return found
    except sqlite3.Error as error:
        raise translated(error) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk is full.") from error
        raise StorageDown(f"The backup cannot be written: {error.strerror}.") from error
    finally:
        for leftover in part.parent.glob(f"{part.name}*"):
            leftover.unlink(missing_ok=True)


def _copied(database: Path, part: Path, stop: Event) -> Contents:
    def go_on(*_: int) -> None:
        if stop.is_set():
            raise Stopped

    with closing(connect_plainly(database)) as source, closing(sqlite3.connect(part)) as target:
        # SQLite begins anew after each write of another connection, unless it reads a snapshot.
        source.execute("BEGIN")
        wanted = _counted(source)
        source.backup(target, pages=PAGES, sleep=PAUSE_S, progress=go_on)
        source.execute("COMMIT")
        target.execute("PRAGMA journal_mode = DELETE")
    return wanted


def contents(copy: Path) -> Contents:
    """What a backup holds, read from the file itself; raises StorageDown where it is not sound."""
    if not copy.is_file():
        raise StorageDown("There is no such backup.")
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as opened:
            said = [row[0] for row in opened.execute("PRAGMA integrity_check(3)")]
            if said != ["ok"]:
                raise StorageDown(f"The backup is damaged: {'; '.join(said)}.")
            if not is_ours(opened):
                raise StorageDown("This is the database of another program.")
            return _counted(opened)
    except sqlite3.Error as error:
        raise StorageDown(f"The backup cannot be read: {error}.") from error


def _counted(opened: sqlite3.Connection) -> Contents:
    layout = opened.execute("PRAGMA user_version").fetchone()[0]
    users = opened.execute("SELECT count(*) FROM users").fetchone()[0]
    books = opened.execute("SELECT count(*) FROM user_books").fetchone()[0]
    return Contents(layout, users, books)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, last."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Backups:
    """The folder with the daily copies of one database."""

    def __init__(self, database: Path, folder: Path, now: Callable[[], datetime]) -> None:
        self._database = database
        self._folder = folder
        self._now = now
        self.stop = Event()
        """Set it, and what is being made ends soon, half made."""

    def kept(self) -> list[Path]:
        """The copies, newest first; last those of a time that a clock set wrong once told."""
        made = {path: self._made(path) for path in self._folder.glob(_NAMES)}
        return sorted(made, key=lambda path: (made[path] <= self._now(), made[path]), reverse=True)

    def _made(self, copy: Path) -> datetime:
        return datetime.fromtimestamp(copy.stat().st_mtime, self._now().tzinfo)

    async def state(self) -> BackupState:
        """When the last one was made, how many there are, and what went wrong since."""
        return await asyncio.to_thread(self._state)

    def _state(self) -> BackupState:
        kept = self.kept()
        last = self._made(kept[0]) if kept else None
        try:
            problem = (self._folder / _PROBLEM).read_text("utf-8")
        except OSError:
            problem = ""
        return BackupState(last, len(kept), problem)

    def due(self) -> bool:
        """Whether the newest is a day old; a clock that went back makes one due as well."""
        last = self._state().last
        return last is None or not timedelta() <= self._now() - last < DAY

    def make(self) -> None:
        """Make one if it is due and no other process does; what fails is logged and kept in mind.

        Older ones go only once a new one is there.
        """
        try:
            with self._alone() as alone:
                if alone and self.due():
                    copy = self._folder / f"site-{self._now():%Y-%m-%d}.db"
                    back_up(self._database, copy, self.stop)
                    os.utime(copy, (self._now().timestamp(),) * 2)
                    (self._folder / _PROBLEM).unlink(missing_ok=True)
                    for old in self.kept()[KEPT:]:
                        old.unlink(missing_ok=True)
        except Stopped:
            log.info("the daily backup is for the next start")
        except (StorageFull, StorageDown) as error:
            log.error("the daily backup failed: %s", error)
            self._remember(str(error))
        except OSError as error:
            log.error("the daily backup failed: %s", error)
            self._remember("The folder of backups cannot be written to.")

    def _remember(self, problem: str) -> None:
        with suppress(OSError):
            (self._folder / _PROBLEM).write_text(problem, "utf-8")

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            for leftover in self._folder.glob(".part-site-*"):
                leftover.unlink(missing_ok=True)
            yield True


@asynccontextmanager
async def backed_up_daily(
    backups: Backups, first_s: float = FIRST_S, look_s: float = LOOK_S
) -> AsyncIterator[None]:
    """Make a backup whenever one is due: looked at after `first_s`, then every `look_s` seconds."""
    keeping = asyncio.create_task(_keep(backups, first_s, look_s), name="backups")
    try:
        yield
    finally:
        backups.stop.set()
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(backups: Backups, first_s: float, look_s: float) -> None:
    await asyncio.sleep(first_s)
    while True:
        if await asyncio.to_thread(backups.due):
            await asyncio.to_thread(backups.make)
        await asyncio.sleep(look_s)
