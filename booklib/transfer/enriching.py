"""Look-ups of imported books: one job with a cursor, behind whatever readers add themselves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from booklib.claims import Claim, Errand, GivenBack
from booklib.errors import QuotaSpent, Refused, TryLater, Unreadable
from booklib.metadata import look_up
from booklib.models import UserBook, lookup_job
from booklib.models.shelf import place, unpack_card
from booklib.ports import Change, World
from booklib.transfer import plans
from booklib.transfer.keeping import last_applied
from booklib.transfer.numbering import looked_up

BOOKS_A_RUN = 20
LOOKED_AHEAD = 2 * BOOKS_A_RUN
"""Copies among which those are looked for that a run asks about."""
RUN_S = 60.0
PAUSE_S = 2
LOOKED_AT = 50
"""Due jobs among which a reader's own look-up is looked for."""

WAITS_S = (30, 120, 600, 3_600, 21_600)
PATIENCE = timedelta(days=30)


async def enrich(world: World, claim: Claim) -> str:
    """Ask the catalogues for the new books of an import, some at a time, in the file's order.

    Where they want to be asked later it goes on later, for 30 days. Raises GivenBack.
    """
    payload = claim.job.payload
    user_id, folder = str(payload["user_id"]), str(payload["folder"])
    chunk, at = int(payload.get("chunk", 0)), int(payload.get("at", 0))
    looked = int(payload.get("looked", 0))
    until, asked = time.monotonic() + RUN_S, 0
    while chunk < int(payload["chunks"]):
        entries = await plans.kept_plan(world, folder, chunk, user_id)
        made = [ident for entry in entries if (ident := looked_up(entry, user_id))]
        told = at
        while at < len(made):
            if asked >= BOOKS_A_RUN or time.monotonic() > until or await _others_first(world):
                await _go_on_later(world, claim, PAUSE_S, "")
            if at >= told:
                next_ones = made[at : at + LOOKED_AHEAD]
                told = at + await _announce(world, user_id, next_ones, BOOKS_A_RUN - asked)
            asked += await _ask(world, claim, user_id, made[at])
            at, looked = at + 1, looked + 1
            await claim.advance(chunk=chunk, at=at, looked=looked, pauses=0)
        chunk, at = chunk + 1, 0
        await claim.advance(chunk=chunk, at=at)
    if await last_applied(world, user_id) != payload["import_id"]:
        await world.files.remove_all(folder)
    return ""


async def _go_on_later(world: World, claim: Claim, seconds: int, reason: str, **kept: int) -> None:
    until = world.now() + timedelta(seconds=seconds)
    await claim.wait(until, reason, give_back=True, **kept)
    await world.queue.ring(claim.job.job_id, seconds)
    raise GivenBack


async def _others_first(world: World) -> bool:
    """Whether look-ups are due that readers have asked for."""
    due = await world.storage.due_jobs(world.now(), LOOKED_AT)
    return any(job.kind in ("lookup", "refresh") and job.state == "waiting" for job in due)


async def _announce(world: World, user_id: str, idents: Sequence[str], most: int) -> int:
    """Tell the catalogues which books are asked for next; how many copies that covers."""
    owned = await world.storage.owned(user_id, idents)
    due = [place for place, ident in enumerate(idents) if ident in owned and _is_due(owned[ident])]
    copies = [owned[idents[place]] for place in due[:most]]
    known = await world.storage.books([copy.book_id for copy in copies if copy.book_id])
    isbns = [copy.isbn for copy in copies if copy.isbn and copy.book_id not in known]
    for catalogue in world.catalogues:
        await catalogue.expect(isbns)
    return due[most] if len(due) > most else len(idents)


def _is_due(copy: UserBook) -> bool:
    """Whether a copy's book is still to be looked up."""
    return copy.book_id is not None and copy.lookup == "none" and not copy.deleted_at


async def _ask(world: World, claim: Claim, user_id: str, ident: str) -> bool:
    """Look one copy's book up where that is still to be done; whether anybody was asked."""
    copy = (await world.storage.owned(user_id, [ident])).get(ident)
    if copy is None or copy.book_id is None or not _is_due(copy):
        return False
    errand = Errand(world, lookup_job(copy.book_id, copy.isbn, copy.edition, world.now()), 0)
    try:
        await look_up(world, errand)
    except QuotaSpent:
        raise
    except TryLater as fault:
        pauses = int(claim.job.payload.get("pauses", 0))
        if world.now() - claim.job.created_at > PATIENCE:
            raise Refused(fault.reason) from fault
        seconds = WAITS_S[min(pauses, len(WAITS_S) - 1)]
        if fault.at:
            seconds = max(seconds, int((fault.at - world.now()).total_seconds()))
        await _go_on_later(world, claim, seconds, fault.reason, pauses=pauses + 1)
    except (Refused, Unreadable):
        return True  # the others need not wait for it; its own page can ask again
    await _tell(world, user_id, ident)
    return True


async def _tell(world: World, user_id: str, ident: str) -> None:
    """Say so on a copy that has nothing but its number and that no catalogue knows."""
    copy = (await world.storage.owned(user_id, [ident])).get(ident)
    if copy and copy.lookup == "none" and not unpack_card(copy.card).title:
        await _mark(world, copy)


async def _mark(world: World, copy: UserBook) -> None:
    # Lost against a change of the reader's own: then the book's page is open and asks by itself.
    after = place(replace(copy, lookup="not-found"), None)
    await world.storage.apply(copy.user_id, [Change(copy, after)])
