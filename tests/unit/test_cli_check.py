"""`booklib check`: what is there, what is missing, and a library that is not sound."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from booklib.cli import main

KEY = "a-key-that-nobody-may-see"


class Shell:
    """Runs commands on a library of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.environ = {"BOOKLIB_DATA_DIR": str(self.folder), "BOOKLIB_STORAGE": "sqlite"}

    def __call__(self, *arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments, env=self.environ)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def facts(self, exit_code: int = 0) -> dict[str, dict[str, str]]:
        """The facts by name; of several with one name the last."""
        result = self("check", "--json")
        assert result.exit_code == exit_code
        report = json.loads(result.stdout)
        assert report["sound"] is (exit_code == 0)
        return {fact["name"]: fact for fact in report["checks"]}

    def spoil(self, statement: str) -> None:
        with closing(sqlite3.connect(self.folder / "site.db")) as database, database:
            database.execute(statement)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_new_installation_is_sound(shell: Shell) -> None:
    facts = shell.facts()
    assert facts["Library"]["text"].startswith("not begun yet")
    assert facts["Database"]["text"].startswith("SQLite 3.")
    assert facts["zxing-cpp"]["state"] == "ok"
    assert str(shell.folder) in facts["Data folder"]["text"]
    assert not (shell.folder / "site.db").exists()


def test_what_can_be_done_without_is_no_fault(shell: Shell) -> None:
    facts = shell.facts()
    assert facts["Google Books"]["state"] == "missing"
    for name in ("libzbar", "HEIC"):
        assert facts[name]["state"] == "ok" or "install" in facts[name]["text"]


def test_a_key_is_told_of_and_never_shown(shell: Shell) -> None:
    shell.environ["GOOGLE_BOOKS_API_KEY"] = KEY
    result = shell("check")
    assert KEY not in result.output
    assert "there is a key" in result.output


def test_a_sound_library_is_counted(shell: Shell) -> None:
    assert shell("demo", "--books", "40").exit_code == 0
    assert shell.facts()["Library"]["text"].startswith("accounts: 1, books: 40, ")
    assert "accounts: 1, books: 40" in shell("check").stdout


ONE = "number = (SELECT min(number) FROM user_books WHERE isbn IS NOT NULL)"
TITLE = "json_set(given, '$.title', 'Another')"
BOOK = (
    "INSERT INTO books (book_id, isbn, version, fields, sources) "
    "SELECT book_id, isbn, 1, '{}', '{}' FROM user_books"
)
JOB = (
    "INSERT INTO jobs (job_id, kind, payload, state, attempts, due_at, next_at, message, "
    "created_at, rev) VALUES ('lookup:1', 'lookup', '{}', 'waiting', 0, "
)
AT = "'2026-11-01T12:00:00.000000Z'"
DAMAGES = {
    "The counts of “demo” say": "UPDATE users SET counts = '{\"read\": 3}'",
    "6 rows belong to nothing": "UPDATE user_books SET owner = 99",
    "of nobody belongs to nobody": "UPDATE user_books SET owner = 99",
    "The search does not hold": "DELETE FROM search_data WHERE id > 10",
    "by other words than it shows": f"UPDATE user_books SET words = ' 0001else' WHERE {ONE}",
    "sorted by other keys": f"UPDATE user_books SET title_key = 'x' || title_key WHERE {ONE}",
    "shows something else": f"UPDATE user_books SET given = {TITLE} WHERE {ONE}",
    "is on the shelf “deleted”": f"UPDATE user_books SET shelf = 'deleted' WHERE {ONE}",
    "has the status “lost”": f"UPDATE user_books SET status = 'lost', shelf = 'lost' WHERE {ONE}",
    "has the rating 12": f"UPDATE user_books SET rating = 12 WHERE {ONE}",
    "has the date “0000-00-00”": f"UPDATE user_books SET started_on = '0000-00-00' WHERE {ONE}",
    "another id than its ISBN": f"UPDATE user_books SET user_book_id = 'x' WHERE {ONE}",
    "names another Book": f"UPDATE user_books SET book_id = 'x' WHERE {ONE}",
    "from a Book that is not there": f"UPDATE user_books SET book_version = 1 WHERE {ONE}",
    "has moved to a book": f"UPDATE user_books SET moved_to = 'x', deleted_at = {AT} WHERE {ONE}",
    "one tag twice": f'UPDATE user_books SET tags = \'["Sea", "sea"]\' WHERE {ONE}',
    "too many tags": f"UPDATE user_books SET tags = '[\"\"]' WHERE {ONE}",
    "has notes of 20,001": f"UPDATE user_books SET notes = printf('%.20001c', 'x') WHERE {ONE}",
    "names the cover own/": (
        "UPDATE user_books SET mine = json_set(mine, '$.cover_file', "
        f"'own/abcdefghijklmnopqrstuv-500x500') WHERE {ONE}"
    ),
    "cannot be read: ValueError": f"UPDATE user_books SET added_at = 'soon' WHERE {ONE}",
    "cannot be read: AttributeError": f"UPDATE user_books SET mine = '[]' WHERE {ONE}",
    "cannot be read: JSONDecodeError": "UPDATE users SET counts = '{'",
    "is compared as another name": "UPDATE users SET name_key = 'DEMO'",
    "has the view “none”": "UPDATE users SET view = 'none'",
    "The Book has no title": BOOK,
    "The job “lookup:1” is due at another time": f"{JOB}{AT}, NULL, '', {AT}, 1)",
    "The job “lookup:1” waits for no time": f"{JOB}NULL, NULL, '', {AT}, 1)",
    "The database lacks its index by_added": "DROP INDEX by_added",
    "The database lacks its column review": "ALTER TABLE user_books RENAME COLUMN review TO r",
    "” cannot be read": f"UPDATE user_books SET card = CAST(x'ff' AS TEXT) WHERE {ONE}",
}


