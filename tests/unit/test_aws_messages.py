"""Messages of the queue: twice, too early, not ours, out of time, and when all else is down."""

import asyncio
import json
import logging
from dataclasses import replace

import pytest

from booklib import jobs
from booklib.adapters.sqs_queue import LONGEST_DELAY_S, job_of, message_of
from booklib.aws import logs
from booklib.aws.messages import sweep, work
from booklib.errors import StorageDown, TryLater
from booklib.jobs import MAX_FAULTS, OUR_FAULT
from tests.fakes import FakeCatalogue
from tests.unit.metadata_helpers import DUNE, LOOKUP, edition

LONG = 30.0
FINE = {"batchItemFailures": []}


class DownAt:
    """A storage of which one method does not answer."""

    def __init__(self, method, storage):
        self._method = method
        self._storage = storage

    def __getattr__(self, name):
        if name == self._method:
            raise StorageDown("The storage does not answer.")
        return getattr(self._storage, name)


class Silent(FakeCatalogue):
    """A catalogue that never answers."""

    async def by_isbn(self, isbn):
        await asyncio.Event().wait()


def goes_down(stage, fault):
    """What every catalogue says from now on."""
    stage.google.fault = stage.open_library.fault = fault


def record(job_id=LOOKUP, number=1):
    return {"messageId": f"message-{number}", "body": message_of(job_id)}


@pytest.fixture
async def dune(stage, alice):
    """Alice's copy, whose look-up is still to come; nobody has been rung for."""
    stage.google.editions = [edition()]
    ident = await stage.adds(alice)
    stage.world.queue.rung.clear()
    return ident


async def test_a_message_does_its_job_and_is_done_with(stage, alice, dune):
    assert await work(stage.world, [record()], LONG) == FINE
    assert (await stage.copy(alice, dune)).lookup == "found"


async def test_the_same_message_twice_at_once_and_after_success_asks_once(stage, alice, dune):
    twice = [record(), record(number=2)]
    assert await work(stage.world, twice, LONG) == FINE
    assert await work(stage.world, twice, LONG) == FINE
    assert stage.google.asked == [DUNE]


@pytest.mark.parametrize(
    "body",
    ["", "nonsense", "[]", "{}", '{"job_id": 3}', '{"job_id": ""}', "[" * 200_000],
    ids=["empty", "words", "list", "object", "number", "nobody", "deep"],
)
async def test_what_is_no_message_of_ours_comes_again_and_harms_no_other(stage, alice, dune, body):
    odd = {"messageId": "odd", "body": body}
    answer = await work(stage.world, [odd, record()], LONG)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "odd"}]}
    assert (await stage.copy(alice, dune)).lookup == "found"


async def test_a_job_that_is_gone_is_done_with(stage):
    assert await work(stage.world, [record("lookup:never-was")], LONG) == FINE


async def test_while_a_provider_is_down_a_later_message_takes_the_place_of_this_one(
    stage, alice, dune
):
    goes_down(stage, TryLater("Nobody answers."))
    assert await work(stage.world, [record()], LONG) == FINE
    job = await stage.job()
    wait_s = (job.due_at - stage.clock.now).total_seconds()
    [(job_id, delay_s)] = stage.world.queue.delayed
    assert job_id == LOOKUP
    assert wait_s <= delay_s < wait_s + 1
    assert job.message == "Nobody answers."


async def test_a_provider_down_for_a_day_leaves_nothing_in_the_dead_letter_queue(
    stage, alice, dune
):
    goes_down(stage, TryLater("Nobody answers."))
    for _ in range(24 * 12):
        assert await work(stage.world, [record()], LONG) == FINE
        stage.clock.advance(seconds=300)
    assert max(delay_s for _, delay_s in stage.world.queue.delayed) <= LONGEST_DELAY_S
    assert (await stage.copy(alice, dune)).lookup == "pending"
    goes_down(stage, None)
    stage.clock.advance(hours=8)
    await sweep(stage.world)
    assert LOOKUP in stage.world.queue.rung
    assert await work(stage.world, [record()], LONG) == FINE
    assert (await stage.copy(alice, dune)).lookup == "found"


async def test_a_fault_of_ours_gives_the_message_back_and_ends_with_the_reason_on_the_row(
    stage, alice, dune, caplog
):
    goes_down(stage, RuntimeError("a bug"))
    caplog.set_level(logging.CRITICAL, "booklib.jobs")
    for _ in range(MAX_FAULTS):
        answer = await work(stage.world, [record()], LONG)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
        stage.clock.advance(minutes=30)
    assert await work(stage.world, [record()], LONG) == FINE
    job = await stage.job()
    assert (job.state, job.message) == ("failed", OUR_FAULT)


@pytest.mark.parametrize("method", ["claim_job", "job"])
async def test_a_storage_that_is_down_keeps_the_job_and_the_message_out_of_the_dead_letters(
    stage, alice, dune, method
):
    down = replace(stage.world, storage=DownAt(method, stage.storage))
    assert await work(down, [record()], LONG) == FINE
    if method == "claim_job":
        assert stage.world.queue.delayed == [(LOOKUP, 60)]
    stage.clock.advance(seconds=90)
    assert await work(stage.world, [record()], LONG) == FINE
    assert (await stage.copy(alice, dune)).lookup == "found"


async def test_what_takes_too_long_is_given_back_and_rung_for(stage, alice, dune):
    slow = replace(stage.world, catalogues=(Silent(),))
    assert await work(slow, [record()], 0.2) == FINE
    job = await stage.job()
    assert (job.state, job.attempts) == ("waiting", 0)
    assert stage.world.queue.rung == [LOOKUP]


async def test_a_worker_that_died_leaves_the_job_to_the_next_message_after_its_lease(
    stage, alice, dune
):
    await stage.storage.claim_job(LOOKUP, stage.clock.now, jobs.LEASE_S)
    assert await work(stage.world, [record()], LONG) == FINE
    assert (await stage.copy(alice, dune)).lookup == "pending"
    stage.clock.advance(seconds=jobs.LEASE_S + 1)
    await sweep(stage.world)
    assert stage.world.queue.rung == [LOOKUP]
    assert await work(stage.world, [record()], LONG) == FINE
    assert (await stage.copy(alice, dune)).lookup == "found"


async def test_the_log_is_one_line_of_json_with_the_ids(caplog):
    lines = logs.JsonLines()
    logs.job_id.set("lookup:b1")
    logs.request_id.set("request-1")
    told = logging.LogRecord("booklib", logging.ERROR, "", 0, "two\nlines %s", ("here",), None)
    line = lines.format(told)
    assert "\n" not in line
    said = json.loads(line)
    assert said["message"] == "two\nlines here"
    assert (said["job_id"], said["request_id"]) == ("lookup:b1", "request-1")
    assert "user" not in said


def test_a_user_is_in_the_log_by_a_hash():
    assert logs.hidden("id-alice") == logs.hidden("id-alice") != logs.hidden("id-bob")
    assert "alice" not in logs.hidden("id-alice")


def test_a_message_names_its_job():
    assert job_of(message_of("lookup:“odd”")) == "lookup:“odd”"
