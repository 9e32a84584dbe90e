"""A value read from the file is kept until somebody commits, in this process or another."""

import sqlite3

from booklib.adapters.sqlite import SqliteStorage
from booklib.adapters.sqlite.kept import MOST, Kept


class Reads:
    """A value that is another one at each reading."""

    def __init__(self):
        self.keys = []

    def __call__(self, connection, key):
        self.keys.append(key)
        return len(self.keys)

    async def elsewhere(self, key):
        return f"elsewhere {key}"


async def file_of(tmp_path):
    path = tmp_path / "site.db"
    await (await SqliteStorage.open(path)).close()
    return path


async def test_a_value_is_read_once_until_somebody_else_commits(tmp_path):
    path, reads = await file_of(tmp_path), Reads()
    kept, elsewhere = Kept(path, reads), sqlite3.connect(path, isolation_level=None)
    assert [await kept.get("a", reads.elsewhere) for _ in range(3)] == [1, 1, 1]
    elsewhere.execute("INSERT INTO hits VALUES ('x', '2026', 1)")
    assert [await kept.get("a", reads.elsewhere), await kept.get("a", reads.elsewhere)] == [2, 2]
    elsewhere.close()
    kept.close()


async def test_a_commit_while_the_value_is_read_is_not_missed(tmp_path):
    path = await file_of(tmp_path)
    elsewhere = sqlite3.connect(path, isolation_level=None)
    values = iter(("old", "new"))

    def read(connection, key):
        elsewhere.execute("INSERT OR REPLACE INTO hits VALUES ('x', '2026', 1)")
        return next(values)

    kept = Kept(path, read)
    assert [await kept.get("a", Reads().elsewhere) for _ in range(2)] == ["old", "new"]
    elsewhere.close()
    kept.close()


async def test_what_is_kept_is_bounded(tmp_path):
    path, reads = await file_of(tmp_path), Reads()
    kept = Kept(path, reads)
    for number in range(MOST + 1):
        await kept.get(str(number), reads.elsewhere)
    await kept.get("0", reads.elsewhere)
    assert len(reads.keys) == MOST + 2
    kept.close()


async def test_what_cannot_be_read_here_is_read_elsewhere_and_not_kept(tmp_path):
    path, reads = await file_of(tmp_path), Reads()

    def locked(connection, key):
        raise sqlite3.OperationalError("database is locked")

    kept = Kept(path, locked)
    assert await kept.get("a", reads.elsewhere) == "elsewhere a"
    kept.close()
    kept = Kept(path, reads)
    assert await kept.get("a", reads.elsewhere) == 1
    kept.close()
    assert await kept.get("a", reads.elsewhere) == "elsewhere a"
