"""The jobs of an import: reading the file, applying it, taking it back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

from booklib.claims import Claim, GivenBack
from booklib.covers import forget
from booklib.errors import BadFile, StorageDown
from booklib.models import Job, UserBook
from booklib.ports import World
from booklib.transfer import matching, planning, plans
from booklib.transfer.applying import Closed, Outcome, Wish, apply_chunk
from booklib.transfer.format import Opened
from booklib.transfer.left import is_left
from booklib.transfer.own_covers import Covers
from booklib.transfer.planning import Judge
from booklib.transfer.plans import CHUNK, Judged
from booklib.transfer.previewing import Preview
from booklib.transfer.recognise import open_rows
from booklib.transfer.rows import Row
from booklib.transfer.undoing import undo_chunk
from booklib.workplace import temporary

RUN_S = 60.0
"""How long one run works before it lets others have the worker: a function ends after minutes."""

REST, MOST_REST_S = 0.7, 0.05
"""Rest after each chunk, as a share of the time that it took: for pages, which it slows down.

At most so long, for a chunk that is slow waits for others anyway.
"""

GONE = "The file has not arrived. Please send it again."
TITLES_KEPT = 200


async def read_file(world: World, claim: Claim) -> str:
    """Read the upload, judge each row, keep both; what is wrong with a file is told as `problem`.

    A run that was cut off begins from the first row: nothing was written to the library.
    """
    payload = claim.job.payload
    user_id, import_id = str(payload["user_id"]), str(payload["import_id"])
    folder = plans.folder(user_id, import_id)
    try:
        with temporary() as place:
            path = place / "upload"
            if not await world.files.fetch(f"{folder}/upload", path):
                raise BadFile(GONE)
            name, chosen = str(payload["file_name"]), payload.get("mapping")
            opened = await asyncio.to_thread(open_rows, path, name, chosen)
            if not chosen and (known := await _remembered(world, user_id, opened.signature)):
                opened = await asyncio.to_thread(open_rows, path, name, known)
            await _Reading(world, claim, user_id, folder, opened).run()
    except BadFile as error:
        await claim.progress(problem=str(error))
    except StorageDown:
        # Another file was handed in since, or the account closed: then this one's folder is gone.
        owner = await world.storage.user(user_id)
        if owner and owner.last_import == import_id:
            raise
    return ""


def _mapping_name(user_id: str, signature: str) -> str:
    return f"mappings/{user_id}/{signature}.json"


async def _remembered(world: World, user_id: str, signature: str) -> dict[str, str]:
    """The columns that the reader chose for an earlier file with the same header."""
    return await plans.kept(world, _mapping_name(user_id, signature)) or {} if signature else {}


class _Reading:
    """One run over a file's rows."""

    def __init__(
        self, world: World, claim: Claim, user_id: str, folder: str, opened: Opened
    ) -> None:
        self._world, self._claim = world, claim
        self._user_id, self._folder = user_id, folder
        self._opened = opened
        self._preview = Preview()
        self._rows = 0

    async def run(self) -> None:
        """Judge all rows and keep what the preview shows."""
        if chosen := self._claim.job.payload.get("mapping"):
            name = _mapping_name(self._user_id, self._opened.signature)
            await plans.keep(self._world, name, chosen)
        await self._claim.progress(since=self._world.now().isoformat(), handled=0)
        titles = await matching.titles_of(self._world, self._user_id)
        judge = Judge(self._world, self._user_id, titles)
        chunks = 0
        rows = self._opened.rows()
        try:
            # In a thread: what stands between two books may be as long as the whole file.
            began = time.monotonic()
            while some := await asyncio.to_thread(list, islice(rows, CHUNK)):
                await self._chunk(judge, some, chunks)
                chunks += 1
                began = await _rest(began)
        finally:
            with suppress(ValueError):  # the thread is still at it, and closes them itself
                rows.close()
        await self._keep_preview(chunks)

    async def _chunk(self, judge: Judge, rows: Sequence[Row], chunk: int) -> None:
        judged = await judge.judge(rows)
        await plans.keep_rows(self._world, self._folder, chunk, [one for one, _ in judged])
        for one, copy in judged:
            self._preview.count(one)
            if self._preview.wants(one.kind):
                self._preview.show(one, copy, await self._candidate(one))
        self._rows += len(judged)
        await self._claim.progress(handled=self._rows)

    async def _candidate(self, one: Judged) -> UserBook | None:
        found = await planning.copies(self._world, self._user_id, filter(None, [one.candidate]))
        return found.get(one.candidate)

    async def _keep_preview(self, chunks: int) -> None:
        opened = self._opened
        preview = {
            "format": opened.label,
            "columns": [[seen.name, list(seen.examples), seen.field] for seen in opened.columns],
            "remarks": [*opened.remarks, *self._preview.told()],
            "counts": self._preview.counts,
            "tally": self._preview.tally,
            "samples": self._preview.samples,
            "chunks": chunks,
        }
        await plans.keep(self._world, f"{self._folder}/preview.json", preview)
        await self._claim.progress(
            rows=self._rows,
            handled=self._rows,
            chunks=chunks,
            needs_mapping=opened.needs_mapping,
        )


