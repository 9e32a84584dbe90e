"""The look-up of a new edition, and what the page says while it lasts and after."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from booklib.claims import Claim
from booklib.library.saving import book_of
from booklib.metadata.asking import Answer, ask, common_fault, missing, thin_note
from booklib.metadata.fanout import fan_out
from booklib.models import Book, Job, UserBook, lookup_job
from booklib.ports import World

FOUND = "Found."
NOT_FOUND = "No catalogue knows this book."
WHAT_TO_DO = "You can fill in the title yourself, or check the ISBN. Looking it up again is free."


async def look_up(world: World, claim: Claim) -> str:
    """Ask the catalogues for an edition, store its Book and tell every owner's copy.

    A crash anywhere is mended by doing it again: a stored Book is not asked for twice. Raises
    what the catalogues raised where none found it and not all could say so; also where one found
    it with gaps that another, silent for the moment, may fill: it alone is asked again later.
    """
    book_id = str(claim.job.payload["book_id"])
    book = (await world.storage.books([book_id])).get(book_id)
    silent = claim.job.payload.get("silent")
    if book and not silent:
        await fan_out(world, claim, book_id, book, "found")
        return str(claim.job.payload.get("note") or FOUND)
    answer = await _ask(world, claim, book, silent)
    if not answer.known:
        if fault := common_fault(answer.faults.values()):
            raise fault
        await fan_out(world, claim, book_id, None, "not-found")
        return NOT_FOUND
    note = thin_note(answer.fields, answer.faults)
    await claim.progress(note=note, silent=list(answer.unheard))
    book = await _stored(world, claim, book, answer)
    await fan_out(world, claim, book_id, book, "found")
    if fault := common_fault(answer.unheard.values()):
        raise fault
    return note or FOUND


async def _ask(
    world: World, claim: Claim, book: Book | None, silent: Collection[str] | None
) -> Answer:
    isbn, edition = claim.job.payload["isbn"], claim.job.payload["edition"]
    if book is None:
        return await ask(world, isbn, edition)
    return await ask(world, isbn, edition, known=book.fields, among=silent)


async def _stored(world: World, claim: Claim, book: Book | None, answer: Answer) -> Book:
    """The Book with the answer in it; another's, where somebody else was faster."""
    if book is None:
        payload = claim.job.payload
        after = Book(
            book_id=payload["book_id"],
            isbn=payload["isbn"],
            fields=answer.fields,
            sources=answer.sources,
        )
    elif not answer.sources:
        return book
    else:
        sources = {**book.sources, **answer.sources}
        after = replace(book, fields=answer.fields, sources=sources, version=book.version + 1)
    if await world.storage.save_book(after, book.version if book else 0):
        return after
    return (await world.storage.books([after.book_id]))[after.book_id]


async def give_up(world: World, claim: Claim) -> None:
    """Mark every copy that waited as failed; the job's message tells why."""
    await fan_out(world, claim, str(claim.job.payload["book_id"]), None, "failed")


async def lookup_note(world: World, user_book: UserBook) -> str:
    """The reason why a book's page is empty or thin, in words for its owner; else empty."""
    if user_book.book_id is None or user_book.lookup == "none":
        return ""
    wanted = lookup_job(user_book.book_id, user_book.isbn, user_book.edition, world.now())
    job = await world.storage.job(wanted.job_id)
    if user_book.lookup == "found":
        book = await book_of(world, user_book)
        note = str(job.payload.get("note", "")) if job else ""
        return note if book and missing(book.fields) else ""
    if user_book.lookup == "not-found":
        return f"{NOT_FOUND} {WHAT_TO_DO}"
    if user_book.lookup == "failed":
        return f"The look-up failed. {job.message if job else ''} {WHAT_TO_DO}".replace("  ", " ")
    if job and job.state == "waiting" and job.message:
        return await waiting_note(world, job, user_book.user_id)
    return "Looking it up."


async def waiting_note(world: World, job: Job, user_id: str) -> str:
    """Why a job waits, and until when where its owner lives."""
    user = await world.storage.user(user_id)
    at = when(job.due_at or world.now(), world.now(), user.time_zone if user else "UTC")
    return f"{job.message} Next try {at}."


def when(moment: datetime, now: datetime, time_zone: str) -> str:
    """A moment as said to a person: "within a minute", "at 14:05", "tomorrow at 09:00"."""
    if moment - now < timedelta(minutes=1):
        return "within a minute"
    try:
        zone: ZoneInfo | None = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    there, here = moment.astimezone(zone or UTC), now.astimezone(zone or UTC)
    clock = f"at {there:%H:%M}" + ("" if zone else " UTC")
    days = (there.date() - here.date()).days
    if days == 0:
        return clock
    return f"tomorrow {clock}" if days == 1 else f"on {there.day} {there:%B} {clock}"
