"""The very package that is deployed, unpacked into an empty folder, as Lambda runs it."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.aws.lambda_place import Place, placed
from tests.aws.packages import built_layer, built_package
from tests.aws.pump import tick
from tests.aws.runtime_api import Told
from tests.aws.small_http import Answer, Request, serving
from tests.drawn_covers import a_cover
from tests.http_client import Client, Reply

pytestmark = pytest.mark.slow

DUNE = "9780441172719"
PASSWORD = "seven brown sparrows"
LONG_AGO = "2026-01-01T00:00:00.000000Z"


@pytest.fixture
async def place(moto: str) -> AsyncIterator[Place]:
    package, layer = built_package(), built_layer()
    before = contents(package.folder)
    async with placed(moto, package.folder, layer.folder) as place:
        yield place
    assert contents(package.folder) == before, "a function wrote into its own code"


@pytest.fixture
async def visitor(place: Place) -> AsyncIterator[Client]:
    async with Client(place.port) as client:
        yield client


@pytest.fixture
async def reader(visitor: Client) -> Client:
    """Somebody with an account, signed in."""
    assert (await registered(visitor)).status == 303
    return visitor


def contents(folder: Path) -> dict[str, float]:
    """When each file was written."""
    return {str(path): path.stat().st_mtime for path in folder.rglob("*") if path.is_file()}


async def registered(client: Client, name: str = "alice") -> Reply:
    told = {"username": name, "email": f"{name}@example.org"}
    return await client.post(
        "/register", told | {"password": PASSWORD, "confirm_password": PASSWORD}
    )


async def added(reader: Client, **fields: str) -> str:
    """The id of a book that was added."""
    reply = await reader.post("/books", fields)
    assert reply.status == 303, reply.body
    found = re.findall(r'id="b-([\w-]{22})"', await shelf(reader))
    assert found
    return found[0]


async def shelf(reader: Client) -> str:
    reply = await reader.get("/library")
    assert reply.status == 200
    return reply.body.decode()


async def pumped(place: Place, turns: int = 8) -> None:
    """Carry messages until there are none; a job may have led to others."""
    for _ in range(turns):
        if not await place.pump.turn():
            return
    raise AssertionError(f"still messages after {turns} turns")


# What Lambda and API Gateway ask of it


async def test_it_starts_and_answers_with_nothing_but_the_package_and_its_layer(
    place: Place, visitor: Client
) -> None:
    reply = await visitor.get("/health")
    assert (reply.status, b'"dynamodb"' in reply.body) == (200, True)
    assert not (await tick(place.worker)).failed
    logged = [*place.api.log, *place.worker.log]
    assert [line for line in logged if re.search("warn|error|traceback", line, re.I)] == []


async def test_a_session_is_a_cookie_that_every_container_knows(
    place: Place, visitor: Client
) -> None:
    cookie = (await registered(visitor)).headers["set-cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    await place.api.stop()
    assert (await visitor.get("/library")).status == 200
    await visitor.post("/logout", {})
    left = await visitor.get("/library")
    assert (left.status, left.headers["location"]) == (303, "/login?next=/library")
    await visitor.post("/login", {"username": "ALICE", "password": PASSWORD})
    assert (await visitor.get("/library")).status == 200


async def test_static_files_come_whole(place: Place, visitor: Client) -> None:
    page = (await visitor.get("/")).body.decode()
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert len(addresses) >= 4
    for address in addresses:
        file = place.api.code.task / address.partition("?")[0].removeprefix("/")
        plain = await visitor.get(address)
        assert (plain.status, plain.body) == (200, file.read_bytes())
        packed = await visitor.get(address, accept_encoding="gzip")
        if packed.headers.get("content-encoding") == "gzip":
            assert gzip.decompress(packed.body) == plain.body


async def test_a_picture_goes_up_and_comes_back(reader: Client) -> None:
    book = await added(reader, title="Dune", authors="Frank Herbert")
    reply = await reader.post_picture(f"/books/{book}/cover", a_cover(7))
    assert reply.status == 303
    page = (await reader.get(f"/books/{book}")).body.decode()
    address = re.search(r"/covers/[\w/]+/own/[\w-]+\.webp", page)
    assert address
    picture = await reader.get(address[0])
    assert picture.headers["content-type"] == "image/webp"
    assert picture.body[:4] == b"RIFF"


async def test_a_body_over_the_limit_gets_a_page_that_says_what_helps(reader: Client) -> None:
    for path in ("/scan", "/books/" + "0" * 22 + "/cover"):
        reply = await reader.post_picture(path, b"\xff" * 4_650_000)
        assert reply.status == 413
        assert reply.headers["content-type"].startswith("text/html")
        assert b"smaller" in reply.body
    assert (await reader.get("/library")).status == 200


async def test_a_container_that_dies_takes_one_answer_with_it_and_nothing_else(
    place: Place, reader: Client
) -> None:
    book = await added(reader, title="Dune")
    place.provider.mode = "hang"
    asking = asyncio.create_task(reader.get("/find?q=Dune&wait=1"))
    await until(lambda: place.provider.asked)
    for container in place.api.containers:
        container.kill()
    assert (await asking).status == 500
    assert book in await shelf(reader)


async def test_without_its_secret_it_does_not_start_and_says_why(
    place: Place, visitor: Client
) -> None:
    arn = place.template.values["SecretKey"]
    secrets = place.aws["secretsmanager"]
    await secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    reply = await visitor.get("/health")
    assert (reply.status, b"Nothing is lost" in reply.body) == (503, True)
    assert f"The secret key cannot be read from {arn}" in "".join(place.api.log)
    await secrets.create_secret(Name=arn.rpartition(":")[2][:-7], SecretString="anew" * 10)


# What SQS and the schedule ask of it


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


# Helpers


async def until(done: Any) -> None:
    """Wait until `done()` is true, twenty seconds at most."""
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.02)


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


# A table that cannot keep up


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
