"""The look-up of a new edition, and what the page says while it lasts and after."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from booklib.claims import Claim
from booklib.cover_requests import ask_for
from booklib.library.saving import book_of
from booklib.metadata.asking import Answer, ask, common_fault, missing, thin_note
from booklib.metadata.fanout import fan_out
from booklib.metadata.waiting import waiting_note
from booklib.models import Book, UserBook, lookup_job
from booklib.ports import World
from booklib.retries import attempts

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
        await ask_for(world, book)
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
    await ask_for(world, book)
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
    """The Book with the answer in it, beside what others have put there meanwhile. Raises Busy."""
    payload = claim.job.payload
    ident, isbn = payload["book_id"], payload["isbn"]
    async for _ in attempts("This book's data"):
        if book is None:
            after = Book(book_id=ident, isbn=isbn, fields=answer.fields, sources=answer.sources)
        else:
            new = {
                name: source for name, source in answer.sources.items() if name not in book.fields
            }
            if not new:
                return book
            after = replace(
                book,
                fields={**book.fields, **{name: answer.fields[name] for name in new}},
                sources={**book.sources, **new},
                version=book.version + 1,
            )
        if await world.storage.save_book(after, book.version if book else 0):
            return after
        book = (await world.storage.books([ident])).get(ident)
    raise AssertionError("attempts() ends by raising Busy")


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
