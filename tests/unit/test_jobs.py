"""Running one job: claimed once, ended in words, tried again where it may pass."""

import asyncio
import logging
from datetime import timedelta

import pytest

from booklib import jobs
from booklib.errors import QuotaSpent, StorageDown, TryLater, Unreadable
from booklib.jobs import LEASE_S, MAX_FAULTS
from tests.factories import a_job
from tests.unit.metadata_helpers import DUNE, LOOKUP, Killed, edition


@pytest.fixture
async def dune(stage, alice):
    """Alice's copy, whose look-up is still to come."""
    stage.google.editions = [edition()]
    return await stage.adds(alice)


async def found(stage, alice, ident):
    copy = await stage.copy(alice, ident)
    return copy.lookup == "found" and copy.book_version == 1


# The crash table of STORAGE.md, section 5, local column, row by row.


async def test_a_crash_before_the_commit_acknowledged_nothing(stage, alice):
    stage.storage.kill_before = "apply"
    with pytest.raises(Killed):
        await stage.adds(alice)
    assert await stage.job() is None


async def test_a_crash_after_the_commit_and_before_the_ring_costs_a_sweep(stage, alice):
    stage.google.editions = [edition()]
    stage.storage.kill_after = "apply"
    with pytest.raises(Killed):
        await stage.adds(alice)
    assert stage.world.queue.rung == []
    assert [job.job_id for job in await stage.storage.due_jobs(stage.clock.now, 9)] == [LOOKUP]


async def test_a_second_ring_does_nothing(stage, alice, dune):
    await asyncio.gather(*(jobs.run(stage.world, LOOKUP) for _ in range(5)))
    assert stage.google.asked == [DUNE]
    await jobs.run(stage.world, LOOKUP)
    assert stage.google.asked == [DUNE]
    assert await found(stage, alice, dune)


@pytest.mark.parametrize(
    ("when", "method"),
    [
        ("kill_after", "claim_job"),
        ("kill_before", "save_job"),
        ("kill_before", "save_book"),
        ("kill_after", "save_book"),
        ("kill_before", "owners"),
        ("kill_after", "owners"),
        ("kill_before", "apply"),
        ("kill_after", "apply"),
    ],
)
async def test_after_a_crash_the_lease_ends_and_the_job_is_done_again(
    stage, alice, dune, when, method
):
    setattr(stage.storage, when, method)
    with pytest.raises(Killed):
        await jobs.run(stage.world, LOOKUP)
    assert (await stage.job()).state == "running"
    await stage.work()
    assert (await stage.job()).state == "running"
    stage.clock.advance(seconds=LEASE_S + 1)
    await stage.work()
    assert await found(stage, alice, dune)
    job = await stage.job()
    assert (job.state, job.attempts) == ("done", 2)
    book_was_stored = (when, method) in [("kill_after", "save_book")] or method in (
        "owners",
        "apply",
    )
    assert len(stage.google.asked) == (1 if book_was_stored or method == "claim_job" else 2)


async def test_a_fan_out_goes_on_from_its_cursor(stage, alice, dune):
    readers = [await stage.reader(f"reader{number}") for number in range(150)]
    idents = [await stage.adds(reader) for reader in readers]
    writes = {reader.user_id: 0 for reader in [*readers, alice]}
    apply = stage.storage._mortal

    def counting(name, method):
        inner = apply(name, method)

        async def counted(user_id, *args):
            if name == "apply":
                writes[user_id] += 1
            if name == "owners" and args[0]:
                stage.storage.kill_before = "owners" if not killed else ""
                killed.append(1)
            return await inner(user_id, *args)

        return counted if name in ("apply", "owners") else inner

    killed = []
    stage.storage._mortal = counting
    with pytest.raises(Killed):
        await jobs.run(stage.world, LOOKUP)
    assert (await stage.job()).payload["fan_out"][:2] == ["found", 1]
    stage.clock.advance(seconds=LEASE_S + 1)
    await stage.work()
    for reader, ident in zip(readers, idents, strict=True):
        assert await found(stage, reader, ident)
    assert set(writes.values()) == {1}


@pytest.mark.parametrize("fault", [TryLater("429"), TryLater("503"), TryLater("time-out")])
async def test_what_passes_is_tried_later(stage, alice, dune, fault):
    stage.google.fault = fault
    await stage.work()
    job = await stage.job()
    assert (job.state, job.attempts, job.message) == ("waiting", 1, fault.reason)
    due_in = job.due_at - stage.clock.now
    assert timedelta(seconds=30) <= due_in <= timedelta(seconds=38)
    stage.google.fault = None
    stage.clock.advance(seconds=40)
    await stage.work()
    assert await found(stage, alice, dune)


