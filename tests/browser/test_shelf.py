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
