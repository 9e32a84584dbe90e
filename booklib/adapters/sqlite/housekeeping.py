"""Really removing what may be removed: once at the start, then once a day."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Protocol

from booklib.errors import StorageDown, StorageFull

log = logging.getLogger(__name__)

DAY_S = 86_400.0


class Sweepable(Protocol):
    """A place that does not forget by itself, as DynamoDB does by its TTL."""

    async def sweep(self, now: datetime) -> None:
        """Forget what nobody can ask for any more; raises StorageDown and StorageFull."""


@asynccontextmanager
async def swept_daily(
    storage: Sweepable, now: Callable[[], datetime], every_s: float = DAY_S
) -> AsyncIterator[None]:
    """Sweep at the start and every `every_s` seconds until the block ends."""
    sweeping = asyncio.create_task(_sweep(storage, now, every_s), name="housekeeping")
    try:
        yield
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping


async def _sweep(storage: Sweepable, now: Callable[[], datetime], every_s: float) -> None:
    while True:
        try:
            await storage.sweep(now())
        except (StorageDown, StorageFull) as error:
            log.warning("what is old stays for another day: %s", error)
        await asyncio.sleep(every_s)
