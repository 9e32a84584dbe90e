"""A platform that takes smaller requests and waits less than a server at home, such as AWS."""

import asyncio
from html import unescape

import pytest

from booklib.app import TOO_SLOW, create_app
from tests.web.conftest import Site, page_of
from tests.web.test_scan import KIND, multipart

TAKEN = 4_400 * 1024


@pytest.fixture
async def client(settings):
    site = Site(settings)
    site.app = create_app(settings, site.world, max_upload=TAKEN, patience_s=0.2)
    site.app.add_url_rule("/asleep", "asleep", asleep)
    site.app.add_url_rule("/another-time-out", "another", another_time_out)
    alice = await site.add("alice")
    async with site.app.test_app():
        yield site.client(alice)


async def asleep():
    await asyncio.Event().wait()


async def another_time_out():
    raise TimeoutError


async def test_a_route_that_takes_too_long_is_given_up_with_a_page(client):
    answer = await client.get("/asleep")
    assert answer.status_code == 503
    assert TOO_SLOW in unescape(await page_of(answer))
    assert "Retry-After" in answer.headers
    assert (await client.get("/library")).status_code == 200


async def test_a_time_out_of_another_kind_is_a_fault(client):
    assert (await client.get("/another-time-out")).status_code == 500


@pytest.mark.parametrize("path", ["/scan", "/books/0000000000000000000000/cover"])
async def test_what_is_told_of_the_limit_is_never_more_than_is_taken(client, path):
    answer = await client.post(path, data=multipart(bytes(TAKEN)), headers=KIND)
    assert answer.status_code == 413
    assert "at once (4 MB)" in await page_of(answer)


async def test_the_page_for_photos_tells_the_limit_to_who_sends_them_as_they_are(client):
    page = await page_of(await client.get("/scan"))
    assert "<noscript> Together they may have 4 MB.</noscript>" in page


async def test_at_home_a_limit_for_each_picture_is_enough(settings):
    site = Site(settings)
    alice = await site.add("alice")
    async with site.app.test_app():
        page = await page_of(await site.client(alice).get("/scan"))
    assert "12 MB each" in page
    assert "Together" not in page
