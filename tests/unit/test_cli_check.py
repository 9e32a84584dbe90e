"""`booklib check`: what is there, what is missing, and a library that is not sound."""

from __future__ import annotations

import json
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


def test_wrong_counts_are_found(shell: Shell) -> None:
    shell("demo", "--books", "40")
    shell.spoil("UPDATE users SET counts = '{\"read\": 3}'")
    assert "The counts of “demo” say" in shell.facts(1)["Library"]["text"]


def test_rows_that_belong_to_nothing_are_found(shell: Shell) -> None:
    shell("demo", "--books", "40")
    shell.spoil("UPDATE user_books SET owner = 99")
    assert shell("check").stdout.count("NO  Library") == 2


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


def test_a_search_that_does_not_hold_the_books_words_is_told(shell: Shell) -> None:
    shell("demo", "--books", "5")
    first = "number = (SELECT min(number) FROM user_books)"
    shell.spoil(f"UPDATE user_books SET words = ' 0001else' WHERE {first}")
    assert "The search does not hold" in shell.facts(1)["Library"]["text"]


def test_a_book_that_shows_something_else_than_is_stored_is_told(shell: Shell) -> None:
    shell("demo", "--books", "5")
    shell.spoil("UPDATE user_books SET title_key = 'x' || title_key WHERE rating = 0")
    assert "sorted by other keys" in shell.facts(1)["Library"]["text"]


def test_a_damaged_backup_is_told(shell: Shell) -> None:
    shell("demo", "--books", "5")
    (shell.folder / "backups").mkdir()
    (shell.folder / "backups/site-2026-01-01.db").write_bytes(b"no database")
    assert "site-2026-01-01.db" in shell.facts(1)["Backup"]["text"]
