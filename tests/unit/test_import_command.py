"""`booklib import`: what it says, what it stores, and its exit status."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from booklib.cli import main
from tests.goodreads import goodreads_csv

PASSWORD = "eleven purple bicycles"


class Shell:
    """Runs commands on a library of its own, in which ann has an account."""

    def __init__(self, folder):
        self.folder = folder
        self.environ = {"BOOKLIB_DATA_DIR": str(folder / "data"), "BOOKLIB_STORAGE": "sqlite"}
        added = self(
            *("user", "add", "ann", "--email", "ann@example.org", "--password-stdin"),
            said=f"{PASSWORD}\n",
        )
        assert added.exit_code == 0

    def __call__(self, *arguments, said=""):
        result = CliRunner().invoke(main, arguments, input=said, env=self.environ)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def file(self, text, name="books.csv"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def imports(self, text, *options):
        """The report on a file."""
        result = self("import", self.file(text), "--user", "ann", "--json", *options)
        assert result.exit_code == 0, result.stderr
        assert result.stderr == ""
        return json.loads(result.stdout)

    def books(self):
        """How many books ann has."""
        return json.loads(self("user", "list", "--json").stdout)[0]["books"]


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


def numbers(report):
    return {name: report[name] for name in ("rows", "new", "same", "changed", "doubtful", "failed")}


def test_a_file_is_imported_and_the_same_again_changes_nothing(shell):
    report = shell.imports(goodreads_csv())
    assert numbers(report) == {
        "rows": 30,
        "new": 29,
        "same": 0,
        "changed": 0,
        "doubtful": 0,
        "failed": 1,
    }
    assert (report["format"], report["left"], report["applied"]) == ("Goodreads", 1, True)
    assert [problem["row"] for problem in report["problems"]] == [30]
    assert shell.books() == 29
    again = shell.imports(goodreads_csv())
    assert (again["new"], again["same"], again["changed"]) == (0, 29, 0)
    assert shell.books() == 29


def test_what_a_file_says_is_told_before_it_is_written(shell):
    head = "Title,Author,My Rating,Exclusive Shelf\n"
    table = f"{head}Dune,Frank Herbert,4,read\nEmma,Jane Austen,0,to-read\n"
    told = shell("import", shell.file(table), "--user", "ann", "--dry-run").stdout
    assert "It says: 1 read, 1 to read, 1 with a rating.\n" in told
    assert shell.imports(table, "--dry-run")["says"] == {"read": 1, "to-read": 1, "rated": 1}
    assert shell.books() == 0


def test_a_dry_run_writes_nothing(shell):
    report = shell.imports(goodreads_csv(), "--dry-run")
    assert (report["new"], report["failed"], report["applied"]) == (29, 1, False)
    assert shell.books() == 0


def test_a_person_is_told_in_words(shell):
    result = shell("import", shell.file(goodreads_csv()), "--user", "ann")
    assert result.exit_code == 0
    assert "Goodreads, 30 rows; imported." in result.stdout
    assert "  new: 29\n" in result.stdout
    assert "Row 30: There is neither a title nor an ISBN in this row." in result.stdout


def test_the_last_import_is_taken_back(shell):
    shell.imports("Title,Author\nEmma,Jane Austen\n")
    shell.imports(goodreads_csv())
    assert shell.books() == 30
    result = shell("import", "--undo", "--user", "ann")
    assert (result.exit_code, shell.books()) == (0, 1)
    assert "is taken back" in result.stdout


def test_what_may_be_a_book_of_the_shelf_waits_for_an_answer(shell):
    known = "Title,Author,My Rating\nEmma,Jane Austen,4\n"
    other = "Title,Author,ISBN\nEmma,Jane Austen,9780141439587\n"
    shell.imports(known)
    report = shell.imports(other)
    assert (report["doubtful"], report["left"], shell.books()) == (1, 1, 1)
    report = shell.imports(other, "--doubtful", "merge")
    assert (report["left"], shell.books()) == (0, 1)
    shell.imports(known)
    third = "Title,Author,ISBN\nEmma,Jane Austen,9780192837523\n"
    report = shell.imports(third, "--doubtful", "add")
    assert (report["new"], shell.books()) == (1, 2)


def test_the_readers_own_rating_wins_unless_the_file_is_to(shell):
    row = "Title,Author,ISBN,My Rating\nEmma,Jane Austen,9780141439587,{}\n"
    shell.imports(row.format(3))
    assert shell.imports(row.format(4))["changed"] == 1
    assert shell.imports(row.format(4), "--overwrite")["same"] == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n", "PDF"),
        ("Title,ISBN\n", "header"),
        ("One,Two\n1,2\n", "page"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(shell, content, said):
    result = shell("import", shell.file(content), "--user", "ann")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--user", "ann"),
        ("nowhere.csv", "--user", "ann"),
        ("FILE",),
        ("FILE", "--user", "ann", "--undo"),
        ("FILE", "--user", "ann", "--doubtful", "perhaps"),
    ],
)
def test_a_wrong_call_is_exit_status_2(shell, arguments):
    file = shell.file("Title\nEmma\n")
    result = shell("import", *(file if each == "FILE" else each for each in arguments))
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_a_stranger_and_an_undo_of_nothing_are_refused(shell):
    file = shell.file("Title\nEmma\n")
    result = shell("import", file, "--user", "bob")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no user “bob”.\n")
    result = shell("import", "--undo", "--user", "ann")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no import to take back.\n")
