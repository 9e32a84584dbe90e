"""`booklib copy` from a laptop's library to AWS and back, and what it asks of DynamoDB."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from booklib.adapters.dynamodb import DynamoStorage, Tables
from booklib.copying import Side, copy
from tests.aws import emulators
from tests.aws.fixtures import ministack, moto
from tests.aws.templates import create_tables
from tests.aws.test_owners_commands import PASSWORD, booklib, environ
from tests.factories import a_copy, a_user
from tests.fakes import MemoryFiles, MemoryStorage

__all__ = ["environ", "ministack", "moto"]
pytestmark = pytest.mark.slow

BOOKS = 230


@pytest.fixture
async def at_home(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The same owner, with a library on the laptop."""
    home = environ | {"BOOKLIB_STORAGE": "sqlite", "BOOKLIB_DATA_DIR": str(tmp_path / "home")}
    filling = ("demo", "--books", str(BOOKS), "--user", "ann", "--password-stdin")
    assert (await booklib(home, *filling, said=f"{PASSWORD}\n"))[0] == 0
    return home


async def copied(environ: dict[str, str], source: str, target: str, *more: str) -> Any:
    status, out, err = await booklib(
        environ, "copy", "--from", source, "--to", target, "--json", *more
    )
    assert "Traceback" not in err
    return status, json.loads(out)


async def test_a_library_goes_to_aws_and_comes_back(
    at_home: dict[str, str], environ: dict[str, str], tmp_path: Path
) -> None:
    status, report = await copied(at_home, "sqlite", "dynamodb")
    assert (status, report["equal"]) == (0, True)
    assert report["copies"]["written"] == BOOKS
    assert report["source"] == report["target"]
    assert (await booklib(environ, "check"))[0] == 0
    _, out, _ = await booklib(environ, "user", "list", "--json")
    assert [(user["username"], user["books"]) for user in json.loads(out)] == [("ann", BOOKS)]

    status, again = await copied(at_home, "sqlite", "dynamodb")
    assert (status, again["copies"]["written"], again["copies"]["same"]) == (0, 0, BOOKS)

    elsewhere = at_home | {"BOOKLIB_DATA_DIR": str(tmp_path / "elsewhere")}
    status, back = await copied(elsewhere, "dynamodb", "sqlite")
    assert (status, back["target"]) == (0, report["source"])
    assert (await booklib(elsewhere, "check"))[0] == 0


async def test_a_copy_tells_people_how_both_sides_compare(at_home: dict[str, str]) -> None:
    status, out, _ = await booklib(at_home, "copy", "--from", "sqlite", "--to", "dynamodb")
    assert status == 0
    assert f"books owned: {BOOKS} written, 0 the same\n" in out
    assert f"books owned: {BOOKS} in sqlite = {BOOKS} in dynamodb" in out
    assert out.endswith("Both sides hold the same.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "sqlite", "--to", "sqlite"), "must be different"),
        (("--from", "sqlite"), "--to"),
    ],
)
async def test_a_wrong_call_is_told(
    at_home: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    status, _, err = await booklib(at_home, "copy", *arguments)
    assert status == 2
    assert words in err


async def test_without_tables_there_is_nowhere_to_copy_to(at_home: dict[str, str]) -> None:
    poor = {name: value for name, value in at_home.items() if name != "BOOKS_TABLE"}
    status, _, err = await booklib(poor, "copy", "--from", "sqlite", "--to", "dynamodb")
    assert status == 1
    assert "BOOKS_TABLE must be set for DynamoDB" in err


@pytest.mark.parametrize("emulator", ["moto", "ministack"])
async def test_no_call_is_made_for_a_single_book(
    emulator: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(emulator)
    source = MemoryStorage()
    await source.put_user(a_user("alice"))
    await source.put_copies([a_copy(f"Book {n}", minute=n) for n in range(300)])
    calls: Counter[str] = Counter()
    async with emulators.client("dynamodb", url) as client:
        tables = Tables(*await create_tables(client, f"copy{emulator}"))
        client.meta.events.register(
            "before-call.dynamodb.*", lambda model, **_: calls.update([model.name])
        )
        target = Side("there", DynamoStorage(client, tables), MemoryFiles())
        report = await copy(Side("here", source, MemoryFiles()), target, now=datetime.now(UTC))
    assert report.copies.written == 300
    assert calls["BatchWriteItem"] == 12
    assert calls["BatchGetItem"] == 3
    assert calls["TransactWriteItems"] == 1
    assert calls["PutItem"] == 0
    assert sum(calls.values()) < 35
