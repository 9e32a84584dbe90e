"""The HTTP client below the providers: pace, bounds, redirects, faults."""

import asyncio
import gzip
import logging
import tracemalloc
from datetime import timedelta

import httpx
import pytest

from booklib.adapters.provider_http import Pace, Provider, retry_after, user_agent
from booklib.errors import Refused, TryLater, Unreadable
from tests.provider_server import ProviderServer


@pytest.fixture
async def provider(server, clock):
    client = Provider("The Provider", server.url, timeout_s=0.5, now=clock)
    yield client
    await client.aclose()


async def test_an_answer_is_read_whole(server, provider):
    server.canned["/x"] = 200, {"a": 1}
    reply = await provider.get("x")
    assert provider.fault(reply) is None
    assert provider.read_json(reply) == {"a": 1}


async def test_nobody_at_the_door_is_tried_later(clock):
    async with ProviderServer() as gone:
        url = gone.url
    client = Provider("The Provider", url, now=clock)
    with pytest.raises(TryLater, match=r"^The Provider does not answer\.$"):
        await client.get("x")
    await client.aclose()


async def test_a_name_that_cannot_be_resolved_says_no_network(clock):
    client = Provider("The Provider", "http://no-such-host.invalid", now=clock)
    with pytest.raises(TryLater, match="no network"):
        await client.get("x")
    await client.aclose()


@pytest.mark.parametrize(("mode", "words"), [("hang", "too long"), ("drop", "does not answer")])
async def test_a_hung_or_broken_connection_is_tried_later(server, provider, mode, words):
    server.mode = mode
    with pytest.raises(TryLater, match=words):
        await provider.get("x")


async def test_a_dripping_answer_ends_at_the_total_time_out(server, provider):
    server.mode = "delay=3"
    started = asyncio.get_running_loop().time()
    with pytest.raises(TryLater, match="too long"):
        await provider.get("x")
    assert asyncio.get_running_loop().time() - started < 2.5  # of three


async def test_a_huge_answer_is_cut_short(server, clock):
    server.mode = "huge"
    client = Provider("The Provider", server.url, now=clock)
    with pytest.raises(Unreadable, match="far more"):
        await client.get("x")
    await client.aclose()


async def test_an_answer_that_cannot_be_unpacked_is_unreadable(server, provider):
    server.canned["/x"] = 200, {}
    server.headers["Content-Encoding"] = "gzip"
    with pytest.raises(Unreadable):
        await provider.get("x")


async def test_a_redirect_to_a_private_address_is_not_followed(server, provider):
    server.mode = "private"
    with pytest.raises(Refused, match="not its own"):
        await provider.get("x")


@pytest.mark.parametrize(
    "location",
    [
        "https://example.com/x",
        "http://127.0.0.1:1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/x",
        "file:///etc/passwd",
        "//10.0.0.1/x",
        "http://[bad/",
    ],
)
async def test_a_redirect_elsewhere_is_not_followed(server, provider, location):
    server.canned["/x"] = 302, {}
    server.headers["Location"] = location
    with pytest.raises(Refused):
        await provider.get("x")
    assert len(server.asked) == 1


async def test_a_documented_host_with_a_private_address_is_refused(server, clock):
    client = Provider("The Provider", server.url, hosts=("localhost",), now=clock)
    server.canned["/x"] = 302, {}
    server.headers["Location"] = "https://localhost/x"
    with pytest.raises(Refused, match="private"):
        await client.get("x")
    await client.aclose()


async def test_redirects_at_home_are_followed_but_not_in_circles(server, provider):
    server.canned["/x"] = 302, {}
    server.headers["Location"] = "/x"
    with pytest.raises(Refused, match="circles"):
        await provider.get("x")


@pytest.mark.parametrize("location", ["javascript:alert(1)", "http://[bad/", "data:,x", "x:y"])
async def test_a_redirect_to_what_is_no_address_is_refused(server, provider, location):
    server.canned["/x"] = 302, {}
    server.headers["Location"] = location
    with pytest.raises((Refused, TryLater)):
        await provider.get("x")


@pytest.mark.parametrize(("mode", "seconds"), [("429", 60), ("429=7", 7), ("429=999999", 86400)])
async def test_too_many_requests_closes_the_door_for_everybody(
    server, provider, clock, mode, seconds
):
    server.mode = mode
    fault = provider.fault(await provider.get("x"))
    assert isinstance(fault, TryLater)
    assert fault.at == clock.now + timedelta(seconds=seconds)
    with pytest.raises(TryLater, match="slow down"):
        await provider.get("x")
    assert len(server.asked) == 1
    clock.advance(seconds=seconds)
    assert await provider.get("x")


def bytes_held():
    return tracemalloc.get_traced_memory()[1]


@pytest.mark.parametrize("layers", [1, 2])
async def test_a_packed_answer_is_not_unpacked_beyond_its_bound(server, provider, layers):
    bomb = gzip.compress(b" " * 50 * 2**20)
    server.canned["/x"] = 200, gzip.compress(bomb) if layers == 2 else bomb
    server.headers["Content-Encoding"] = ", ".join(["gzip"] * layers)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable):
            await provider.get("x")
        assert bytes_held() < 20 * 2**20
    finally:
        tracemalloc.stop()


async def test_a_packed_answer_is_read(server, provider):
    server.canned["/x"] = 200, gzip.compress(b'{"a": 1}')
    server.headers["Content-Encoding"] = "GZip"
    assert provider.read_json(await provider.get("x")) == {"a": 1}


def test_retry_after_is_seconds_or_a_date(clock):
    def moment(text):
        return retry_after(httpx.Headers({"Retry-After": text}), clock.now)

    assert moment("Sun, 01 Nov 2026 12:00:30 GMT") == clock.now + timedelta(seconds=30)
    assert moment("Sun, 01 Nov 2020 12:00:30 GMT") == clock.now
    assert moment("Sun, 01 Nov 2099 12:00:30 GMT") == clock.now + timedelta(days=1)
    assert moment("9" * 5_000) == clock.now + timedelta(days=1)
    assert moment("soon") is None
    assert moment("Mon, 20 Nov 99999999999999999999 19:12:08 GMT") is None
    assert moment("-5") is None
    assert retry_after(httpx.Headers(), clock.now) is None


async def test_requests_are_paced_after_a_short_burst():
    loop = asyncio.get_running_loop()
    pace = Pace(0.05, burst=2)
    started = loop.time()
    await asyncio.gather(*(pace.turn() for _ in range(5)))
    assert loop.time() - started >= 0.14


def test_the_program_introduces_itself():
    assert user_agent().startswith("BookLibrary/")
    assert "+https://books.example.org;" in user_agent("https://books.example.org")


async def test_the_key_never_reaches_the_log(server, provider, caplog):
    caplog.set_level(logging.INFO)
    await provider.get("x", {"key": "very-secret"})
    assert "very-secret" not in caplog.text
