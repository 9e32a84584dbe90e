"""Trying again: a change that lost a race, a job that is to begin anew."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace

from booklib.errors import Busy
from booklib.models import Job
from booklib.ports import World

RETRY_SECONDS = 3.0


async def attempts(what: str = "This book") -> AsyncIterator[int]:
    """Count up with growing, jittered waits between; raises Busy after RETRY_SECONDS.

    `what` is being changed; it begins the sentence that the reader gets.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + RETRY_SECONDS
    attempt = 0
    while loop.time() < deadline:
        yield attempt
        attempt += 1
        await asyncio.sleep(random.uniform(0, min(0.02 * 2**attempt, 0.5)))  # noqa: S311
    raise Busy(f"{what} is being changed elsewhere. Please try again.")


async def armed(world: World, fresh: Job) -> Job:
    """The job with this id, due now: stored if new, begun anew unless it is running already.

    Raises Busy.
    """
    async for _ in attempts("This job"):
        stored = await world.storage.job(fresh.job_id)
        if stored is None:
            if await world.storage.add_job(fresh):
                return fresh
            continue
        if stored.state == "running":
            return stored
        if await world.storage.save_job(stored, fresh):
            return replace(fresh, rev=stored.rev + 1)
    raise AssertionError("attempts() ends by raising Busy")
