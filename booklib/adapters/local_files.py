"""Files below a folder of this machine, each written whole or not at all."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from booklib.errors import StorageDown, StorageFull
from booklib.ports import UploadForm, check_file_name

T = TypeVar("T")

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_HALF = ".part-"
_OLD_S = 86_400.0


class LocalFiles:
    """The Files port on a folder, which is made when the first file is stored."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, name: str, data: bytes) -> None:
        """Store a file; what was acknowledged survives a crash."""
        await _off_the_loop(lambda: _write(self._path(name), data))

    async def get(self, name: str) -> bytes | None:
        """A file, or None."""
        return await _off_the_loop(lambda: _read(self._path(name)))

    async def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return await _off_the_loop(lambda: self._path(name).is_file())

    async def names(self, folder: str) -> AsyncIterator[str]:
        """The names of all files below a folder, a folder at a time; halves are none."""
        waiting = [self._path(folder)]
        while waiting:
            files, folders = await _off_the_loop(partial(_listed, waiting.pop()))
            waiting += folders
            for path in files:
                yield path.relative_to(self._root).as_posix()

    async def store(self, name: str, source: Path) -> None:
        """Store a copy of a file; what was acknowledged survives a crash."""
        await _off_the_loop(lambda: _copy_in(self._path(name), source))

    async def fetch(self, name: str, to: Path) -> bool:
        """Copy a file to another place."""
        return await _off_the_loop(lambda: _copy_out(self._path(name), to))

    async def upload_form(self, name: str, most: int, then: str) -> UploadForm | None:
        """None: this machine's folder has no address."""
        check_file_name(name)
        return None

    async def link(self, name: str, file_name: str) -> str | None:
        """None: this machine's folder has no address."""
        check_file_name(name)
        return None

    async def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        await _off_the_loop(lambda: self._path(name).unlink(missing_ok=True))

    async def remove_all(self, folder: str) -> None:
        """Remove a folder with all that is in it."""
        await _off_the_loop(lambda: _remove_tree(self._path(folder)))

    async def sweep(self, now: datetime) -> None:
        """Remove halves of files that a process left behind when it died, a day ago or more."""
        await _off_the_loop(lambda: _remove_halves(self._root, now.timestamp() - _OLD_S))

    def _path(self, name: str) -> Path:
        check_file_name(name)
        return self._root / name


async def _off_the_loop(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull("The disk is full.") from error
        raise StorageDown(f"The folder of files does not answer: {error.strerror}.") from error


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Files and folders in a folder."""
    if not folder.is_dir():
        return [], []
    found = [path for path in folder.iterdir() if not path.name.startswith(".")]
    folders = [path for path in found if path.is_dir()]
    return [path for path in found if path not in set(folders)], folders


def _write(path: Path, data: bytes) -> None:
    _write_whole(path, lambda file: file.write(data))


def _copy_in(path: Path, source: Path) -> None:
    with source.open("rb") as original:
        _write_whole(path, lambda file: shutil.copyfileobj(original, file))


def _copy_out(path: Path, to: Path) -> bool:
    try:
        shutil.copyfile(path, to)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    return True


def _write_whole(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    _make_folder(path.parent)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=_HALF)
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(partial)
        raise
    _sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, for this program's eyes only, to last."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself last; without it a power cut could forget it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_halves(root: Path, before: float) -> None:
    for path in root.rglob(f"{_HALF}*"):
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()


def _remove_tree(path: Path) -> None:
    while path.exists():
        # A file that somebody else removes in this moment ends the walk, not the work.
        with suppress(FileNotFoundError):
            shutil.rmtree(path)
