"""An evening with the library on AWS: a browser, and the very package that is deployed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.aws.lambda_place import Place, mapped, placed
from tests.aws.packages import built_layer, built_package
from tests.aws.pump import pumping
from tests.browser.conftest import CHROMIUM, FLAGS, PASSWORD, register
from tests.browser.table import photo_of
from tests.processes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.slow]

DUNE = "9780441172719"
ON_THE_TABLE = ("9780261102217", "9780141439518", "9780141441146")
PATIENCE_MS = 30_000
"""A first event starts a container, and each page of this one may come from another."""


@pytest.fixture
async def place(moto: str) -> AsyncIterator[Place]:
    async with (
        placed(moto, built_package().folder, built_layer().folder) as place,
        pumping(place.pump),
    ):
        yield place


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def page(chromium: Browser, place: Place) -> AsyncIterator[Page]:
    """Closed before the place is: a page that is left alone goes on asking."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    await context.close()
    assert faults == []


async def test_an_evening_with_the_library_on_aws(
    page: Page, chromium: Browser, place: Place, tmp_path: Path
) -> None:
    await register(page, place)
    await add_one(page)
    await add_from_a_photo(page, chromium, place, tmp_path)
    await change_in_place(page, place)
    await write_a_note(page, place)
    await leave_and_come_back(page, place)
    logged = [*place.logged(place.api), *place.logged(place.worker)]
    assert [line for line in logged if line["level"] != "INFO"] == []


def cards(page: Page):
    return page.locator("#shelf-cards .book")


async def seen(page: Page, name: str) -> None:
    """A picture for people who want to look: tests/.cache/package-journey/."""
    await page.screenshot(path=ROOT / f"tests/.cache/package-journey/{name}.png")


async def add_one(page: Page) -> None:
    """Title and cover appear by themselves, when the worker has fetched them."""
    await page.locator("#add-isbn").fill(DUNE)
    await page.locator("#add-isbn").press("Enter")
    card = cards(page).first
    await expect(card).to_contain_text("Details will follow")
    await seen(page, "waiting")
    await expect(card).not_to_contain_text("Details will follow", timeout=PATIENCE_MS)
    await expect(card.locator("h2")).to_have_text(re.compile("^The "))
    picture = card.locator(".cover img")
    await expect(picture).to_have_count(1, timeout=PATIENCE_MS)
    assert await picture.evaluate("p => p.decode().then(() => p.naturalWidth)") > 50
    await seen(page, "arrived")


async def add_from_a_photo(page: Page, chromium: Browser, place: Place, folder: Path) -> None:
    """Three codes of one photo, read by what the layer holds."""
    photo = folder / "table.jpg"
    photo.write_bytes(await photo_of(chromium, [*ON_THE_TABLE, DUNE]))
    await page.goto(f"{place.url}/scan")
    await page.locator("#scan-choose").set_input_files(photo)
    rows = page.locator(".scan-row")
    await expect(rows).to_have_count(4, timeout=PATIENCE_MS)
    await expect(page.locator(".scan-row[data-state='new']")).to_have_count(3)
    await expect(page.locator(".scan-row[data-state='yours']")).to_have_count(1)
    await seen(page, "scanned")
    assert mapped(place.api, "libzbar") == [str(place.layer / "lib/libzbar.so.0")]
    await page.locator("#scan-add-button").click()
    await expect(page.locator("#scan-heading")).to_have_text("Added 3 books.")
    await page.get_by_role("link", name="To the library").click()
    await expect(cards(page)).to_have_count(4)
    await expect(page.locator("#shelf-cards")).not_to_contain_text(
        "Details will follow", timeout=PATIENCE_MS
    )
    # A shelf that is drawn between a book's details and its cover does not ask for the cover.
    for _ in range(20):
        if await page.locator("#shelf-cards .cover img").count() == 4:
            break
        await page.wait_for_timeout(500)
        await page.reload()
    await expect(page.locator("#shelf-cards .cover img")).to_have_count(4)
    await seen(page, "shelf")


async def change_in_place(page: Page, place: Place) -> None:
    card = cards(page).last
    await card.locator(".status [value=reading]").click()
    pressed = card.locator(".status [value=reading]")
    await expect(pressed).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#count-reading")).to_have_text("1")
    await card.locator(".stars button").nth(3).click()
    await expect(card.locator(".stars")).to_have_class(re.compile("r8"))
    await page.goto(f"{place.url}/library?status=reading&sort=title")
    await expect(cards(page)).to_have_count(1)


async def write_a_note(page: Page, place: Place) -> None:
    await cards(page).first.locator("h2 a").click()
    await page.locator("#notes").fill("Lent the old copy to Ben.\nRead it by the sea. 🏖")
    await page.locator("#save-notes").click()
    await expect(page.locator("body")).to_contain_text(re.compile(r"\bsaved\b", re.I))
    await page.reload()
    await expect(page.locator("#notes")).to_have_value(re.compile("by the sea. 🏖"))
    await seen(page, "book")


async def leave_and_come_back(page: Page, place: Place) -> None:
    """Into containers that were started anew: nothing that counts was kept in the old ones."""
    await page.get_by_text("Menu").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(f"{place.url}/")
    await page.goto(f"{place.url}/library")
    await page.wait_for_url(re.compile(r"/login\?next="))
    await place.api.stop()
    await page.locator("[name=username]").fill("alice")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("main form button").first.click()
    await expect(cards(page)).to_have_count(4)
    await seen(page, "back")
