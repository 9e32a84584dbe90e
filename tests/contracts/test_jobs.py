"""Jobs: stored once, claimed by one worker at a time, given out again when a lease is over."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from booklib.ports import Change
from tests.factories import NOON, a_copy, a_job, settle

LATER = NOON + timedelta(minutes=1)


async def test_a_job_is_read_as_it_was_stored(storage):
    job = a_job(
        payload={"isbn": "9780441172719", "cursor": None, "n": [1, {"deep": True}]},
        attempts=2,
        message="Waiting for “Google Books”.",
        due_at=NOON + timedelta(microseconds=7),
    )
    assert await storage.add_job(job)
    assert await storage.job(job.job_id) == job


async def test_an_unknown_job_is_none(storage):
    assert await storage.job("nothing") is None
    assert await storage.claim_job("nothing", NOON, 60) is None
    assert not await storage.save_job(a_job(), a_job())


async def test_the_second_request_finds_the_first_job(storage):
    assert await storage.add_job(a_job())
    assert not await storage.add_job(a_job(message="again"))
    assert (await storage.job("lookup:b1")).message == ""


async def test_a_claim_counts_the_attempt_and_sets_the_lease(storage):
    await storage.add_job(a_job())
    job = await storage.claim_job("lookup:b1", NOON, 60)
    assert (job.state, job.attempts, job.lease_until, job.due_at) == ("running", 1, LATER, None)
    assert await storage.job("lookup:b1") == job


async def test_a_job_is_claimed_by_one_of_many(storage, elsewhere):
    await storage.add_job(a_job())
    claims = await asyncio.gather(
        *((storage, elsewhere)[n % 2].claim_job("lookup:b1", NOON, 60) for n in range(10))
    )
    assert len([job for job in claims if job]) == 1


async def test_a_job_is_not_claimed_before_it_is_due(storage):
    await storage.add_job(a_job(due_at=LATER))
    assert await storage.claim_job("lookup:b1", LATER - timedelta(microseconds=1), 60) is None
    assert await storage.claim_job("lookup:b1", LATER, 60)


async def test_a_job_whose_lease_is_over_is_claimed_again(storage):
    await storage.add_job(a_job())
    await storage.claim_job("lookup:b1", NOON, 60)
    assert await storage.claim_job("lookup:b1", LATER - timedelta(seconds=1), 60) is None
    assert (await storage.claim_job("lookup:b1", LATER, 60)).attempts == 2


async def test_who_lost_the_lease_cannot_save_the_job(storage):
    await storage.add_job(a_job())
    first = await storage.claim_job("lookup:b1", NOON, 60)
    second = await storage.claim_job("lookup:b1", LATER, 60)
    done = {"state": "done", "lease_until": None, "ended_at": LATER}
    assert not await storage.save_job(first, replace(first, **done))
    assert await storage.save_job(second, replace(second, **done, message="Found."))
    assert (await storage.job("lookup:b1")).message == "Found."


@pytest.mark.parametrize("state", ["done", "failed"])
async def test_an_ended_job_is_never_claimed_nor_due(storage, state):
    await storage.add_job(a_job(state=state, due_at=None, ended_at=NOON))
    much_later = NOON + timedelta(days=365)
    assert await storage.claim_job("lookup:b1", much_later, 60) is None
    assert await storage.due_jobs(much_later, 10) == []


async def test_due_jobs_are_those_that_a_claim_gives_out_longest_waiting_first(storage):
    for minute in (3, 1, 2, 9):
        due = NOON + timedelta(minutes=minute)
        await storage.add_job(a_job(f"due {minute}", due_at=due))
    await storage.add_job(a_job("crashed", due_at=NOON))
    await storage.claim_job("crashed", NOON, 150)
    await storage.add_job(a_job("running", due_at=NOON))
    await storage.claim_job("running", NOON, 3600)
    settle(storage)  # The sweep may lag: a job just stored is found by its message.
    now = NOON + timedelta(minutes=5)
    due = [job.job_id for job in await storage.due_jobs(now, 10)]
    assert due == ["due 1", "due 2", "crashed", "due 3"]
    assert [job.job_id for job in await storage.due_jobs(now, 2)] == ["due 1", "due 2"]


async def test_a_job_comes_with_the_change_that_asks_for_it(storage, alice):
    assert await storage.apply(alice.user_id, [Change(None, a_copy())], a_job())
    assert await storage.job("lookup:b1") == a_job()


async def test_a_refused_change_stores_no_job(storage, alice):
    ghost = a_copy()
    assert not await storage.apply(alice.user_id, [Change(ghost, ghost)], a_job())
    assert await storage.job("lookup:b1") is None


async def test_a_change_leaves_an_existing_job_as_it_is(storage, alice):
    await storage.add_job(a_job(message="first"))
    assert await storage.apply(alice.user_id, [Change(None, a_copy())], a_job(message="second"))
    assert (await storage.job("lookup:b1")).message == "first"


@pytest.mark.parametrize(("days", "state"), [(30, "done"), (31, "waiting")])
async def test_a_change_replaces_a_job_that_ended_more_than_thirty_days_ago(
    storage, alice, days, state
):
    await storage.add_job(a_job(state="done", due_at=None, ended_at=NOON))
    now = NOON + timedelta(days=days)
    wanted = a_job(due_at=now, created_at=now)
    assert await storage.apply(alice.user_id, [Change(None, a_copy())], wanted)
    assert (await storage.job("lookup:b1")).state == state
