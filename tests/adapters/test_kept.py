"""A value read from the file is kept until somebody commits, in this process or another."""

import sqlite3

from booklib.adapters.sqlite import SqliteStorage
from booklib.adapters.sqlite.kept import MOST, Kept


class Reads:
    def __init__(self):
        self.keys = []

    async def __call__(self, key):
        self.keys.append(key)
        return len(self.keys)


async def file_of(tmp_path):
    path = tmp_path / "site.db"
    await (await SqliteStorage.open(path)).close()
    return path


async def test_a_value_is_read_once_until_somebody_else_commits(tmp_path):
    path, reads = await file_of(tmp_path), Reads()
    kept, elsewhere = Kept(path), sqlite3.connect(path, isolation_level=None)
    assert [await kept.get("a", reads) for _ in range(3)] == [1, 1, 1]
    elsewhere.execute("INSERT INTO hits VALUES ('x', '2026', 1)")
    assert [await kept.get("a", reads), await kept.get("a", reads)] == [2, 2]
    elsewhere.close()
    kept.close()


async def test_a_commit_while_the_value_is_read_is_not_missed(tmp_path):
    path = await file_of(tmp_path)
    kept, elsewhere = Kept(path), sqlite3.connect(path, isolation_level=None)

    async def read(key):
        elsewhere.execute("INSERT INTO hits VALUES ('x', '2026', 1)")
        return "old"

    assert await kept.get("a", read) == "old"
    assert await kept.get("a", Reads()) == 1
    elsewhere.close()
    kept.close()


async def test_what_is_kept_is_bounded_and_a_closed_file_is_not_trusted(tmp_path):
    path, reads = await file_of(tmp_path), Reads()
    kept = Kept(path)
    for number in range(MOST + 1):
        await kept.get(str(number), reads)
    await kept.get("0", reads)
    assert len(reads.keys) == MOST + 2
    kept.close()
    await kept.get("0", reads)
    assert len(reads.keys) == MOST + 3
