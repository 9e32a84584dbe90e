"""The command line: what it says, what it stores, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from booklib import __version__
from booklib.cli import main

PASSWORD = "eleven purple bicycles"


class Shell:
    """Runs commands on a library of its own."""

    def __init__(self, folder: Path) -> None:
        self.environ = {"BOOKLIB_DATA_DIR": str(folder / "data"), "BOOKLIB_STORAGE": "sqlite"}

    def __call__(self, *arguments: str, said: str = "") -> Result:
        result = CliRunner().invoke(main, arguments, input=said, env=self.environ)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def users(self) -> list[dict[str, object]]:
        result = self("user", "list", "--json")
        assert result.exit_code == 0
        users: list[dict[str, object]] = json.loads(result.stdout)
        return users


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def added(shell: Shell, name: str) -> Result:
    return shell(
        *("user", "add", name, "--email", f"{name}@example.org", "--password-stdin"),
        said=f"{PASSWORD}\n",
    )


def test_it_tells_its_version_and_its_commands(shell: Shell) -> None:
    assert __version__ in shell("--version").stdout
    said = shell("--help").stdout
    assert all(command in said for command in ("serve", "user", "demo"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("serve", "--port", "many"),
        ("serve", "--port", "65536"),
        ("user", "add", "ann"),
        ("user", "add", "ann", "--email", "ann@example.org"),
        ("user", "reset-password", "ann"),
        ("user", "delete", "ann"),
        ("demo", "--books", "0"),
    ],
)
def test_a_wrong_call_is_exit_status_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    result = shell(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert result.stdout == ""


def test_an_account_is_added_and_listed(shell: Shell) -> None:
    assert shell("user", "list").stdout == "There is no account yet.\n"
    result = added(shell, "Ann")
    assert result.stdout == "The account “Ann” is ready.\n"
    (user,) = shell.users()
    assert user["username"] == "Ann"
    assert user["email"] == "Ann@example.org"
    assert user["books"] == 0
    assert "password" not in json.dumps(user)
    assert shell("user", "list").stdout == "Ann <Ann@example.org>, 0 books\n"


def test_a_taken_name_is_refused_in_any_spelling(shell: Shell) -> None:
    added(shell, "Ann")
    result = added(shell, "ANN")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert len(shell.users()) == 1


@pytest.mark.parametrize("password", ["short", "password1", "", "x" * 200])
def test_the_rules_for_passwords_hold_here_too(shell: Shell, password: str) -> None:
    arguments = ("user", "add", "ann", "--email", "ann@example.org", "--password-stdin")
    result = shell(*arguments, said=f"{password}\n")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: password: ")
    assert shell.users() == []
    added(shell, "ann")
    result = shell("user", "reset-password", "ann", "--password-stdin", said=f"{password}\n")
    assert result.exit_code == 1


def test_a_password_is_reset_by_name_or_email(shell: Shell) -> None:
    added(shell, "ann")
    for login in ("ANN", "ann@example.org"):
        result = shell(
            "user", "reset-password", login, "--password-stdin", said="twelve green trams\n"
        )
        assert result.exit_code == 0
        assert "signed out everywhere" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [("reset-password", "nobody", "--password-stdin"), ("delete", "nobody", "--yes")],
)
def test_an_unknown_user_is_named(shell: Shell, arguments: tuple[str, ...]) -> None:
    result = shell("user", *arguments, said=f"{PASSWORD}\n")
    assert result.exit_code == 1
    assert result.stderr == "Error: There is no user “nobody”.\n"


def test_deleting_removes_the_account_and_its_books(shell: Shell) -> None:
    assert shell("demo", "--books", "50").exit_code == 0
    assert shell.users()[0]["books"] == 50
    result = shell("user", "delete", "demo", "--yes")
    assert result.exit_code == 0
    assert result.stdout == "“demo” is deleted.\n"
    assert shell.users() == []
    assert shell("demo", "--books", "50").stdout.count("50 new books") == 1


def test_the_demo_makes_an_account_and_prints_its_password_once(shell: Shell) -> None:
    first = shell("demo", "--books", "40")
    assert "40 new books" in first.stdout
    assert "Sign in as demo with the password " in first.stdout
    second = shell("demo", "--books", "40")
    assert "0 new books, 40 were there already" in second.stdout
    assert "password" not in second.stdout


def test_the_demo_takes_a_password_and_prints_none(shell: Shell) -> None:
    arguments = ("demo", "--user", "ann", "--books", "40", "--password-stdin")
    result = shell(*arguments, said=f"{PASSWORD}\n")
    assert result.exit_code == 0
    assert "password" not in result.stdout


@pytest.mark.slow
def test_ten_thousand_demo_books_are_there_within_seconds(shell: Shell) -> None:
    assert "10000 new books" in shell("demo", "--books", "10000").stdout
    assert shell.users()[0]["books"] == 10_000


def test_a_wrong_setting_is_exit_status_1_and_named(shell: Shell) -> None:
    shell.environ["BOOKLIB_ALLOW_REGISTRATION"] = "perhaps"
    result = shell("user", "list")
    assert result.exit_code == 1
    assert "BOOKLIB_ALLOW_REGISTRATION must be one of open, first, closed" in result.stderr
