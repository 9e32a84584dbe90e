"""The local worker, on the storages that exist, with jobs that only count."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from booklib import jobs, library
from booklib.adapters.local_queue import MAX_RUNG, SWEEP_LIMIT, LocalQueue
from booklib.adapters.open_library import OpenLibrary
from booklib.adapters.sqlite import SqliteStorage
from booklib.ports import World
from tests.factories import NOON, a_job, a_user
from tests.fakes import Clock, FakePictures, MemoryFiles, MemoryStorage
from tests.provider_server import ProviderServer, numbers


async def until(true, seconds=5.0):
    """Poll with a deadline."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


class Runner:
    """Claims and ends jobs as `jobs.run` does, and remembers which."""

    def __init__(self, storage, clock):
        self.storage = storage
        self.clock = clock
        self.ran = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.cancelled = []

    async def __call__(self, job_id):
        job = await self.storage.claim_job(job_id, self.clock.now, 30)
        if job is None:
            return
        self.ran.append(job_id)
        if "bad" in job_id:
            raise RuntimeError(job_id)
        try:
            await self.hold.wait()
        except asyncio.CancelledError:
            self.cancelled.append(job_id)
            raise
        await self.storage.save_job(job, replace(job, state="done"))


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest.fixture
def storage(clock):
    return MemoryStorage(clock)


@pytest.fixture
def runner(storage, clock):
    return Runner(storage, clock)


@asynccontextmanager
async def at_work(queue):
    await queue.start()
    try:
        yield queue
    finally:
        await queue.stop()


def a_queue(runner, **values):
    defaults = {"workers": 4, "sweep_s": 0.02, "stop_s": 0.2, "now": runner.clock}
    return LocalQueue(runner, runner.storage, **defaults | values)


async def test_what_is_due_at_the_start_is_done(runner):
    await runner.storage.add_job(a_job("j:1"))
    async with at_work(a_queue(runner, sweep_s=60)):
        await until(lambda: runner.ran == ["j:1"])


async def test_a_ring_wakes_a_worker_at_once(runner):
    async with at_work(a_queue(runner, sweep_s=60)) as queue:
        await asyncio.sleep(0)
        await runner.storage.add_job(a_job("j:1"))
        await queue.ring("j:1")
        await until(lambda: runner.ran == ["j:1"], seconds=1)


async def test_a_lost_ring_costs_a_sweep(runner):
    async with at_work(a_queue(runner)):
        await asyncio.sleep(0)
        await runner.storage.add_job(a_job("j:1"))
        await until(lambda: runner.ran == ["j:1"])


async def test_a_waiting_job_is_run_when_its_time_comes(runner, clock):
    await runner.storage.add_job(a_job("j:1", due_at=NOON.replace(hour=13)))
    async with at_work(a_queue(runner)):
        await asyncio.sleep(0.05)
        assert runner.ran == []
        clock.advance(hours=1)
        await until(lambda: runner.ran == ["j:1"])


async def test_one_bad_job_does_not_stop_the_others(runner, caplog):
    for name in ("bad:1", "bad:2", "j:1", "j:2"):
        await runner.storage.add_job(a_job(name))
    async with at_work(a_queue(runner, workers=1)):
        await until(lambda: {"j:1", "j:2"} <= set(runner.ran))
    assert "a job could not be run job_id=bad:1" in caplog.text


async def test_a_storage_that_fails_does_not_stop_the_sweep(runner, caplog):
    due, calls = runner.storage.due_jobs, []

    async def moody(now, limit):
        calls.append(now)
        if len(calls) == 1:
            raise OSError("disk")
        return await due(now, limit)

    runner.storage.due_jobs = moody
    await runner.storage.add_job(a_job("j:1"))
    async with at_work(a_queue(runner)):
        await until(lambda: runner.ran == ["j:1"])


async def test_a_long_queue_is_worked_off_without_waiting_for_the_next_sweep(runner):
    names = [f"j:{number}" for number in range(SWEEP_LIMIT * 3)]
    for name in names:
        await runner.storage.add_job(a_job(name))
    async with at_work(a_queue(runner, sweep_s=60)):
        await until(lambda: len(runner.ran) == len(names))
    assert sorted(runner.ran) == sorted(names)


