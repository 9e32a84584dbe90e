"""Old rows go away by themselves while a server runs."""

import asyncio
from contextlib import asynccontextmanager

from booklib.adapters.sqlite import SqliteStorage
from booklib.adapters.sqlite.housekeeping import swept_daily
from booklib.errors import StorageDown
from booklib.models import Job
from tests.fakes import Clock


@asynccontextmanager
async def opened(folder, clock):
    storage = await SqliteStorage.open(folder / "site.db", now=clock)
    try:
        yield storage
    finally:
        await storage.close()


async def test_an_ended_job_is_forgotten_after_a_month_of_serving(tmp_path):
    clock = Clock()
    async with opened(tmp_path, clock) as storage:
        old = Job(job_id="old", kind="lookup", state="done", created_at=clock(), ended_at=clock())
        await storage.add_job(old)
        clock.advance(days=31)
        async with swept_daily(storage, clock, every_s=0.01), asyncio.timeout(5):
            while await storage.job("old"):
                await asyncio.sleep(0.01)


async def test_a_storage_that_does_not_answer_is_swept_another_day():
    class Down:
        sweeps = 0

        async def sweep(self, now):
            self.sweeps += 1
            raise StorageDown("locked")

    storage = Down()
    async with swept_daily(storage, Clock(), every_s=0.01), asyncio.timeout(5):
        while storage.sweeps < 2:
            await asyncio.sleep(0.01)
