"""An export made ahead by a job and kept in Files, where answers cannot be sent piece by piece."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from booklib.claims import Claim
from booklib.errors import NotFound, Refused
from booklib.models import Job, User
from booklib.models.ids import new_id
from booklib.ports import World
from booklib.retries import armed
from booklib.transfer.exports import EXPORTS
from booklib.workplace import temporary

MAX_BEGUN = 3
"""How often an export is begun that does not come to its end in the time that a worker has."""

TELL_S = 2.0
TOO_LONG = (
    "This library is too large to be exported here. "
    "The command “booklib export” can do it, on the machine of whoever looks after this library."
)

State = Literal["making", "ready", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An export that was asked for."""

    state: State
    share: float
    """How much of it is done, of 0 to 1."""
    message: str
    file: str
    """Its name in Files, once it is ready."""
    file_name: str
    at: datetime | None
    """When it was ready."""


async def ask_for(world: World, user: User, kind: str) -> None:
    """Have an export made; one that is being made just now is the one. Raises NotFound and Busy."""
    if kind not in EXPORTS:
        raise NotFound("There is no such export.")
    job_id = _job_id(user.user_id, kind)
    former = await world.storage.job(job_id)
    if former is None or former.ended:
        payload = {
            "user_id": user.user_id,
            "kind": kind,
            "export_id": new_id(),
            "file_name": EXPORTS[kind].file_name(world, user),
        }
        now = world.now()
        await armed(
            world, Job(job_id=job_id, kind="export", payload=payload, due_at=now, created_at=now)
        )
        if former and (old := former.payload.get("file")):
            await world.files.remove(old)
    await world.queue.ring(job_id)


async def made(world: World, user_id: str, kind: str) -> Made | None:
    """How it stands with an export; None where none was asked for."""
    job = await world.storage.job(_job_id(user_id, kind))
    if job is None:
        return None
    file = str(job.payload.get("file", ""))
    ready = job.state == "done" and file
    return Made(
        state="ready" if ready else "failed" if job.ended else "making",
        share=float(job.payload.get("share", 0)),
        message=job.message,
        file=file,
        file_name=str(job.payload["file_name"]),
        at=job.ended_at,
    )


async def make(world: World, claim: Claim) -> str:
    """The job: write the file to this machine's disk, then keep it in Files.

    Raises Refused where it has been begun too often, or does not fit on this machine's disk.
    """
    payload = claim.job.payload
    begun = int(payload.get("begun", 0)) + 1
    if begun > MAX_BEGUN:
        raise Refused(TOO_LONG)
    await claim.progress(begun=begun, share=0)
    user_id, file_name = str(payload["user_id"]), str(payload["file_name"])
    name = f"exports/{user_id}/{payload['export_id']}/{file_name}"
    with temporary() as place:
        path = place / "export"
        try:
            await _write(world, claim, path)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise Refused(TOO_LONG) from error
        await world.files.store(name, path)
    user = await world.storage.user(user_id)
    if user is None or user.closing_at:
        await world.files.remove_all(f"exports/{user_id}")
        return ""
    await claim.progress(file=name, share=1)
    return ""


async def _write(world: World, claim: Claim, path: Path) -> None:
    payload: Any = claim.job.payload
    done, told = 0.0, time.monotonic()

    def share(part: float) -> None:
        nonlocal done
        done = part

    with path.open("wb") as file:
        async for piece in EXPORTS[payload["kind"]].stream(world, payload["user_id"], share):
            file.write(piece)
            if time.monotonic() - told > TELL_S:
                told = time.monotonic()
                await claim.progress(share=round(done, 3))


def _job_id(user_id: str, kind: str) -> str:
    return f"export:{user_id}:{kind}"
