"""`booklib backup` and `restore` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from booklib.cli import main


class Shell:
    """Runs commands on a library of its own."""

    def __init__(self, folder: Path) -> None:
        self.environ = {"BOOKLIB_DATA_DIR": str(folder), "BOOKLIB_STORAGE": "sqlite"}

    def __call__(self, *arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments, env=self.environ, input="long enough words\n")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path / "data")
    filled = shell("demo", "--books", "12", "--user", "ann", "--password-stdin")
    assert filled.exit_code == 0, filled.output
    return shell


def test_an_installation_moves_to_another_folder(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "library.zip"
    made = shell("backup", str(out))
    assert made.output == f"{out} is written and was read back: accounts: 1, books: 12.\n"
    elsewhere = Shell(tmp_path / "elsewhere")
    put = elsewhere("restore", str(out), "--json")
    assert json.loads(put.output) == {"layout": 2, "users": 1, "books": 12}
    assert elsewhere("check").exit_code == 0
    listed = json.loads(elsewhere("user", "list", "--json").output)
    assert [(user["username"], user["books"]) for user in listed] == [("ann", 12)]


def test_nothing_is_replaced_without_being_told_so(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "library.zip"
    shell("backup", str(out))
    assert "--force" in shell("backup", str(out)).output
    assert shell("backup", str(out), "--force").exit_code == 0
    refused = shell("restore", str(out))
    assert (refused.exit_code, "--force" in refused.output) == (1, True)
    assert shell("restore", str(out), "--force").exit_code == 0


def test_what_is_no_backup_is_told_in_a_sentence(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(b"not a zip")
    refused = shell("restore", str(other), "--force")
    assert (refused.exit_code, "no backup of a library" in refused.output) == (1, True)
    assert shell("restore", str(tmp_path / "missing.zip")).exit_code == 2


def test_there_is_nothing_to_back_up_before_the_first_start(tmp_path: Path) -> None:
    nobody = Shell(tmp_path / "new")
    assert "no library yet" in nobody("backup", str(tmp_path / "x.zip")).output
