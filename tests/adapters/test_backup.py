"""Backups: consistent while others write, verified, seven kept; archives that come back whole."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import shutil
import sqlite3
import threading
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from booklib.adapters.sqlite import SqliteStorage
from booklib.adapters.sqlite.archive import FORMAT, pack
from booklib.adapters.sqlite.backup import Backups, back_up, backed_up_daily, contents
from booklib.adapters.sqlite.restoring import serving, unpack
from booklib.errors import BadFile, StorageDown, StorageFull
from booklib.workplace import workplace
from tests.factories import a_copy, a_user, added
from tests.fakes import Clock

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LAYOUT = 2


def silent(done: int, most: int) -> None:
    """Nobody watches."""


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """A library of 40 books that nobody has open."""
    path = tmp_path / "data/site.db"
    storage = await SqliteStorage.open(path)
    await storage.add_user(a_user())
    await added(storage, *(a_copy(f"Book {n}", minute=n, notes="x" * 900) for n in range(40)))
    await storage.close()
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Pictures, and what is not to be kept."""
    folder = tmp_path / "data/files"
    for name in (
        "covers/large/a.webp",
        "users/u/covers/small/b.webp",
        "imports/u/i/upload",
        "exports/u/e/library.zip",
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(name.encode())
    return folder


def test_a_backup_holds_what_the_library_holds(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert back_up(database, copy) == (LAYOUT, 1, 40)
    assert contents(copy) == (LAYOUT, 1, 40)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data"]


async def test_a_backup_is_of_one_moment_though_others_write_all_the_time(
    database: Path, tmp_path: Path
) -> None:
    storage = await SqliteStorage.open(database)
    stop = threading.Event()

    async def write() -> int:
        number = 100
        while not stop.is_set():
            await added(storage, a_copy(f"Late {number}", minute=number, notes="y" * 900))
            number += 1
        return number - 100

    writing = asyncio.create_task(write())
    try:
        for turn in range(5):
            copy = tmp_path / f"{turn}.db"
            found = await asyncio.to_thread(back_up, database, copy)
            with closing(sqlite3.connect(copy)) as opened:
                [packed] = opened.execute("SELECT counts FROM users").fetchone()
            assert sum(json.loads(packed).values()) == found.books
    finally:
        stop.set()
        written = await writing
        await storage.close()
    assert written > 5


def test_a_damaged_library_never_replaces_a_good_backup(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(database, copy)
    with database.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 8192)
    with pytest.raises(StorageDown):
        back_up(database, copy)
    assert contents(copy).books == 40
    assert not list(tmp_path.glob(".part-*"))


async def test_seven_days_are_kept_and_one_a_day_is_made(database: Path, tmp_path: Path) -> None:
    clock = Clock(NOW)
    backups = Backups(database, tmp_path / "backups", clock)
    for _ in range(9):
        backups.make()
        backups.make()
        clock.advance(days=1)
    names = [path.name for path in backups.kept()]
    assert names == [f"site-2026-11-0{day}.db" for day in range(9, 2, -1)]
    state = await backups.state()
    assert (state.last, state.kept, state.problem) == (NOW + timedelta(days=8), 7, "")


async def test_a_clock_that_went_back_does_not_stop_them(database: Path, tmp_path: Path) -> None:
    clock = Clock(NOW)
    backups = Backups(database, tmp_path / "backups", clock)
    for _ in range(7):
        backups.make()
        clock.advance(days=1)
    clock.advance(days=-100)
    for _ in range(3):
        assert backups.due()
        backups.make()
        assert not backups.due()
        assert (await backups.state()).last == clock()
        clock.advance(days=1)
    names = [path.name for path in backups.kept()]
    assert names[:3] == ["site-2026-08-02.db", "site-2026-08-01.db", "site-2026-07-31.db"]
    assert len(names) == 7


async def test_what_failed_is_told_until_it_goes_well(tmp_path: Path, database: Path) -> None:
    clock = Clock(NOW)
    backups = Backups(tmp_path / "gone/site.db", tmp_path / "backups", clock)
    backups.make()
    state = await backups.state()
    assert state.last is None
    assert state.problem
    well = Backups(database, tmp_path / "backups", clock)
    well.make()
    assert (await well.state()).problem == ""


async def test_a_running_server_makes_them_by_itself(database: Path, tmp_path: Path) -> None:
    backups = Backups(database, tmp_path / "backups", Clock(NOW))
    async with backed_up_daily(backups, first_s=0, look_s=0.01), asyncio.timeout(10):
        while not backups.kept():
            await asyncio.sleep(0.01)
    assert contents(backups.kept()[0]).books == 40


async def test_an_archive_comes_back_whole(database: Path, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    assert pack(database, files, out, silent) == (LAYOUT, 1, 40)
    assert out.stat().st_mode & 0o777 == 0o600
    new = tmp_path / "new"
    place = new / "site.db", new / "files"
    assert unpack(out, *place, force=False, now=NOW, progress=silent).books == 40
    assert (new / "files/covers/large/a.webp").read_bytes() == b"covers/large/a.webp"
    assert (new / "files/imports/u/i/upload").exists()
    assert not (new / "files/exports").exists()
    folders = [path for path in (new / "files").rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
    storage = await SqliteStorage.open(new / "site.db")
    assert await storage.faults() == []
    await storage.close()
    assert not list(new.glob(".part-*"))


async def test_a_library_that_is_there_is_left_alone_or_kept(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    storage = await SqliteStorage.open(database)
    await added(storage, a_copy("Later", minute=99))
    await storage.close()
    with pytest.raises(StorageDown, match="--force"):
        unpack(out, database, files, force=False, now=NOW, progress=silent)
    unpack(out, database, files, force=True, now=NOW, progress=silent)
    assert contents(database).books == 40
    [kept] = (database.parent / "backups").iterdir()
    assert contents(kept).books == 41


async def test_nothing_is_restored_under_a_running_server(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    with serving(database.parent), pytest.raises(StorageDown, match="stop the server"):
        unpack(out, database, files, force=True, now=NOW, progress=silent)


def spoilt(out: Path, **entries: bytes) -> None:
    """Write an archive anew with other entries, hashed as the manifest wants it."""
    with zipfile.ZipFile(out) as opened:
        kept = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(kept.pop("manifest.json"))
    kept |= entries
    manifest["sha256"] = {name: sha256(data).hexdigest() for name, data in kept.items()}
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(manifest))


@pytest.mark.parametrize(
    "name", ["files/../../evil", "/etc/evil", "files//x", "evil", "files/.hidden", "files/a\\b"]
)
def test_no_entry_gets_out_of_its_folder(
    database: Path, files: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    spoilt(out, **{name: b"evil"})
    new = tmp_path / "deep/new"
    with pytest.raises(BadFile):
        unpack(out, new / "site.db", new / "files", force=False, now=NOW, progress=silent)
    assert not new.exists()


def test_an_archive_that_is_not_what_it_was_is_refused(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    whole = out.read_bytes()
    new = tmp_path / "new"
    renamed = whole.replace(b"large", b"lXrge")
    for broken in (whole[: len(whole) // 2], b"", b"PK" + bytes(100), renamed):
        out.write_bytes(broken)
        with pytest.raises(BadFile):
            unpack(out, new / "site.db", new / "files", force=False, now=NOW, progress=silent)
    at = whole.index(b"covers/large/a.webp", whole.index(b"covers/large/a.webp") + 1)
    out.write_bytes(whole[:at] + b"X" + whole[at + 1 :])
    with pytest.raises(BadFile):
        unpack(out, new / "site.db", new / "files", force=False, now=NOW, progress=silent)
    assert not new.exists()


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 100_000,
        b"{}",
        b'{"format": "FORMAT", "sha256": {}, "users": 0, "books": 0, "layout": 1}',
        b'{"format": "FORMAT", "sha256": {}, "users": 0, "books": 0, "version": 1}',
        b'{"format": "FORMAT", "sha256": {}, "users": 0, "books": 0, "version": 1, "layout": "5"}',
    ],
    ids=["brackets", "empty", "no version", "no layout", "a text"],
)
def test_an_archive_that_says_nothing_of_itself_is_refused(
    files: Path, tmp_path: Path, manifest: bytes
) -> None:
    out, new = tmp_path / "out.zip", tmp_path / "new"
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("site.db", b"")
        archive.writestr("manifest.json", manifest.replace(b"FORMAT", FORMAT.encode()))
    with pytest.raises(BadFile):
        unpack(out, new / "site.db", new / "files", force=False, now=NOW, progress=silent)


@pytest.mark.parametrize("layout", [0, 1, 2])
def test_the_database_of_another_program_is_no_library(tmp_path: Path, layout: int) -> None:
    other, new = tmp_path / "other.db", tmp_path / "new"
    with closing(sqlite3.connect(other)) as opened:
        opened.execute("CREATE TABLE users (user_id, name)")
        opened.execute("CREATE TABLE user_books (user_book_id, title)")
        opened.execute(f"PRAGMA user_version = {layout}")
    with pytest.raises(BadFile, match="another program"):
        unpack(other, new / "site.db", new / "files", force=False, now=NOW, progress=silent)
    assert not (new / "site.db").exists()


def test_a_newer_layout_is_refused(database: Path, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("PRAGMA user_version = 999")
    pack(database, files, out, silent)
    new = tmp_path / "new"
    with pytest.raises(BadFile, match="newer version"):
        unpack(out, new / "site.db", new / "files", force=False, now=NOW, progress=silent)


def test_a_damaged_library_can_be_restored_over_and_is_kept_as_it_is(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    database.write_bytes(database.read_bytes()[:4096] + b"\xff" * 90_000)
    damaged = database.read_bytes()
    assert unpack(out, database, files, force=True, now=NOW, progress=silent).books == 40
    assert contents(database).books == 40
    [kept] = (database.parent / "backups").iterdir()
    assert (kept.name, kept.read_bytes()) == (
        "before-restore-2026-11-01-120000-000000.db.damaged",
        damaged,
    )


def test_the_log_of_a_damaged_library_is_kept_and_never_put_over_the_restored_one(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("UPDATE user_books SET notes = 'never to be seen'")
        opened.commit()
        log = database.with_name("site.db-wal").read_bytes()
    database.write_bytes(b"no database at all")
    database.with_name("site.db-wal").write_bytes(log)
    unpack(out, database, files, force=True, now=NOW, progress=silent)
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("SELECT min(notes) FROM user_books").fetchone() == ("x" * 900,)
    names = {path.name for path in (database.parent / "backups").iterdir()}
    assert "before-restore-2026-11-01-120000-000000.db.damaged-wal" in names


async def test_nothing_is_restored_under_a_program_that_has_the_library_open(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    storage = await SqliteStorage.open(database)
    await added(storage, a_copy("Later", minute=99))
    with pytest.raises(StorageDown, match="in use by another program"):
        await asyncio.to_thread(unpack, out, database, files, force=True, now=NOW, progress=silent)
    assert (await storage.user("id-alice")).counts == {"to-read": 41}
    await storage.close()


def test_a_picture_that_is_not_what_it_was_is_mended(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    picture = files / "covers/large/a.webp"
    picture.write_bytes(b"half of")
    (files / "covers/large/later.webp").write_bytes(b"of after the backup")
    unpack(out, database, files, force=True, now=NOW, progress=silent)
    assert picture.read_bytes() == b"covers/large/a.webp"
    assert (files / "covers/large/later.webp").exists()


def test_a_backup_that_the_disk_has_no_room_for_is_refused_before_anything_is_unpacked(
    database: Path, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    new = tmp_path / "new"
    with monkeypatch.context() as system:
        system.setattr(shutil, "disk_usage", lambda folder: _Disk(9_000, 1_000, 8_000))
        with pytest.raises(StorageFull, match="the disk has 0 MB left"):
            unpack(out, new / "site.db", new / "files", force=False, now=NOW, progress=silent)
    assert not [path for path in new.rglob("*") if path.name != ".serving"]


class _Disk(NamedTuple):
    total: int
    used: int
    free: int


def test_an_entry_that_lies_about_its_size_is_refused(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    whole = out.read_bytes()
    at = whole.index(b"PK\x01\x02") + 24  # the size of the database in the list of entries
    out.write_bytes(whole[:at] + b"\xfe\xff\xff\x7f" + whole[at + 4 :])
    new = tmp_path / "new"
    with pytest.raises(BadFile):
        unpack(out, new / "site.db", new / "files", force=False, now=NOW, progress=silent)
    assert not new.exists()


async def test_a_full_disk_is_told_and_takes_no_backup_away(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(NOW)
    backups = Backups(database, tmp_path / "backups", clock)
    backups.make()
    clock.advance(days=1)
    with monkeypatch.context() as system:
        system.setattr(os, "fsync", full)
        backups.make()
        with pytest.raises(StorageFull):
            pack(database, tmp_path / "files", tmp_path / "out.zip", silent)
    state = await backups.state()
    assert (state.last, state.kept, state.problem) == (NOW, 1, "The disk is full.")
    assert not list(tmp_path.rglob(".part-*"))
    assert not (tmp_path / "out.zip").exists()


def full(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_a_killed_process_left_half_made_goes_at_the_next_try(
    database: Path, files: Path, tmp_path: Path
) -> None:
    backups = Backups(database, tmp_path / "backups", Clock(NOW))
    left = [
        tmp_path / "backups/.part-site-2026-10-31.db",
        tmp_path / ".part-out.zip-a1b2/site.db",
        database.parent / ".part-restore-a1b2/site.db",
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    other = tmp_path / ".part-other.zip-a1b2"
    other.mkdir()
    backups.make()
    pack(database, files, tmp_path / "out.zip", silent)
    with serving(database.parent):
        assert not any(path.exists() for path in left)
    assert other.exists()
    assert [path.name for path in backups.kept()] == ["site-2026-11-01.db"]


def test_an_archive_that_is_being_made_is_left_alone(
    database: Path, files: Path, tmp_path: Path
) -> None:
    with workplace(tmp_path, "out.zip") as place:
        pack(database, files, tmp_path / "out.zip", silent)
        assert place.exists()
    assert not place.exists()


async def test_of_two_servers_on_one_folder_one_makes_the_backup(
    database: Path, tmp_path: Path
) -> None:
    one, other = (Backups(database, tmp_path / "backups", Clock(NOW)) for _ in range(2))
    (tmp_path / "backups").mkdir()
    with (tmp_path / "backups/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        one.make()
        assert one.kept() == []
    await asyncio.gather(*(asyncio.to_thread(each.make) for each in (one, other) * 2))
    assert [path.name for path in one.kept()] == ["site-2026-11-01.db"]
    assert (await other.state()).problem == ""


def test_a_daily_backup_can_be_restored_as_well(
    database: Path, files: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "site-2026-11-01.db"
    back_up(database, copy)
    database.write_bytes(b"SQLite format 3\x00 and nothing else")
    assert unpack(copy, database, files, force=True, now=NOW, progress=silent).books == 40
    assert contents(database) == contents(copy)
    assert database.stat().st_mode & 0o777 == 0o600
    damaged = next((database.parent / "backups").iterdir())
    with pytest.raises(BadFile):
        unpack(damaged, database, files, force=True, now=NOW, progress=silent)
    assert contents(database).books == 40


async def test_a_library_in_use_is_no_backup(database: Path, files: Path, tmp_path: Path) -> None:
    storage = await SqliteStorage.open(database)
    await added(storage, a_copy("Later", minute=99))
    new = tmp_path / "new"
    with pytest.raises(BadFile, match="a library in use"):
        unpack(database, new / "site.db", new / "files", force=False, now=NOW, progress=silent)
    await storage.close()


async def test_a_server_that_stops_does_not_wait_for_a_backup(
    database: Path, tmp_path: Path
) -> None:
    backups = Backups(database, tmp_path / "backups", Clock(NOW))
    async with backed_up_daily(backups, first_s=60):
        pass
    await asyncio.to_thread(backups.make)
    assert backups.kept() == []
    assert not list((tmp_path / "backups").glob(".part-*"))
    assert (await backups.state()).problem == ""


def test_what_a_killed_restore_named_a_copy_is_none_while_it_is_the_library_itself(
    database: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    pack(database, files, out, silent)
    folder = database.parent / "backups"
    folder.mkdir()
    left = folder / "before-restore-2026-11-01-120000-000000.db"
    os.link(database, left)
    unpack(out, database, files, force=True, now=NOW, progress=silent)
    assert not left.samefile(database)
    os.link(database, folder / "before-restore-x.db")
    with serving(database.parent):
        assert [path.name for path in folder.iterdir()] == [left.name]
