"""A cover of one's own: a photo straight from the camera is made smaller before it is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from tests.browser.conftest import register, serving
from tests.browser.test_scan import add_dune

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """More bytes than a function of AWS takes, because nothing in it repeats."""
    path = tmp_path / "from-the-camera.jpg"
    noise = Image.effect_noise((3000, 4000), 120)
    Image.merge(
        "RGB", [noise, noise.rotate(180), noise.transpose(Image.Transpose.FLIP_TOP_BOTTOM)]
    ).save(path, quality=92)
    assert path.stat().st_size > 6_000_000
    return path


async def test_a_large_photo_is_made_smaller_before_it_is_sent(
    chromium, tmp_path: Path, photo: Path
) -> None:
    async with serving(tmp_path / "data") as site:
        page: Page = await (await chromium.new_context()).new_page()
        page.set_default_timeout(20_000)
        await register(page, site)
        await add_dune(page, site)
        await page.locator("#shelf-cards .book a").first.click()
        await page.locator("#change-cover").click()
        await page.locator("#image").set_input_files(photo)
        await expect(page.locator("#upload-cover")).to_be_enabled()
        async with page.expect_request(lambda asked: asked.url.endswith("/cover")) as sent:
            await page.locator("#upload-cover").click()
        request = await sent.value
        assert int((await request.all_headers())["content-length"]) < 4_000_000
        await expect(page.locator("#cover-note")).to_have_text("Your own picture")
        await expect(page.locator("#cover-photo img")).to_have_attribute("width", "560")
