"""The packaged worker with SQS and its schedule: whatever dies or fails, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import re

import httpx
import pytest

from tests.aws.in_place import DUNE, added, pumped, registered, shelf, until
from tests.aws.lambda_place import Place, placed
from tests.aws.packages import built_layer, built_package
from tests.aws.pump import tick
from tests.aws.runtime_api import Told
from tests.aws.small_http import Answer, Request, serving
from tests.http_client import Client

pytestmark = [pytest.mark.once, pytest.mark.slow]

LONG_AGO = "2026-01-01T00:00:00.000000Z"


async def test_details_arrive_by_the_worker(place: Place, reader: Client) -> None:
    book = await added(reader, isbn=DUNE)
    assert "Details will follow" in await shelf(reader)
    await pumped(place)
    page = (await reader.get(f"/books/{book}")).body.decode()
    title = place.provider.book(DUNE)["title"]
    assert title in page
    assert title in await shelf(reader)
    cover = re.search(r"/covers/[\w/]+/[\w-]+\.webp", page)
    assert cover
    assert (await reader.get(cover[0])).body[:4] == b"RIFF"
    assert await place.dead_letters() == []


async def test_the_same_message_again_changes_nothing(place: Place, reader: Client) -> None:
    await added(reader, isbn=DUNE)
    (record,) = await place.pump.turn()
    await pumped(place)
    asked = list(place.provider.asked)
    again = {"Records": [record, {**record, "messageId": "another"}]}
    told = await asyncio.gather(place.worker.invoke(again), place.worker.invoke(again))
    assert [answer.json for answer in told] == [{"batchItemFailures": []}] * 2
    assert place.provider.asked == asked


async def test_messages_at_once_do_a_job_once(place: Place, reader: Client) -> None:
    await added(reader, isbn=DUNE)
    event = await place.pump.received()
    told = await asyncio.gather(*(place.worker.invoke(event) for _ in range(3)))
    assert not any(answer.failed for answer in told)
    assert len([path for path in place.provider.asked if "/api/books" in path]) == 1


async def test_what_is_no_message_ends_among_the_dead_letters(place: Place, reader: Client) -> None:
    await added(reader, isbn=DUNE)
    for body in ("no JSON", '{"job": 7}'):
        await place.aws["sqs"].send_message(QueueUrl=place.pump.queue_url, MessageBody=body)
    await pumped(place)
    assert sorted(await place.dead_letters()) == ["no JSON", '{"job": 7}']
    assert "Details will follow" not in await shelf(reader)
    assert len([line for line in place.worker.log if "not a message of ours" in line]) == 6


async def test_a_worker_killed_in_the_middle_leaves_its_job_to_the_next(
    place: Place, reader: Client
) -> None:
    await added(reader, isbn=DUNE)
    place.provider.mode = "hang"
    turn = asyncio.create_task(place.pump.turn())
    await until(lambda: place.provider.asked)
    for container in place.worker.containers:
        container.kill()
    await turn
    assert place.pump.told[-1].failed
    place.provider.mode = "fast"
    await pumped(place)  # the message came back, and the dead one's lease kept it from the job
    assert "Details will follow" in await shelf(reader)
    await end_leases(place)
    swept(await tick(place.worker))
    await pumped(place)
    assert "Details will follow" not in await shelf(reader)
    assert await place.dead_letters() == []


async def test_a_job_whose_message_was_lost_is_found_by_the_sweep(
    place: Place, reader: Client
) -> None:
    await added(reader, isbn=DUNE)
    await place.aws["sqs"].purge_queue(QueueUrl=place.pump.queue_url)
    swept(await tick(place.worker))
    await pumped(place)
    assert "Details will follow" not in await shelf(reader)


async def test_a_provider_that_is_down_fills_no_dead_letters(place: Place, reader: Client) -> None:
    book = await added(reader, isbn=DUNE)
    place.provider.mode = "503"
    await pumped(place)
    assert await place.dead_letters() == []
    page = (await reader.get(f"/books/{book}")).body.decode()
    assert "Open Library" in page
    assert not place.pump.told[-1].failed


async def end_leases(place: Place) -> None:
    """As if the time of every worker that holds a job were over."""
    table = place.template.environment("WorkerFunction")["JOBS_TABLE"]
    found = await place.aws["dynamodb"].scan(TableName=table)
    for item in found["Items"]:
        if item["state"]["S"] == "running":
            await place.aws["dynamodb"].update_item(
                TableName=table,
                Key={"job_id": item["job_id"]},
                UpdateExpression="SET lease_until = :then, next_at = :then",
                ExpressionAttributeValues={":then": {"S": LONG_AGO}},
            )


def swept(told: Told) -> None:
    assert not told.failed, told.payload


class Throttle:
    """A way to moto on which DynamoDB says that it is too much, as often as it is told to."""

    def __init__(self, moto: str) -> None:
        self.moto = moto
        self.left = 0
        self.said = 0

    async def answer(self, request: Request) -> Answer:
        headers = dict(request.headers)
        if self.left and headers.get("x-amz-target", "").startswith("DynamoDB"):
            self.left -= 1
            self.said += 1
            return Answer(400, [("content-type", "application/x-amz-json-1.0")], TOO_MUCH)
        async with httpx.AsyncClient(base_url=self.moto, timeout=60) as beyond:
            kept = [pair for pair in request.headers if pair[0] not in ("host", "content-length")]
            reply = await beyond.request(
                request.method, request.target, content=request.body, headers=kept
            )
        return Answer(reply.status_code, reply.headers.multi_items(), reply.content)


TOO_MUCH = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
        "message": "Throughput exceeds the current capacity of your table or index.",
    }
).encode()


async def test_a_throttled_table_costs_time_and_loses_nothing(moto: str) -> None:
    throttle = Throttle(moto)
    package, layer = built_package(), built_layer()
    async with (
        serving(throttle.answer) as port,
        placed(f"http://localhost:{port}", package.folder, layer.folder) as place,
        Client(place.port) as reader,
    ):
        await registered(reader)
        throttle.left = 3
        book = await added(reader, isbn=DUNE)
        throttle.left = 10_000
        reply = await reader.get("/library")
        assert (reply.status, b"again" in reply.body) == (503, True)
        await place.pump.turn()
        throttle.left = 0
        await end_leases(place)
        swept(await tick(place.worker))
        await pumped(place)
        assert "Details will follow" not in await shelf(reader)
        assert book in await shelf(reader)
        assert await place.dead_letters() == []
        assert throttle.said > 3
