"""What deploy.sh deploys, used by a browser: through HTTP API, Lambda, DynamoDB, SQS and S3."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.aws import emulators, packages
from tests.aws.checkout import copy_of_checkout
from tests.aws.command_line import REAL, CommandLine
from tests.browser.conftest import CHROMIUM, FLAGS, register
from tests.browser.table import photo_of
from tests.provider_server import ProviderServer

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.slow]

DUNE = "9780441172719"
PHOTOGRAPHED = ("9780261102217", "9780141439518")
PATIENCE_MS = 60_000
"""MiniStack starts one process for each function, at its first event."""

ONE_CORE_S = 40
"""What --code-only may work, to end within a minute: beside other tests it waits for its turn."""


@dataclass
class Deployed:
    """Where the site is, for those who only need its address."""

    url: str


@pytest.fixture
def ministack() -> Iterator[str]:
    with emulators.ministack() as url:
        yield url


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        await browser.close()
        assert faults == []


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    """A person at a copy of the checkout, who has the Python of the runtime."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    line = CommandLine(tmp_path / "person", copy_of_checkout(checkout))
    line.answers({}, otherwise=REAL)
    line.has(packages.runtime(), f'exec "{packages.RUNTIME_BIN}/python" "$@"')
    return line


def package_cache() -> dict[str, str]:
    """Let pip of another HOME find what it has fetched before, as this machine says it shall."""
    asked = [sys.executable, "-m", "pip", "cache", "dir"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    said = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return said | {"PIP_CACHE_DIR": told.stdout.strip()}


async def test_an_evening_with_what_was_deployed(
    page: Page, line: CommandLine, ministack: str, tmp_path: Path
) -> None:
    around = package_cache() | {
        "AWS_ENDPOINT_URL": ministack,
        "DOCKER_HOST": "unix:///nonexistent",
    }

    async def deploys(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = await asyncio.to_thread(line.deploys, "dev", *arguments, **around)
        assert done.returncode == 0, done.stderr
        return done

    async with ProviderServer() as provider:
        parameters = (
            f"Architecture={packages.ARCHITECTURE}",
            f"Runtime={packages.runtime()}",
            f"OpenLibraryUrl={provider.url}",
            f"OpenLibraryCoversUrl={provider.url}",
        )
        first = await deploys(*parameters)
        site = Deployed(first.stdout.strip())
        await register(page, site)
        await add_one(page)
        await rate_it(page)
        await add_from_a_photo(page, site, tmp_path)

        again = await deploys()
        assert again.stderr.splitlines()[-1] == "Nothing has changed."

        help_page = line.checkout / "templates/pages/help.html"
        text = help_page.read_text("utf-8")
        help_page.write_text(text.replace("</h1>", ", newly told</h1>", 1), "utf-8")
        before = seconds_worked()
        assert (await deploys("--code-only")).stdout == first.stdout
        assert seconds_worked() - before < ONE_CORE_S
        await page.goto(f"{site.url}/help")
        await expect(page.locator("h1")).to_contain_text("newly told")

        await deploys("--delete", "--yes")
        assert await gone(site)
        site = Deployed((await deploys(*parameters, "Contact=me@example.org")).stdout.strip())
        await come_back(page, site)


async def gone(site: Deployed) -> bool:
    """Whether the address leads nowhere any more."""
    host = site.url.removeprefix("http://")
    port = host.rpartition(":")[2]
    async with httpx.AsyncClient(base_url=f"http://localhost:{port}") as client:
        return (await client.get("/help", headers={"Host": host})).status_code == 404


def seconds_worked() -> float:
    """The seconds that processors gave to what has ended since the tests began."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cards(page: Page):
    return page.locator("#shelf-cards .book")


async def add_one(page: Page) -> None:
    """Title and cover appear by themselves, when the worker has got its message."""
    await page.locator("#add-isbn").fill(DUNE)
    await page.locator("#add-isbn").press("Enter")
    card = cards(page).first
    await expect(card).to_contain_text("Details will follow")
    await expect(card).not_to_contain_text("Details will follow", timeout=PATIENCE_MS)
    await pictured(page, 1)
    picture = cards(page).first.locator(".cover img")
    assert await picture.evaluate("p => p.decode().then(() => p.naturalWidth)") > 50


async def pictured(page: Page, number: int) -> None:
    """So many covers are there, also where a busy machine got one only at the second try."""
    covers = page.locator("#shelf-cards .cover img")
    async with asyncio.timeout(4 * PATIENCE_MS / 1000):
        while await covers.count() < number:
            await page.wait_for_timeout(3_000)
            await page.reload()


async def rate_it(page: Page) -> None:
    card = cards(page).first
    await card.locator(".status [value=reading]").click()
    pressed = card.locator(".status [value=reading]")
    await expect(pressed).to_have_attribute("aria-pressed", "true")
    await card.locator(".stars button").nth(3).click()
    await expect(page.locator("#count-reading")).to_have_text("1")


async def add_from_a_photo(page: Page, site: Deployed, folder: Path) -> None:
    """What the layer brings reads the codes of a photo."""
    browser = page.context.browser
    assert isinstance(browser, Browser)
    photo = folder / "table.jpg"
    photo.write_bytes(await photo_of(browser, [*PHOTOGRAPHED, DUNE]))
    await page.goto(f"{site.url}/scan")
    await page.locator("#scan-choose").set_input_files(photo)
    await expect(page.locator(".scan-row")).to_have_count(3, timeout=PATIENCE_MS)
    await page.locator("#scan-add-button").click()
    await expect(page.locator("#scan-heading")).to_have_text("Added 2 books.")
    await page.goto(f"{site.url}/library")
    await expect(cards(page)).to_have_count(3)
    await expect(page.locator("#shelf-cards")).not_to_contain_text(
        "Details will follow", timeout=PATIENCE_MS
    )
    await pictured(page, 3)
    await page.screenshot(path=folder / "shelf.png")


async def come_back(page: Page, site: Deployed) -> None:
    """Reader, books and secret are those of the deployment before: its cookie still counts.

    Nobody can sign in here, because MiniStack takes what is posted to /login for its Cognito.
    """
    (cookie,) = await page.context.cookies()
    await page.context.add_cookies(
        [{"name": cookie["name"], "value": cookie["value"], "url": site.url}]
    )
    await page.goto(f"{site.url}/library")
    await expect(cards(page)).to_have_count(3)
    await expect(page.locator("#count-reading")).to_have_text("1")
