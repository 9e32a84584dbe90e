"""A whole installation as one zip archive: the database and the pictures, each hashed."""

from __future__ import annotations

import errno
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from booklib.adapters.sqlite.backup import back_up, sync
from booklib.errors import BadFile, StorageDown, StorageFull
from booklib.models import Contents
from booklib.ports import check_file_name
from booklib.workplace import workplace

FORMAT, VERSION = "book-library-backup", 1
MANIFEST, DATABASE = "manifest.json", "site.db"
LEFT_OUT = ("exports",)
"""Folders of files that can be made again. An import goes on, or back, by what it has kept."""

MOST_ENTRIES = 500_000
MOST_MANIFEST = 100 << 20
"""Bytes."""
_PIECE = 1 << 20
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError),
    *(NotImplementedError, RecursionError),
)
_NUMBERS = ("version", "layout", "users", "books")
_OLD = (2000, 1, 1, 0, 0, 0)

Progress = Callable[[int, int], None]
"""Told how many bytes are done, and of how many."""


def pack(database: Path, files: Path, out: Path, progress: Progress) -> Contents:
    """Write an archive of an installation that may be in use, and verify it by reading it back.

    It appears under its name once it is whole. Raises StorageFull, StorageDown.
    """
    try:
        with workplace(out.parent, out.name) as place:
            found = back_up(database, place / DATABASE)
            part = place / out.name
            _write(part, place / DATABASE, files, found, progress)
            verified(part, lambda done, most: None)
            os.replace(part, out)
            sync(out.parent)
        return found
    except OSError as error:
        raise told(error, "written") from error


def _write(part: Path, copy: Path, files: Path, found: Contents, progress: Progress) -> None:
    named = [(DATABASE, copy), *((f"files/{name}", files / name) for name in _names(files))]
    most = sum(path.stat().st_size for _, path in named)
    hashes: dict[str, str] = {}
    done = 0
    os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
    with zipfile.ZipFile(part, "w") as archive:
        for name, path in named:
            with suppress(FileNotFoundError):  # one that was let go of meanwhile
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
        return poured(source, target)


def poured(source: IO[bytes], target: IO[bytes] | None) -> tuple[str, int]:
    """Copy a file piece by piece; its SHA-256 and the number of its bytes."""
    digest, size = sha256(), 0
    while piece := source.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        if target is not None:
            target.write(piece)
    return digest.hexdigest(), size


def told(error: OSError, what: str) -> Exception:
    """The error that a reader can act on."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk is full.")
    return StorageDown(f"The archive cannot be {what}: {error.strerror}.")


def verified(archive: Path, progress: Progress) -> dict[str, Any]:
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
    if not all(type(manifest.get(name)) is int for name in _NUMBERS):
        raise BadFile("This is no backup of a library.")
    if set(manifest["sha256"]) != set(names) - {MANIFEST} or DATABASE not in names:
        raise BadFile("This backup holds other files than it says.")
    done, most = 0, sum(entry.file_size for entry in entries)
    for name, wanted in manifest["sha256"].items():
        if name != DATABASE:
            check_file_name(name.removeprefix("files/") if name.startswith("files/") else "")
        with opened.open(name) as file:
            found, size = poured(file, None)
        if found != wanted or size != opened.getinfo(name).file_size:
            raise BadFile(f"This backup is damaged: {name} is not what it was.")
        done += size
        progress(done, most)
    return manifest
