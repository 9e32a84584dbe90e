"""A large shelf in a browser: endless scroll, back, two tabs, no network."""

from __future__ import annotations

import asyncio
import os
import re
import sys

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PASSWORD, register, serving
from tests.processes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]


R6 = re.compile(r"\bstars r6\b")


async def demo(data, books: int) -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booklib", "demo", "--user", "alice", "--password-stdin"),
        *("--books", str(books)),
        env=os.environ | {"BOOKLIB_DATA_DIR": str(data)},
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await child.communicate(PASSWORD.encode())
    assert child.returncode == 0


async def sign_in(page, site, name="alice"):
    await page.goto(f"{site.url}/login")
    await page.locator("[name=username]").fill(name)
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("main form button").first.click()
    await page.wait_for_url("**/library")


async def test_ten_thousand_books_scroll_on_and_every_page_is_a_link_too(chromium, tmp_path):
    await demo(tmp_path / "instance", 10_000)
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await sign_in(page, site)
        cards = page.locator("#shelf-cards .book")
        await expect(page.locator("#count-all")).to_have_text("10,000")
        for _ in range(3):
            before = await cards.count()
            await page.locator("#more").scroll_into_view_if_needed()
            await page.wait_for_function(
                "n => document.querySelectorAll('#shelf-cards .book').length > n", arg=before
            )
        ids = await cards.evaluate_all("all => all.map(one => one.id)")
        assert len(ids) == len(set(ids)) >= 200

        plain = await (await chromium.new_context(java_script_enabled=False)).new_page()
        await sign_in(plain, site)
        await plain.get_by_role("link", name="More books").click()
        await expect(plain.locator("#shelf-cards .book")).to_have_count(50)
        assert "cursor=" in plain.url


async def test_back_and_reload_show_the_list_that_the_address_names(chromium, tmp_path):
    await demo(tmp_path / "instance", 200)
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await sign_in(page, site)
        await page.locator("#search").press_sequentially("dune")
        await expect(page).to_have_url(re.compile("q=dune"))
        found = page.locator("#shelf-cards .book")
        await expect(found.first).to_contain_text("Dune")
        number = await found.count()
        await found.first.locator("h2 a").click()
        await expect(page.locator("h1")).to_contain_text("Dune")
        await page.go_back()
        await expect(found).to_have_count(number)
        await expect(page.locator("#search")).to_have_value("dune")
        await page.reload()
        await expect(found).to_have_count(number)


async def test_the_later_of_two_tabs_is_told_and_loses_nothing(chromium, tmp_path):
    async with serving(tmp_path / "instance", "dead") as site:
        context = await chromium.new_context()
        first, second = await context.new_page(), await context.new_page()
        await register(first, site)
        await first.goto(f"{site.url}/books/new")
        await first.locator("#title").fill("Diary")
        await first.get_by_role("button", name=re.compile("Add")).last.click()
        await first.goto(f"{site.url}/library")
        path = await first.locator("#shelf-cards h2 a").first.get_attribute("href")
        for tab in (first, second):
            await tab.goto(f"{site.url}{path}/edit")
        await first.locator("#title").fill("Diary of the first tab")
        await first.get_by_role("button", name="Save").click()
        await expect(first.locator("h1")).to_have_text("Diary of the first tab")
        await second.locator("#title").fill("Diary of the second tab")
        await second.get_by_role("button", name="Save").click()
        await expect(second.locator("h1")).to_contain_text("changed meanwhile")
        content = await second.content()
        assert "Diary of the first tab" in content
        assert "Diary of the second tab" in content


async def test_a_click_without_a_network_says_so_and_can_be_tried_again(chromium, tmp_path):
    await demo(tmp_path / "instance", 200)
    async with serving(tmp_path / "instance", "dead") as site:
        context = await chromium.new_context()
        page = await context.new_page()
        await sign_in(page, site)
        card = page.locator("#shelf-cards .book").first
        target = card.locator(".status [aria-pressed=false]").first
        value = await target.get_attribute("value")
        await context.set_offline(True)
        await target.click()
        toast = page.locator("#toasts")
        await expect(toast).to_contain_text("does not answer")
        await context.set_offline(False)
        await toast.get_by_role("button", name=re.compile("again", re.I)).click()
        await expect(card.locator(f".status [value={value}]")).to_have_attribute(
            "aria-pressed", "true"
        )


