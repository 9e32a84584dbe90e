"""Settings: what is accepted, what stops the start, and the secret key that is made once."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest

from booklib.app import create_app
from booklib.settings import CHECKOUT, Settings, SettingsError

SECRET = "a secret of decent length"
ON_AWS = {
    "BOOKLIB_STORAGE": "dynamodb",
    "USERS_TABLE": "Users",
    "BOOKS_TABLE": "Books",
    "USER_BOOKS_TABLE": "UserBooks",
    "JOBS_TABLE": "Jobs",
    "FILES_BUCKET": "files",
}


def settings(tmp_path: Path, **environ: str) -> Settings:
    return Settings.from_environment({"BOOKLIB_DATA_DIR": str(tmp_path / "data"), **environ})


class Recording(Mapping[str, str]):
    """An environment that remembers which variables were asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_ = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def test_without_any_variable_everything_has_its_default(tmp_path: Path) -> None:
    read = settings(tmp_path)
    assert read.storage == "sqlite"
    assert read.allow_registration == "open"
    assert read.public_url is None
    assert read.trusted_proxies == ()
    assert read.google_books_api_key == read.static_url == ""
    assert read.open_library_url == "https://openlibrary.org"
    assert read.database == tmp_path / "data" / "site.db"


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    read = settings(tmp_path, SECRET_KEY="", BOOKLIB_STORAGE=" ", GOOGLE_BOOKS_URL="")
    assert read == settings(tmp_path)


def test_values_are_read_and_tidied(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        SECRET_KEY=SECRET,
        SECRET_KEY_FALLBACKS="an-older-key-of-length, the-oldest-key-of-all",
        BOOKLIB_ALLOW_REGISTRATION="first",
        BOOKLIB_PUBLIC_URL="https://Books.Example:443/",
        BOOKLIB_TRUSTED_PROXIES="127.0.0.1, 10.0.0.7/8 fd00::/8",
        GOOGLE_BOOKS_API_KEY="key",
        GOOGLE_BOOKS_COUNTRY="de",
        BOOKLIB_CONTACT="me@books.example",
        GOOGLE_BOOKS_URL="http://[::1]:8080/books/",
        STATIC_URL="https://static.example/v1/",
    )
    assert read.secret_key == SECRET
    assert read.secret_key_fallbacks == ("an-older-key-of-length", "the-oldest-key-of-all")
    assert read.allow_registration == "first"
    assert read.public_url == "https://books.example"
    assert read.trusted_proxies == (
        ip_network("127.0.0.1"),
        ip_network("10.0.0.0/8"),
        ip_network("fd00::/8"),
    )
    assert read.google_books_country == "DE"
    assert read.contact == "me@books.example"
    assert read.google_books_url == "http://[::1]:8080/books"
    assert read.static_url == "https://static.example/v1"


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("BOOKLIB_STORAGE", "postgres", "sqlite, dynamodb"),
        ("BOOKLIB_ALLOW_REGISTRATION", "yes", "open, first, closed"),
        ("SECRET_KEY", "short", "at least 16"),
        ("SECRET_KEY_FALLBACKS", "short", "at least 16"),
        ("GOOGLE_BOOKS_API_KEY", "two words", "one word"),
        ("GOOGLE_BOOKS_API_KEY", "ключ", "one word"),
        ("GOOGLE_BOOKS_COUNTRY", "Germany", "two letters"),
        ("GOOGLE_BOOKS_URL", "googleapis.com", "https://"),
        ("OPEN_LIBRARY_URL", "ftp://openlibrary.org", "https://"),
        ("OPEN_LIBRARY_COVERS_URL", "https://", "https://"),
        ("OPEN_LIBRARY_COVERS_URL", "https://host:99999", "https://"),
        ("STATIC_URL", "https://user:word@static.example", "https://"),
        ("STATIC_URL", "https://static.example/?v=1", "https://"),
        ("BOOKLIB_PUBLIC_URL", "https://books.example/library", "without a path"),
        ("BOOKLIB_PUBLIC_URL", "books.example", "without a path"),
        ("BOOKLIB_TRUSTED_PROXIES", "nginx", "IP addresses"),
        ("BOOKLIB_TRUSTED_PROXIES", "*", "IP addresses"),
        ("BOOKLIB_DATA_DIR", "/dev/null/books", "folder"),
    ],
)
def test_a_wrong_value_names_the_variable_and_what_it_accepts(
    tmp_path: Path, variable: str, value: str, accepted: str
) -> None:
    with pytest.raises(SettingsError) as error:
        settings(tmp_path, **{variable: value})
    assert str(error.value).startswith(variable)
    assert accepted in str(error.value)


