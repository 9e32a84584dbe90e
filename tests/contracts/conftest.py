"""Every storage that must keep the contract. A new one joins by one line in STORAGES."""

import pytest

from booklib.adapters.sqlite import SqliteStorage
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


STORAGES = {"memory": MemoryPlace, "sqlite": SqlitePlace}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=STORAGES)
async def where(request, tmp_path, clock):
    here = STORAGES[request.param](tmp_path, clock)
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
