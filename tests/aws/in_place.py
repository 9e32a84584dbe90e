"""What the tests of the package share: an installation, somebody who reads, and their library."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.lambda_place import Place, placed
from tests.aws.packages import built_layer, built_package
from tests.http_client import Client, Reply

DUNE = "9780441172719"
PASSWORD = "seven brown sparrows"


@pytest.fixture
async def place(moto: str) -> AsyncIterator[Place]:
    package, layer = built_package(), built_layer()
    before = contents(package.folder)
    async with placed(moto, package.folder, layer.folder) as place:
        yield place
    assert contents(package.folder) == before, "a function wrote into its own code"


@pytest.fixture
async def visitor(place: Place) -> AsyncIterator[Client]:
    async with Client(place.port) as client:
        yield client


@pytest.fixture
async def reader(visitor: Client) -> Client:
    """Somebody with an account, signed in."""
    reply = await registered(visitor)
    assert reply.status == 303, reply.body
    return visitor


def contents(folder: Path) -> dict[str, float]:
    """When each file was written."""
    return {str(path): path.stat().st_mtime for path in folder.rglob("*") if path.is_file()}


async def registered(client: Client, name: str = "alice") -> Reply:
    told = {"username": name, "email": f"{name}@example.org"}
    return await client.post(
        "/register", told | {"password": PASSWORD, "confirm_password": PASSWORD}
    )


async def added(reader: Client, **fields: str) -> str:
    """The id of a book that was added."""
    reply = await reader.post("/books", fields)
    assert reply.status == 303, reply.body
    found = re.findall(r'id="b-([\w-]{22})"', await shelf(reader))
    assert found
    return found[0]


async def shelf(reader: Client) -> str:
    reply = await reader.get("/library")
    assert reply.status == 200
    return reply.body.decode()


async def pumped(place: Place, turns: int = 8) -> None:
    """Carry messages until there are none; a job may have led to others."""
    for _ in range(turns):
        if not await place.pump.turn():
            return
    raise AssertionError(f"still messages after {turns} turns")


async def until(done: Any) -> None:
    """Wait until `done()` is true, twenty seconds at most."""
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.02)
