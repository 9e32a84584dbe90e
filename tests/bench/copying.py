"""Copying a library into an emulator of DynamoDB, and the calls that it takes."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from booklib.adapters.dynamodb import DynamoStorage, Tables
from booklib.adapters.sqlite import SqliteStorage
from booklib.copying import Side, copy
from tests.aws import emulators, templates
from tests.bench.report import Row, at_least, note
from tests.bench.serving import fill
from tests.fakes import MemoryFiles

BOOKS = 1_000


async def measure(folder: Path) -> list[Row]:
    """Books a second into moto's server and into MiniStack."""
    data = folder / str(BOOKS)
    await fill(data, BOOKS)
    rows: list[Row] = []
    for name, running in (("moto", emulators.moto), ("MiniStack", emulators.ministack)):
        with running() as url:
            rows += await _into(name, url, data)
    return rows


async def _into(name: str, url: str, data: Path) -> list[Row]:
    calls: Counter[str] = Counter()
    storage = await SqliteStorage.open(data / "site.db")
    try:
        async with emulators.client("dynamodb", url) as client:
            tables = Tables(*await templates.create_tables(client, "bench"))
            client.meta.events.register(
                "before-call.dynamodb.*", lambda model, **_: calls.update([model.name])
            )
            target = Side(name, DynamoStorage(client, tables), MemoryFiles())
            started = time.perf_counter()
            report = await copy(
                Side("sqlite", storage, MemoryFiles()), target, now=datetime.now(UTC)
            )
            taken = time.perf_counter() - started
    finally:
        await storage.close()
    if not report.equal:
        raise RuntimeError(f"the copy into {name} is not equal")
    told = ", ".join(f"{number} {call}" for call, number in sorted(calls.items()))
    return [
        at_least(f"copy into {name}, comparison included", BOOKS / taken, 200, "books/s"),
        note(f"calls of {name} for {BOOKS:,} books", told),
    ]
