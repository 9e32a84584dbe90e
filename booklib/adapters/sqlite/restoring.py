"""Putting an archive of an installation in its place: verified first, and in one step."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from booklib.adapters.sqlite.archive import DATABASE, VERSION, Progress, poured, told, verified
from booklib.adapters.sqlite.backup import contents, sync
from booklib.adapters.sqlite.connection import connect_plainly
from booklib.adapters.sqlite.migrate import newest_layout
from booklib.errors import BadFile, StorageDown, StorageFull
from booklib.models import Contents
from booklib.workplace import sweep, workplace

SERVING = ".serving"
BACKUPS = "backups"
NEWER = "This backup was made by a newer version of this program."
_PLACE = "restore"
_KEPT = "before-restore-"
_DATABASE = b"SQLite format 3\x00"
"""How every database begins (sqlite.org/fileformat.html#the_database_header)."""
_IN_USE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS})


def unpack(
    archive: Path, database: Path, files: Path, *, force: bool, now: datetime, progress: Progress
) -> Contents:
    """Put an archive in the place of an installation; nothing is touched before all is verified.

    A daily backup does as well: files stay as they are then. With `force` a library that is there,
    be it damaged, is kept among the backups first, else it is left alone. Files are added to those
    there are. Raises BadFile, StorageFull and StorageDown.
    """
    if database.exists() and not force:
        raise StorageDown(
            f"There is a library already ({database}). With --force it is kept as a backup "
            "and replaced."
        )
    try:
        if _is_database(archive):
            return _put_copy(archive, database, now)
        manifest = verified(archive, progress)
        if manifest["version"] != VERSION:
            raise BadFile(NEWER)
        with _place(database, manifest["layout"]) as place, zipfile.ZipFile(archive) as opened:
            _check_room(sum(entry.file_size for entry in opened.infolist()), place)
            restored = place / DATABASE
            _take_out(opened, DATABASE, restored, manifest)
            found = _checked(restored, manifest)
            for name in manifest["sha256"]:
                if name.startswith("files/"):
                    _put_file(opened, name, files, manifest, place)
            _replace(restored, database, now)
        return found
    except OSError as error:
        raise told(error, "restored") from error


def _is_database(archive: Path) -> bool:
    with archive.open("rb") as file:
        return file.read(len(_DATABASE)) == _DATABASE


def _put_copy(copy: Path, database: Path, now: datetime) -> Contents:
    log = copy.with_name(f"{copy.name}-wal")
    if log.exists() and log.stat().st_size:
        raise BadFile(
            "This is a library in use, and no backup of one: part of it is in the file beside it. "
            "Please make a backup of it first, by “booklib backup”."
        )
    try:
        found = contents(copy)
    except StorageDown as error:
        raise BadFile(str(error)) from error
    with _place(database, found.layout) as place:
        _check_room(copy.stat().st_size, place)
        restored = place / DATABASE
        os.close(os.open(restored, os.O_CREAT | os.O_RDWR, 0o600))
        shutil.copyfile(copy, restored)
        sync(restored)
        if contents(restored) != found:
            raise BadFile("This backup was changed while it was read.")
        _replace(restored, database, now)
    return found


@contextmanager
def _place(database: Path, layout: int) -> Iterator[Path]:
    """A folder for what is being restored, while nobody else is at work here."""
    if layout > newest_layout():
        raise BadFile(NEWER)
    database.parent.mkdir(parents=True, exist_ok=True)
    with _alone(database.parent), workplace(database.parent, _PLACE) as place:
        yield place


def _check_room(wanted: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise StorageFull(
            f"This backup takes {wanted / 1e6:,.0f} MB, and the disk has {free / 1e6:,.0f} MB left."
        )


def _checked(restored: Path, manifest: dict[str, Any]) -> Contents:
    found = contents(restored)
    if found != Contents(manifest["layout"], manifest["users"], manifest["books"]):
        raise BadFile("The database in this backup does not hold what the backup says.")
    return found


def _take_out(opened: zipfile.ZipFile, name: str, to: Path, manifest: dict[str, Any]) -> None:
    os.close(os.open(to, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
    with opened.open(name) as source, to.open("wb") as target:
        digest, _ = poured(source, target)
        target.flush()
        os.fsync(target.fileno())
    if digest != manifest["sha256"][name]:
        raise BadFile("This backup was changed while it was read.")


def _put_file(
    opened: zipfile.ZipFile, name: str, files: Path, manifest: dict[str, Any], place: Path
) -> None:
    """Each is whole or not there; one that is there already and is not what it was goes."""
    path = files / name.removeprefix("files/")
    if path.is_file():
        with path.open("rb") as file:
            if poured(file, None)[0] == manifest["sha256"][name]:
                return
    files.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in reversed(path.relative_to(files).parents[:-1]):
        (files / folder).mkdir(exist_ok=True, mode=0o700)
    part = place / "file"
    _take_out(opened, name, part, manifest)
    os.replace(part, path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Raise StorageDown while a server serves from this folder, and let none begin."""
    with (folder / SERVING).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageDown(
                "The library is being served from this folder. Please stop the server first."
            ) from None
        yield


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Show that a server works on this folder; several may. Raises StorageDown in a restore."""
    with (folder / SERVING).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageDown("A backup is being restored here just now.") from None
        sweep(folder, _PLACE)
        _drop_second_names(folder / DATABASE)
        yield


def _replace(restored: Path, database: Path, now: datetime) -> None:
    """Put the restored file in place in one step; the former one is kept among the backups."""
    if database.exists():
        _let_go(database)
        _keep(database, database.parent / BACKUPS, f"{_KEPT}{now:%Y-%m-%d-%H%M%S-%f}.db")
    os.replace(restored, database)
    sync(database.parent)


def _let_go(database: Path) -> None:
    """Move the log into the file, which only works where nobody else has it open.

    One that is too damaged for that stays as it is, with its log.
    """
    try:
        with closing(connect_plainly(database)) as former:
            former.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF in _IN_USE:
            raise StorageDown(
                "The library is in use by another program. Please stop it first."
            ) from error


def _keep(database: Path, folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    _drop_second_names(database)
    try:
        contents(database)
    except StorageDown:
        name += ".damaged"
    _link(database, folder / name)
    for log in (
        database.with_name(f"{database.name}-wal"),
        database.with_name(f"{database.name}-shm"),
    ):
        if log.exists():
            # What is in there would be put over the restored file.
            _link(log, folder / f"{name}{log.name.removeprefix(database.name)}")
            log.unlink()
    sync(folder)


def _drop_second_names(database: Path) -> None:
    """A restore that was killed may leave a name for the very file that is still in use."""
    for kept in (database.parent / BACKUPS).glob(f"{_KEPT}*"):
        with suppress(FileNotFoundError):
            if kept.samefile(database):
                kept.unlink()


def _link(source: Path, to: Path) -> None:
    """Another name for a file; a copy where the disk knows no such thing."""
    try:
        os.link(source, to)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copy2(source, to)
