"""The first visit to the welcome page, as Chromium sees it."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import async_playwright

from tests.bench.report import Row, at_most
from tests.bench.serving import server
from tests.browser.conftest import CHROMIUM, FLAGS

SHIFT = """() => new Promise(done => {
  let total = 0;
  new PerformanceObserver(list => list.getEntries().forEach(e => { total += e.value }))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(total), 500);
})"""


async def measure(folder: Path) -> list[Row]:
    """Compressed bytes, requests and layout shift with a cold cache."""
    async with server(folder / "browser") as (port, _), async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await chromium.new_page()
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        sizes: list[float] = []
        session.on(
            "Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"])
        )
        await page.goto(f"http://127.0.0.1:{port}/", wait_until="networkidle")
        shift = await page.evaluate(SHIFT)
        await chromium.close()
    return [
        at_most("first visit, compressed", sum(sizes) / 1000, 60, "kB"),
        at_most("first visit, requests", len(sizes), 6, "requests"),
        at_most("first visit, layout shift", shift, 0.0, "x"),
    ]
