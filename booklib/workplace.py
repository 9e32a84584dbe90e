"""Folders that long work keeps half-made files in; those of a process that died are swept."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

_TEMPORARY = "booklib"


@contextmanager
def workplace(folder: Path, name: str) -> Iterator[Path]:
    """A new folder in `folder`, removed at the end; those left over under the name go first.

    Each is locked by whoever works in it. The lock ends with the process, also by `kill -9`.
    """
    sweep(folder, name)
    place, handle = _locked(folder, name)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(handle)


@contextmanager
def temporary() -> Iterator[Path]:
    """A workplace where this machine keeps what need not last."""
    with workplace(Path(gettempdir()), _TEMPORARY) as place:
        yield place


def sweep(folder: Path, name: str) -> None:
    """Remove the workplaces of this name that nobody works in."""
    for place in folder.glob(f".part-{name}-*/"):
        with suppress(OSError):
            handle = os.open(place, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place)
            finally:
                os.close(handle)


def _locked(folder: Path, name: str) -> tuple[Path, int]:
    """A new folder and its lock; made again where a sweep came between the two."""
    while True:
        place = Path(mkdtemp(dir=folder, prefix=f".part-{name}-"))
        with suppress(FileNotFoundError):
            handle = os.open(place, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if place.is_dir():
                return place, handle
            os.close(handle)
