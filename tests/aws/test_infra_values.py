"""A parameter that the program would refuse is refused before the site that runs is replaced."""

from __future__ import annotations

import re

import pytest

from booklib.settings import AWS_PLACES, Settings, SettingsError
from tests.aws.templates import read

pytestmark = pytest.mark.slow

WORDS = {"Contact": "BOOKLIB_CONTACT", "GoogleBooksApiKey": "GOOGLE_BOOKS_API_KEY"}
ADDRESSES = {
    "PublicUrl": "BOOKLIB_PUBLIC_URL",
    "GoogleBooksUrl": "GOOGLE_BOOKS_URL",
    "OpenLibraryUrl": "OPEN_LIBRARY_URL",
    "OpenLibraryCoversUrl": "OPEN_LIBRARY_COVERS_URL",
}
ODD_WORDS = ("Jane Doe", "jane@exämple.org", "a\tb", "a\nb")
ODD_ADDRESSES = (
    "books.example.org",
    "ftp://books.example.org",
    "https://",
    "https://me@books.example.org",
    "https://books.example.org/?q",
    "https://books.example.org/#top",
    "https://books.example.org/a b",
)
ODD = [
    *((name, value) for name in WORDS for value in ODD_WORDS),
    *((name, value) for name in ADDRESSES for value in ODD_ADDRESSES),
    ("PublicUrl", "https://books.example.org/shelf"),
]
GOOD = [
    *((name, value) for name in WORDS for value in ("", "jane@example.org", "https://me.example")),
    *(
        (name, value)
        for name in ADDRESSES
        for value in ("", "https://a.example/", "http://[::1]:80")
    ),
]


def taken_by_the_template(name: str, value: str) -> bool:
    pattern = read("app.yaml")["Parameters"][name]["AllowedPattern"]
    return re.fullmatch(pattern, value) is not None


def taken_by_the_program(name: str, value: str) -> bool:
    places = dict.fromkeys(AWS_PLACES, "somewhere") | {"BOOKLIB_STORAGE": "dynamodb"}
    try:
        Settings.from_environment(places | {(WORDS | ADDRESSES)[name]: value})
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize(("name", "value"), ODD)
def test_what_the_program_cannot_use_is_not_deployed(name: str, value: str) -> None:
    assert not taken_by_the_program(name, value)
    assert not taken_by_the_template(name, value)


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_what_the_program_can_use_is_deployed(name: str, value: str) -> None:
    assert taken_by_the_program(name, value)
    assert taken_by_the_template(name, value)


@pytest.mark.parametrize(
    ("suffix", "taken"), [("", True), ("-r1", True), ("2", False), ("-", False)]
)
def test_no_suffix_makes_another_environments_tables_of_ours(suffix: str, taken: bool) -> None:
    assert taken_by_the_template("TableSuffix", suffix) == taken
