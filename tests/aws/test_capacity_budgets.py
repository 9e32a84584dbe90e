"""The budgets of DynamoDB at two sizes of a library, from the storage and as a browser asks."""

import re

import pytest

from tests.aws.capacity_budgets import NAMED, SHELF_RCU, filled
from tests.aws.capacity_changes import CHANGE_WCU, costs
from tests.web.conftest import HX, Site

pytestmark = pytest.mark.slow

SHELVES = ("", "?sort=title", "?sort=author", "?status=to-read")


@pytest.fixture
def place(ministack):
    """Where the library is: at the endpoint that was named, if one was."""
    return NAMED or ministack


@pytest.mark.parametrize("count", [100, 1_000])
async def test_every_question_and_change_keeps_its_budget(place, count):
    found = await costs(place, count)
    assert [cost for cost in found if cost.units > cost.budget] == []
    assert [cost for cost in found if not cost.units] == []
    [shelf] = [cost for cost in found if cost.what == "shelf as added"]
    assert shelf.used.calls == ["get_item", "query"]
    if NAMED:
        assert [cost for cost in found if cost.reported != cost.units] == []


async def test_pages_and_clicks_cost_no_more_than_what_the_storage_is_asked_for(place):
    async with filled(place, 200) as here:
        site = Site(storage=here.world.storage, clock=here.clock)
        async with site.app.test_app():
            browser = site.client(here.user)
            for shelf in SHELVES:
                page = await _cheap_page(here, browser, f"/library{shelf}")
                further = re.search(r'href="(/library\?[^"]*cursor=[^"]*)"', page)
                await _cheap_page(here, browser, further[1].replace("&amp;", "&"))
            ident = re.search(r'action="/books/([\w-]{22})/rating"', page)[1]
            with here.meter.watched() as click:
                answer = await browser.post(
                    f"/books/{ident}/rating", form={"rating": "4"}, headers=HX
                )
            assert answer.status_code == 200
            assert 0 < click.wcu <= CHANGE_WCU


async def _cheap_page(here, browser, address):
    with here.meter.watched() as used:
        answer = await browser.get(address)
    page = await answer.get_data(as_text=True)
    assert page.count('<li class="book"') > 0
    assert used.rcu <= SHELF_RCU
    assert used.calls == ["get_item", "query"]
    assert used.wcu == 0
    return page
