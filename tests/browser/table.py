"""Photos of books on a table: pages with drawn barcodes, photographed by Chromium itself."""

from __future__ import annotations

from collections.abc import Sequence

import zxingcpp
from playwright.async_api import Browser

TILTS = (-8, 5, 0, 14, -3, 90, 178, -21)
"""Degrees, one book after another."""

PAGE = """
<!doctype html>
<style>
body { display: flex; flex-wrap: wrap; gap: 70px; margin: 0; padding: 90px; background: #7a5a3c; }
div { width: 400px; height: 560px; position: relative; box-shadow: 4px 8px 24px #0009; }
img { position: absolute; inset: auto 40px 40px auto; width: 250px; padding: 14px; }
img { background: #fff; }
</style>
"""
CLOTHS = ("#d9cdb8", "#34495e", "#8c3b2e", "#e8e4da", "#2f5d50", "#5b4a68")


async def photo_of(browser: Browser, codes: Sequence[str], quality: int = 88) -> bytes:
    """A JPEG of a table with one book for each code, face down, each at its own angle."""
    books = "".join(
        f'<div style="background: {CLOTHS[place % len(CLOTHS)]};'
        f' rotate: {TILTS[place % len(TILTS)]}deg">'
        f'<img src="data:image/svg+xml,{_drawn(code)}"></div>'
        for place, code in enumerate(codes)
    )
    page = await browser.new_page(viewport={"width": 1650, "height": 1450})
    await page.set_content(PAGE + books)
    photo = await page.screenshot(type="jpeg", quality=quality)
    await page.close()
    return photo


def _drawn(code: str) -> str:
    format_ = zxingcpp.BarcodeFormat.EAN13
    svg: str = zxingcpp.create_barcode(code, format_).to_svg(add_hrt=True, scale=3)
    return svg.replace("#", "%23").replace('"', "'").replace("\n", "")
