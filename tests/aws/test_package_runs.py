"""The very package that is deployed, unpacked into an empty folder, as Lambda runs it."""

from __future__ import annotations

import asyncio
import gzip
import re

import pytest

from tests.aws.in_place import PASSWORD, added, registered, shelf, until
from tests.aws.lambda_place import Place
from tests.aws.pump import tick
from tests.drawn_covers import a_cover
from tests.http_client import Client

pytestmark = [pytest.mark.once, pytest.mark.slow]


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
