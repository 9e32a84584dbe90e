"""`booklib check`: what this installation has and lacks, and whether the library is sound."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple

import click

from booklib import __version__, checking
from booklib.cli.common import Command, load_settings
from booklib.errors import BooklibError, StorageDown
from booklib.jobs import KINDS
from booklib.ports import Snapshot
from booklib.settings import Settings, SettingsError

State = Literal["ok", "missing", "wrong"]
"""`missing` is what one can do without."""

MARKS: dict[State, str] = {"ok": "ok", "missing": "--", "wrong": "NO"}
SPACE_LEFT = 200 * 10**6
"""Bytes below which the disk counts as full: a library of 1,000 books with covers takes 100 MB."""

ZBAR = (
    "not there, so some blurred codes stay unread. It comes with "
    "“sudo apt-get install --no-install-recommends libzbar0” (Debian, Ubuntu), "
    "“sudo dnf install zbar” (Fedora) or “brew install zbar” (macOS)."
)
HEIC = (
    "not there: phones send JPEG by themselves from a page, and for files there is "
    "“.venv/bin/pip install pillow-heif”."
)


class Fact(NamedTuple):
    """One line of the report."""

    name: str
    state: State
    text: str


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(as_json: bool) -> None:
    """Tell what this installation has and lacks, and whether the library is sound.

    The exit status is 1 where something is wrong, and 0 where only optional parts are missing.
    """
    facts = asyncio.run(_facts())
    sound = all(fact.state != "wrong" for fact in facts)
    if as_json:
        report = {"sound": sound, "checks": [fact._asdict() for fact in facts]}
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        width = max(len(fact.name) for fact in facts)
        for fact in facts:
            click.echo(f"{MARKS[fact.state]}  {fact.name:<{width}}  {fact.text}")
    if not sound:
        raise SystemExit(1)


async def _facts() -> list[Fact]:
    from booklib.wiring import engine

    system = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    facts = [Fact("Book Library", "ok", __version__), Fact("Python", "ok", system)]
    facts += await _decoders()
    try:
        settings = load_settings(make=False)
    except SettingsError as error:
        return [*facts, Fact("Settings", "wrong", str(error))]
    facts.append(Fact("Database", "ok", engine(settings.storage)))
    facts += _settings(settings)
    if settings.storage == "sqlite":
        facts.append(_folder(settings.data_dir))
        facts += _backups(settings)
        if not settings.database.exists():
            return [*facts, Fact("Library", "ok", "not begun yet: “booklib serve” makes it")]
    return [*facts, *await _library(settings)]


async def _decoders() -> list[Fact]:
    """What reads pictures, as the process says that would do it."""
    from booklib.wiring import open_pictures

    facts = [_package("zxing-cpp", "zxing-cpp"), _package("Pillow", "pillow")]
    try:
        async with open_pictures() as pictures:
            extras = await pictures.extras()
    except BooklibError as error:
        return [*facts, Fact("Pictures", "wrong", str(error))]
    for name, text in (("libzbar", ZBAR), ("HEIC", HEIC)):
        there = name.lower() in extras
        facts.append(Fact(name, "ok" if there else "missing", "there" if there else text))
    return facts


def _package(name: str, package: str) -> Fact:
    try:
        return Fact(name, "ok", version(package))
    except PackageNotFoundError:
        return Fact(name, "wrong", "is not installed: please run ./deploy/local.sh again.")


def _settings(settings: Settings) -> list[Fact]:
    """What can be set and matters most; a key is never shown."""
    key = "there is a key" if settings.google_books_api_key else "no key, so it is not asked"
    address = settings.public_url or "not set: the library is at home only"
    return [
        Fact("Google Books", "ok" if settings.google_books_api_key else "missing", key),
        Fact("Public address", "ok" if settings.public_url else "missing", address),
        Fact("Registration", "ok", settings.allow_registration),
    ]


def _backups(settings: Settings) -> list[Fact]:
    """Each daily backup, opened and read."""
    from booklib.wiring import read_backup

    found = []
    for copy in sorted(settings.backups.glob("*.db")):
        try:
            kept = read_backup(copy)
        except BooklibError as error:
            found.append(Fact("Backup", "wrong", f"{copy.name}: {error}"))
        else:
            text = f"{copy.name}: accounts: {kept.users:,}, books: {kept.books:,}"
            found.append(Fact("Backup", "ok", text))
    return found


def _folder(folder: Path) -> Fact:
    if not folder.exists():
        return Fact("Data folder", "missing", f"{folder} is not there yet")
    free = shutil.disk_usage(folder).free
    text = f"{folder}, {free / 1e9:,.1f} GB free"
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return Fact("Data folder", "wrong", f"{folder} cannot be written to")
    if free < SPACE_LEFT:
        return Fact("Data folder", "wrong", f"{text}: please make some room")
    return Fact("Data folder", "ok", text)


async def _library(settings: Settings) -> list[Fact]:
    from booklib.wiring import open_side

    try:
        async with (
            open_side(settings, settings.storage) as side,
            side.store.snapshot() as snapshot,
        ):
            books = await _counted(snapshot)
            with _bar(sum(books)) as progress:
                found = checking.findings(snapshot, side.files, frozenset(KINDS), progress)
                said = [fact async for fact in _told(found)]
    except BooklibError as error:
        return [Fact("Library", "wrong", str(error))]
    text = f"accounts: {len(books):,}, books: {sum(books):,}, database: {_size(settings)}"
    return [Fact("Library", "ok", text), *said]


async def _counted(snapshot: Snapshot) -> list[int]:
    """Numbers of books by account; none where they cannot be read, which is told later."""
    with suppress(StorageDown):
        books = [user.total async for user in snapshot.users()]
        snapshot.noticed.clear()  # they are read once more
        return books
    return []


async def _told(findings: AsyncIterator[checking.Finding]) -> AsyncIterator[Fact]:
    wrong = 0
    async for text, harmless in findings:
        yield Fact("Files" if harmless else "Library", "missing" if harmless else "wrong", text)
        wrong += not harmless
        if wrong == checking.MOST:
            yield Fact("Library", "wrong", f"Only the first {wrong} faults are told.")
            return


@contextmanager
def _bar(copies: int) -> Iterator[Callable[[int], None]]:
    """What is told how many copies were read; shows it on a terminal."""
    if not sys.stderr.isatty():
        yield lambda copies: None
        return
    with click.progressbar(length=max(copies, 1), label="Reading", file=sys.stderr) as bar:
        yield bar.update


def _size(settings: Settings) -> str:
    if settings.storage == "dynamodb":
        return f"{settings.user_books_table} and its sisters"
    return f"{settings.database.stat().st_size / 1e6:,.1f} MB"