@pytest.mark.parametrize("words", DAMAGES)
def test_whatever_is_damaged_in_a_library_is_told(shell: Shell, words: str) -> None:
    shell("demo", "--books", "6")
    shell.spoil(DAMAGES[words])
    said = shell("check")
    found = re.sub(r"The Book \d+", "The Book", said.stdout)
    assert (words in found, said.exit_code) == (True, 1), said.stdout
    assert "NO  Library" in found


def test_many_faults_are_not_all_told(shell: Shell) -> None:
    shell("demo", "--books", "150")
    shell.spoil("UPDATE user_books SET rating = 12")
    said = shell("check").stdout
    assert (said.count("NO  Library"), "Only the first 100 faults are told." in said) == (101, True)


def test_a_mistyped_folder_is_not_made(shell: Shell, tmp_path: Path) -> None:
    facts = shell.facts()
    assert facts["Data folder"]["state"] == "missing"
    assert "no library yet" in shell("backup", str(tmp_path / "out.zip")).output
    assert not shell.folder.exists()


def test_a_folder_that_is_a_file_is_told(shell: Shell) -> None:
    shell.folder.write_text("no folder")
    assert "cannot be written to" in shell.facts(1)["Data folder"]["text"]


def test_files_that_nobody_names_are_told_and_stay(shell: Shell) -> None:
    shell("demo", "--books", "5")
    stray = shell.folder / "files/covers/large/abcdefghijklmnopqrstuv-500x500.webp"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    facts = shell.facts()
    assert facts["Files"]["state"] == "missing"
    assert stray.name in facts["Files"]["text"]
    assert stray.exists()


def test_a_damaged_file_is_told(shell: Shell) -> None:
    shell("demo", "--books", "40")
    file = shell.folder / "site.db"
    content = bytearray(file.read_bytes())
    content[8192:] = bytes(len(content) - 8192)
    file.write_bytes(content)
    assert shell.facts(1)["Library"]["state"] == "wrong"


def test_a_wrong_setting_is_told_beside_the_rest(shell: Shell) -> None:
    shell.environ["BOOKLIB_STORAGE"] = "paper"
    facts = shell.facts(1)
    assert "BOOKLIB_STORAGE must be one of" in facts["Settings"]["text"]
    assert facts["zxing-cpp"]["state"] == "ok"


def test_a_damaged_backup_is_told(shell: Shell) -> None:
    shell("demo", "--books", "5")
    (shell.folder / "backups").mkdir()
    (shell.folder / "backups/site-2026-01-01.db").write_bytes(b"no database")
    assert "site-2026-01-01.db" in shell.facts(1)["Backup"]["text"]