async def test_a_click_shows_at_once_and_goes_back_when_it_was_not_stored(chromium, tmp_path):
    await demo(tmp_path / "instance", 5)
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await sign_in(page, site)
        card, held = page.locator("#shelf-cards .book").first, []
        stars, toasts = card.locator(".stars"), page.locator("#toasts")
        before = await stars.get_attribute("class")
        await page.route("**/rating", lambda route: held.append(route))
        await card.hover()
        await stars.locator("button").nth(2).click()
        await expect(stars).to_have_class(R6)
        await expect(stars.locator("button").nth(2)).to_have_attribute("aria-pressed", "true")
        await until(lambda: held)
        await held.pop().fulfill(status=503, body="")
        await expect(stars).to_have_class(before)
        await expect(toasts).to_contain_text("put back")
        await toasts.get_by_label("Close this message").click()

        await stars.locator("button").nth(2).click()
        await until(lambda: held)
        await held.pop().abort()
        await expect(stars).to_have_class(before)
        await expect(toasts).to_contain_text("put back")
        await page.unroute("**/rating")
        await toasts.get_by_role("button", name="Try again").click()
        await expect(toasts).to_contain_text("Rated 3 stars")
        await page.reload()
        await expect(stars).to_have_class(R6)


async def test_of_several_quick_clicks_the_last_one_counts(chromium, tmp_path):
    await demo(tmp_path / "instance", 5)
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await sign_in(page, site)
        card, held = page.locator("#shelf-cards .book").first, []
        await page.route(re.compile("/(rating|status)$"), lambda route: held.append(route))
        await card.hover()
        for star in (1, 4, 2):
            await card.locator(".stars button").nth(star).click()
        await card.locator(".status [value=reading]").click()
        await card.locator(".status [value=read]").click()
        for _ in range(5):
            await until(lambda: held)
            await held.pop().continue_()
            await expect(card.locator(".stars")).to_have_class(R6)
            await expect(card.locator(".status [aria-pressed=true]")).to_have_text("Read")
        await expect(page.locator("#toasts")).to_contain_text("Moved to Read")
        await page.unroute_all()
        await page.reload()
        await expect(card.locator(".stars")).to_have_class(R6)
        await expect(card.locator(".status [aria-pressed=true]")).to_have_text("Read")


async def test_back_leads_to_the_place_that_one_left(chromium, tmp_path):
    await demo(tmp_path / "instance", 200)
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await sign_in(page, site)
        cards = page.locator("#shelf-cards .book")
        await page.locator("#more").scroll_into_view_if_needed()
        await expect(cards).not_to_have_count(50)
        card = cards.nth(80)
        await card.scroll_into_view_if_needed()
        left = await card.bounding_box()
        title = await card.locator("h2 a").inner_text()
        await card.locator("h2 a").click()
        await expect(page.locator("h1")).to_contain_text(title)
        await page.go_back()
        await expect(page.locator("#shelf-cards .book h2 a").nth(80)).to_be_in_viewport()
        await until(lambda: near(card, left["y"]))


async def test_back_after_signing_out_shows_no_shelf(chromium, tmp_path):
    await demo(tmp_path / "instance", 5)
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await sign_in(page, site)
        await page.get_by_text("Menu").click()
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(f"{site.url}/")
        await page.go_back()
        await page.wait_for_url(re.compile(r"/login\?next="))


async def near(card, height: float) -> bool:
    """Whether the card stands about where it stood."""
    box = await card.bounding_box()
    return box is not None and abs(box["y"] - height) < 40


async def until(done) -> None:
    """Wait until `done()` is true, ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            said = done()
            if (await said) if asyncio.iscoroutine(said) else said:
                return
            await asyncio.sleep(0.02)
