"""A served library, a provider beside it, and Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.processes import ROOT, free_port, until_up

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "seven brown sparrows"


@dataclass
class Site:
    """A running server."""

    url: str
    data: Path


@contextlib.asynccontextmanager
async def running(*arguments: str, port: int, **environment: str) -> AsyncIterator[None]:
    """A Python module as a process of its own, listening on `port` until the block ends."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments, "--port", str(port)),
        env=os.environ | environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await until_up(port)
        yield
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
        await child.wait()


@contextlib.asynccontextmanager
async def serving(data: Path, provider: str = "fast", **settings: str) -> AsyncIterator[Site]:
    """The program on an empty library; `provider` is a mode of the provider server, or `dead`."""
    catalogue, port = free_port(), free_port()
    url = f"http://127.0.0.1:{catalogue}"
    async with contextlib.AsyncExitStack() as stack:
        if provider != "dead":
            await stack.enter_async_context(
                running("tests.provider_server", "--mode", provider, port=catalogue)
            )
        await stack.enter_async_context(
            running(
                *("booklib", "serve"),
                port=port,
                **{
                    "BOOKLIB_DATA_DIR": str(data),
                    "OPEN_LIBRARY_URL": url,
                    "OPEN_LIBRARY_COVERS_URL": url,
                    "GOOGLE_BOOKS_API_KEY": "",
                    **settings,
                },
            )
        )
        yield Site(f"http://127.0.0.1:{port}", data)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def register(page: Page, site: Site, name: str = "alice") -> None:
    """A new account, signed in, on its empty shelf."""
    await page.goto(f"{site.url}/register")
    await page.locator("[name=username]").fill(name)
    await page.locator("[name=email]").fill(f"{name}@example.org")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("[name=confirm_password]").fill(PASSWORD)
    await page.locator("main form button").first.click()
    await page.wait_for_url("**/library")
