"""Looking: a page of the shelf, and one book with all that is known of it."""

from __future__ import annotations

from typing import NamedTuple

from booklib.library.saving import book_of, brought_up_to_date, owned
from booklib.models import Book, Details, Page, Query, ShelfRow, UserBook, details
from booklib.ports import World

PAGE_SIZE = 50


class Entry(NamedTuple):
    """One book of the shelf: the copy, the Book behind it, and what its owner sees."""

    user_book: UserBook
    book: Book | None
    details: Details


async def shelf(
    world: World, user_id: str, query: Query, after: str | None, limit: int = PAGE_SIZE
) -> Page[ShelfRow]:
    """One page of the user's books; `after` is the cursor of the page before, or None."""
    return await world.storage.shelf(user_id, query, after, limit)


async def entry(world: World, user_id: str, user_book_id: str) -> Entry:
    """One book, deleted or not, brought up to date first. Raises NotFound and Moved."""
    user_book = await owned(world, user_id, user_book_id)
    book = await book_of(world, user_book)
    user_book = await brought_up_to_date(world, user_book, book)
    return Entry(user_book, book, details(user_book, book))
