"""Which import was applied last, and letting go of what the others have kept."""

from __future__ import annotations

from dataclasses import replace

from booklib.ports import World
from booklib.retries import attempts
from booklib.transfer import plans


def job_id(kind: str, user_id: str, import_id: str) -> str:
    """The id of one of an import's jobs."""
    return f"{kind}:{user_id}:{import_id}"


async def last_applied(world: World, user_id: str) -> str:
    """Id of the import that was applied last, which alone can be undone; empty if there is none.

    A file that was only looked at since does not count.
    """
    user = await world.storage.user(user_id)
    last = user.last_import if user else ""
    if not last or await world.storage.job(job_id("import", user_id, last)):
        return last
    read = await world.storage.job(job_id("import-read", user_id, last))
    return str(read.payload.get("former", "")) if read else ""


async def is_running(world: World, user_id: str, import_id: str) -> bool:
    """Whether an import is being applied or taken back."""
    for kind in ("import", "import-undo"):
        job = await world.storage.job(job_id(kind, user_id, import_id))
        if job and not job.ended:
            return True
    return False


async def forget(world: World, user_id: str, import_id: str) -> None:
    """Let go of an older import's files, unless its look-ups still go by them: they do it then."""
    enriching = await world.storage.job(job_id("enrich", user_id, import_id))
    if enriching is None or enriching.ended:
        await world.files.remove_all(plans.folder(user_id, import_id))


async def end_lookups(world: World, user_id: str, import_id: str) -> None:
    """Ask for no more of an import's books; a run ends at its next one. Raises Busy."""
    async for _ in attempts("This import"):
        job = await world.storage.job(job_id("enrich", user_id, import_id))
        if job is None or job.ended:
            return
        ended = replace(job, state="done", ended_at=world.now(), due_at=None, lease_until=None)
        if await world.storage.save_job(job, ended):
            return
