"""What stands in for Lambda and its HTTP API keeps their rules, or it proves nothing."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.aws.front import answer_of, event_of, front
from tests.aws.function_code import Code
from tests.aws.runtime_api import LARGEST, Function, Told, Unfit, function
from tests.aws.small_http import Request
from tests.http_client import Client

pytestmark = pytest.mark.slow

HANDLER = """
import asyncio, os, sys, threading, time

beats = 0

def beat():
    global beats
    while True:
        time.sleep(0.01)
        beats += 1

threading.Thread(target=beat, daemon=True).start()

def handler(event, context):
    match event.get("do"):
        case "crash":
            os._exit(3)
        case "raise":
            raise ValueError("no such book")
        case "sleep":
            time.sleep(30)
        case "much":
            return "x" * 7_000_000
        case "beats":
            return beats
        case "wait":
            time.sleep(0.3)
        case "who":
            left = context.get_remaining_time_in_millis()
            return {"arn": context.invoked_function_arn, "left": left, "path": sys.path[:3]}
        case "echo" | None:
            said = {name: event.get(name) for name in ("body", "isBase64Encoded")}
            rows = {"headers": {"Vary": "a,b"}, "cookies": ["a=1", "b=2; Path=/"]}
            return {"statusCode": 201, **rows, **said}
    return os.getpid()
"""


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Function]:
    (tmp_path / "little.py").write_text(HANDLER)
    async with function(Code(task=tmp_path, handler="little.handler", timeout_s=5)) as made:
        yield made


async def test_a_container_stays_for_the_next_event(made: Function) -> None:
    first = await made.invoke({"do": "pid"})
    assert (await made.invoke({"do": "pid"})).json == first.json
    assert made.started == 1
    assert made.times[0].init
    assert made.times[1].init is None


async def test_the_context_is_lambdas(made: Function) -> None:
    told = (await made.invoke({"do": "who"})).json
    assert told["arn"] == "arn:aws:lambda:eu-central-1:123456789012:function:function"
    assert 4_000 < told["left"] <= 5_000
    assert told["path"][0] == str(made.code.task)


async def test_nothing_of_ours_is_to_be_had_but_the_package(tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text("import quart\n")
    async with function(Code(task=tmp_path, handler="asking.handler")) as made:
        told = await made.invoke({})
    assert told.failed
    assert told.json["errorType"] == "Runtime.ImportModuleError"
    assert "quart" in told.json["errorMessage"]


async def test_events_at_once_get_containers_of_their_own(made: Function) -> None:
    told = await asyncio.gather(*(made.invoke({"do": "wait"}) for _ in range(3)))
    assert len({answer.json for answer in told}) == 3


async def test_a_container_without_work_stands_still(made: Function) -> None:
    await made.invoke({"do": "wait"})
    before = (await made.invoke({"do": "beats"})).json
    await asyncio.sleep(0.5)
    assert (await made.invoke({"do": "beats"})).json - before < 10


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        ("raise", "ValueError"),
        ("crash", "Runtime.ExitError"),
        ("much", "Function.ResponseSizeTooLarge"),
    ],
)
async def test_a_failed_event_says_why_and_the_next_is_served(
    made: Function, do: str, kind: str
) -> None:
    told = await made.invoke({"do": do})
    assert told.failed
    assert told.json["errorType"] == kind
    assert not (await made.invoke({"do": "pid"})).failed


async def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    (tmp_path / "little.py").write_text(HANDLER)
    async with function(Code(task=tmp_path, handler="little.handler", timeout_s=1)) as made:
        told = await made.invoke({"do": "sleep"})
        assert "timed out after 1.00 seconds" in told.json["errorMessage"]
        assert not (await made.invoke({"do": "pid"})).failed
        assert made.started == 2


async def test_an_event_over_6_mib_never_arrives(made: Function) -> None:
    with pytest.raises(Unfit):
        await made.invoke({"do": "pid", "more": "x" * LARGEST})


async def test_the_front_carries_bodies_cookies_and_headers_both_ways(made: Function) -> None:
    async with front(made) as address, Client(int(address.rpartition(":")[2])) as client:
        picture = bytes(range(256)) * 9
        reply = await client.post_picture("/echo", picture)
        assert reply.status == 201
        assert picture in reply.body
        assert reply.headers["vary"] == "a,b"
        assert reply.headers["set-cookie"] == "b=2; Path=/"  # the last of the two
        plain = await client.post("/echo", {"title": "Café"}, content_type="text/plain")
        assert plain.body == b"title=Caf%C3%A9"


async def test_the_front_refuses_what_is_too_large(made: Function) -> None:
    async with front(made) as address, Client(int(address.rpartition(":")[2])) as client:
        for size in (5, 11):  # over Lambda's limit in base64, and over the service's own
            reply = await client.post_picture("/echo", b"x" * size * 1024 * 1024)
            assert reply.status == 413


def test_an_event_is_that_of_payload_format_2() -> None:
    rows = [
        ("host", "a1b2.execute-api.example"),
        ("accept", "text/html"),
        ("accept", "*/*"),
        ("cookie", "a=1; b=2"),
        ("content-type", "application/x-www-form-urlencoded"),
    ]
    event = event_of(Request("POST", "/b%C3%BCcher/1%252F2?q=%C3%A4&tag=1&tag=2", rows, b"t=%20"))
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/bücher/1%2F2"
    assert event["rawQueryString"] == "q=%C3%A4&tag=1&tag=2"
    assert event["queryStringParameters"] == {"q": "ä", "tag": "1,2"}
    assert event["headers"]["accept"] == "text/html,*/*"
    assert "cookie" not in event["headers"]
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"t=%20"
    assert event["requestContext"]["stage"] == "$default"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (Told(b'{"errorType": "ValueError"}', failed=True), 500),
        (Told(b'{"errorType": "Sandbox.Timedout"}', failed=True), 503),
        (Told(json.dumps({"statusCode": 200, "body": "!", "isBase64Encoded": True}).encode()), 500),
        (Told(b'{"no": "status"}'), 200),
    ],
)
def test_what_a_function_says_becomes_an_answer(told: Told, status: int) -> None:
    assert answer_of(told).status == status
