"""The local worker: some tasks that run stored jobs, woken by rings and by a sweep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

from booklib.ports import Storage

log = logging.getLogger(__name__)

SWEEP_S = 5.0
SWEEP_LIMIT = 100
MAX_RUNG = 1_000
STOP_S = 1.0
"""Less than `serve` gives everything to close: jobs must be given back before the storage goes."""


class LocalQueue:
    """Runs due jobs in this process; the jobs' rows are the truth, a lost ring costs a sweep.

    Two processes on one database share the work: the claim in `run` decides who does a job.
    """

    def __init__(
        self,
        run: Callable[[str], Awaitable[None]],
        storage: Storage,
        workers: int = 4,
        *,
        sweep_s: float = SWEEP_S,
        stop_s: float = STOP_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`run` claims and runs one job by its id; `sweep_s` and `stop_s` are in seconds."""
        self._run = run
        self._storage = storage
        self._workers = workers
        self._sweep_s = sweep_s
        self._stop_s = stop_s
        self._now = now
        self._rung: dict[str, None] = {}
        self._busy: set[str] = set()
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._trouble = False
        self._stopped = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin with whatever is due, also what a crash left behind."""
        self._stopped.clear()
        names = [f"worker {number}" for number in range(1, self._workers + 1)]
        self._tasks = [asyncio.create_task(self._work(), name=name) for name in names]
        self._tasks.append(asyncio.create_task(self._sweep(), name="sweep"))

    async def stop(self) -> None:
        """Let running jobs finish for `stop_s` seconds, then cancel them: they are given back."""
        self._stopped.set()
        self._rung.clear()
        self._wake.set()
        self._drained.set()
        tasks, self._tasks = self._tasks, []
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self._stop_s)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def ring(self, job_id: str, delay_s: int = 0) -> None:
        """Wake a worker; the sweep finds what is due later, and where too many wait already."""
        if delay_s == 0 and not self._stopped.is_set() and len(self._rung) < MAX_RUNG:
            self._rung[job_id] = None
            self._wake.set()

    async def _work(self) -> None:
        while not self._stopped.is_set():
            if not self._rung:
                self._wake.clear()
                self._drained.set()
                await self._wake.wait()
                continue
            job_id = next(iter(self._rung))
            del self._rung[job_id]
            self._busy.add(job_id)
            try:
                await self._run(job_id)
            except Exception:
                self._trouble = True
                log.exception("a job could not be run job_id=%s", job_id)
            finally:
                self._busy.discard(job_id)

    async def _sweep(self) -> None:
        while not self._stopped.is_set():
            more = self._trouble = False
            try:
                more = await self._ring_what_is_due()
            except Exception:
                log.exception("could not look for due jobs")
            await self._pause(more)

    async def _pause(self, more: bool) -> None:
        """Wait for the next sweep; a long queue is swept again as soon as it is worked off."""
        self._drained.clear()
        if self._stopped.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._sweep_s):
                if more:
                    await self._drained.wait()
                if not more or self._trouble:
                    await self._stopped.wait()

    async def _ring_what_is_due(self) -> bool:
        """Whether there is more than one sweep takes."""
        due = await self._storage.due_jobs(self._now(), SWEEP_LIMIT)
        for job in due:
            if job.job_id not in self._busy:
                await self.ring(job.job_id)
        return len(due) == SWEEP_LIMIT
