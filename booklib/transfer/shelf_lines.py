"""A reader's whole shelf as lines of a file, a page of it at a time, oldest first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import NamedTuple

from booklib.models import Book, Query, UserBook
from booklib.ports import MAX_IDS, World

_OLDEST_FIRST = Query(descending=False)


class Kept(NamedTuple):
    """One copy, and what the providers say of its edition."""

    copy: UserBook
    book: Book | None


Line = Callable[[Kept], bytes]
"""What a file says of one book. The same for the same book in anybody's library."""

Share = Callable[[float], None]
"""Is told how much of the work is done, of 0 to 1."""


def unheard(share: float) -> None:
    """Nobody wants to know."""


async def pages(world: World, user_id: str, share: Share = unheard) -> AsyncIterator[list[Kept]]:
    """The books that are not deleted, in the order in which they were added."""
    user = await world.storage.user(user_id)
    total, seen = user.total if user else 0, 0
    after: str | None = None
    while True:
        page = await world.storage.shelf(user_id, _OLDEST_FIRST, after, MAX_IDS)
        idents = [row.user_book_id for row in page.rows]
        owned = await world.storage.owned(user_id, idents) if idents else {}
        # A book that was deleted since the page was read is not on the shelf any more.
        copies = [owned[one] for one in idents if one in owned and not owned[one].deleted_at]
        wanted = list(dict.fromkeys(copy.book_id for copy in copies if copy.book_id))
        books = await world.storage.books(wanted) if wanted else {}
        yield [Kept(copy, books.get(copy.book_id or "")) for copy in copies]
        seen += len(page.rows)
        share(min(seen / total, 1) if total else 1)
        if page.after is None:
            return
        after = page.after


async def lines(
    world: World, user_id: str, line: Line, share: Share = unheard
) -> AsyncIterator[list[bytes]]:
    """The lines of all books, in the order added; those of one moment in that of their bytes.

    Ids do not count, so that the same books make the same file in every library.
    """
    moment: datetime | None = None
    together: list[bytes] = []
    async for page in pages(world, user_id, share):
        ready: list[bytes] = []
        for kept in page:
            if kept.copy.added_at != moment:
                ready += sorted(together)
                moment, together = kept.copy.added_at, []
            together.append(line(kept))
        yield ready
    yield sorted(together)
