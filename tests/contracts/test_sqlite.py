"""What is SQLite's own: the file, its migrations, its plans, a full disk, a cancelled request."""

import asyncio
import itertools
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from booklib.adapters.sqlite import SqliteStorage, index, search, shelf
from booklib.adapters.sqlite.migrate import MIGRATIONS, prepare, statements
from booklib.errors import StorageDown, StorageFull
from booklib.models import SORTS, STATUSES, Query
from booklib.models.shelf import rekey
from booklib.ports import Change
from tests.factories import NOON, a_copy, a_job, a_user, added
from tests.fakes import Clock, MemoryStorage

SECOND = "CREATE TABLE second (a TEXT);\nCREATE TRIGGER t AFTER INSERT ON second BEGIN\n"
SECOND += "  DELETE FROM second;\nEND;\n-- the end\nINSERT INTO second VALUES (';');\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "site.db"


@pytest.fixture
async def storage(path):
    storage = await SqliteStorage.open(path, now=Clock())
    await storage.add_user(a_user("alice"))
    yield storage
    await storage.close()


def rows(path, sql, *parameters):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, parameters).fetchall()


def sound(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# The file


async def test_the_file_is_its_owner_s_alone(storage, path):
    await added(storage, a_copy())
    modes = {
        name: stat.S_IMODE((path.parent / name).stat().st_mode) for name in os.listdir(path.parent)
    }
    assert set(modes.values()) == {0o600}
    assert path.name in modes


async def test_closing_leaves_one_file(path):
    storage = await SqliteStorage.open(path)
    await storage.add_user(a_user())
    await storage.close()
    assert os.listdir(path.parent) == [path.name]


async def test_everything_is_there_after_opening_again(storage, path):
    copy = await added(storage, a_copy())
    again = await SqliteStorage.open(path)
    assert await again.owned("id-alice", [copy.user_book_id]) == {copy.user_book_id: copy}
    await again.close()


async def test_a_file_that_is_no_database_is_named(path):
    path.parent.mkdir()
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(StorageDown):
        await SqliteStorage.open(path)


async def test_a_folder_in_the_place_of_the_file_is_named(path):
    path.mkdir(parents=True)
    with pytest.raises(StorageDown):
        await SqliteStorage.open(path)


# Migrations


@pytest.fixture
def migrations(tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    for script in MIGRATIONS.glob("*.sql"):
        (folder / script.name).write_text(script.read_text("utf-8"), "utf-8")
    return folder


def test_a_script_is_cut_into_whole_statements():
    cut = list(statements(SECOND))
    assert [statement.split()[1] for statement in cut] == ["TABLE", "TRIGGER", "the"]
    assert "DELETE FROM second;\nEND;" in cut[1]
    with pytest.raises(ValueError, match="without an end"):
        list(statements("SELECT 1"))


async def test_a_migration_keeps_a_copy_of_what_was_there(storage, path, migrations):
    await added(storage, a_copy())
    await storage.close()
    newest = len(list(MIGRATIONS.glob("*.sql")))
    (migrations / f"{newest + 1:03d}_next.sql").write_text(SECOND)
    prepare(path, migrations)
    assert rows(path, "PRAGMA user_version") == [(newest + 1,)]
    copy = path.with_name(f"site.db.layout-{newest}")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert rows(copy, "PRAGMA user_version") == [(newest,)]
    assert rows(copy, "SELECT count(*) FROM user_books") == [(1,)]
    with pytest.raises(StorageDown, match="newer version"):
        prepare(path)
    prepare(path, migrations)


async def test_a_migration_that_fails_changes_nothing(storage, path, migrations):
    newest = len(list(MIGRATIONS.glob("*.sql")))
    (migrations / f"{newest + 1:03d}_next.sql").write_text(SECOND + "INSERT INTO nowhere SELECT 1;")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        prepare(path, migrations)
    assert rows(path, "PRAGMA user_version") == [(newest,)]
    assert rows(path, "SELECT name FROM sqlite_master WHERE name = 'second'") == []
    await added(storage, a_copy())


def test_a_new_file_needs_no_copy(path):
    prepare(path)
    assert [name for name in os.listdir(path.parent) if "layout" in name] == []


@pytest.mark.slow
def test_processes_that_start_at_once_all_find_the_tables(path):
    program = (
        "import sys; from pathlib import Path; from booklib.adapters.sqlite.migrate import prepare;"
        "sys.stdin.read(1); prepare(Path(sys.argv[1]))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, path], stdin=subprocess.PIPE)
        for _ in range(6)
    ]
    for process in started:
        process.stdin.write(b"x")
        process.stdin.flush()
    for process in started:
        process.communicate(timeout=60)
    assert [process.returncode for process in started] == [0] * 6
    assert sound(path)


# Plans: nothing is scanned or sorted, whatever is asked for


def plan(path, statement, parameters):
    with closing(sqlite3.connect(path)) as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [step[3] for step in steps]


@pytest.mark.parametrize("continued", [False, True])
async def test_every_list_walks_indexes_and_sorts_nothing(storage, path, continued):
    places = (None, "deleted", *STATUSES)
    for sort, where, rating, descending in itertools.product(
        SORTS, places, (None, 0, 7), (False, True)
    ):
        query = Query(sort=sort, shelf=where, rating=rating, descending=descending)
        statement = shelf.statement(query, continued)
        steps = plan(
            path, statement, {"user_id": "u", "limit": 51} | shelf.order_of(query).cursor("")
        )
        for step in steps:
            assert "TEMP B-TREE" not in step, (query, steps)
            assert not step.startswith("SCAN user_books"), (query, steps)


async def test_a_cursor_is_part_of_the_index_walk(storage, path):
    query = Query(sort="finished", shelf="read")
    parameters = {"user_id": "u", "limit": 51} | shelf.order_of(query).cursor("x\ty")
    steps = plan(path, shelf.statement(query, True), parameters)
    walks = [step for step in steps if "by_rating_finished" in step]
    assert len(walks) == 11
    assert all("(finished_on,added_key)<(?,?)" in step for step in walks)


# Faults


async def test_a_full_disk_is_told_and_leaves_the_database_sound(storage, path):
    copies = await added(storage, *(a_copy(f"Book {n}") for n in range(40)))

    def limit(db):
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")

    await storage._database._writer.run(limit)
    changes = [Change(b, replace(b, notes="long " * 3000)) for b in copies]
    with pytest.raises(StorageFull):
        await storage.apply("id-alice", changes, a_job())
    assert await storage.job("lookup:b1") is None
    assert (await storage.user("id-alice")).shelf_version == 1
    await storage._database._writer.run(lambda db: db.execute("PRAGMA max_page_count = 1000000"))
    assert await storage.apply("id-alice", changes)
    assert sound(path)


FILLER = """
import asyncio, resource, signal, sys
from pathlib import Path
from booklib.adapters.sqlite import SqliteStorage
from booklib.errors import StorageFull
from tests.factories import a_copy, a_user, added

async def main():
    storage = await SqliteStorage.open(Path(sys.argv[1]))
    await storage.add_user(a_user("alice"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
    try:
        for number in range(2000):
            await added(storage, a_copy(f"Book {number}", minute=number, notes="n" * 2000))
            print(number, flush=True)
    except StorageFull:
        print("full", flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await added(storage, a_copy("After", minute=5000))
    await storage.close()

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_file_that_cannot_grow_loses_nothing_that_was_acknowledged(path):
    run = subprocess.run(
        [sys.executable, "-c", FILLER, path], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    *numbers, last = run.stdout.split()
    assert last == "full"
    assert sound(path)
    assert rows(path, "SELECT count(*) FROM user_books") == [(len(numbers) + 1,)]
    assert rows(path, "SELECT counts FROM users") == [(f'{{"to-read":{len(numbers) + 1}}}',)]


async def test_a_database_that_stays_locked_is_told(path):
    storage = await SqliteStorage.open(path)
    await storage._database._writer.run(lambda db: db.execute("PRAGMA busy_timeout = 50"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageDown):
            await storage.add_user(a_user("alice"))
        assert await storage.user("id-alice") is None
        other.execute("ROLLBACK")
    await storage.add_user(a_user("alice"))
    await storage.close()


async def test_a_cancelled_request_leaves_no_transaction_open(storage, path):
    for number in range(60):
        adding = asyncio.create_task(
            storage.apply("id-alice", [Change(None, a_copy(f"Book {number}", minute=number))])
        )
        await asyncio.sleep(number % 5 * 0.0002)
        adding.cancel()
        await asyncio.gather(adding, return_exceptions=True)
    await added(storage, a_copy("Last"))
    assert not await storage._database._writer.run(lambda db: db.in_transaction)
    [(stored,)] = rows(path, "SELECT count(*) FROM user_books")
    assert (await storage.user("id-alice")).counts == {"to-read": stored}


async def test_a_reader_does_not_wait_for_a_writer(storage, path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE users SET view = 'list'")
        user = await asyncio.wait_for(storage.user("id-alice"), 1)
        assert user.view == "cards"
        other.execute("ROLLBACK")


async def test_a_reader_that_met_a_row_it_cannot_read_sees_what_comes_later(storage, path):
    ids = [(await added(storage, a_copy(title))).user_book_id for title in ("Good", "Bad", "Last")]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE user_books SET added_at = 'never' WHERE user_book_id = ?", ids[1:2])
    faults = []
    for _ in range(4):
        with pytest.raises(ValueError, match="never") as fault:
            await storage.owned("id-alice", ids)
        faults.append(fault)
    new = await added(storage, a_copy("New"))
    for _ in range(4):
        assert new.user_book_id in await storage.owned("id-alice", [new.user_book_id])
    await storage._database._writer.run(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    assert path.with_name(f"{path.name}-wal").stat().st_size == 0


# Keeping house


async def test_the_sweep_forgets_what_nobody_can_ask_for_any_more(storage, path):
    names = ("Kept", "Old", "Recent", "Trail")
    kept, old, recent, trail = await added(storage, *(a_copy(name) for name in names))
    now = NOON + timedelta(days=100)
    for book, ago in ((old, 31), (recent, 29), (trail, 40)):
        moved = "there" if book is trail else None
        gone = replace(book, deleted_at=now - timedelta(days=ago), moved_to=moved)
        await storage.apply("id-alice", [Change(book, rekey(gone))])
    for name, ago in (("old", 31), ("recent", 29)):
        ended = now - timedelta(days=ago)
        await storage.add_job(a_job(name, state="done", due_at=None, ended_at=ended))
    await storage.hit("key", 60)
    await storage.sweep(now)
    left = await storage.owned("id-alice", [b.user_book_id for b in (kept, old, recent, trail)])
    assert set(left) == {kept.user_book_id, recent.user_book_id}
    assert (await storage.user("id-alice")).counts == {"to-read": 1, "deleted": 1}
    assert await storage.job("old") is None
    assert await storage.job("recent")
    assert rows(path, "SELECT * FROM hits") == []
    assert sound(path)


async def test_counters_of_tries_do_not_pile_up(path):
    clock = Clock()
    storage = await SqliteStorage.open(path, now=clock)
    for number in range(50):
        await storage.hit(f"address {number}", 10)
        clock.advance(seconds=1)
    [(left,)] = rows(path, "SELECT count(*) FROM hits")
    await storage.close()
    assert left <= 10


async def test_the_index_of_words_stays_in_step_with_the_books(storage, path):
    copies = await added(storage, *(a_copy(f"Book {n}", minute=n) for n in range(30)))
    for number, book in enumerate(copies):
        after = (
            None,
            a_copy(f"Other {number}", user_book_id=book.user_book_id, minute=number + 100),
            rekey(replace(book, status="read")),
        )[number % 3]
        assert await storage.apply("id-alice", [Change(book, after)])
    assert sound(path)
    hits = (await storage.shelf("id-alice", Query(words=("other",)), None, 50)).rows
    assert len(hits) == 10


@pytest.mark.parametrize(
    "effort",
    [
        search.Effort(few=0, passing=0, walk=10**9),
        search.Effort(few=0, passing=0, walk=0),
        search.Effort(few=0, walk=0),
        search.Effort(few=10**6),
    ],
    ids=["walks", "gives up walking", "walks what passes the filters", "sorts"],
)
async def test_every_way_of_searching_finds_the_same(path, effort):
    storage, memory = await SqliteStorage.open(path), MemoryStorage()
    copies = [
        a_copy(
            f"{'Odd' if n % 2 else 'Even'} {n % 7}",
            f"Ann Author{n % 4}",
            minute=n,
            status=STATUSES[n % 3],
            rating=n % 4,
        )
        for n in range(60)
    ]
    for each in (storage, memory):
        await each.add_user(a_user("alice"))
        await added(each, *copies)
    await storage.close()
    with closing(sqlite3.connect(path)) as db:
        for sort, where, rating, words, descending in itertools.product(
            SORTS, (None, "read"), (None, 2), (("odd",), ("3", "ann")), (False, True)
        ):
            query = Query(shelf=where, rating=rating, words=words, sort=sort, descending=descending)
            after = None
            while True:
                page = search.page(db, "id-alice", query, after, 4, effort)
                assert page == await memory.shelf("id-alice", query, after, 4)
                if (after := page.after) is None:
                    break


def test_an_owner_s_tag_has_one_width():
    assert [index.tag(number) for number in (1, 35, 36, 36**4 - 1)] == [
        "0001",
        "000z",
        "0010",
        "zzzz",
    ]


async def test_books_added_at_one_moment_are_searched_in_the_order_of_the_shelf(storage):
    await added(storage, *(a_copy(f"Book {n}", user_book_id=f"{n * 37 % 101}") for n in range(101)))
    for descending in (True, False):
        query, seen, after = Query(words=("book",), descending=descending), [], None
        while True:
            page = await storage.shelf("id-alice", query, after, 9)
            seen += [row.key for row in page.rows]
            if (after := page.after) is None:
                break
        assert seen == sorted(seen, reverse=descending)
        assert len(set(seen)) == 101
