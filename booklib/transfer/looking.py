"""How an import stands, as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from booklib.errors import NotFound
from booklib.metadata.waiting import waiting_note
from booklib.models import Job, Status, User
from booklib.ports import World
from booklib.transfer import plans
from booklib.transfer.keeping import job_id, last_applied
from booklib.transfer.plans import KINDS, Kind

Stage = Literal["reading", "columns", "preview", "applying", "done", "undoing", "undone", "failed"]

NONE = "There is no such import."


class Said(NamedTuple):
    """What a row says of the reader's own."""

    status: Status | None = None
    rating: int = 0
    """Half stars; 0 for none."""
    started: str = ""
    finished: str = ""
    readings: int = 0
    """Number of the earlier ones."""
    copies: int = 0
    tags: tuple[str, ...] = ()
    review: bool = False
    """Whether there is one."""
    notes: bool = False


class Sample(NamedTuple):
    """A row as the preview shows it."""

    row: int
    title: str
    authors: str
    isbn: str
    reason: str
    changes: tuple[str, ...]
    """What it would change, and what could not be taken as it stands, in words."""
    candidate: str
    """The reader's book that it may be, in a line."""
    said: Said


class Lookups(NamedTuple):
    """How far the catalogues have been asked for the new books of an import."""

    looked: int
    of: int
    going: bool
    """Whether it still goes on."""
    reason: str
    """Why it waits, or why it ended early; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import as its page shows it."""

    import_id: str
    file_name: str
    format: str
    """The format's label; empty while the file is being read."""
    stage: Stage
    rows: int
    """Rows of the file, 0 while nobody knows."""
    handled: int
    """Rows that the present stage is done with."""
    counts: Mapping[Kind, int] = field(default_factory=dict)
    """While and after it is applied: what really came of the rows."""
    tally: Mapping[str, int] = field(default_factory=dict)
    """Rows of the file by what they say (see `previewing.Preview`)."""
    samples: Mapping[Kind, tuple[Sample, ...]] = field(default_factory=dict)
    columns: tuple[tuple[str, tuple[str, ...], str], ...] = ()
    """Name, first values and field of each column of the file."""
    remarks: tuple[str, ...] = ()
    overwrite: bool = False
    seconds_left: int | None = None
    message: str = ""
    can_undo: bool = False
    left: int = 0
    """Rows that were not imported."""
    undo_kept: tuple[str, ...] = ()
    """Titles of books that the undo left alone, because they were edited since."""
    lookups: Lookups | None = None
    """None where there is nothing to look up, or as long as that is not known."""
    created_at: datetime


async def read_job(world: World, user_id: str, import_id: str) -> Job:
    """The job that reads an import's file; each import has one. Raises NotFound."""
    job = await world.storage.job(job_id("import-read", user_id, import_id))
    if job is None:
        raise NotFound(NONE)
    return job


async def look(world: World, user: User, import_id: str) -> Import:
    """How an import stands. Raises NotFound, also for a stranger's."""
    read = await read_job(world, user.user_id, import_id)
    applied = await world.storage.job(job_id("import", user.user_id, import_id))
    undone = applied and await world.storage.job(job_id("import-undo", user.user_id, import_id))
    current = undone or applied or read
    stage = _stage(read, applied, undone or None)
    folder = plans.folder(user.user_id, import_id)
    seen = await plans.kept(world, f"{folder}/preview.json") if read.ended else None
    counted = applied.payload.get("counts", {}) if applied else (seen or {}).get("counts", {})
    payload = current.payload
    return Import(
        import_id=import_id,
        file_name=str(read.payload["file_name"]),
        format=str((seen or {}).get("format", "")),
        stage=stage,
        rows=int(payload.get("rows", 0)),
        handled=int(payload.get("handled", 0)),
        counts={kind: int(counted.get(kind, 0)) for kind in KINDS},
        tally=(seen or {}).get("tally", {}),
        samples=_samples(seen or {}),
        columns=tuple(
            (name, tuple(examples), field)
            for name, examples, field in (seen or {}).get("columns", ())
        ),
        remarks=tuple((seen or {}).get("remarks", ())),
        overwrite=bool(applied and applied.payload.get("overwrite")),
        seconds_left=_seconds_left(world, current),
        message=str(read.payload.get("problem") or current.message),
        can_undo=bool(applied and applied.ended and not undone)
        and import_id == await last_applied(world, user.user_id),
        left=int(applied.payload.get("left", 0)) if applied else 0,
        undo_kept=tuple(undone.payload.get("kept", ())) if undone else (),
        lookups=await _lookups(world, applied) if stage == "done" else None,
        created_at=read.created_at,
    )


async def _lookups(world: World, applied: Job | None) -> Lookups | None:
    number = applied.payload.get("counts", {}).get("new", 0) if applied else 0
    if not applied or not number:
        return None
    payload = applied.payload
    job = await world.storage.job(
        job_id("enrich", str(payload["user_id"]), str(payload["import_id"]))
    )
    if job is None:
        return None
    if job.state == "done":
        return Lookups(number, number, going=False, reason="")
    looked = min(int(job.payload.get("looked", 0)), number)
    reason = job.message if job.ended else ""
    if job.state == "waiting" and job.message:
        reason = await waiting_note(world, job, str(payload["user_id"]))
    return Lookups(looked, number, going=not job.ended, reason=reason)


def _stage(read: Job, applied: Job | None, undone: Job | None) -> Stage:
    if undone:
        return "undoing" if not undone.ended else "undone" if undone.state == "done" else "failed"
    if applied:
        return "applying" if not applied.ended else "done" if applied.state == "done" else "failed"
    if not read.ended:
        return "reading"
    if read.state == "failed" or read.payload.get("problem"):
        return "failed"
    return "columns" if read.payload.get("needs_mapping") else "preview"


def _samples(seen: Mapping[str, Any]) -> dict[Kind, tuple[Sample, ...]]:
    return {
        kind: tuple(
            Sample(**{**one, "changes": tuple(one["changes"]), "said": _said(one.get("said", {}))})
            for one in seen.get("samples", {}).get(kind, ())
        )
        for kind in KINDS
    }


def _said(packed: Mapping[str, Any]) -> Said:
    return Said(**{**packed, "tags": tuple(packed.get("tags", ()))})


def _seconds_left(world: World, job: Job) -> int | None:
    """By how long the rows so far have taken; None while there is nothing to judge by."""
    handled, rows = int(job.payload.get("handled", 0)), int(job.payload.get("rows", 0))
    since = job.payload.get("since")
    if job.ended or not handled or not rows or since is None:
        return None
    taken = (world.now() - datetime.fromisoformat(str(since))).total_seconds()
    return max(round(taken / handled * (rows - handled)), 0)
