"""What a new account learns from the browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import register, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_new_account_lives_in_the_time_zone_of_its_browser(chromium, tmp_path):
    page = await (await chromium.new_context(timezone_id="Europe/Berlin")).new_page()
    async with serving(tmp_path / "instance", "dead") as site:
        await register(page, site)
        await page.goto(f"{site.url}/account")
        await expect(page.locator("[name=time_zone]")).to_have_value("Europe/Berlin")
