"""What a visit costs, and that nothing on a page moves while it arrives."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import register, serving
from tests.browser.test_shelf import demo, sign_in
from tests.pictured import give_covers

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (360, 1440)

WATCH = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const shift of list.getEntries()) {
    if (shift.hadRecentInput) continue;
    const what = shift.sources.map(({ node, previousRect: from, currentRect: to }) =>
      `${node?.nodeName}.${node?.className} ${from.x},${from.y} ${from.width}x${from.height}` +
      ` to ${to.x},${to.y} ${to.width}x${to.height}`);
    window.shifts.push([shift.value, ...what].join("; "));
  }
}).observe({ type: "layout-shift", buffered: true });
"""
SETTLED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(() => done(shifts))))"
ALL_THERE = """() => [...document.querySelectorAll("#shelf-cards img")]
  .every(image => image.complete && image.naturalWidth)"""
SCRIPTED_SCROLL = "() => window.scrollBy(0, window.innerHeight / 2)"
AT_THE_END = "() => window.scrollY + window.innerHeight >= document.body.scrollHeight - 1"


async def watched(chromium, width: int) -> Page:
    """A page that writes down each shift of its layout."""
    page = await chromium.new_page(viewport={"width": width, "height": 900})
    await page.add_init_script(WATCH)
    return page


async def moved(page: Page) -> list[str]:
    """What has moved since the page was opened, each with its share of CLS."""
    return [f"{page.url}: {shift}" for shift in await page.evaluate(SETTLED)]


async def trickle(page: Page) -> list[str]:
    """Let pictures arrive slowly, the later ones later; the list tells which were asked for."""
    asked: list[str] = []

    async def later(route: Route) -> None:
        asked.append(route.request.url)
        await asyncio.sleep(0.2 + len(asked) % 7 / 20)
        await route.continue_()

    await page.route("**/covers/**", later)
    return asked


@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_moves_while_fifty_covers_arrive_slowly(chromium, tmp_path, width):
    await demo(tmp_path / "instance", 50)
    await give_covers(tmp_path / "instance", "alice", 50)
    async with serving(tmp_path / "instance", "dead") as site:
        page = await watched(chromium, width)
        await sign_in(page, site)
        found = await moved(page)
        for path in ("/library", "/library?view=list"):
            asked = await trickle(page)
            await page.goto(site.url + path, wait_until="commit")
            await expect(page.locator("#shelf-cards img")).to_have_count(50)
            while not await page.evaluate(AT_THE_END):
                await page.evaluate(SCRIPTED_SCROLL)
                await page.wait_for_timeout(100)
            await page.wait_for_function(ALL_THERE)
            found += await moved(page)
            await page.unroute("**/covers/**")
            assert len(set(asked)) >= 50
        await trickle(page)
        book = await page.locator("#shelf-cards h2 a").first.get_attribute("href")
        await page.goto(f"{site.url}{book}", wait_until="networkidle")
        assert await page.locator("#cover-photo img").evaluate("image => image.naturalWidth")
        found += await moved(page)
    assert found == []


@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_moves_while_look_ups_arrive(chromium, tmp_path, width):
    numbers = "9780441172719 9780261102217 9780141439518 9780141441146 9780141439556"
    async with serving(tmp_path / "instance", "slow") as site:
        page = await watched(chromium, width)
        await register(page, site)
        await page.context.request.post(
            f"{site.url}/books", form={"isbn": numbers}, headers={"HX-Request": "true"}
        )
        await page.goto(f"{site.url}/library")
        await expect(page.locator("#shelf-cards .book")).to_have_count(5)
        assert await page.locator("[data-pending]").count() > 0
        await expect(page.locator("[data-pending]")).to_have_count(0, timeout=30_000)
        await page.wait_for_function(ALL_THERE)
        assert await moved(page) == []


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_first_visit_is_small_and_nothing_moves(chromium, tmp_path, width):
    async with serving(tmp_path / "instance", "dead") as site:
        page = await watched(chromium, width)
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        asked: dict[str, str] = {}
        bytes_of: dict[str, float] = {}
        session.on(
            "Network.requestWillBeSent",
            lambda event: asked.setdefault(event["requestId"], event["request"]["url"]),
        )
        session.on(
            "Network.loadingFinished",
            lambda event: bytes_of.update({event["requestId"]: event["encodedDataLength"]}),
        )
        await page.goto(site.url, wait_until="networkidle")
        # What Chromium fetches only for a tab with a face or on asking counts too.
        links = await page.locator("link[rel~=icon], link[rel=manifest]").evaluate_all(
            "links => links.map(link => link.href)"
        )
        for link in {*links} - {*asked.values()}:
            answer = await page.context.request.get(link, headers={"Accept-Encoding": "gzip"})
            assert answer.ok, link
            asked[link] = link
            bytes_of[link] = float(answer.headers["content-length"]) + 300
        told = json.dumps({url: bytes_of.get(key) for key, url in asked.items()}, indent=1)
        assert await moved(page) == []
    assert len(asked) <= 6, told
    assert sum(bytes_of.values()) <= 60_000, told
