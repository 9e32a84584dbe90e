"""Every page with axe-core, in both themes, and by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import register, serving
from tests.processes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "tests/.cache/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIGNED_OUT = ("/", "/login", "/register", "/help", "/no-such-page")
SIGNED_IN = (
    "/library",
    "/library?view=list",
    "/library?q=zzzz",
    "/library?status=deleted",
    "/library?cursor=x",
    "/books/new",
    "/find?q=dune",
    "/account",
    "/help",
)


async def problems(page: Page) -> list[str]:
    """What axe finds wrong; injected by evaluate, because the CSP blocks script tags."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate(
        "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES
    )
    return [
        f"{page.url} {rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_page_has_an_accessibility_violation(chromium, tmp_path, theme):
    context = await chromium.new_context(color_scheme=theme, reduced_motion="reduce")
    page = await context.new_page()
    found = []
    async with serving(tmp_path / "instance") as site:
        for path in SIGNED_OUT:
            await page.goto(site.url + path)
            found += await problems(page)
        await register(page, site)
        found += await problems(page)
        book = await some_books(page, site)
        for path in (*SIGNED_IN, book, f"{book}/edit"):
            await page.goto(site.url + path)
            await page.wait_for_load_state("networkidle")
            found += await problems(page)
        await page.set_viewport_size({"width": 360, "height": 740})
        for path in ("/library", book):
            await page.goto(site.url + path)
            found += await problems(page)
    assert found == []


async def some_books(page: Page, site) -> str:
    """A found book, one by hand, a deleted one; the path of the found one."""
    await page.goto(f"{site.url}/books/new")
    await page.locator("#add-isbn").fill("9780441172719 9780261102217 9780141439518")
    await page.locator("#add-box button").click()
    await page.wait_for_load_state("networkidle")
    await page.goto(f"{site.url}/library")
    cards = page.locator("#shelf-cards .book")
    await expect(cards).to_have_count(3)
    await expect(page.locator("[data-pending]")).to_have_count(0, timeout=20_000)
    await cards.nth(0).locator("h2 a").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.wait_for_url("**/library*")
    path = await cards.nth(0).locator("h2 a").get_attribute("href")
    assert path
    return path


async def test_a_book_is_added_rated_and_found_without_a_mouse(chromium, tmp_path):
    page = await chromium.new_page()
    async with serving(tmp_path / "instance") as site:
        await register(page, site)
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.locator("#add-isbn").focus()
        await page.keyboard.type("9780441172719\n")
        card = page.locator("#shelf-cards .book").first
        await expect(card).to_be_visible()
        await expect(page.locator("#add-isbn")).to_be_focused()
        await expect(page.locator("#add-isbn")).to_have_value("")
        await expect(page.locator("[data-pending]")).to_have_count(0, timeout=20_000)
        await card.locator(".status [value=read]").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#count-read")).to_have_text("1")
        await expect(card.locator(".status [value=read]")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await expect(card.locator(".stars")).to_have_class("stars r4")
        await page.keyboard.press("/")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("zzz")
        await expect(page.locator("#shelf-cards .book")).to_have_count(0)