async def test_two_queues_on_one_storage_never_do_a_job_twice(runner):
    names = [f"j:{number}" for number in range(80)]
    for name in names:
        await runner.storage.add_job(a_job(name))
    async with at_work(a_queue(runner)) as one, at_work(a_queue(runner)) as two:
        for name in names:
            await one.ring(name)
            await two.ring(name)
        await until(lambda: len(runner.ran) >= len(names))
        await asyncio.sleep(0.05)
    assert sorted(runner.ran) == sorted(names)


async def test_at_most_so_many_jobs_run_at_once(runner):
    runner.hold.clear()
    for number in range(10):
        await runner.storage.add_job(a_job(f"j:{number}"))
    async with at_work(a_queue(runner, workers=3)):
        await until(lambda: len(runner.ran) == 3)
        await asyncio.sleep(0.05)
        assert len(runner.ran) == 3
        runner.hold.set()
        await until(lambda: len(runner.ran) == 10)


async def test_rings_without_end_take_no_memory_without_end(runner):
    queue = a_queue(runner)
    for number in range(MAX_RUNG * 2):
        await queue.ring(f"j:{number}")
    assert len(queue._rung) == MAX_RUNG


async def test_stopping_lets_a_running_job_finish(runner):
    runner.hold.clear()
    await runner.storage.add_job(a_job("j:1"))
    queue = a_queue(runner, stop_s=5)
    await queue.start()
    await until(lambda: runner.ran == ["j:1"])
    stopping = asyncio.create_task(queue.stop())
    await asyncio.sleep(0.01)
    runner.hold.set()
    await asyncio.wait_for(stopping, 2)
    assert (await runner.storage.job("j:1")).state == "done"
    assert runner.cancelled == []


async def test_stopping_cancels_what_does_not_finish(runner):
    runner.hold.clear()
    await runner.storage.add_job(a_job("j:1"))
    queue = a_queue(runner, stop_s=0.05)
    await queue.start()
    await until(lambda: runner.ran == ["j:1"])
    await asyncio.wait_for(queue.stop(), 2)
    assert runner.cancelled == ["j:1"]


async def test_an_idle_queue_stops_at_once_and_twice_and_rings_after_are_nothing(runner):
    queue = a_queue(runner, sweep_s=60, stop_s=60)
    await queue.start()
    await asyncio.sleep(0.01)
    await asyncio.wait_for(queue.stop(), 1)
    await asyncio.wait_for(queue.stop(), 1)
    await queue.ring("j:1")
    assert queue._rung == {}


async def test_two_queues_on_one_file_never_do_a_job_twice(tmp_path, clock):
    here = await SqliteStorage.open(tmp_path / "site.db")
    there = await SqliteStorage.open(tmp_path / "site.db")
    one, two = Runner(here, clock), Runner(there, clock)
    names = [f"j:{number}" for number in range(60)]
    for name in names:
        await here.add_job(a_job(name))
    async with at_work(a_queue(one)), at_work(a_queue(two)):
        await until(lambda: len(one.ran + two.ran) >= len(names))
        await asyncio.sleep(0.05)
    assert sorted(one.ran + two.ran) == sorted(names)
    await here.close()
    await there.close()


async def test_twenty_books_arrive_through_the_real_worker(storage, clock):
    alice = a_user("alice")
    await storage.add_user(alice)
    async with ProviderServer() as server:
        catalogue = OpenLibrary(url=server.url, covers_url=server.url, now=clock)
        queue = LocalQueue(lambda job_id: jobs.run(world, job_id), storage, now=clock)
        world = World(
            storage=storage,
            queue=queue,
            catalogues=(catalogue,),
            files=MemoryFiles(),
            pictures=FakePictures(),
            now=clock,
        )
        async with at_work(queue):
            nines = [f"978030640{number:03d}" for number in range(20)]
            isbns = [nine + numbers.ean.calc_check_digit(nine) for nine in nines]
            idents = [
                (await library.add_isbn(world, alice, isbn)).user_book.user_book_id
                for isbn in isbns
            ]
            copies = storage._user_books
            await until(lambda: all(copies[ident].lookup == "found" for ident in idents), 10)
        await catalogue.aclose()
