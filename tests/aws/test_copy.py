"""`booklib copy` from a laptop's library to AWS and back, and what it asks of DynamoDB."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from booklib.adapters.dynamodb import DynamoStorage, Tables
from booklib.copying import Side, copy
from booklib.models import COVER_FILE
from booklib.models.shelf import place
from booklib.settings import Settings, StorageKind
from booklib.wiring import open_side
from tests.aws import emulators
from tests.aws.fixtures import ministack, moto
from tests.aws.templates import create_tables
from tests.aws.test_owners_commands import PASSWORD, booklib, environ
from tests.factories import a_copy, a_user
from tests.fakes import MemoryFiles, MemoryStorage
from tests.processes import ROOT

__all__ = ["environ", "ministack", "moto"]
pytestmark = pytest.mark.slow

BOOKS = 230
PICTURE = "vutsrqponmlkjihgfedcba-560x840"


@pytest.fixture
async def at_home(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The same owner, with a library on the laptop."""
    home = environ | {"BOOKLIB_STORAGE": "sqlite", "BOOKLIB_DATA_DIR": str(tmp_path / "home")}
    filling = ("demo", "--books", str(BOOKS), "--user", "ann", "--password-stdin")
    assert (await booklib(home, *filling, said=f"{PASSWORD}\n"))[0] == 0
    async with open_side(Settings.from_environment(home), "sqlite") as side:
        [one, *_] = [copy async for some in side.store.all_copies() for copy in some]
        pictured = replace(one, mine={**one.mine, COVER_FILE: f"own/{PICTURE}"})
        await side.store.put_copies([place(pictured, None)])
        for size in ("large", "small"):
            await side.files.put(f"users/{one.user_id}/covers/{size}/{PICTURE}.webp", b"own")
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
    assert (report["files"]["written"], report["files"]["missing"]) == (2, 0)
    assert (await booklib(environ, "check"))[0] == 0
    _, out, _ = await booklib(environ, "user", "list", "--json")
    assert [(user["username"], user["books"]) for user in json.loads(out)] == [("ann", BOOKS)]

    status, again = await copied(at_home, "sqlite", "dynamodb")
    assert (status, again["copies"]["written"], again["copies"]["same"]) == (0, 0, BOOKS)

    elsewhere = at_home | {"BOOKLIB_DATA_DIR": str(tmp_path / "elsewhere")}
    status, back = await copied(elsewhere, "dynamodb", "sqlite")
    assert (status, back["target"]) == (0, report["source"])
    assert (await booklib(elsewhere, "check"))[0] == 0
    assert len(list((tmp_path / "elsewhere/files/users").rglob("*.webp"))) == 2


async def test_a_dry_run_tells_what_is_missing_there(at_home: dict[str, str]) -> None:
    arguments = ("copy", "--from", "sqlite", "--to", "dynamodb", "--dry-run")
    status, out, _ = await booklib(at_home, *arguments)
    assert status == 1
    assert f"books owned: {BOOKS} would be written, 0 the same\n" in out
    assert f"books owned: {BOOKS} in sqlite ≠ 0 in dynamodb" in out
    assert out.endswith("The two sides differ.\n")
    assert (await copied(at_home, "sqlite", "dynamodb"))[0] == 0
    assert (await booklib(at_home, *arguments))[0] == 0


async def test_what_differs_there_is_named(at_home: dict[str, str]) -> None:
    await copied(at_home, "sqlite", "dynamodb")
    async with open_side(Settings.from_environment(at_home), "sqlite") as side:
        [one, *_] = [copy async for some in side.store.all_copies() for copy in some]
        await side.store.put_copies([replace(one, notes="Lent.", rev=one.rev + 1)])
    arguments = ("copy", "--from", "sqlite", "--to", "dynamodb")
    status, out, _ = await booklib(at_home, *arguments)
    assert status == 1
    assert f"books owned: 0 written, {BOOKS - 1} the same, 1 differ and were left\n" in out
    assert f"With --overwrite the source wins. What differs: {one.user_book_id}.\n" in out
    assert (await booklib(at_home, *arguments, "--overwrite"))[0] == 0


async def books_there(environ: dict[str, str], storage: StorageKind) -> int:
    """How many books a side holds, whatever is going on there."""
    if storage == "sqlite" and not (Path(environ["BOOKLIB_DATA_DIR"]) / "site.db").exists():
        return -1
    async with open_side(Settings.from_environment(environ), storage) as side:
        if not [user async for user in side.store.users()]:
            return -1
        return sum([len(some) async for some in side.store.all_copies()])


async def kill_midway(
    environ: dict[str, str], source: StorageKind, target: StorageKind, books: int
) -> int:
    """How a copy ended that was killed once so many books were there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booklib", "copy", "--from", source, "--to", target, "--json"),
        cwd=ROOT,
        env=environ,
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        while process.returncode is None and await books_there(environ, target) < books:
            await asyncio.sleep(0)
    if process.returncode is None:
        process.kill()
    return await process.wait()


async def test_killed_anywhere_a_copy_goes_on_and_ends_the_same(
    at_home: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, at_home[name])
    monkeypatch.setenv("AWS_DEFAULT_REGION", at_home["AWS_DEFAULT_REGION"])
    there = at_home | {"BOOKLIB_DATA_DIR": str(tmp_path / "elsewhere")}
    sums = []
    ways: list[tuple[dict[str, str], StorageKind, StorageKind]] = [
        (at_home, "sqlite", "dynamodb"),
        (there, "dynamodb", "sqlite"),
    ]
    for told, source, target in ways:
        endings = [await kill_midway(told, source, target, books) for books in (0, 1, 101, BOOKS)]
        assert -signal.SIGKILL in endings
        status, report = await copied(told, source, target)
        assert status == 0
        sums += [report["source"], report["target"]]
        assert (await booklib(told | {"BOOKLIB_STORAGE": target}, "check"))[0] == 0
    assert sums.count(sums[0]) == len(sums)


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
