"""The way of a photo: six books on a table are found, added, and stand on the shelf."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import register, serving
from tests.browser.table import photo_of
from tests.browser.test_access import problems

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DUNE, MUSIC = "9780441172719", "9790260000438"
NEW = ("9780261102217", "9780141439518", "9780141441146", "9780140449136")


@pytest.fixture
async def table(chromium, tmp_path) -> Path:
    """Six books, one of them sheet music; DUNE lies there too."""
    path = tmp_path / "table.jpg"
    path.write_bytes(await photo_of(chromium, [*NEW[:2], DUNE, MUSIC, *NEW[2:]]))
    return path


@pytest.fixture
async def empty(chromium, tmp_path) -> Path:
    """The table without a book."""
    path = tmp_path / "empty.jpg"
    path.write_bytes(await photo_of(chromium, []))
    return path


def rows(page: Page, state: str = ""):
    return page.locator(f".scan-row[data-state='{state}']" if state else ".scan-row")


async def add_dune(page: Page, site) -> None:
    await page.goto(f"{site.url}/books/new")
    await page.locator("#add-isbn").fill(DUNE)
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await page.locator("#add-box .button--primary").click()
    await page.goto(f"{site.url}/library")
    await expect(page.locator("#shelf-cards .book")).to_have_count(1)


@pytest.fixture(params=["javascript", "no javascript"])
async def page(request, chromium):
    context = await chromium.new_context(java_script_enabled=request.param == "javascript")
    context.set_default_timeout(20_000)
    page = await context.new_page()
    page.scripted = request.param == "javascript"
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert faults == []


async def test_six_books_of_one_photo_are_added(page, table, empty, tmp_path):
    async with serving(tmp_path / "instance") as site:
        await register(page, site)
        await add_dune(page, site)
        await page.goto(f"{site.url}/scan")
        await page.locator("#scan-choose").set_input_files([empty, table])
        if not page.scripted:
            await page.get_by_role("button", name="Read the pictures").click()
        await expect(rows(page)).to_have_count(6, timeout=20_000)
        await expect(rows(page, "new")).to_have_count(4)
        await expect(rows(page, "yours")).to_have_count(1)
        await expect(rows(page, "other")).to_contain_text("Sheet music")
        await expect(page.locator("#scan")).to_contain_text("No barcode could be read")
        crop = rows(page, "new").first.get_by_role("img", name="The barcode read as 978-")
        assert await crop.evaluate("picture => picture.naturalWidth") > 40
        await rows(page, "new").nth(3).get_by_role("checkbox").uncheck()
        await page.locator("#scan-status").select_option("read")
        await page.locator("#scan-add-button").click()
        if page.scripted:
            await expect(page.locator("#scan-heading")).to_have_text("Added 3 books.")
            await expect(page.locator("#scan-heading")).to_be_focused()
            await expect(page.locator(".scan-shelf .book")).to_have_count(3)
            star = page.locator(".scan-shelf .book").first.locator(".stars button").nth(3)
            await star.click()
            await expect(star).to_have_attribute("aria-pressed", "true")
            await expect(page.locator("#toasts")).to_contain_text("Rated 4 stars.")
            await page.get_by_role("link", name="To the library").click()
        await expect(page.locator("#shelf-cards .book")).to_have_count(4)
        await expect(page.locator("#count-read")).to_have_text("3")


async def test_what_was_found_stays_when_another_photo_and_a_number_come(page, chromium, tmp_path):
    first, second = tmp_path / "1.jpg", tmp_path / "2.jpg"
    first.write_bytes(await photo_of(chromium, NEW[:2]))
    second.write_bytes(await photo_of(chromium, NEW[1:3]))
    async with serving(tmp_path / "instance") as site:
        await register(page, site)
        await page.goto(f"{site.url}/scan")
        for picture, count in ((first, 2), (second, 3)):
            await page.locator("#scan-camera").set_input_files(picture)
            if not page.scripted:
                await page.get_by_role("button", name="Read the pictures").click()
            await expect(rows(page, "new")).to_have_count(count, timeout=20_000)
        await page.locator("#scan-code").fill("9780441172710")
        await page.locator("#scan-code").press("Enter")
        await expect(page.locator("#scan-code-problem")).to_contain_text("should be 9")
        await page.locator("#scan-code").fill("0-441-17271-7")
        await page.locator("#scan-code").press("Enter")
        await expect(rows(page, "new")).to_have_count(4)
        await expect(page.locator("#scan-add-button")).to_have_text("Add 4 books")


async def test_a_lost_connection_loses_no_picture(chromium, table, empty, tmp_path):
    page = await chromium.new_page()
    async with serving(tmp_path / "instance") as site:
        await register(page, site)
        await page.goto(f"{site.url}/scan")
        await page.locator("#scan-choose").set_input_files(empty)
        await expect(page.locator("#scan-progress")).to_contain_text("0 pictures read, 1 not")
        await page.route("**/scan", lambda route: route.abort(), times=1)
        await page.locator("#scan-choose").set_input_files([table, table])
        await expect(page.locator("#scan-progress")).to_contain_text("1 picture read, 2 not")
        await expect(page.locator(".scan-shot[data-state=lost]")).to_contain_text("is kept here")
        await expect(rows(page)).to_have_count(6)
        await page.get_by_role("button", name="Try again").click()
        await expect(page.locator(".scan-shot[data-state=lost]")).to_have_count(0)
        await expect(page.locator("#scan-progress")).to_contain_text("2 pictures read, 1 not")
        await expect(rows(page)).to_have_count(6)


async def test_more_than_ten_pictures_are_taken_up_to_ten(chromium, empty, tmp_path):
    page = await chromium.new_page()
    async with serving(tmp_path / "instance") as site:
        await register(page, site)
        await page.goto(f"{site.url}/scan")
        await page.locator("#scan-choose").set_input_files([empty] * 12)
        await expect(page.locator(".scan-shot")).to_have_count(10)
        await expect(page.locator("#scan-progress")).to_contain_text("the last 2 were left out")
        await expect(page.locator(".scan-shot[data-state=unread]")).to_have_count(
            10, timeout=30_000
        )


@pytest.mark.parametrize(("grain", "sharp"), [(40, 3000), (255, 2000)])
async def test_a_large_picture_is_made_smaller_but_stays_sharp(chromium, tmp_path, grain, sharp):
    page = await chromium.new_page()
    async with serving(tmp_path / "instance") as site:
        await register(page, site)
        await page.goto(f"{site.url}/scan")
        await page.evaluate(LISTENING)
        await page.evaluate(DROPPED, grain)
        shot = page.locator(".scan-shot")
        await expect(shot).to_have_attribute("data-state", "unread", timeout=20_000)
        weight, longest = await page.evaluate("window.sent")
        assert 100_000 < weight <= 4_000_000
        assert longest >= sharp


LISTENING = """() => {
  const send = window.fetch;
  window.fetch = async (address, options) => {
    const picture = options.body.get("image");
    window.sent = [picture.size, (await createImageBitmap(picture)).width];
    return send(address, options);
  };
}"""

DROPPED = """async (most) => {
  const canvas = new OffscreenCanvas(4400, 3300);
  const pen = canvas.getContext("2d");
  const grain = pen.createImageData(4400, 3300);
  for (let at = 0; at < grain.data.length; at += 1) {
    grain.data[at] = at % 4 === 3 ? 255 : (255 - most + Math.random() * most * 2) / 2;
  }
  pen.putImageData(grain, 0, 0);
  const blob = await canvas.convertToBlob({type: "image/jpeg", quality: 0.95});
  const moved = new DataTransfer();
  moved.items.add(new File([blob], "large.jpg", {type: "image/jpeg"}));
  const told = {dataTransfer: moved, bubbles: true, cancelable: true};
  document.body.dispatchEvent(new DragEvent("drop", told));
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_page_is_accessible_all_along(chromium, table, empty, tmp_path, theme):
    context = await chromium.new_context(color_scheme=theme, reduced_motion="reduce")
    page = await context.new_page()
    async with serving(tmp_path / "instance") as site:
        await register(page, site)
        await page.goto(f"{site.url}/scan")
        found = await problems(page)
        await page.locator("#scan-choose").set_input_files([empty, table])
        await expect(page.locator("#scan-progress")).to_contain_text("1 picture read, 1 not")
        await page.locator("#scan-code").fill("123")
        await page.locator("#scan-code").press("Enter")
        await expect(page.locator(".field-error")).to_be_visible()
        found += await problems(page)
        for width in (320, 360):
            await page.set_viewport_size({"width": width, "height": 740})
            await expect(page.locator("html")).to_have_js_property("scrollWidth", width)
        await page.locator("#scan-add-button").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#scan-heading")).to_have_text("Added 5 books.")
        found += await problems(page)
    assert found == []
