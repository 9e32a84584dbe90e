"""Importing a file: handed in, read, looked at, applied, and taken back; each step is a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from booklib.errors import Busy, NotFound
from booklib.models import Job, User
from booklib.ports import World
from booklib.retries import armed, attempts
from booklib.transfer.applying import Doubt
from booklib.transfer.keeping import end_lookups, forget, is_running, job_id, last_applied
from booklib.transfer.left import rows_left
from booklib.transfer.looking import NONE, Import, Said, Sample, look, read_job
from booklib.transfer.plans import Kind

__all__ = [
    "Doubt",
    "Import",
    "Kind",
    "Said",
    "Sample",
    "apply",
    "begin",
    "job_id",
    "last_applied",
    "look",
    "remap",
    "rows_left",
    "undo",
]

RUNNING = "An import is going on. Please wait until it has ended."
OUTDATED = "Another file was handed in since. Please take this one again."


async def begin(world: World, user: User, import_id: str, file_name: str) -> None:
    """Read a file that is stored as `upload` already; doing it again changes nothing.

    What older imports have kept is forgotten, but for the last one that was applied. Raises Busy
    while that one is at work.
    """
    fresh = _job(
        world,
        "import-read",
        user.user_id,
        import_id,
        {"user_id": user.user_id, "import_id": import_id, "file_name": file_name[:200]},
    )
    again = await world.storage.job(fresh.job_id)
    async for _ in attempts("Your account"):
        if await _became_last(world, await _owner(world, user), again or fresh, again is not None):
            break
    await world.queue.ring(fresh.job_id)


async def _became_last(world: World, user: User, job: Job, again: bool) -> bool:
    """Whether an import is the user's last one, or was; False where somebody was faster."""
    import_id, previous = str(job.payload["import_id"]), user.last_import
    if previous == import_id or (again and previous != job.payload.get("previous")):
        return True
    former = await last_applied(world, user.user_id)
    if former and await is_running(world, user.user_id, former):
        raise Busy(RUNNING)
    payload = {**job.payload, "former": former, "previous": previous}
    stored = await world.storage.job(job.job_id)
    if stored is None:
        await world.storage.add_job(replace(job, payload=payload))
    elif not await world.storage.save_job(stored, replace(stored, payload=payload)):
        return False
    if not await world.storage.save_user(user, replace(user, last_import=import_id)):
        return False
    if previous not in ("", former):
        await forget(world, user.user_id, previous)
    return True


async def _owner(world: World, user: User) -> User:
    """The user as they are stored now. Raises NotFound."""
    found = await world.storage.user(user.user_id)
    if found is None:
        raise NotFound(NONE)
    return found


async def remap(world: World, user: User, import_id: str, mapping: Mapping[str, str]) -> None:
    """Read the file again with columns as the reader says, and remember it for such files.

    `mapping`: a key of generic.FIELDS, or empty for the notes, by column. Raises NotFound and Busy.
    """
    read = await read_job(world, user.user_id, import_id)
    if await world.storage.job(job_id("import", user.user_id, import_id)):
        raise Busy(RUNNING)
    payload = {**read.payload, "mapping": dict(mapping), "rows": 0, "problem": ""}
    fresh = _job(world, "import-read", user.user_id, import_id, payload)
    await armed(world, replace(fresh, created_at=read.created_at))
    await world.queue.ring(fresh.job_id)


async def apply(
    world: World,
    user: User,
    import_id: str,
    *,
    overwrite: bool,
    doubtful: Doubt,
    choices: Mapping[int, Doubt],
) -> None:
    """Import what the preview shows; doing it again changes nothing.

    `overwrite`: the file counts more than the reader's own edits. `doubtful`: what becomes of rows
    that may be books of theirs; `choices`: of single ones, by row. Raises NotFound and Busy.
    """
    read = await read_job(world, user.user_id, import_id)
    former = str(read.payload.get("former", ""))
    if import_id != (await _owner(world, user)).last_import:
        raise NotFound(OUTDATED)
    if former and await is_running(world, user.user_id, former):
        raise Busy(RUNNING)
    if not read.ended or read.payload.get("problem"):
        raise Busy("The file is still being read.")
    payload = {
        **_named(read),
        "overwrite": overwrite,
        "doubtful": doubtful,
        "choices": {str(row): choice for row, choice in choices.items()},
        "chunks": read.payload["chunks"],
        "rows": read.payload["rows"],
        "began": read.created_at.isoformat(),
    }
    job = _job(world, "import", user.user_id, import_id, payload)
    await world.storage.add_job(job)
    await world.queue.ring(job.job_id)
    if former:
        await forget(world, user.user_id, former)


async def undo(world: World, user: User, import_id: str) -> None:
    """Take an import back, what was edited since excepted; doing it again changes nothing.

    Only the last import that was applied can be undone. Raises NotFound and Busy.
    """
    read = await read_job(world, user.user_id, import_id)
    applied = await world.storage.job(job_id("import", user.user_id, import_id))
    if applied is None or import_id != await last_applied(world, user.user_id):
        raise NotFound("There is nothing to take back.")
    if not applied.ended:
        raise Busy(RUNNING)
    await end_lookups(world, user.user_id, import_id)
    payload = {**_named(read), "chunks": applied.payload["chunks"], "rows": applied.payload["rows"]}
    job = _job(world, "import-undo", user.user_id, import_id, payload)
    await world.storage.add_job(job)
    await world.queue.ring(job.job_id)


def _named(read: Job) -> dict[str, Any]:
    return {name: read.payload[name] for name in ("user_id", "import_id", "file_name")}


def _job(world: World, kind: str, user_id: str, import_id: str, payload: Mapping[str, Any]) -> Job:
    now = world.now()
    return Job(
        job_id=job_id(kind, user_id, import_id),
        kind=kind,
        payload=payload,
        due_at=now,
        created_at=now,
    )
