"""The function that serves the pages: started once, told apart in the log, shut to whom it must."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.aws.in_place import added, shelf
from tests.aws.lambda_place import Place
from tests.drawn_covers import a_cover
from tests.http_client import Client

pytestmark = [pytest.mark.once, pytest.mark.slow]

ORIGIN_SECRET = "what CloudFront alone knows"


def connections(place: Place) -> int:
    """Open sockets of the one container."""
    [container] = place.api.containers
    found = Path(f"/proc/{container.pid}/fd").iterdir()
    return sum(str(entry.readlink()).startswith("socket:") for entry in found)


async def test_it_starts_once_and_keeps_its_clients(place: Place, reader: Client) -> None:
    await added(reader, title="Dune")
    await shelf(reader)
    before = connections(place)
    for _ in range(8):
        await shelf(reader)
    assert connections(place) == before
    assert place.api.started == 1
    assert [times.init for times in place.api.times[1:]] == [None] * (len(place.api.times) - 1)


async def test_what_is_asked_oddly_gets_the_pages_of_any_server(place: Place) -> None:
    async with httpx.AsyncClient(base_url=place.url, timeout=30) as client:
        head = await client.head("/login")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == "text/html; charset=utf-8"
        lost = await client.get("/books/nothing/here")
        assert (lost.status_code, "Not found" in lost.text) == (404, True)
        assert (await client.put("/login")).status_code == 405
        away = (await client.get("/library?q=%F0%9F%8F%96")).headers["location"]
        assert parse_qs(urlsplit(away).query) == {"next": ["/library?q=%F0%9F%8F%96"]}
        cross = await client.post("/login", headers={"Origin": "https://elsewhere.example"})
        assert cross.status_code == 403


async def test_wrong_passwords_are_counted_across_containers(place: Place, visitor: Client) -> None:
    for tries in range(11):
        reply = await visitor.post("/login", {"username": "alice", "password": "a guess"})
        assert reply.status == (422 if tries < 10 else 429)
        if tries == 5:
            await place.api.stop()
    assert int(reply.headers["retry-after"]) > 0


async def test_who_and_what_a_line_of_the_log_is_about(place: Place, reader: Client) -> None:
    book = await added(reader, title="Dune")
    await place.aws["s3"].delete_bucket(
        Bucket=place.template.environment("ApiFunction")["FILES_BUCKET"]
    )
    reply = await reader.post_picture(f"/books/{book}/cover", a_cover(7))
    assert (reply.status, b"Nothing is lost" in reply.body) == (503, True)
    told = [line for line in place.logged(place.api) if line["level"] != "INFO"]
    loggers = {line["logger"] for line in told}
    assert loggers == {"booklib.adapters.s3_files", "booklib.web.errors"}
    [request_id] = {line["request_id"] for line in told}
    assert re.fullmatch(r"[0-9a-f-]{36}", request_id)
    [user] = {line["user"] for line in told}
    assert re.fullmatch(r"[0-9a-f]{12}", user)
    assert "alice" not in "".join(place.api.log)
    assert len(place.logged(place.api)) == len(place.api.log)


async def test_a_new_secret_signs_nobody_out_and_two_sign_out_all(
    place: Place, reader: Client
) -> None:
    async def rotated() -> None:
        arn = place.template.values["SecretKey"]
        value = secrets.token_urlsafe(48)
        await place.aws["secretsmanager"].put_secret_value(SecretId=arn, SecretString=value)
        await place.api.stop()

    await rotated()
    assert (await reader.get("/library")).status == 200
    await rotated()
    assert (await reader.get("/library")).status == 303


async def test_when_the_secret_is_back_the_same_container_goes_on(
    place: Place, visitor: Client
) -> None:
    arn = place.template.values["SecretKey"]
    await place.aws["secretsmanager"].delete_secret(SecretId=arn)
    assert (await visitor.get("/health")).status == 503
    await place.aws["secretsmanager"].restore_secret(SecretId=arn)
    assert (await visitor.get("/health")).status == 200
    assert place.api.started == 1


async def test_where_cloudfront_stands_in_front_nobody_gets_past_it(
    place: Place, visitor: Client
) -> None:
    variables = {**place.api.code.variables, "ORIGIN_SECRET": ORIGIN_SECRET}
    place.api.code = replace(place.api.code, variables=variables)
    for told in ({}, {"x_origin_secret": "a guess"}):
        reply = await visitor.get("/health", **told)
        assert (reply.status, b"own address" in reply.body) == (403, True)
    known = {"x_origin_secret": ORIGIN_SECRET, "cloudfront_viewer_address": "198.51.100.7:1234"}
    assert (await visitor.get("/health", **known)).status == 200
