"""Every storage that must keep the contract. A new one joins by one line in STORAGES."""

import asyncio
import os
from contextlib import AsyncExitStack
from functools import cache, partial
from uuid import uuid4

import aioboto3
import pytest

from booklib.adapters.dynamodb import DynamoStorage, Tables
from booklib.adapters.sqlite import SqliteStorage
from tests.aws import calls, emulators, stale, templates
from tests.aws.fixtures import ministack, moto  # noqa: F401
from tests.aws.guard import Guard
from tests.factories import a_user
from tests.fakes import Clock, MemoryStorage


class MemoryPlace:
    """A storage in memory; every opening is the same one."""

    def __init__(self, folder, clock):
        self._storage = MemoryStorage(clock)

    async def open(self):
        return self._storage

    async def close(self):
        pass


class SqlitePlace:
    """A database file; every opening has its own connections, as another process would."""

    def __init__(self, folder, clock):
        self._path = folder / "site.db"
        self._clock = clock
        self._opened = []

    async def open(self):
        self._opened.append(await SqliteStorage.open(self._path, now=self._clock))
        return self._opened[-1]

    async def close(self):
        for storage in self._opened:
            await storage.close()


@cache
def session(url):
    """One for all clients: to read DynamoDB's description takes longer than most tests.

    AWS itself is asked with the credentials of whoever runs the tests.
    """
    return aioboto3.Session() if url.endswith(".amazonaws.com") else emulators.session()


BY_THE_OWNER = ("Scan", "DeleteItem", "BatchWriteItem")
"""What no page does: `Dump` reads and writes everything, for the command line."""


def guard_of(environment):
    """What the two functions may do together, and the owner of the account."""
    template = templates.Template("app.yaml", {"Environment": environment})
    tables = [facts["TableName"] for facts in templates.tables(environment).values()]
    own = [
        {"Effect": "Allow", "Action": f"dynamodb:{action}", "Resource": calls.table_arn(table)}
        for table in tables
        for action in BY_THE_OWNER
    ]
    return Guard(template.statements("ApiRole"), template.statements("WorkerRole"), own)


class DynamoPlace:
    """Four tables of its own; every opening has its own client, as another process would.

    The storage may do there what the roles of the functions allow.
    """

    emulator = "ministack"
    guarded = True

    def __init__(self, url, folder, clock, **options):
        self._url = url
        self._clock = clock
        self._options = options
        self._opened = AsyncExitStack()
        self.client = None
        self.tables = None
        self.guard = None

    async def open(self, **options):
        opening = session(self._url).client("dynamodb", endpoint_url=self._url, **self._options)
        self.client = self.client_of(await self._opened.enter_async_context(opening))
        if self.tables is None:
            environment = f"t{uuid4().hex[:15]}"
            self.tables = await self.make_tables(environment)
            self.guard = guard_of(environment)
        if self.guarded:
            self.guard.watch(self.client)
        return DynamoStorage(self.client, self.tables, now=self._clock, **options)

    def client_of(self, client):
        """What stands between the storage and its client."""
        return client

    async def make_tables(self, environment):
        return Tables(*await templates.create_tables(self.client, environment))

    async def close(self):
        await self._opened.aclose()


class MotoPlace(DynamoPlace):
    """moto takes back a refused transaction by putting whole tables back as they were, without
    what others have written meanwhile: it gets one request at a time.
    """

    emulator = "moto"

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._turn = asyncio.Lock()

    async def open(self, **options):
        storage = await super().open(**options)
        self.client.meta.events.register_first("before-send.dynamodb.*", self._begin)
        self.client.meta.events.register_last("response-received.dynamodb.*", self._end)
        return storage

    async def _begin(self, **_):
        await self._turn.acquire()

    def _end(self, **_):
        self._turn.release()


class StalePlace(MotoPlace):
    """The same with indexes that lag; its storages can `settle`: then they show all of before.

    What makes them lag reads more than a storage may.
    """

    guarded = False

    def __init__(self, *arguments, lag_s=stale.LAG_S, **options):
        super().__init__(*arguments, **options)
        self.history = stale.History(lag_s)

    def client_of(self, client):
        return stale.StaleClient(client, self.history)

    async def open(self, **options):
        storage = await super().open(**options)
        storage.settle = self.history.settle
        return storage


class NamedPlace(DynamoPlace):
    """The same where tables take their time, and are not to be left behind.

    AWS itself has other ARNs, and judges by them.
    """

    guarded = False

    async def make_tables(self, environment):
        tables = await super().make_tables(environment)
        for table in tables:
            await self.client.get_waiter("table_exists").wait(TableName=table)
        return tables

    async def close(self):
        for table in self.tables or ():
            await self.client.delete_table(TableName=table)
        await super().close()


NAMED = os.environ.get("BOOKLIB_TEST_DYNAMODB_URL", "")
"""An endpoint of DynamoDB that is to keep the contract too, on loopback."""

EMULATED = {"moto": MotoPlace, "ministack": DynamoPlace, "dynamodb-stale": StalePlace}
STORAGES = {"memory": MemoryPlace, "sqlite": SqlitePlace, **EMULATED}
if NAMED:
    STORAGES["named"] = partial(NamedPlace, NAMED)


def storage_named(kind):
    return pytest.param(kind, marks=pytest.mark.slow) if kind in EMULATED else kind


@pytest.fixture(scope="session", params=map(storage_named, STORAGES))
def make_place(request):
    """What makes a storage's place from a folder and a clock."""
    if request.param in EMULATED:
        place = EMULATED[request.param]
        return partial(place, request.getfixturevalue(place.emulator))
    return STORAGES[request.param]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def where(make_place, tmp_path, clock):
    here = make_place(tmp_path, clock)
    yield here
    await here.close()


@pytest.fixture
async def storage(where):
    return await where.open()


@pytest.fixture
async def elsewhere(storage, where):
    """The same data through other connections."""
    return await where.open()


@pytest.fixture
async def alice(storage):
    user = a_user("alice")
    await storage.add_user(user)
    return user


@pytest.fixture
async def bob(storage):
    user = a_user("bob")
    await storage.add_user(user)
    return user
