"""A whole installation as one zip archive and back: the database and the pictures, each hashed."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from booklib.adapters.sqlite.backup import back_up, contents
from booklib.adapters.sqlite.connection import connect_plainly
from booklib.adapters.sqlite.migrate import newest_layout
from booklib.errors import BadFile, StorageDown, StorageFull
from booklib.models import Contents
from booklib.ports import check_file_name

FORMAT, VERSION = "book-library-backup", 1
MANIFEST, DATABASE = "manifest.json", "site.db"
SERVING = ".serving"
LEFT_OUT = ("imports", "exports", "mappings")
"""Folders of files that come and go by themselves."""

MOST_ENTRIES = 1_000_000
MOST_MANIFEST = 200 << 20
"""Bytes."""
_PIECE = 1 << 20
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError),
    NotImplementedError,
)
_OLD = (2000, 1, 1, 0, 0, 0)

Progress = Callable[[int, int], None]
"""Told how many bytes are done, and of how many."""


def pack(database: Path, files: Path, out: Path, progress: Progress) -> Contents:
    """Write an archive of an installation that may be in use, and verify it by reading it back.

    It appears under its name once it is whole. Raises StorageFull, StorageDown.
    """
    part = out.with_name(f".part-{out.name}")
    try:
        with TemporaryDirectory(dir=out.parent, prefix=".part-") as folder:
            copy = Path(folder) / DATABASE
            found = back_up(database, copy)
            _write(part, copy, files, found, progress)
        _verified(part, lambda done, most: None)
        os.replace(part, out)
        return found
    except OSError as error:
        raise _told(error, "written") from error
    finally:
        part.unlink(missing_ok=True)


def _write(part: Path, copy: Path, files: Path, found: Contents, progress: Progress) -> None:
    named = [(DATABASE, copy), *((f"files/{name}", files / name) for name in _names(files))]
    most = sum(path.stat().st_size for _, path in named)
    hashes: dict[str, str] = {}
    done = 0
    os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
    with zipfile.ZipFile(part, "w") as archive:
        for name, path in named:
            with suppress(FileNotFoundError):  # a picture that was replaced meanwhile
                hashes[name], size = _add(archive, name, path)
                done += size
                progress(done, most)
        manifest = {"format": FORMAT, "version": VERSION, **found._asdict(), "sha256": hashes}
        archive.writestr(zipfile.ZipInfo(MANIFEST, _OLD), json.dumps(manifest, indent=1))
    with part.open("rb") as file:
        os.fsync(file.fileno())


def _names(files: Path) -> Iterator[str]:
    for path in sorted(files.rglob("*")):
        name = path.relative_to(files).as_posix()
        hidden = any(word.startswith(".") for word in name.split("/"))
        if path.is_file() and not hidden and name.partition("/")[0] not in LEFT_OUT:
            yield name


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> tuple[str, int]:
    info = zipfile.ZipInfo(name, _OLD)
    info.compress_type = zipfile.ZIP_DEFLATED if name == DATABASE else zipfile.ZIP_STORED
    info.external_attr = 0o600 << 16
    with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
        return _poured(source, target)


def _poured(source: IO[bytes], target: IO[bytes] | None) -> tuple[str, int]:
    digest, size = sha256(), 0
    while piece := source.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        if target is not None:
            target.write(piece)
    return digest.hexdigest(), size


def _told(error: OSError, what: str) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk is full.")
    return StorageDown(f"The archive cannot be {what}: {error.strerror}.")


def unpack(
    archive: Path, database: Path, files: Path, *, force: bool, now: datetime, progress: Progress
) -> Contents:
    """Put an archive in the place of an installation; nothing is touched before all is verified.

    With `force` a library that is there is kept as a backup first, else it is left alone. Pictures
    are added to those there are. Raises BadFile, StorageFull and StorageDown.
    """
    try:
        manifest = _verified(archive, progress)
        if manifest["version"] != VERSION or manifest["layout"] > newest_layout():
            raise BadFile("This backup was made by a newer version of this program.")
        if database.exists() and not force:
            raise StorageDown(
                f"There is a library already ({database}). With --force it is kept as a backup "
                "and replaced."
            )
        database.parent.mkdir(parents=True, exist_ok=True)
        with (
            _alone(database.parent),
            TemporaryDirectory(dir=database.parent, prefix=".part-") as folder,
        ):
            restored = Path(folder) / DATABASE
            with zipfile.ZipFile(archive) as opened:
                _take_out(opened, DATABASE, restored)
                found = _checked(restored, manifest)
                for name in manifest["sha256"]:
                    if name.startswith("files/"):
                        _put_picture(opened, name, files)
            _replace(restored, database, now)
        return found
    except OSError as error:
        raise _told(error, "restored") from error


def _verified(archive: Path, progress: Progress) -> dict[str, Any]:
    """The manifest of an archive that holds what it says and nothing else. Raises BadFile."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return _verify(opened, progress)
    except _DAMAGE as error:
        raise BadFile(f"This is no backup of a library, or it is damaged: {error}.") from error


def _verify(opened: zipfile.ZipFile, progress: Progress) -> dict[str, Any]:
    entries = opened.infolist()
    names = [entry.filename for entry in entries]
    if len(names) > MOST_ENTRIES or len(set(names)) != len(names):
        raise BadFile("This archive has too many entries, or one twice.")
    with opened.open(MANIFEST) as file:
        manifest: dict[str, Any] = json.loads(file.read(MOST_MANIFEST))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadFile("This is no backup of a library.")
    if set(manifest["sha256"]) != set(names) - {MANIFEST} or DATABASE not in names:
        raise BadFile("This backup holds other files than it says.")
    done, most = 0, sum(entry.file_size for entry in entries)
    for name, wanted in manifest["sha256"].items():
        if name != DATABASE:
            check_file_name(name.removeprefix("files/") if name.startswith("files/") else "")
        with opened.open(name) as file:
            found, size = _poured(file, None)
        if found != wanted:
            raise BadFile(f"This backup is damaged: {name} is not what it was.")
        done += size
        progress(done, most)
    return manifest


def _checked(restored: Path, manifest: dict[str, Any]) -> Contents:
    found = contents(restored)
    if found != Contents(manifest["layout"], manifest["users"], manifest["books"]):
        raise BadFile("The database in this backup does not hold what the backup says.")
    return found


def _take_out(opened: zipfile.ZipFile, name: str, to: Path) -> None:
    os.close(os.open(to, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
    with opened.open(name) as source, to.open("wb") as target:
        shutil.copyfileobj(source, target, _PIECE)
        target.flush()
        os.fsync(target.fileno())


def _put_picture(opened: zipfile.ZipFile, name: str, files: Path) -> None:
    path = files / name.removeprefix("files/")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f".part-{path.name}")
        _take_out(opened, name, part)
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
        yield


def _replace(restored: Path, database: Path, now: datetime) -> None:
    """Put the restored file in place in one step; the former one is kept among the backups."""
    if database.exists():
        kept = database.parent / "backups" / f"before-restore-{now:%Y-%m-%d-%H%M%S}.db"
        back_up(database, kept)
        with closing(connect_plainly(database)) as former:
            busy = former.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if busy:
                raise StorageDown("The library is in use. Please stop the server first.")
            former.execute("PRAGMA journal_mode = DELETE")
    os.replace(restored, database)
    for leftover in ("-wal", "-shm"):
        database.with_name(database.name + leftover).unlink(missing_ok=True)
