"""Giving a stored picture to who may see it, and saying why there is none."""

from __future__ import annotations

from typing import NamedTuple

from booklib.cover_requests import has_picture
from booklib.covers.fetching import FETCHED
from booklib.errors import NotFound
from booklib.library.shelf import Entry
from booklib.metadata.waiting import waiting_note
from booklib.models import COVER_FILE, CoverName, CoverSize, cover_job
from booklib.ports import World


class State(NamedTuple):
    """How it stands with the picture of a book that shows none, or still shows an older one."""

    coming: bool
    note: str
    """A sentence for its owner; empty where there is nothing to say."""


NOTHING_TO_SAY = State(False, "")
ON_ITS_WAY = State(True, "The cover is on its way.")


async def picture(world: World, user_id: str, name: str, size: CoverSize) -> bytes:
    """A stored picture (WebP). Raises NotFound, also for another reader's own."""
    known = CoverName.parse(name)
    found = await world.files.get(known.file(size, user_id)) if known else None
    if found is None:
        raise NotFound("There is no such picture.")
    return found


async def state_of(world: World, entry: Entry) -> State:
    """Whether the provider's picture is still to come, and what became of it if not.

    A picture that has come since the entry was read counts as coming: it shows on the next look.
    """
    copy, book = entry.user_book, entry.book
    if book is None or COVER_FILE in copy.mine:
        return NOTHING_TO_SAY
    if has_picture(book):
        return NOTHING_TO_SAY if copy.book_version >= book.version else ON_ITS_WAY
    wanted = cover_job(book, world.now())
    job = await world.storage.job(wanted.job_id) if wanted else None
    if job is None:
        return NOTHING_TO_SAY
    if job.ended and COVER_FILE in book.fields:
        return NOTHING_TO_SAY
    if job.ended:
        return ON_ITS_WAY if job.message == FETCHED else State(False, job.message)
    if job.state == "waiting" and job.message:
        return State(True, await waiting_note(world, job, copy.user_id))
    return ON_ITS_WAY
