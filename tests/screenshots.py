"""Take the pictures of the README from the demo library: `python -m tests.screenshots`."""

from __future__ import annotations

import asyncio
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from booklib.models import UserBook
from tests.browser.conftest import CHROMIUM, FLAGS, Site, serving
from tests.browser.test_shelf import demo, sign_in
from tests.cover_art import cover
from tests.pictured import give_covers
from tests.processes import ROOT

PICTURES = ROOT / "deploy/pictures"
BOOKS = 60
DRAWN = 4
"""All but each fourth book have a picture; that one shows what the program draws by itself."""
ALL_SHOWN = """() => [...document.images]
  .filter(image => image.getBoundingClientRect().top < innerHeight)
  .every(image => image.complete && image.naturalWidth)"""
LARGEST = 150_000
"""Bytes of a picture."""


def drawn(number: int, book: UserBook) -> bytes | None:
    """A cover for most of the books."""
    authors = book.given.get("authors")
    title, author = str(book.given["title"]), authors[0] if isinstance(authors, tuple) else ""
    if number % DRAWN == DRAWN - 1 or not (title + author).isascii():
        return None
    return cover(title, author, number)


async def main() -> None:
    """Fill a library of its own, serve it, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        data = Path(folder) / "instance"
        await demo(data, BOOKS)
        await give_covers(data, "alice", 50, drawn)
        async with serving(data, "dead") as site, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            await take(browser, site, "shelf-light", "light", (1280, 800))
            await take(browser, site, "shelf-dark", "dark", (1280, 800))
            await take(browser, site, "shelf-phone", "light", (390, 800), scale=2)
            await take(browser, site, "book-phone", "dark", (390, 800), scale=2, book=True)
            await browser.close()


async def take(
    browser: Browser,
    site: Site,
    name: str,
    scheme: str,
    size: tuple[int, int],
    *,
    scale: int = 1,
    book: bool = False,
) -> None:
    """One picture of the shelf, or of its first book."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=scale,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await sign_in(page, site)
    if book:
        await page.locator("#shelf-cards h2 a").first.click()
        await page.wait_for_url("**/books/*")
    await keep(page, name)
    await context.close()


async def keep(page: Page, name: str) -> None:
    """Write what the window shows, once its pictures are there."""
    await page.evaluate("() => document.activeElement.blur()")
    await page.wait_for_load_state("networkidle")
    await page.wait_for_function(ALL_SHOWN)
    file = BytesIO()
    image = Image.open(BytesIO(await page.screenshot()))
    for quality in range(88, 30, -6):
        file = BytesIO()
        image.save(file, "WEBP", quality=quality, method=6)
        if file.tell() <= LARGEST:
            break
    (PICTURES / f"{name}.webp").write_bytes(file.getvalue())
    print(f"{name}.webp: {file.tell() // 1000} kB", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())
