"""Single keys, arrows, a scanner's digits and pasted lines."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import register, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASTE = """text => {
    const data = new DataTransfer();
    data.setData("text", text);
    const init = { clipboardData: data, bubbles: true, cancelable: true };
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", init));
}"""


async def test_keys_do_what_the_help_page_says(chromium, tmp_path):
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await register(page, site)
        box, books = page.locator("#add-isbn"), page.locator("#shelf-cards .book")
        await page.keyboard.type("9780441172719\n")
        await expect(books).to_have_count(1)
        await expect(box).to_be_focused()
        await page.evaluate(PASTE, "9780261102217\r\n9780141439518\n")
        await expect(box).to_have_value("9780261102217, 9780141439518")
        await page.keyboard.press("Enter")
        await expect(books).to_have_count(3)
        await page.locator("#main").focus()
        for key, index in (("j", 0), ("j", 1), ("k", 0)):
            await page.keyboard.press(key)
            await expect(books.nth(index).locator("h2 a")).to_be_focused()
        await books.first.locator(".stars button").first.focus()
        await page.keyboard.press("ArrowRight")
        await expect(books.first.locator(".stars button").nth(1)).to_be_focused()
        await page.keyboard.press("a")
        await expect(box).to_be_focused()
        await page.locator("#main").focus()
        await page.keyboard.press("/")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("a/?")
        await expect(page).to_have_url(re.compile(r"\?q=a%2F%3F$"))
        await page.locator("#main").focus()
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        await expect(page.locator("#keys")).to_contain_text("Search your books")
        await page.keyboard.press("Escape")
        await expect(page.locator("#keys")).to_be_hidden()


async def test_digits_rate_the_book_one_is_at_and_else_go_to_the_box(chromium, tmp_path):
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await register(page, site)
        box, books = page.locator("#add-isbn"), page.locator("#shelf-cards .book")
        await box.fill("9780441172719")
        await box.press("Enter")
        await expect(books).to_have_count(1)
        await page.locator("#main").focus()
        await page.keyboard.press("j")
        stars = books.first.locator(".stars")
        for key, rating in (("4", "r8"), ("2", "r4"), ("2", "r0"), ("5", "r10")):
            await page.keyboard.press(key)
            await expect(stars).to_have_class(f"stars {rating}")
            await expect(books.first.locator("h2 a")).to_be_focused()
        await page.keyboard.type("9")
        await expect(box).to_have_value("9")
        await page.locator("#main").focus()
        await page.keyboard.type("3")
        await expect(box).to_have_value("93")
        await page.goto(f"{site.url}/library")
        await books.first.locator("h2 a").click()
        await expect(page.locator("#book-panel .stars")).to_have_class("stars r10")
        await page.keyboard.press("3")
        await expect(page.locator("#book-panel .stars")).to_have_class("stars r6")


async def test_enter_adds_from_the_box_of_several_lines_too(chromium, tmp_path):
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await register(page, site)
        box, books = page.locator("#add-isbn"), page.locator("#shelf-cards .book")
        await box.fill("9780441172710 9780261102210 9780141439518")
        await box.press("Enter")
        await expect(page.locator("textarea#add-isbn")).to_have_value(re.compile("9780261102210"))
        await expect(books).to_have_count(1)
        await page.locator("#add-isbn").fill("9780441172719")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("9780261102217")
        await page.keyboard.press("Enter")
        await expect(books).to_have_count(3)
        await expect(page.locator("input#add-isbn")).to_be_focused()


async def test_single_keys_can_be_switched_off(chromium, tmp_path):
    async with serving(tmp_path / "instance", "dead") as site:
        page = await chromium.new_page()
        await register(page, site)
        await page.goto(f"{site.url}/account")
        await page.locator("[name=shortcuts]").uncheck()
        await page.get_by_role("button", name="Save", exact=True).click()
        await page.goto(f"{site.url}/library")
        await page.keyboard.press("/")
        await expect(page.locator("#search")).not_to_be_focused()
        await page.keyboard.type("978a?")
        await expect(page.locator("#add-isbn")).to_have_value("")
        await expect(page).to_have_url(f"{site.url}/library")
