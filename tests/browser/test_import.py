"""Moving in: a file is dropped, looked at, imported, taken back, with and without JavaScript."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import register, serving
from tests.browser.test_access import problems
from tests.goodreads import goodreads_csv

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = "goodreads_library_export.csv"
PATIENCE = 30_000
DROP = """([zone, name, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, {type: "text/csv"}));
  const target = document.querySelector(zone);
  target.dispatchEvent(new DragEvent("dragover", {bubbles: true, cancelable: true, dataTransfer}));
  const over = target.closest(".import-drop").matches("[data-over]");
  target.dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer}));
  return over;
}"""


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(goodreads_csv())
    return path


@pytest.fixture(params=["javascript", "no javascript"])
async def page(request, chromium):
    context = await chromium.new_context(java_script_enabled=request.param == "javascript")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    page.scripted = request.param == "javascript"
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert faults == []


def heading(page: Page):
    return page.locator("#import-heading")


async def hand_in(page: Page, site, file: Path) -> None:
    await page.goto(f"{site.url}/import")
    await page.get_by_label("Drop the file here").set_input_files(file)
    if not page.scripted:
        await page.get_by_role("button", name="Read the file").click()
    await expect(heading(page)).to_have_text("This is what would happen", timeout=PATIENCE)


async def apply(page: Page, books: int = 29) -> None:
    await page.get_by_role("button", name=f"Import {books} books").click()
    await expect(heading(page)).to_have_text("Imported", timeout=PATIENCE)


async def test_a_file_is_imported_and_taken_back(page, file, tmp_path):
    async with serving(tmp_path / "instance", provider="dead") as site:
        await register(page, site)
        await page.get_by_role("link", name="From another program").click()
        await hand_in(page, site, file)
        groups = page.locator(".import-group")
        await expect(groups.first.locator("summary")).to_contain_text("New 29")
        await expect(groups.last).to_contain_text("neither a title nor an ISBN")
        await page.reload()
        await apply(page)
        await expect(page.locator(".import-numbers")).to_contain_text("29")
        await page.get_by_role("link", name="To the library").click()
        await expect(page.locator("#shelf-cards .book")).to_have_count(29)
        await page.goto(f"{site.url}/import")
        await page.get_by_role("link", name="Look at it").click()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Take it as a file").click()
        left = Path(await (await download.value).path()).read_text("utf-8-sig")
        assert left.startswith("Problem,Book Id,Title,")
        await page.get_by_role("button", name="Undo this import").click()
        await expect(heading(page)).to_have_text("Taken back", timeout=PATIENCE)
        await page.get_by_role("link", name="To the library").click()
        await expect(page.locator("#shelf-cards .book")).to_have_count(0)
        await expect(page.locator(".empty")).to_contain_text("An empty shelf")


async def test_a_page_that_was_left_or_reloaded_shows_how_far_it_is(page, tmp_path):
    large = tmp_path / NAME
    large.write_bytes(goodreads_csv(3000))
    async with serving(tmp_path / "instance", provider="dead") as site:
        await register(page, site)
        await hand_in(page, site, large)
        url = page.url
        await page.get_by_role("button", name="Import 2,999 books").click()
        await page.goto(f"{site.url}/library")
        await page.goto(url)
        await page.reload()
        await expect(heading(page)).to_have_text("Imported", timeout=PATIENCE)
        await expect(page.locator(".import-numbers")).to_contain_text("2,999")
        if page.scripted:
            assert await page.title() == "Imported · Book Library"


async def test_a_file_can_be_dropped_anywhere(chromium, file, tmp_path):
    page = await chromium.new_page()
    page.scripted = True
    async with serving(tmp_path / "instance", provider="dead") as site:
        await register(page, site)
        await page.goto(f"{site.url}/import")
        text = b64encode(file.read_bytes()).decode()
        assert await page.evaluate(DROP, [".import-drop", NAME, text])
        await expect(heading(page)).to_have_text("This is what would happen", timeout=PATIENCE)
        await expect(heading(page)).to_be_focused()
        await expect(page.locator(".import-file")).to_contain_text(NAME)


async def test_a_file_is_imported_without_a_mouse(chromium, file, tmp_path):
    page = await chromium.new_page()
    async with serving(tmp_path / "instance", provider="dead") as site:
        await register(page, site)
        await page.goto(f"{site.url}/import")
        await page.locator("#import-file").focus()
        async with page.expect_file_chooser() as chooser:
            await page.keyboard.press("Space")
        await (await chooser.value).set_files(file)
        await expect(heading(page)).to_be_focused(timeout=PATIENCE)
        await page.get_by_role("button", name="Import 29 books").focus()
        await page.keyboard.press("Enter")
        await expect(heading(page)).to_have_text("Imported", timeout=PATIENCE)


async def test_what_is_too_large_or_empty_never_leaves_the_browser(chromium, tmp_path):
    page = await chromium.new_page()
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    async with serving(tmp_path / "instance", provider="dead") as site:
        await register(page, site)
        await page.goto(f"{site.url}/import")
        await page.locator("#import-file").set_input_files(empty)
        problem = page.locator("#import-problem")
        await expect(problem).to_have_text("The file empty.csv is empty.")
        await expect(page.locator("#import-file")).to_be_focused()
        await page.evaluate("document.getElementById('import-form').dataset.most = '100'")
        full = tmp_path / NAME
        full.write_bytes(goodreads_csv())
        await page.locator("#import-file").set_input_files(full)
        await expect(problem).to_contain_text("are taken at once")
        assert page.url == f"{site.url}/import"


async def test_a_lost_connection_is_told_and_looked_past(chromium, tmp_path):
    page = await chromium.new_page()
    page.scripted = True
    large = tmp_path / NAME
    large.write_bytes(goodreads_csv(5000))
    async with serving(tmp_path / "instance", provider="dead") as site:
        await register(page, site)
        await hand_in(page, site, large)
        await page.route("**/import/*stage=*", lambda route: route.abort(), times=1)
        await page.get_by_role("button", name="Import 4,999 books").click()
        await expect(page.locator("#import-lost")).to_be_visible()
        await expect(heading(page)).to_have_text("Imported", timeout=PATIENCE)


@pytest.mark.once
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_stage_has_an_accessibility_violation(chromium, file, tmp_path, theme):
    look = {"color_scheme": theme, "reduced_motion": "reduce"}
    page = await (await chromium.new_context(**look)).new_page()
    page.scripted = True
    unknown = tmp_path / "own.csv"
    unknown.write_bytes(b"Aa,Bb\r\nThe Magic Mountain,shelf 3\r\nEffi Briest,shelf 4\r\n")
    found = []
    async with serving(tmp_path / "instance", provider="dead") as site:
        await register(page, site)
        for width in (1280, 320):
            await page.set_viewport_size({"width": width, "height": 800})
            await page.goto(f"{site.url}/import")
            await page.locator("#import-file").set_input_files(unknown)
            await expect(heading(page)).to_have_text("What do the columns hold?", timeout=PATIENCE)
            found += await problems(page)
            await hand_in(page, site, file)
            found += await problems(page)
            assert await page.evaluate("document.documentElement.scrollWidth") == width
            await apply(page)
            found += await problems(page)
            assert await page.evaluate("document.documentElement.scrollWidth") == width
            await page.goto(f"{site.url}/import")
            found += await problems(page)
            await page.get_by_role("button", name="Undo this import").click()
            await expect(heading(page)).to_have_text("Taken back", timeout=PATIENCE)
            found += await problems(page)
    assert found == []
