"""Reading books: by id, and the shelf page by page with the reader's own last writes in it.

An index shows a write a moment after it was done. So a page leaves out what its user wrote in the
last seconds, and puts in how those books are now, read from the table itself (STORAGE.md, 4).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime

from booklib.adapters.dynamodb import recent, schema, users, walks
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.codec import book_of, pack, user_book_of
from booklib.adapters.dynamodb.expressions import filled, replaced, update
from booklib.adapters.dynamodb.faults import Refused
from booklib.adapters.dynamodb.library import Libraries, Library
from booklib.adapters.dynamodb.recent import Recent, Standing
from booklib.adapters.dynamodb.schema import Request
from booklib.adapters.dynamodb.walks import TRASH, Row, Walk
from booklib.errors import BooklibError
from booklib.models import Book, Owner, Page, Query, ShelfRow, UserBook
from booklib.ports import MAX_IDS

log = logging.getLogger(__name__)


async def books(dynamo: Dynamo, ids: Sequence[str]) -> dict[str, Book]:
    """Books by id."""
    found = map(book_of, await dynamo.get_many(dynamo.tables.books, "book_id", _bounded(ids)))
    return {book.book_id: book for book in found}


async def owned(dynamo: Dynamo, user_id: str, ids: Sequence[str]) -> dict[str, UserBook]:
    """A user's books by id."""
    table = dynamo.tables.user_books
    found = map(user_book_of, await dynamo.get_many(table, "user_book_id", _bounded(ids)))
    return {book.user_book_id: book for book in found if book.user_id == user_id}


def _bounded(ids: Sequence[str]) -> Sequence[str]:
    if len(ids) > MAX_IDS:
        raise ValueError(f"one read takes {MAX_IDS} ids, not {len(ids)}")
    return ids


class Shelf:
    """The pages of everybody's shelf; keeps for a moment what took reading a whole library."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self._libraries = Libraries()

    async def page(
        self, user_id: str, query: Query, after: str | None, limit: int, now: datetime
    ) -> Page[ShelfRow]:
        """One page; see `Storage.shelf`."""
        standing = await users.standing(self._dynamo, user_id)
        if standing is None:
            return Page((), None)
        lately = recent.fresh(standing.recent, now)
        walk = walks.walk_of(query, now)
        if walks.in_order(query):
            keyed = await self._next(user_id, walk, after, limit, lately)
        else:
            library = await self._library(user_id, walk, standing.shelf_version(now), lately)
            keyed = library.page(query, walk.descending, after, limit + 1)
        rows = tuple(walks.shown(row, key, query) for key, row in keyed[:limit])
        page = Page(rows, rows[-1].key if len(keyed) > limit else None)
        if query.shelf == TRASH and not walks.filtered(query) and after is page.after is None:
            await self._count_trash(user_id, standing, len(rows), now)
        return page

    async def _next(
        self, user_id: str, walk: Walk, after: str | None, limit: int, lately: Recent
    ) -> list[tuple[str, Row]]:
        """At least the next limit + 1 rows of a stretch, if there are as many."""
        rest = walk.behind(after)
        # One more shows that there is a next page; one is that of the cursor itself.
        most = limit + len(lately) + 1 + (after is not None)
        found = await walks.rows(self._dynamo, user_id, rest, most)
        found = await self._as_written(user_id, rest, found, lately)
        found.sort(key=lambda row: row.key, reverse=walk.descending)
        keyed = [(row.key.removeprefix(walk.lead), row) for row in found]
        return [(key, row) for key, row in keyed if key != after]

    async def _library(self, user_id: str, walk: Walk, version: int, lately: Recent) -> Library:
        """All rows of a stretch, as of one version of the shelf."""
        kept = self._libraries.get(user_id, walk.index.name, version)
        if kept is not None:
            return kept
        found = await walks.rows(self._dynamo, user_id, walk)
        library = Library(await self._as_written(user_id, walk, found, lately))
        if all(write.user_book_id for write in lately):
            self._libraries.keep(user_id, walk.index.name, version, library)
        return library

    async def _as_written(
        self, user_id: str, walk: Walk, found: list[Row], lately: Recent
    ) -> list[Row]:
        """The rows with the last writes as the table itself has them."""
        ids = {write.user_book_id for write in lately if write.user_book_id}
        if not ids:
            return found
        rows = [row for row in found if row.user_book_id not in ids]
        for book in (await owned(self._dynamo, user_id, list(ids))).values():
            key = getattr(book.keys, walk.index.key.removesuffix("_key"))
            if walk.holds(key):
                rows.append(_row(book, key))
        return rows

    async def _count_trash(
        self, user_id: str, standing: Standing, number: int, now: datetime
    ) -> None:
        """Count anew what DynamoDB has removed by itself, where nothing was written just now."""
        if recent.fresh(standing.recent, now) or standing.counts.get(TRASH, 0) == number:
            return
        counts = {**standing.counts, TRASH: number}
        change, values = replaced(
            {
                "counts": pack({shelf: books for shelf, books in counts.items() if books}),
                "shelf_version": standing.shelf_version(now) + 1,
            }
        )
        condition = "#shelf_version = :known AND attribute_not_exists(#closing_at)"
        request = update(
            self._dynamo.tables.users,
            {"user_id": user_id},
            change,
            condition,
            **values,
            known=standing.version,
        )
        try:
            await self._dynamo.call("update_item", request)
        except (Refused, BooklibError) as error:
            log.info("the trash is counted another time: %s", error)


def _row(book: UserBook, key: str) -> Row:
    return Row(book.user_book_id, book.card, book.status, book.rating, book.finished_on, key)


async def owners(dynamo: Dynamo, book_id: str, after: str | None, limit: int) -> Page[Owner]:
    """Who has a copy of a Book, as of a moment ago; the cursor is a place in the index."""
    request: Request = {
        "TableName": dynamo.tables.user_books,
        "IndexName": schema.BOOK_INDEX,
        "KeyConditionExpression": "#book_id = :book_id",
        "Limit": limit + 1,
    }
    if after is not None:
        user_id, user_book_id = json.loads(after)
        request["ExclusiveStartKey"] = {
            "book_id": {"S": book_id},
            "user_id": {"S": user_id},
            "user_book_id": {"S": user_book_id},
        }
    found: list[Owner] = []
    async for page in dynamo.pages("query", filled(request, book_id=book_id)):
        found += [Owner(row["user_id"]["S"], row["user_book_id"]["S"]) for row in page]
        if len(found) > limit:
            break
    rows = tuple(found[:limit])
    return Page(rows, json.dumps(rows[-1]) if len(found) > limit else None)
