"""Every page with axe-core, in both themes, and by keyboard alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect
from werkzeug.exceptions import NotFound

from booklib.app import create_app
from booklib.settings import Settings
from tests.browser.conftest import register, serving
from tests.processes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "tests/.cache/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
APP = create_app(Settings(secret_key="only for its routes"))
SIGNED_OUT = ("/", "/login", "/register", "/help", "/help/formats", "/no-such-page")
SIGNED_IN = (
    "/library",
    "/library?view=list",
    "/library?q=zzzz",
    "/library?status=deleted",
    "/library?cursor=x",
    "/books/new",
    "/scan",
    "/import",
    "/export",
    "/find?q=dune",
    "/account",
    "/account/password",
    "/account/delete",
    "/help",
    "/help/formats",
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


@pytest.mark.once
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_page_has_an_accessibility_violation(chromium, tmp_path, theme):
    look = {"color_scheme": theme, "reduced_motion": "reduce"}
    page = await (await chromium.new_context(**look)).new_page()
    visitor = await (await chromium.new_context(**look)).new_page()
    found, seen = [], set()

    async def check(page: Page, url: str) -> None:
        await page.goto(url, wait_until="networkidle" if "/find" in url else "load")
        seen.add(urlsplit(url).path)
        found.extend(await problems(page))

    async with serving(tmp_path / "instance", BOOKLIB_ALLOW_REGISTRATION="first") as site:
        for path in SIGNED_OUT:
            await check(visitor, site.url + path)
        await register(page, site)
        found += await problems(page)
        await check(visitor, f"{site.url}/register")  # now closed
        book, deleted = await some_books(page, site)
        paths = [book, f"{book}/edit", f"{book}/refresh", deleted]
        for path in (*SIGNED_IN, *paths):
            await check(page, site.url + path)
        async for answer in refused(page, visitor, site, book):
            found += [f"{answer}: {problem}" for problem in await problems(page)]
            found += [f"{answer}: {problem}" for problem in await problems(visitor)]
        await page.goto(f"{site.url}/library")
        await page.locator("#shelf-cards h2 a").first.focus()
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        found += await problems(page)
        await page.keyboard.press("Escape")
        await page.get_by_text("Menu").click()
        found += await problems(page)
        await page.set_viewport_size({"width": 320, "height": 740})
        small = ("/library", "/library?view=list", "/books/new", "/account", "/help", book)
        for path in (*small, "/export", "/help/formats"):
            await check(page, site.url + path)
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width == 320, f"{path} is wider than the window"
    assert found == []
    assert pages() - {endpoint(path) for path in seen} == set()


def pages() -> set[str]:
    """The routes that answer a whole page of their own to a GET."""
    rules = [rule for rule in APP.url_map.iter_rules() if "GET" in (rule.methods or ())]
    pieces = {"static", "pages.health", "books.card", "covers.arrived", "covers.own"}
    pieces |= {"covers.shared", "importing.uploaded", "importing.left"}
    pieces |= {"exporting.download"}
    elsewhere = {"importing.shown"}  # at each of its stages, in test_import.py
    return {rule.endpoint for rule in rules} - pieces - elsewhere


def endpoint(path: str) -> str:
    """The route that answers a path; empty where none does."""
    try:
        return str(APP.url_map.bind("localhost").match(path)[0])
    except NotFound:
        return ""


async def refused(page: Page, visitor: Page, site, book: str) -> AsyncIterator[str]:
    """Forms that come back with something to mend, one after the other, each by its name."""
    await visitor.goto(f"{site.url}/login")
    await visitor.locator("[name=username]").fill("nobody")
    await visitor.locator("[name=password]").fill("wrong")
    await visitor.get_by_role("button", name="Sign in").click()
    await expect(visitor.locator(".field-error")).to_be_visible()
    await page.goto(f"{site.url}/books/new")
    await page.locator("#add-isbn").fill("9780441172710 9780441172719")
    await page.locator("#add-box button").click()
    await expect(page.locator("#add-outcome")).to_be_visible()
    yield "sign-in and a list with a wrong number"
    await page.goto(f"{site.url}/scan")
    await page.locator("#scan-code").fill("978044117271")
    await page.get_by_role("button", name="Check it").click()
    await expect(page.locator("#scan-code-problem")).to_be_visible()
    yield "a code with a digit missing"
    await page.goto(f"{site.url}{book}")
    await page.locator("#change-cover").click()
    await page.locator("#upload-cover").click()
    await expect(page.locator("#image-error")).to_be_visible()
    yield "a cover without a picture"
    await page.goto(f"{site.url}{book}/edit")
    await page.locator("[name=published]").fill("last summer")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    yield "a wrong date"
    await page.goto(f"{site.url}{book}/edit")
    await page.evaluate("document.querySelector('[name=edit]').value = '99'")
    await page.locator("#title").fill("Typed meanwhile")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("h1")).to_contain_text("changed meanwhile")
    yield "a form that was overtaken"


async def some_books(page: Page, site) -> tuple[str, str]:
    """Three books are found, one of them is deleted; the paths of one left and of that one."""
    await page.goto(f"{site.url}/books/new")
    await page.locator("#add-isbn").fill("9780441172719 9780261102217 9780141439518")
    await page.locator("#add-box button").click()
    await page.wait_for_load_state("networkidle")
    await page.goto(f"{site.url}/library")
    cards = page.locator("#shelf-cards .book")
    await expect(cards).to_have_count(3)
    await expect(page.locator("[data-pending]")).to_have_count(0, timeout=20_000)
    deleted, left = [
        await cards.nth(place).locator("h2 a").get_attribute("href") or "" for place in (0, 1)
    ]
    await page.goto(site.url + deleted)
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.wait_for_url("**/library*")
    return left, deleted


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
        for _ in ("did not finish", "one star", "two stars"):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await expect(card.locator(".stars")).to_have_class("stars r4")
        await page.keyboard.press("/")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("zzz")
        await expect(page.locator("#shelf-cards .book")).to_have_count(0)
