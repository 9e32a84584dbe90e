"""Long work in short stretches, so that pages are served beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

STRETCH_S = 0.001
"""How long the event loop is held at a time; a page waits for several such stretches."""


async def resting(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a rest for others as long as each stretch of work on them was."""
    began = time.perf_counter()
    for item in items:
        yield item
        worked = time.perf_counter() - began
        if worked > STRETCH_S:
            await asyncio.sleep(worked)
            began = time.perf_counter()
