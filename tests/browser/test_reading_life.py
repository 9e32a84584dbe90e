"""Tags, readings, review and the fourth status in a browser: by keyboard, and without script."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import register, serving
from tests.browser.test_access import problems

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MANY = ", ".join(f"tag {number} {'x' * (number % 9)}" for number in range(40))
LONG = "\n\n".join("A sentence about the book. " * 37 for _ in range(30))
SMALL_TARGETS = """() => [...document.querySelectorAll(
    ":is(.book-yours, .book-tags, .book-review) :is(a, button, summary, input, textarea), .tabs a")]
  .filter(one => one.type !== "hidden" && one.checkVisibility())
  .map(one => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => box.height < 44 || box.width < (one.closest(".tabs") ? 24 : 44))
  .map(([one, box]) => `${one.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""


async def a_book(page: Page, site, title: str = "Dune", **values: str) -> str:
    """A book added by hand; its path."""
    form = {"title": title, "nonce": title, **values}
    await page.context.request.post(f"{site.url}/books", form=form)
    await page.goto(f"{site.url}/library?q={title}")
    return str(await page.locator("#shelf-cards h2 a").first.get_attribute("href"))


async def send(page: Page, site, path: str, **form: str) -> None:
    """A form sent by hand."""
    answer = await page.context.request.post(site.url + path, form=form)
    assert answer.ok, await answer.text()


async def test_tags_and_readings_change_in_place_by_keyboard(chromium, tmp_path):
    page = await chromium.new_page()
    async with serving(tmp_path / "instance", "dead") as site:
        await register(page, site)
        await page.goto(site.url + await a_book(page, site, status="read"))
        await page.locator("#edit-tags").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type("to lend, sand")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".tag-list a")).to_have_text(["to lend", "sand"])
        await expect(page.locator("#edit-tags")).to_be_focused()

        await page.locator("#add-earlier").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type("2004")
        await page.keyboard.press("Tab")
        await page.keyboard.type("2003\n")
        await expect(page.locator("#earlier-finished-error")).to_be_visible()
        await expect(page.locator("#earlier-finished")).to_be_focused()
        await page.keyboard.press("Control+A")
        await page.keyboard.type("2004-05\n")
        await expect(page.locator(".reading-list li span")).to_have_text(["2004 to May 2004"])
        await expect(page.locator("#times-read")).to_have_text("Read twice")
        await expect(page.locator("#earlier-readings")).to_be_focused()

        await page.locator("#read-again").press("Enter")
        await expect(page.locator("#status-reading")).to_have_attribute("aria-pressed", "true")
        await expect(page.locator(".reading-list li")).to_have_count(2)
        await page.get_by_role("button", name="Undo").last.click()
        await expect(page.locator("#status-read")).to_have_attribute("aria-pressed", "true")
        await expect(page.locator(".reading-list li")).to_have_count(1)
        await page.get_by_role("button", name="Remove: 2004 to May 2004").click()
        await expect(page.locator("#book-readings")).to_contain_text("Add an earlier reading")
        await expect(page.locator("#times-read")).to_be_empty()
        await page.get_by_role("button", name="Undo").last.click()
        await expect(page.locator(".reading-list li")).to_have_count(1)

        await page.locator(".tag-list a").first.click()
        await expect(page).to_have_url(re.compile(r"q=to%20lend"))
        await expect(page.locator("#shelf-cards .book")).to_have_count(1)


async def test_review_and_notes_are_saved_one_after_the_other(chromium, tmp_path):
    page = await chromium.new_page()
    async with serving(tmp_path / "instance", "dead") as site:
        await register(page, site)
        path = await a_book(page, site)
        await page.goto(site.url + path)
        await page.locator("#notes").fill("Lent to Tom")
        await page.locator("#edit-review").click()
        await page.locator("#review").fill(LONG)
        await page.locator("#save-review").click()
        await expect(page.get_by_text("Read on")).to_be_visible()
        await expect(page.locator("#notes")).to_have_value("Lent to Tom")
        await page.locator("#save-notes").click()
        await expect(page.locator("#book-notes")).to_contain_text("Saved.")
        await page.locator("#edit-review").click()
        await page.locator("#review").fill("Mine")
        await send(page, site, f"{path}/review", review="Another window")
        await page.locator("#save-review").click()
        await expect(page.locator("#book-review")).to_contain_text("Another window")
        await expect(page.locator("#review")).to_have_value("Mine")
        await page.get_by_role("button", name="Save mine anyway").click()
        await expect(page.locator("#book-review p").first).to_have_text("Mine")


async def test_everything_works_without_script(chromium, tmp_path):
    page = await (await chromium.new_context(java_script_enabled=False)).new_page()
    async with serving(tmp_path / "instance", "dead") as site:
        await register(page, site)
        await page.goto(site.url + await a_book(page, site, status="read"))
        await page.locator("#edit-tags").click()
        await page.locator("#tags").fill("sand")
        await page.locator("#save-tags").click()
        await expect(page.locator(".tag-list a")).to_have_text("sand")
        await page.locator("#add-earlier").click()
        await page.locator("#earlier-finished").fill("2004")
        await page.locator("#add-reading").click()
        await expect(page.locator("#times-read")).to_have_text("Read twice")
        await page.locator("#read-again").click()
        await expect(page.locator(".reading-list li")).to_have_count(2)
        await page.get_by_role("button", name="Undo").click()
        await expect(page.locator(".reading-list li")).to_have_count(1)
        await page.get_by_text("Only the month or the year?").click()
        await page.locator("#started").fill("2019-03")
        await page.locator("#finished").fill("2018")
        await page.locator("#save-days").click()
        await expect(page.locator("#finished-error")).to_be_visible()
        await expect(page.locator("#started")).to_have_value("2019-03")
        await page.locator("#finished").fill("2019")
        await page.locator("#save-days").click()
        await expect(page.locator("#finished")).to_have_value("2019")
        await page.locator("#edit-review").click()
        await page.locator("#review").fill("Good.")
        await page.locator("#save-review").click()
        await expect(page.locator("#book-review")).to_contain_text("Good.")


async def test_a_book_is_given_up_on_its_card(chromium, tmp_path):
    page = await chromium.new_page(viewport={"width": 360, "height": 800})
    async with serving(tmp_path / "instance", "dead") as site:
        await register(page, site)
        await a_book(page, site, status="reading")
        await page.goto(f"{site.url}/library")
        await page.get_by_role("button", name="Did not finish").click()
        await expect(page.locator("#count-did-not-finish")).to_have_text("1")
        await page.mouse.move(0, 0)
        await page.locator("#main").focus()
        pressed = page.locator(".status [aria-pressed=true]")
        await expect(pressed).to_have_text("Did not finish", use_inner_text=True)
        await page.emulate_media(media="print")
        await expect(pressed).to_have_text("Did not finish", use_inner_text=True)
        await expect(pressed).to_be_visible()
        await page.emulate_media(media="screen")
        await page.locator("#tab-did-not-finish").click()
        await expect(page.locator("#shelf-cards .book")).to_have_count(1)
        await page.locator("#shelf-cards h2 a").click()
        await expect(page.locator("label[for=finished]")).to_have_text("Stopped")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_full_and_empty_pages_are_sound_at_every_width(chromium, tmp_path, theme):
    page = await (await chromium.new_context(color_scheme=theme)).new_page()
    found: list[str] = []
    async with serving(tmp_path / "instance", "dead") as site:
        await register(page, site)
        empty = await a_book(page, site, "Quiet")
        full = await a_book(page, site, "Middlemarch", status="did-not-finish")
        await send(page, site, f"{full}/tags", tags=MANY)
        await send(page, site, f"{full}/review", review=LONG)
        for year in range(1990, 2002):
            await send(page, site, f"{full}/readings", started=str(year), finished=f"{year}-05")
        for width in (320, 360, 768, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            for path in (empty, full, f"{full}?dates=vague", "/library", "/library?view=list"):
                await page.goto(site.url + path)
                for summary in await page.locator("main summary").all():
                    await summary.click()
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide == width, f"{path} is wider than the window"
                found += await page.evaluate(SMALL_TARGETS)
                if width in (360, 1440):
                    found += await problems(page)
    assert found == []