async def test_waits_grow(stage, dune):
    stage.google.fault = stage.open_library.fault = TryLater("down")
    waits = []
    for _ in range(6):
        await jobs.run(stage.world, LOOKUP)
        due = (await stage.job()).due_at
        waits.append((due - stage.clock.now).total_seconds())
        stage.clock.now = due
    for wait, usual in zip(waits, [30, 120, 600, 3600, 21600, 21600], strict=True):
        assert usual <= wait <= usual * 1.25


async def test_an_unreadable_answer_fails_after_five_attempts(stage, alice, dune):
    stage.google.fault = stage.open_library.fault = Unreadable("Google Books sent nonsense.")
    await stage.work_for(hours=8)
    job = await stage.job()
    assert (job.state, job.attempts, job.message) == ("failed", 5, "Google Books sent nonsense.")
    assert (await stage.copy(alice, dune)).lookup == "failed"


async def test_a_bug_of_ours_is_logged_and_fails_after_five_attempts(stage, alice, dune, caplog):
    stage.google.fault = ZeroDivisionError("oops")
    await stage.work_for(hours=8)
    job = await stage.job()
    assert (job.state, job.attempts) == ("failed", 5)
    assert job.message == jobs.OUR_FAULT
    assert "ZeroDivisionError" in caplog.text


async def test_a_job_that_kills_its_process_ends_too(stage, alice, dune, caplog):
    caplog.set_level(logging.CRITICAL)
    for _ in range(MAX_FAULTS):
        stage.storage.kill_after = "save_book"
        stage.storage.kill_before = "owners"
        with pytest.raises(Killed):
            await jobs.run(stage.world, LOOKUP)
        stage.clock.advance(seconds=LEASE_S + 1)
    stage.storage.kill_after = stage.storage.kill_before = ""
    await jobs.run(stage.world, LOOKUP)
    assert (await stage.job()).state == "failed"


async def test_waiting_does_not_count_towards_the_five(stage, alice, dune):
    stage.google.fault = stage.open_library.fault = TryLater("down")
    await stage.work_for(days=3)
    assert (await stage.job()).attempts > MAX_FAULTS
    stage.storage.kill_after = "claim_job"
    stage.google.fault = None
    stage.clock.advance(hours=8)
    with pytest.raises(Killed):
        await stage.work()
    stage.clock.advance(seconds=LEASE_S + 1)
    await stage.work()
    assert await found(stage, alice, dune)


async def test_a_job_that_lost_its_lease_leaves_the_rest_to_the_other(stage, alice, dune):
    async def late(isbn):
        stage.google.asked.append(isbn)
        if len(stage.google.asked) == 1:
            stage.clock.advance(seconds=LEASE_S + 1)
            await jobs.run(stage.world, LOOKUP)
        return edition()

    stage.google.by_isbn = late
    await jobs.run(stage.world, LOOKUP)
    job = await stage.job()
    assert (job.state, job.attempts) == ("done", 2)
    assert await found(stage, alice, dune)


async def test_a_cancelled_job_is_given_back(stage, alice, dune):
    entered = asyncio.Event()

    async def slow(isbn):
        entered.set()
        await asyncio.Event().wait()

    quick, stage.google.by_isbn = stage.google.by_isbn, slow
    task = asyncio.create_task(jobs.run(stage.world, LOOKUP))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    job = await stage.job()
    assert (job.state, job.attempts, job.due_at) == ("waiting", 0, stage.clock.now)
    stage.google.by_isbn = quick
    await stage.work()
    assert await found(stage, alice, dune)


async def test_a_storage_that_is_down_for_a_moment_costs_nothing(stage, alice, dune):
    stage.google.fault = StorageDown("disk")
    await stage.work()
    job = await stage.job()
    assert job.state == "waiting"
    stage.google.fault = None
    stage.clock.advance(minutes=1)
    await stage.work()
    assert await found(stage, alice, dune)


async def test_quota_is_waited_for_a_month_at_most(stage, alice, dune):
    for _ in range(40):
        at = stage.clock.now + timedelta(days=1)
        stage.google.fault = stage.open_library.fault = QuotaSpent("Spent.", at)
        await stage.work()
        stage.clock.advance(days=1, minutes=6)
    job = await stage.job()
    assert (job.state, job.message) == ("failed", "Spent.")


async def test_a_closed_account_is_removed_and_again_is_harmless(stage, alice, dune):
    job = a_job("close:id-alice", kind="close", payload={"user_id": alice.user_id})
    await stage.storage.add_job(job)
    await jobs.run(stage.world, job.job_id)
    assert await stage.storage.user(alice.user_id) is None
    assert (await stage.job(job.job_id)).state == "done"
    await jobs.run(stage.world, job.job_id)


async def test_an_unknown_kind_fails_and_an_unknown_job_is_nothing(stage, caplog):
    await stage.storage.add_job(a_job("x:1", kind="no-such-kind"))
    await jobs.run(stage.world, "x:1")
    assert (await stage.job("x:1")).state == "failed"
    await jobs.run(stage.world, "x:2")
