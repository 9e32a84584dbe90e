"""What the questions and changes of a library cost on DynamoDB, beside their budgets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import uuid4

import aioboto3

from booklib import demo
from booklib.adapters.dynamodb import DynamoStorage, Tables
from booklib.models import COVER_FILE, Book, CoverName, Query, Source, User
from booklib.models.ids import book_id, book_key
from booklib.ports import World
from tests.aws import emulators, templates
from tests.aws.capacity import Meter, Used
from tests.factories import a_user
from tests.fakes import Clock, FakeCatalogue, FakePictures, FakeQueue, MemoryFiles

NAMED = os.environ.get("BOOKLIB_TEST_DYNAMODB_URL", "")
"""An endpoint whose own figures are to be those of the rules: that of AWS."""

PAGE = 50
PAGES = 10
"""How many pages down a reader scrolls here."""

SHELF_RCU = 4
IN_ORDER = {
    "as added": Query(),
    "by title": Query(sort="title", descending=False),
    "by author": Query(sort="author", descending=False),
    "as added, to read": Query(shelf="to-read"),
}
BY_READING_ALL = {
    "by rating": Query(sort="rating"),
    "as read": Query(sort="finished"),
    "by title, read": Query(shelf="read", sort="title", descending=False),
    "five stars": Query(rating=10),
    "a search": Query(words=("gard",)),
}


class Cost(NamedTuple):
    """One figure: units, and how many there may be."""

    what: str
    used: Used
    budget: float
    unit: str

    @property
    def units(self) -> float:
        """By the rules."""
        return self.used.rcu if self.unit == "RCU" else self.used.wcu

    @property
    def reported(self) -> float:
        """As the endpoint says."""
        return self.used.reported_rcu if self.unit == "RCU" else self.used.reported_wcu


@dataclass
class Filled:
    """A library of some books, and its meter."""

    world: World
    client: Any
    """Unmetered."""
    meter: Meter
    user: User
    count: int
    clock: Clock
    tables: Tables
    catalogue: FakeCatalogue

    def fresh(self) -> DynamoStorage:
        """The storage as another container has it: nothing is kept there yet."""
        return DynamoStorage(self.meter, self.tables, now=self.clock)

    async def page(self, query: Query, after: str | None = None) -> tuple[Used, str | None]:
        """A page as a request asks for it: who is signed in, then the shelf."""
        with self.meter.watched() as used:
            await self.world.storage.user(self.user.user_id)
            found = await self.world.storage.shelf(self.user.user_id, query, after, PAGE)
        return used, found.after


def _opened(url: str) -> Any:
    """A client as whoever runs this, or as somebody who may do everything in an emulator."""
    if url.endswith(".amazonaws.com"):
        return aioboto3.Session().client("dynamodb", endpoint_url=url)
    return emulators.client("dynamodb", url)


@asynccontextmanager
async def filled(url: str, count: int) -> AsyncIterator[Filled]:
    """A library with books as they are once catalogues and covers have come."""
    environment = f"t{uuid4().hex[:14]}"
    async with _opened(url) as client:
        tables = Tables(*await templates.create_tables(client, environment))
        try:
            for table in tables:
                await client.get_waiter("table_exists").wait(TableName=table)
            yield await _filled(client, environment, tables, count)
        finally:
            for table in tables:
                await client.delete_table(TableName=table)


async def _filled(client: Any, environment: str, tables: Tables, count: int) -> Filled:
    clock = Clock(datetime.now(UTC))
    catalogue = FakeCatalogue(name="open_library", label="Open Library")
    world = World(
        storage=DynamoStorage(client, tables, now=clock),
        queue=FakeQueue(),
        catalogues=(catalogue,),
        files=MemoryFiles(),
        pictures=FakePictures(),
        now=clock,
    )
    user = a_user("alice", user_id=uuid4().hex[:22], password_hash="h" * 97)
    await world.storage.add_user(user)
    await _known(world, count)
    await demo.fill(world, user, count, lambda _: None)
    await listed(client, tables, "user_id", user.user_id, count)
    clock.advance(minutes=10)
    meter = Meter(client, environment)
    metered = replace(world, storage=DynamoStorage(meter, tables, now=clock))
    return Filled(metered, client, meter, user, count, clock, tables, catalogue)


async def listed(client: Any, tables: Tables, key: str, value: str, count: int) -> None:
    """Wait until an index shows so many copies."""
    query = {
        "TableName": tables.user_books,
        "IndexName": f"{key}-index",
        "KeyConditionExpression": f"{key} = :value",
        "ExpressionAttributeValues": {":value": {"S": value}},
        "Select": "COUNT",
    }
    async with asyncio.timeout(30):
        while True:
            pages = client.get_paginator("query").paginate(**query)
            if sum([page["Count"] async for page in pages]) >= count:
                return
            await asyncio.sleep(0.1)


async def _known(world: World, count: int) -> None:
    """What the catalogues know of the books, with covers."""
    for fact in islice(demo.facts(), count):
        cover = str(CoverName.of(fact.isbn.encode(), 400, 600, own=False))
        fields = {**fact.given, COVER_FILE: cover}
        sources = {name: Source("open_library", world.now()) for name in fact.given}
        ident = book_id(book_key(fact.isbn))
        assert ident
        book = Book(book_id=ident, isbn=fact.isbn, fields=fields, sources=sources, version=1)
        assert await world.storage.save_book(book, 0)


async def of_pages(here: Filled) -> AsyncIterator[Cost]:
    """What looking costs; nothing was written lately."""
    for what, query in IN_ORDER.items():
        first, after = await here.page(query)
        yield Cost(f"shelf {what}", first, SHELF_RCU, "RCU")
        further: list[Used] = []
        while after and len(further) < PAGES:
            used, after = await here.page(query, after)
            further.append(used)
        if further:
            dearest = max(further, key=lambda used: used.rcu)
            yield Cost(f"shelf {what}, the dearest page below", dearest, SHELF_RCU, "RCU")
    for what, query in BY_READING_ALL.items():
        here.world = replace(here.world, storage=here.fresh())
        used, _ = await here.page(query)
        budget = 60 * max(here.count / 1000, 0.1)
        yield Cost(f"shelf {what}", used, budget, "RCU")
