"""What a message of the queue asks for, and what becomes of it.

What comes of a job is on its row. A message is given back to SQS only where we failed ourselves, so
that the dead-letter queue, which takes what came back three times, holds nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from math import ceil
from typing import Any

from booklib import jobs
from booklib.adapters.sqs_queue import LONGEST_DELAY_S, job_of
from booklib.aws import logs
from booklib.errors import Busy, StorageDown, StorageFull
from booklib.ports import World

Event = dict[str, Any]

log = logging.getLogger(__name__)

AT_ONCE = 5
SWEPT = 500
SOON_S = 60


async def work(world: World, records: list[Event], seconds: float) -> Event:
    """Do the jobs that messages of SQS name, for some seconds.

    Answers which messages are to come again (AWS Lambda Developer Guide, ReportBatchItemFailures).
    """
    until = asyncio.get_running_loop().time() + seconds
    places = asyncio.Semaphore(AT_ONCE)

    async def one(record: Event) -> bool:
        async with places:
            return await _done(world, record, until)

    went_well = await asyncio.gather(*(one(record) for record in records))
    failed = [
        record["messageId"] for record, well in zip(records, went_well, strict=True) if not well
    ]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


async def _done(world: World, record: Event, until: float) -> bool:
    """Do the job of one message; False where the message is to come again."""
    try:
        job_id = job_of(record["body"])
    except ValueError as error:
        log.error("not a message of ours: %s", error)
        return False
    logs.job_id.set(job_id)
    try:
        async with asyncio.timeout_at(until) as limit:
            went_well = await jobs.run(world, job_id)
    except (StorageDown, StorageFull, Busy) as error:
        log.warning("a job waits for the storage: %s", error)
        await world.queue.ring(job_id, SOON_S)
        return True
    except TimeoutError:
        if not limit.expired():
            log.exception("a job could not be run")
            return False
        log.warning("a job was given back, the time is over")
        await world.queue.ring(job_id)
        return True
    except Exception:
        log.exception("a job could not be run")
        return False
    if went_well:
        await _ring_again(world, job_id)
    return went_well


async def _ring_again(world: World, job_id: str) -> None:
    """Send a message for a job that waits; for a longer wait than SQS knows there is the sweep."""
    try:
        job = await world.storage.job(job_id)
    except (StorageDown, Busy) as error:
        log.warning("the sweep will find the job: %s", error)
        return
    if job is None or job.state != "waiting" or job.due_at is None:
        return
    delay_s = max(ceil((job.due_at - world.now()).total_seconds()), 0)
    if delay_s <= LONGEST_DELAY_S:
        await world.queue.ring(job_id, delay_s)


async def sweep(world: World) -> None:
    """Ring for every job that is due: messages may be lost, and do not wait for hours."""
    due = await world.storage.due_jobs(world.now(), SWEPT)
    places = asyncio.Semaphore(AT_ONCE)

    async def ring(job_id: str) -> None:
        async with places:
            await world.queue.ring(job_id)

    await asyncio.gather(*(ring(job.job_id) for job in due))
    log.info("swept: %s jobs are due", len(due))