def test_secrets_do_not_appear_when_settings_are_printed(tmp_path: Path) -> None:
    shown = repr(settings(tmp_path, SECRET_KEY=SECRET, GOOGLE_BOOKS_API_KEY="google-key"))
    assert SECRET not in shown
    assert "google-key" not in shown


def test_the_data_folder_is_relative_to_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = ON_AWS | {"SECRET_KEY": SECRET}
    assert Settings.from_environment(environ).data_dir == CHECKOUT / "instance"
    home = {**environ, "BOOKLIB_DATA_DIR": "~/books"}
    assert Settings.from_environment(home).data_dir == Path.home() / "books"
    assert list(tmp_path.iterdir()) == []


def test_dynamodb_wants_to_know_its_places(tmp_path: Path) -> None:
    told = {name: value for name, value in ON_AWS.items() if name != "JOBS_TABLE"}
    with pytest.raises(SettingsError, match=r"^JOBS_TABLE must be set where BOOKLIB_STORAGE is"):
        settings(tmp_path, **told)


def test_on_aws_the_secret_key_has_another_place_and_no_folder_is_made(tmp_path: Path) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:SecretKey"
    read = settings(tmp_path, SECRET_KEY="", SECRET_KEY_ARN=arn, **ON_AWS)
    assert (read.secret_key, read.secret_key_arn) == ("", arn)
    assert (read.jobs_table, read.files_bucket) == ("Jobs", "files")
    assert not (tmp_path / "data").exists()


def test_an_app_without_a_secret_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY must be set"):
        create_app(settings(tmp_path, SECRET_KEY="", **ON_AWS))


def test_the_secret_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = settings(tmp_path)
    kept = tmp_path / "data" / "secret_key"
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.chmod(0o644)
    assert settings(tmp_path).secret_key == first.secret_key
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_secret_key_that_was_half_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret_key").write_text("abc")
    made = settings(tmp_path).secret_key
    assert len(made) >= 32
    assert settings(tmp_path).secret_key == made


def test_a_secret_key_that_cannot_be_kept_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "data" / "secret_key").mkdir(parents=True)
    with pytest.raises(SettingsError, match="SECRET_KEY is not set and cannot be kept"):
        settings(tmp_path)


@pytest.mark.slow
def test_first_starts_at_the_same_moment_agree_on_the_secret_key(tmp_path: Path) -> None:
    code = "from booklib.settings import Settings; print(Settings.from_environment().secret_key)"
    environ = {**os.environ, "BOOKLIB_DATA_DIR": str(tmp_path / "data")}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=environ,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    keys = {process.communicate(timeout=60)[0] for process in started}
    assert [process.returncode for process in started] == [0] * 6
    assert len(keys) == 1


def test_every_setting_is_in_the_readme_and_the_other_way_round(tmp_path: Path) -> None:
    environ = Recording({"BOOKLIB_DATA_DIR": str(tmp_path)})
    Settings.from_environment(environ)
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` ", table, re.MULTILINE)) == environ.asked


def test_who_only_looks_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "mistyped"
    settings = Settings.from_environment({"BOOKLIB_DATA_DIR": str(folder)}, make=False)
    assert (settings.data_dir, settings.secret_key) == (folder, "")
    assert not folder.exists()
