"""Long work in short stretches, so that pages are served beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

STRETCH_S = 0.001
"""How long the event loop is held at a time."""

OTHERS_S = 0.000_05
"""Whoever gets the loop back later than this has shared it with others."""

REST_S = 0.004
"""How long others are left alone once they are seen: about what a page takes."""

MOST_RESTS = 3
"""How often in a row: work beside many readers must get on, too."""


async def resting(items: Iterable[T]) -> AsyncIterator[T]:
    """The items; after each stretch of work on them others have their turn, and a rest to end it.

    Where nobody else is at work, no time is lost.
    """
    began = time.perf_counter()
    for item in items:
        yield item
        if time.perf_counter() - began > STRETCH_S:
            await _let_others_work()
            began = time.perf_counter()


async def _let_others_work() -> None:
    for _ in range(MOST_RESTS):
        began = time.perf_counter()
        await asyncio.sleep(0)
        if time.perf_counter() - began < OTHERS_S:
            return
        await asyncio.sleep(REST_S)
