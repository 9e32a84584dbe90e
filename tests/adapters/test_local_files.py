"""Files on a disk: no half of one is ever left, and what fails is told as what it is."""

import errno
import os
from datetime import UTC, datetime, timedelta

import pytest

from booklib.adapters.local_files import LocalFiles
from booklib.errors import StorageDown, StorageFull


@pytest.fixture
def root(tmp_path):
    return tmp_path / "files"


def names(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


async def test_a_disk_that_is_full_leaves_the_old_file_and_no_half(root):
    files = LocalFiles(root)
    await files.put("a/b", b"old")
    with pytest.MonkeyPatch.context() as system:
        system.setattr(os, "fsync", full)
        with pytest.raises(StorageFull):
            await files.put("a/b", b"new")
    assert await files.get("a/b") == b"old"
    assert names(root) == ["a/b"]


def full(_):
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_folder_that_cannot_be_read_is_down(root):
    root.write_bytes(b"not a folder")
    with pytest.raises(StorageDown):
        await LocalFiles(root).put("a", b"1")


async def test_only_the_owner_of_the_machine_reads_the_folders(root):
    await LocalFiles(root).put("users/1/covers/a", b"1")
    assert (root / "users/1").stat().st_mode & 0o077 == 0
    assert (root / "users/1/covers/a").stat().st_mode & 0o077 == 0


async def test_halves_that_a_dead_process_left_go_after_a_day(root):
    files, now = LocalFiles(root), datetime(2026, 11, 1, tzinfo=UTC)
    await files.sweep(now)
    await files.put("covers/a", b"1")
    for name, hours in (("covers/.part-old", 25), ("covers/.part-new", 23)):
        (root / name).write_bytes(b"half")
        os.utime(root / name, ((now - timedelta(hours=hours)).timestamp(),) * 2)
    await files.sweep(now)
    assert names(root) == ["covers/.part-new", "covers/a"]
