"""One evening with a new library: with and without JavaScript, whatever the providers do."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import register, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DUNE = "978-0-441-17271-9"
TWENTY = """
9780261102217 9780141439518 9780141441146 9780141439556 9780141439600
9780140449136 9780140449266 9780140447934 9780141182803 9780141187761
9780141185064 9780099448822 9780099549482 9780060850524 9780060935467
9780061120084 9780684801223 9780743273565 9780679735779 9780316769488
"""


@pytest.fixture(params=["javascript", "no javascript"])
async def page(request, chromium):
    context = await chromium.new_context(java_script_enabled=request.param == "javascript")
    context.set_default_timeout(15_000)
    page = await context.new_page()
    page.scripted = request.param == "javascript"
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert [fault for fault in faults if "422" not in fault] == []


@pytest.mark.parametrize("provider", ["fast", "slow", "dead"])
async def test_an_evening_with_a_new_library(page, provider, tmp_path):
    async with serving(tmp_path / "instance", provider) as site:
        await register(page, site)
        await add_one(page, site, provider)
        await paste_twenty(page, site)
        await change_in_place(page, site)
        await find_again(page, site)
        await correct_and_note(page, site)
        await delete_and_undo(page, site)


def cards(page: Page):
    return page.locator("#shelf-cards .book")


def first_card(page: Page):
    return cards(page).first


async def shown_again(page: Page, site, address: str = "/library") -> None:
    """Without JavaScript a page tells what is new when it is loaded again."""
    if not page.scripted:
        await page.goto(site.url + address)


async def add_one(page, site, provider):
    await page.locator("#add-isbn").fill(DUNE)
    await page.locator("#add-isbn").press("Enter")
    await expect(cards(page)).to_have_count(1)
    if provider == "dead":
        await first_card(page).locator("h2 a").click()
        await expect(page.locator("#book-note")).to_contain_text(re.compile("Open Library|network"))
        await page.goto(f"{site.url}/library")
        return
    if page.scripted:
        # Without JavaScript the provider may have answered before the page was drawn.
        await expect(first_card(page)).to_contain_text("Details will follow")
    for _ in range(30):
        await shown_again(page, site)
        if "Details will follow" not in await first_card(page).inner_text():
            break
        await page.wait_for_timeout(500)
    await expect(first_card(page)).not_to_contain_text("Details will follow", timeout=20_000)
    await expect(first_card(page).locator("h2")).not_to_contain_text("978")


async def paste_twenty(page, site):
    await page.goto(f"{site.url}/books/new")
    await page.locator("#add-isbn").fill(TWENTY)
    await page.locator("#add-box button").click()
    await expect(page.locator("body")).to_contain_text("Added 20 books")
    if page.scripted:
        await expect(page.locator("#just-added .book")).to_have_count(20)
    await page.goto(f"{site.url}/library")
    await expect(cards(page)).to_have_count(21)


async def change_in_place(page, site):
    await page.goto(f"{site.url}/library")
    await first_card(page).locator(".status [value=reading]").click()
    await expect(first_card(page).locator(".status [value=reading]")).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(page.locator("#count-reading")).to_have_text("1")
    await first_card(page).locator(".stars button").nth(3).click()
    await expect(first_card(page).locator(".stars")).to_have_class(re.compile("r8"))
    assert page.url == f"{site.url}/library"


async def find_again(page, site):
    search = page.locator("#search")
    if page.scripted:
        await search.press_sequentially("9780441")
    else:
        await search.fill("9780441")
        await search.press("Enter")
    await expect(cards(page)).to_have_count(1)
    await expect(page).to_have_url(re.compile("q=9780441"))
    await page.goto(f"{site.url}/library?status=reading&sort=title")
    await expect(cards(page)).to_have_count(1)


async def correct_and_note(page, site):
    await page.goto(f"{site.url}/library?q=9780441172719")
    await first_card(page).locator("h2 a").click()
    await page.locator("#notes").fill("Lent the old copy to Ben.\nRead it by the sea. 🏖")
    await page.locator("#save-notes").click()
    await expect(page.locator("body")).to_contain_text(re.compile(r"\bsaved\b", re.I))
    await expect(page.locator("#notes")).to_have_value(re.compile("by the sea"))
    await page.get_by_role("link", name="Edit", exact=True).click()
    await page.locator("#title").fill("Dune, the first one")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("h1")).to_have_text("Dune, the first one")
    await page.reload()
    await expect(page.locator("#notes")).to_have_value(re.compile("by the sea"))


async def delete_and_undo(page, site):
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.wait_for_url("**/library*")
    await expect(page.get_by_role("link", name="Dune, the first one")).to_have_count(0)
    await page.locator("#toasts").get_by_role("button", name="Undo").click()
    await expect(page.locator("#toasts")).to_contain_text("is back")
    await page.goto(f"{site.url}/library?q=first")
    await expect(page.get_by_role("link", name="Dune, the first one")).to_be_visible()
