"""Adding a book: by ISBN, by a provider's edition, or by hand. Never waits for a provider."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from booklib.cover_requests import ask_for
from booklib.errors import Invalid
from booklib.library.removing import restored
from booklib.library.saving import book_of, brought_up_to_date
from booklib.models import Fields, Job, Lookup, Status, User, UserBook, lookup_job
from booklib.models.ids import book_id, book_key, user_book_id
from booklib.models.shelf import place, unpack_card
from booklib.ports import Change, World
from booklib.retries import attempts

Outcome = Literal["new", "have", "restored"]


class Added(NamedTuple):
    """What came of an addition: `have` left the copy alone, `restored` took it from the trash."""

    user_book: UserBook
    outcome: Outcome


async def add_isbn(
    world: World, user: User, isbn: str, status: Status = "to-read", given: Fields | None = None
) -> Added:
    """Add the edition with this ISBN-13 (13 digits, checked by the caller).

    `given` is what a search result said of it; shown until a provider has been asked.
    """
    wish = _Wish(isbn=isbn, given=given or {}, status=status)
    return await _add(world, user, book_key(isbn), wish)


async def add_edition(
    world: World, user: User, edition: str, given: Fields, status: Status = "to-read"
) -> Added:
    """Add an edition that has no ISBN, by a provider's id (`provider:id`).

    `given` is what the search result said of it; shown until the provider itself has answered.
    """
    wish = _Wish(edition=edition, given=given, status=status)
    return await _add(world, user, book_key(None, edition), wish)


async def add_by_hand(
    world: World,
    user: User,
    mine: Fields,
    *,
    nonce: str,
    isbn: str | None = None,
    status: Status = "to-read",
) -> Added:
    """Add what the reader typed. `nonce` is the form's: sending it twice adds one book.

    Raises Invalid without a title.
    """
    if not mine.get("title"):
        raise Invalid.at("title", "A book needs a title.")
    return await _add(
        world, user, book_key(isbn, None, nonce), _Wish(isbn=isbn, mine=mine, status=status)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    isbn: str | None = None
    edition: str | None = None
    mine: Fields = field(default_factory=dict)
    given: Fields = field(default_factory=dict)
    status: Status


async def _add(world: World, user: User, key: str, wish: _Wish) -> Added:
    ident = user_book_id(user.user_id, key)
    async for _ in attempts():
        existing = (await world.storage.owned(user.user_id, [ident])).get(ident)
        if existing and not existing.deleted_at:
            return Added(existing, "have")
        if existing and not existing.moved_to:
            after = await restored(world, existing)
        else:
            after = _new(world, user, ident, key, wish)
        after, job = await with_lookup(world, after)
        if await world.storage.apply(user.user_id, [Change(existing, after)], job):
            after = replace(after, rev=existing.rev + 1 if existing else 1)
            if job:
                await world.queue.ring(job.job_id)
                # Somebody else's look-up may have told all copies just before this one was there.
                after = await brought_up_to_date(world, after, await book_of(world, after))
            await _see_to_cover(world, after)
            was_in_trash = existing is not None and not existing.moved_to
            return Added(after, "restored" if was_in_trash else "new")
    raise AssertionError("attempts() ends by raising Busy")


async def _see_to_cover(world: World, user_book: UserBook) -> None:
    """Have the picture of a known edition fetched where its time has not come yet."""
    if user_book.lookup != "found" or unpack_card(user_book.card).cover:
        return
    if book := await book_of(world, user_book):
        await ask_for(world, book)


def _new(world: World, user: User, ident: str, key: str, wish: _Wish) -> UserBook:
    now = world.now()
    today = user.today(now).isoformat()
    return UserBook(
        user_book_id=ident,
        user_id=user.user_id,
        book_id=book_id(key),
        isbn=wish.isbn,
        edition=wish.edition,
        status=wish.status,
        added_at=now,
        started_on=today if wish.status == "reading" else "",
        finished_on=today if wish.status == "read" else "",
        mine=wish.mine,
        given=wish.given,
    )


async def with_lookup(world: World, user_book: UserBook) -> tuple[UserBook, Job | None]:
    """The copy placed beside its Book, and the job to store where no provider was asked yet.

    A look-up that ended without a Book in the last 30 days is not repeated: the job's row is the
    negative cache (STORAGE.md, section 5), and "look up again" is there for the impatient.
    """
    if user_book.book_id is None:
        return place(replace(user_book, lookup="none"), None), None
    book = await book_of(world, user_book)
    if book:
        return place(replace(user_book, lookup="found"), book), None
    wanted = lookup_job(user_book.book_id, user_book.isbn, user_book.edition, world.now())
    job = await world.storage.job(wanted.job_id)
    if job and job.ended and not job.outlived(world.now()):
        state: Lookup = "failed" if job.state == "failed" else "not-found"
        return place(replace(user_book, lookup=state), None), None
    return place(replace(user_book, lookup="pending"), None), wanted
