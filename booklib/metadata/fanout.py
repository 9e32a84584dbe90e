"""Carrying what became known of a Book to everybody's copy of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from booklib.claims import Claim
from booklib.errors import Busy
from booklib.models import Book, Lookup, Owner, UserBook
from booklib.models.shelf import place
from booklib.ports import Change, World
from booklib.retries import attempts

log = logging.getLogger(__name__)

PAGE_SIZE = 100


async def fan_out(
    world: World, claim: Claim, book_id: str, book: Book | None, lookup: Lookup
) -> None:
    """Place every copy beside its Book, page by page; the cursor is kept in the job.

    Safe to do again: a copy that is as it should be is not written.
    """
    round_of = [lookup, book.version if book else 0]
    after = _cursor(claim.job.payload.get("fan_out"), round_of)
    while True:
        page = await world.storage.owners(book_id, after, PAGE_SIZE)
        for owner in page.rows:
            await settle(world, owner, book_id, book, lookup)
        if page.after is None:
            return
        after = page.after
        await claim.progress(fan_out=[*round_of, after])


def _cursor(kept: Any, round_of: list[Any]) -> str | None:
    if isinstance(kept, list) and kept[:2] == round_of:
        return str(kept[2])
    return None


async def settle(
    world: World, owner: Owner, book_id: str, book: Book | None, lookup: Lookup
) -> None:
    """Place one copy beside its Book; leave it where it has moved, gone or is up to date."""
    try:
        async for _ in attempts():
            found = await world.storage.owned(owner.user_id, [owner.user_book_id])
            copy = found.get(owner.user_book_id)
            if copy is None or copy.book_id != book_id or copy.moved_to:
                return
            wanted = _placed(copy, book, lookup)
            if wanted == copy:
                return
            if await world.storage.apply(owner.user_id, [Change(copy, wanted)]):
                return
    except Busy:
        # A closing account, or a copy under a storm of changes: its page mends it when shown.
        log.info("left a copy to be mended by its page user_book_id=%s", owner.user_book_id)


def _placed(copy: UserBook, book: Book | None, lookup: Lookup) -> UserBook:
    if book is None:
        if copy.lookup == "none" or copy.book_version:
            return copy
        return copy if copy.lookup == lookup else place(replace(copy, lookup=lookup), None)
    if copy.book_version >= book.version and copy.lookup == lookup:
        return copy
    return place(replace(copy, lookup=lookup), book)
