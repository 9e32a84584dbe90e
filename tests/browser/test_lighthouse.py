"""Lighthouse on a phone: accessibility and best practices without a fault on the main pages."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PASSWORD, Site, serving
from tests.browser.lighthouse import lighthouse
from tests.browser.test_shelf import demo
from tests.http_client import Client
from tests.pictured import give_covers

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.slow]

CATEGORIES = ("accessibility", "best-practices")


async def test_lighthouse_finds_no_fault_in_accessibility_and_practices(tmp_path):
    await demo(tmp_path / "instance", 200)
    await give_covers(tmp_path / "instance", "alice", 20)
    async with serving(tmp_path / "instance", "dead") as site:
        cookie, book = await signed_in_at_a_book(site)
        private = [f"{site.url}{path}" for path in ("/library", book, "/scan")]
        seen = await lighthouse([f"{site.url}/"], *CATEGORIES)
        seen += await lighthouse(private, *CATEGORIES, cookie=cookie)
    assert [page.seen for page in seen] == [f"{site.url}/", *private]
    assert {page.url: page.failed for page in seen if page.failed} == {}
    assert [page.scores for page in seen] == [dict.fromkeys(CATEGORIES, 100)] * len(seen)


async def signed_in_at_a_book(site: Site) -> tuple[str, str]:
    """The session's cookie, and the path of the newest book."""
    async with Client(int(site.url.rpartition(":")[2])) as client:
        await client.post("/login", {"username": "alice", "password": PASSWORD})
        shelf = (await client.get("/library")).body.decode()
        book = re.search(r'href="(/books/[\w-]{22})"', shelf)
        assert book
        return client.cookie, book[1]
