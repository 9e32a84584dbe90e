"""The worker out of time, and with a job that kills it: neither takes others with it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from booklib.jobs import MAX_FAULTS, OUR_FAULT
from tests.aws.in_place import DUNE, added, pumped, shelf, until
from tests.aws.lambda_place import Place
from tests.aws.pump import tick
from tests.aws.test_package_works import end_leases, swept
from tests.http_client import Client

pytestmark = pytest.mark.slow

FOUR_S = 4.0


async def test_what_is_unfinished_is_given_back_before_lambda_ends_the_container(
    place: Place, reader: Client
) -> None:
    place.worker.code = replace(place.worker.code, timeout_s=FOUR_S)
    await added(reader, isbn=DUNE)
    place.provider.mode = "hang"
    await place.pump.turn()
    assert place.pump.told[-1].json == {"batchItemFailures": []}
    [line] = [line for line in place.logged(place.worker) if "given back" in line["message"]]
    assert line["job_id"].startswith("lookup:")
    assert line["request_id"]
    place.provider.mode = "fast"
    await pumped(place)
    assert "Details will follow" not in await shelf(reader)
    assert place.worker.started == 1


async def test_a_job_that_kills_its_worker_each_time_ends_with_the_reason_on_the_book(
    place: Place, reader: Client
) -> None:
    book = await added(reader, isbn=DUNE)
    place.provider.mode = "hang"
    for _ in range(MAX_FAULTS):
        place.provider.asked.clear()
        await killed_at_work(place)
        await end_leases(place)
        swept(await tick(place.worker))
    await pumped(place)
    letters = [json.loads(letter)["job_id"] for letter in await place.dead_letters()]
    assert letters
    assert {letter.partition(":")[0] for letter in letters} == {"lookup"}
    page = (await reader.get(f"/books/{book}")).body.decode()
    assert "Details will follow" not in page
    assert OUR_FAULT in page
    swept(await tick(place.worker))
    assert await place.pump.turn() == []


async def killed_at_work(place: Place) -> None:
    """One batch whose worker dies as soon as it has asked the provider."""
    turn = asyncio.create_task(place.pump.turn())
    await until(lambda: place.provider.asked)
    for container in place.worker.containers:
        container.kill()
    await turn
    assert place.pump.told[-1].failed
