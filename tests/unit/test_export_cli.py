"""`booklib export`: what it writes, where, and what it says."""

import json
import os
import stat
import zipfile

import pytest
from click.testing import CliRunner

from booklib.cli import main


@pytest.fixture
def shell(tmp_path):
    environ = {"BOOKLIB_DATA_DIR": str(tmp_path / "data"), "BOOKLIB_STORAGE": "sqlite"}

    def run(*arguments, said=""):
        return CliRunner().invoke(main, arguments, input=said, env=environ)

    run(
        "user", "add", "ann", "--email", "ann@example.org", "--password-stdin", said="a b c d e f\n"
    )
    run("demo", "--user", "ann", "--books", "3")
    return run


def test_what_the_file_ends_in_says_its_format(shell, tmp_path):
    for name in ("out.json", "out.ZIP", "out.csv"):
        done = shell("export", str(tmp_path / name), "--user", "ann")
        assert done.exit_code == 0
        assert "3 books written" in done.stderr
        assert done.stdout == ""
    assert len(json.loads((tmp_path / "out.json").read_bytes())["books"]) == 3
    with zipfile.ZipFile(tmp_path / "out.ZIP") as archive:
        assert archive.namelist() == ["library.json"]
    assert (tmp_path / "out.csv").read_text().startswith("Book Id,Title,")
    assert stat.S_IMODE(os.stat(tmp_path / "out.json").st_mode) == 0o600


def test_a_dash_is_standard_output(shell):
    done = shell("export", "-", "--user", "ann", "--format", "json")
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["books"]) == 3


def test_what_is_written_comes_back_into_another_account(shell, tmp_path):
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    shell(
        "user", "add", "bob", "--email", "b@example.org", "--password-stdin", said="a b c d e f\n"
    )
    assert shell("export", str(first), "--user", "ann").exit_code == 0
    done = shell("import", str(first), "--user", "bob", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["new"] == 3
    assert shell("export", str(second), "--user", "bob").exit_code == 0
    assert second.read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("out.odt", "--user", "ann"), 2, "--format"),
        (("-", "--user", "ann"), 2, "--format"),
        (("out.json",), 2, "--user"),
        (("out.json", "--user", "nobody"), 1, "no user “nobody”"),
        (("no/such/folder/out.json", "--user", "ann"), 1, "cannot be written"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(shell, tmp_path, monkeypatch, arguments, status, said):
    monkeypatch.chdir(tmp_path)
    done = shell("export", *arguments)
    assert done.exit_code == status
    assert said in done.stderr
    assert not list(tmp_path.glob("*out*"))


def test_an_older_file_stays_when_the_export_fails(shell, tmp_path):
    out = tmp_path / "out.json"
    out.write_text("older")
    assert shell("export", str(out), "--user", "nobody").exit_code == 1
    assert out.read_text() == "older"
    assert shell("export", str(out), "--user", "ann").exit_code == 0
    assert json.loads(out.read_bytes())["version"] == 1