async def _rest(began: float) -> float:
    """Leave the machine to others after a chunk; the time (`time.monotonic`) when that ends."""
    await asyncio.sleep(min(REST * (time.monotonic() - began), MOST_REST_S))
    return time.monotonic()


async def apply_file(world: World, claim: Claim) -> str:
    """Import the rows, a chunk at a time, going on where an earlier run was. Raises GivenBack."""
    payload = claim.job.payload
    user_id, import_id = str(payload["user_id"]), str(payload["import_id"])
    folder = plans.folder(user_id, import_id)
    wish = Wish(
        bool(payload["overwrite"]),
        payload["doubtful"],
        {int(row): choice for row, choice in payload["choices"].items()},
    )
    began = datetime.fromisoformat(payload["began"])
    run = _Run(world, claim)
    await run.start()
    try:
        async with Covers(world, user_id, f"{folder}/upload") as covers:
            async for chunk in run.chunks():
                judged = await covers.taken(await plans.kept_rows(world, folder, chunk))
                outcome = await apply_chunk(world, user_id, folder, chunk, judged, wish, began)
                left = sum(is_left(one, payload) for one in judged) + len(outcome.refused)
                if outcome.refused:
                    await plans.keep(world, plans.refused_name(folder, chunk), outcome.refused)
                await run.done(chunk, len(judged), _counted(outcome, judged, payload), left)
    except Closed:
        await forget(world, user_id)
        return ""
    await _look_up_later(world, claim)
    return ""


def _counted(
    outcome: Outcome, judged: Sequence[Judged], payload: Mapping[str, Any]
) -> dict[str, int]:
    """What came of a chunk's rows."""
    return {
        "new": len(outcome.made),
        "changed": outcome.changed,
        "same": outcome.same,
        "doubtful": sum(one.kind == "doubtful" and is_left(one, payload) for one in judged),
        "broken": sum(one.kind == "broken" for one in judged) + len(outcome.refused),
    }


async def _look_up_later(world: World, claim: Claim) -> None:
    payload = claim.job.payload
    counts = payload.get("counts", {})
    if not (counts.get("new") or counts.get("changed")):
        return
    now = world.now()
    user_id, import_id = payload["user_id"], payload["import_id"]
    job = Job(
        job_id=f"enrich:{user_id}:{import_id}",
        kind="enrich",
        payload={
            "user_id": user_id,
            "import_id": import_id,
            "folder": plans.folder(user_id, import_id),
            "chunks": payload["chunks"],
        },
        due_at=now,
        created_at=now,
    )
    await world.storage.add_job(job)
    await world.queue.ring(job.job_id)


class _Run:
    """A bounded run over the chunks of an import, and what it has counted."""

    def __init__(self, world: World, claim: Claim) -> None:
        self._world, self._claim = world, claim
        self._until = time.monotonic() + RUN_S

    async def start(self) -> None:
        """Remember when the work began, to tell how long it will take."""
        if "since" not in self._claim.job.payload:
            await self._claim.progress(since=self._world.now().isoformat(), handled=0)

    async def chunks(self) -> Any:
        """The chunks that are still to be done. Raises GivenBack where the time is over."""
        while (chunk := int(self._claim.job.payload.get("chunk", 0))) < self._last:
            if time.monotonic() > self._until:
                await self._claim.wait(self._world.now(), "", give_back=True)
                await self._world.queue.ring(self._claim.job.job_id)
                raise GivenBack
            began = time.monotonic()
            yield chunk
            await _rest(began)

    @property
    def _last(self) -> int:
        return int(self._claim.job.payload["chunks"])

    async def done(self, chunk: int, rows: int, counted: dict[str, int], left: int) -> None:
        """Store that a chunk is done, and what came of it."""
        payload = self._claim.job.payload
        counts = payload.get("counts", {})
        await self._claim.advance(
            chunk=chunk + 1,
            handled=int(payload.get("handled", 0)) + rows,
            counts={kind: counts.get(kind, 0) + number for kind, number in counted.items()},
            left=int(payload.get("left", 0)) + left,
        )


async def take_back(world: World, claim: Claim) -> str:
    """Undo an import from its last chunk to its first. Raises GivenBack."""
    payload = claim.job.payload
    user_id, import_id = str(payload["user_id"]), str(payload["import_id"])
    folder = plans.folder(user_id, import_id)
    run = _Run(world, claim)
    await run.start()
    async for number in run.chunks():
        chunk = int(payload["chunks"]) - 1 - number
        kept = list(claim.job.payload.get("kept", ()))
        for title in await undo_chunk(world, user_id, folder, chunk):
            if title not in kept and len(kept) < TITLES_KEPT:
                kept.append(title)
        await run.done(number, CHUNK, {}, 0)
        await claim.progress(kept=kept, handled=min((number + 1) * CHUNK, int(payload["rows"])))
    return ""
