"""What the questions and changes of a library cost on DynamoDB, beside their budgets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple
from uuid import uuid4

from booklib import demo, library
from booklib.adapters.dynamodb import DynamoStorage, Tables
from booklib.models import COVER_FILE, Book, CoverName, Query, Source, User
from booklib.models.ids import book_id, book_key
from booklib.ports import World
from tests.aws import emulators, templates
from tests.aws.capacity import Meter, Used
from tests.factories import a_user
from tests.fakes import Clock, FakeCatalogue, FakePictures, FakeQueue, MemoryFiles

PAGE = 50
OWN_WRITE_RCU = 1
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
    units: float
    budget: float
    unit: str
    calls: list[str]


@dataclass
class Filled:
    """A library of some books, and its meter."""

    world: World
    meter: Meter
    user: User
    count: int
    clock: Clock
    tables: Tables

    def fresh(self) -> DynamoStorage:
        """The storage as another container has it: nothing is kept there yet."""
        return DynamoStorage(self.meter, self.tables, now=self.clock)

    async def page(self, query: Query, after: str | None = None) -> tuple[Used, str | None]:
        """A page as a request asks for it: who is signed in, then the shelf."""
        with self.meter.watched() as used:
            await self.world.storage.user(self.user.user_id)
            found = await self.world.storage.shelf(self.user.user_id, query, after, PAGE)
        return used, found.after


@asynccontextmanager
async def filled(url: str, count: int) -> AsyncIterator[Filled]:
    """A library with books as they are once catalogues and covers have come."""
    environment = f"t{uuid4().hex[:14]}"
    async with emulators.client("dynamodb", url) as client:
        tables = Tables(*await templates.create_tables(client, environment))
        clock = Clock(datetime.now(UTC))
        world = World(
            storage=DynamoStorage(client, tables, now=clock),
            queue=FakeQueue(),
            catalogues=(FakeCatalogue(name="open_library", label="Open Library"),),
            files=MemoryFiles(),
            pictures=FakePictures(),
            now=clock,
        )
        user = a_user("alice", user_id=uuid4().hex[:22], password_hash="h" * 97)
        await world.storage.add_user(user)
        await _known(world, count)
        await demo.fill(world, user, count, lambda _: None)
        clock.advance(minutes=10)
        meter = Meter(client, environment)
        metered = replace(world, storage=DynamoStorage(meter, tables, now=clock))
        yield Filled(metered, meter, user, count, clock, tables)


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


async def costs(url: str, count: int) -> list[Cost]:
    """Every figure for a library of `count` books."""
    async with filled(url, count) as here:
        found = [cost async for cost in _of_pages(here)]
        found += [cost async for cost in _of_changes(here)]
        found.append(await _after_own_writes(here))
    return found


async def _of_pages(here: Filled) -> AsyncIterator[Cost]:
    for what, query in IN_ORDER.items():
        first, after = await here.page(query)
        yield Cost(f"shelf {what}", first.rcu, 4, "RCU", first.calls)
        if after:
            second, _ = await here.page(query, after)
            yield Cost(f"shelf {what}, second page", second.rcu, 4, "RCU", second.calls)
    here.clock.advance(seconds=60)
    for what, query in BY_READING_ALL.items():
        here.world = replace(here.world, storage=here.fresh())
        used, _ = await here.page(query)
        budget = 60 * max(here.count / 1000, 0.1)
        yield Cost(f"shelf {what}", used.rcu, budget, "RCU", used.calls)


async def _of_changes(here: Filled) -> AsyncIterator[Cost]:
    storage, user_id = here.world.storage, here.user.user_id
    page = await storage.shelf(user_id, Query(shelf="to-read"), None, 1)
    ident = page.rows[0].user_book_id
    for what, change in {
        "a status": lambda: library.set_status(here.world, here.user, ident, "read"),
        "a rating": lambda: library.set_rating(here.world, user_id, ident, 9),
    }.items():
        with here.meter.watched() as used:
            await change()
        yield Cost(f"change of {what}", used.wcu, 12, "WCU", used.calls)
    with here.meter.watched() as used:
        await library.add_isbn(here.world, here.user, "9780441172719")
    yield Cost("adding by ISBN, with its job", used.wcu, 24, "WCU", used.calls)


async def _after_own_writes(here: Filled) -> Cost:
    used, _ = await here.page(Query())
    return Cost("shelf after three own writes", used.rcu, 4 + 3 * OWN_WRITE_RCU, "RCU", used.calls)
