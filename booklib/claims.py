"""A job in hand: its lease, its progress, its end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from booklib.models import Job, JobState
from booklib.ports import World


class LostClaim(Exception):
    """The lease ended and somebody else has taken the job: leave it to them."""


class GivenBack(LostClaim):
    """The job was given back on purpose, with what it needs to go on; nothing more is to store."""


class Claim:
    """A claimed job; every save shows that it is still ours and makes the lease longer."""

    def __init__(self, world: World, job: Job, lease_s: int) -> None:
        self.job = job
        self._world = world
        self._lease = timedelta(seconds=lease_s)
        self._turn = asyncio.Lock()

    async def renew(self) -> None:
        """Keep the job for another lease. Raises LostClaim."""
        await self.progress()

    async def progress(self, **values: Any) -> None:
        """Store small JSON values in the payload, for a resumed run. Raises LostClaim."""
        async with self._turn:
            payload = {**self.job.payload, **values}
            until = self._world.now() + self._lease
            await self._save(replace(self.job, payload=payload, lease_until=until))

    async def advance(self, **values: Any) -> None:
        """As `progress`, once a part of the work is done for good. Raises LostClaim.

        What went wrong before counts no longer: a long job may be interrupted any number of times,
        as long as it gets further in between.
        """
        async with self._turn:
            payload = {**self.job.payload, **values, "waits": 0}
            until = self._world.now() + self._lease
            await self._save(replace(self.job, payload=payload, lease_until=until, attempts=1))

    async def end(self, *, failed: bool = False, message: str = "") -> None:
        """Nothing more will happen to it by itself. Raises LostClaim."""
        state: JobState = "failed" if failed else "done"
        async with self._turn:
            ended = replace(self.job, state=state, message=message, ended_at=self._world.now())
            await self._save(replace(ended, due_at=None, lease_until=None))

    async def wait(
        self, until: datetime, message: str, *, give_back: bool = False, **values: Any
    ) -> None:
        """Try again at `until`; `give_back` the attempt where it was not the job's fault."""
        async with self._turn:
            waiting = replace(
                self.job,
                state="waiting",
                due_at=until,
                lease_until=None,
                message=message,
                attempts=self.job.attempts - give_back,
                payload={**self.job.payload, **values},
            )
            await self._save(waiting)

    async def _save(self, after: Job) -> None:
        if not await self._world.storage.save_job(self.job, after):
            raise LostClaim
        self.job = replace(after, rev=self.job.rev + 1)


class Errand(Claim):
    """A job within another: what it would store is kept in memory, the lease is the other's."""

    async def _save(self, after: Job) -> None:
        self.job = after
