"""Runs one stored job: claims it, does what its kind says, stores what came of it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from booklib import covers, metadata
from booklib.claims import Claim, LostClaim
from booklib.errors import (
    Busy,
    CatalogueError,
    QuotaSpent,
    StorageDown,
    StorageFull,
    TryLater,
    Unreadable,
)
from booklib.models import Job
from booklib.ports import World
from booklib.transfer import exporting
from booklib.transfer.enriching import enrich
from booklib.transfer.working import apply_file, read_file, take_back

log = logging.getLogger(__name__)

LEASE_S = 30
MAX_FAULTS = 5
WAITS_S = (30, 120, 600, 3_600, 21_600)
MAX_WAITS = 32
"""About seven days of trying: the four short waits, then every six hours."""
QUOTA_PATIENCE = timedelta(days=30)
OUR_FAULT = "Something in this program went wrong; the log of the server has the details."


class Kind(NamedTuple):
    """What a kind of job does; `gave_up` is called before it is marked as failed."""

    run: Callable[[World, Claim], Awaitable[str]]
    gave_up: Callable[[World, Claim], Awaitable[None]] | None = None


async def close_account(world: World, claim: Claim) -> str:
    """Remove a user who closed the account, and everything of theirs."""
    user_id = str(claim.job.payload["user_id"])
    await world.storage.remove_user(user_id)
    await covers.forget(world, user_id)
    for folder in (f"imports/{user_id}", f"mappings/{user_id}", f"exports/{user_id}"):
        await world.files.remove_all(folder)
    return ""


KINDS: dict[str, Kind] = {
    "lookup": Kind(metadata.look_up, metadata.give_up),
    "refresh": Kind(metadata.refresh),
    "cover": Kind(covers.fetch),
    "fan-out": Kind(metadata.carry_out),
    "close": Kind(close_account),
    "import-read": Kind(read_file),
    "import": Kind(apply_file),
    "import-undo": Kind(take_back),
    "enrich": Kind(enrich),
    "export": Kind(exporting.make),
}


async def run(world: World, job_id: str) -> bool:
    """Run the job if it is due and nobody else has it; safe to call twice, at any moment.

    False after a fault of this program, which the log explains; what the world outside does wrong
    is on the job's row and counts as well done. Cancelling it gives the job back to the queue.
    Raises StorageDown, StorageFull and Busy where nothing could be stored.
    """
    job = await world.storage.claim_job(job_id, world.now(), LEASE_S)
    if job is None:
        return True
    claim = Claim(world, job, LEASE_S)
    with suppress(LostClaim):
        if job.kind not in KINDS or _faults(job) > MAX_FAULTS:
            log.error("job ends unfinished job_id=%s kind=%s", job.job_id, job.kind)
            await _fail(world, claim, OUR_FAULT)
            return False
        keeper = asyncio.create_task(_keep(claim))
        try:
            return await _outcome(world, claim)
        finally:
            keeper.cancel()
    return True


async def _keep(claim: Claim) -> None:
    """Renew the lease for as long as the job runs."""
    with suppress(LostClaim):
        while True:
            await asyncio.sleep(LEASE_S / 3)
            with suppress(StorageDown, StorageFull):
                await claim.renew()


async def _outcome(world: World, claim: Claim) -> bool:
    try:
        message = await KINDS[claim.job.kind].run(world, claim)
    except LostClaim:
        raise
    except QuotaSpent as fault:
        await _wait_for_quota(world, claim, fault)
    except TryLater as fault:
        await _wait(world, claim, fault.reason, fault.at)
    except (StorageDown, StorageFull, Busy) as fault:
        log.warning("job waits for the storage job_id=%s: %s", claim.job.job_id, fault)
        told = str(fault) if isinstance(fault, StorageFull) else OUR_FAULT
        await _wait(world, claim, told, None)
    except Unreadable as fault:
        await _try_again(world, claim, fault.reason)
    except CatalogueError as fault:
        await _fail(world, claim, fault.reason)
    except asyncio.CancelledError:
        await asyncio.shield(_give_back(world, claim))
        raise
    except Exception:
        log.exception("job failed job_id=%s kind=%s", claim.job.job_id, claim.job.kind)
        await _try_again(world, claim, OUR_FAULT)
        return False
    else:
        await claim.end(message=message)
    return True


async def _wait_for_quota(world: World, claim: Claim, fault: QuotaSpent) -> None:
    now = world.now()
    if now - claim.job.created_at > QUOTA_PATIENCE:
        await _fail(world, claim, fault.reason)
        return
    until = (fault.at or now + timedelta(hours=6)) + _jitter(300)
    await claim.wait(until, fault.reason, give_back=True)


async def _wait(world: World, claim: Claim, reason: str, at: datetime | None) -> None:
    """Wait longer each time; `at` is when the provider wants to be asked again."""
    waits = int(claim.job.payload.get("waits", 0))
    if waits >= MAX_WAITS:
        await _fail(world, claim, f"{reason} We have tried for a week.")
        return
    seconds = WAITS_S[min(waits, len(WAITS_S) - 1)]
    until = world.now() + timedelta(seconds=seconds) + _jitter(seconds / 4)
    if at:
        until = max(until, at + _jitter(5))
    await claim.wait(until, reason, waits=waits + 1)


async def _try_again(world: World, claim: Claim, reason: str) -> None:
    faults = _faults(claim.job)
    if faults >= MAX_FAULTS:
        await _fail(world, claim, reason)
        return
    seconds = WAITS_S[0] * faults
    await claim.wait(world.now() + timedelta(seconds=seconds) + _jitter(10), reason)


async def _fail(world: World, claim: Claim, reason: str) -> None:
    kind = KINDS.get(claim.job.kind)
    if kind and kind.gave_up:
        try:
            await kind.gave_up(world, claim)
        except LostClaim:
            raise
        except Exception:
            log.exception("could not tell of a failed job job_id=%s", claim.job.job_id)
    await claim.end(failed=True, message=reason)


async def _give_back(world: World, claim: Claim) -> None:
    with suppress(LostClaim):
        await claim.wait(world.now(), claim.job.message, give_back=True)


def _faults(job: Job) -> int:
    """Attempts that ended by a crash or a bug: all but those whose outcome was to wait."""
    return job.attempts - int(job.payload.get("waits", 0))


def _jitter(seconds: float) -> timedelta:
    return timedelta(seconds=random.uniform(0, seconds))  # noqa: S311
