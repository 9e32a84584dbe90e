"""Reading books: by id, and the shelf by walking indexes. Runs in a reader's thread.

A list in one order is merged from one walk for each shelf and rating (`UNION ALL` with `ORDER BY`
and `LIMIT`): nothing is sorted, so a page costs the same in a small library and in a large one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from booklib.adapters.sqlite.codec import (
    BOOK_COLUMNS,
    USER_BOOK_COLUMNS,
    book_of,
    user_book_of,
)
from booklib.models import MAX_RATING, STATUSES, Book, Owner, Page, Query, ShelfRow, UserBook
from booklib.models.shelf import SEPARATOR
from booklib.ports import MAX_IDS

ROW = "user_book_id, card, status, rating, finished_on, deleted_at"


class Order(NamedTuple):
    """The columns that a list is sorted by, all in one direction."""

    columns: tuple[str, ...]
    descending: bool

    @property
    def by(self) -> str:
        """The ORDER BY part."""
        direction = " DESC" if self.descending else ""
        return ", ".join(column + direction for column in self.columns)

    @property
    def behind(self) -> str:
        """The condition on rows behind the cursor."""
        names = ", ".join(self.columns)
        marks = ", ".join(f":after_{column}" for column in self.columns)
        return f"({names}) {'<' if self.descending else '>'} ({marks})"

    def cursor(self, after: str | None) -> dict[str, str]:
        """The parameters of `behind`; a cursor with too few parts is filled up."""
        parts = (after or "").split(SEPARATOR, len(self.columns) - 1)
        parts += [""] * (len(self.columns) - len(parts))
        return {f"after_{c}": part for c, part in zip(self.columns, parts, strict=True)}


_COLUMNS = {
    "added": ("added_key",),
    "title": ("title_key",),
    "author": ("author_key",),
    "rating": ("rating", "added_key"),
    "finished": ("finished_on", "added_key"),
}


def order_of(query: Query) -> Order:
    """How the answer to a query is sorted."""
    if query.shelf == "deleted":
        return Order(("status_key",), True)
    return Order(_COLUMNS[query.sort], query.descending)


def page(
    db: sqlite3.Connection, user_id: str, query: Query, after: str | None, limit: int
) -> Page[ShelfRow]:
    """One page of a query without words."""
    sql = statement(query, after is not None)
    parameters = {"user_id": user_id, "limit": limit + 1} | order_of(query).cursor(after)
    return page_of(db.execute(sql, parameters).fetchall(), limit)


def statement(query: Query, continued: bool, condition: str = "") -> str:
    """The statement that walks to a page; `condition` (`AND ...`) goes with each step."""
    return _select(query.shelf, query.rating, order_of(query), continued, condition)


def page_of(rows: Sequence[Any], limit: int) -> Page[ShelfRow]:
    """A page of rows of ROW and the columns of the order, of which there is one too many."""
    shown = tuple(_shelf_row(row) for row in rows[:limit])
    return Page(shown, shown[-1].key if len(rows) > limit else None)


def _shelf_row(row: Any) -> ShelfRow:
    ident, card, status, rating, finished, deleted_at, key = row[:7]
    if len(row) > 7:
        key = SEPARATOR.join((f"{key:02d}" if isinstance(key, int) else key, row[7]))
    return ShelfRow(ident, card, status, rating, finished, deleted_at is not None, key)


@lru_cache(maxsize=512)
def _select(
    shelf: str | None, rating: int | None, order: Order, continued: bool, condition: str
) -> str:
    # With one rating the books are walked as added; a condition on the rating too would hide that.
    one_rating = rating is not None and order.columns[0] == "rating"
    walk = Order(order.columns[1:], order.descending) if one_rating else order
    behind = f" AND {walk.behind}" if continued else ""
    walks = [
        f"SELECT {ROW}, {', '.join(order.columns)} FROM user_books "
        f"WHERE owner = (SELECT number FROM users WHERE user_id = :user_id){arm}{behind}{condition}"
        for arm in _arms(shelf, rating, walk)
    ]
    return f"{' UNION ALL '.join(walks)} ORDER BY {walk.by} LIMIT :limit"


def _arms(shelf: str | None, rating: int | None, walk: Order) -> list[str]:
    if shelf == "deleted":
        return [f" AND shelf = 'deleted'{_rated(rating)}"]
    if shelf is None and rating is None and walk.columns == ("added_key",):
        return [" AND added_key IS NOT NULL"]
    shelves = [shelf] if shelf else STATUSES
    ratings = range(MAX_RATING + 1) if rating is None else (rating,)
    if walk.columns[0] == "rating":
        return [f" AND shelf = '{each}'" for each in shelves]
    return [f" AND shelf = '{each}'{_rated(stars)}" for each in shelves for stars in ratings]


def _rated(rating: int | None) -> str:
    return "" if rating is None else f" AND rating = {rating:d}"


def books(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, Book]:
    """Books by id."""
    rows = db.execute(
        f"SELECT {BOOK_COLUMNS} FROM books WHERE book_id IN ({_marks(ids)})", tuple(ids)
    ).fetchall()
    return {row[0]: book_of(row) for row in rows}


def owned(db: sqlite3.Connection, user_id: str, ids: Sequence[str]) -> dict[str, UserBook]:
    """A user's books by id."""
    rows = db.execute(
        f"SELECT {USER_BOOK_COLUMNS} FROM user_books "
        f"WHERE owner = (SELECT number FROM users WHERE user_id = ?) "
        f"AND user_book_id IN ({_marks(ids)})",
        (user_id, *ids),
    ).fetchall()
    return {row[0]: user_book_of(user_id, row) for row in rows}


def _marks(ids: Sequence[str]) -> str:
    if len(ids) > MAX_IDS:
        raise ValueError(f"one read takes {MAX_IDS} ids, not {len(ids)}")
    return ", ".join("?" * len(ids))


def owners(db: sqlite3.Connection, book_id: str, after: str | None, limit: int) -> Page[Owner]:
    """Who has a copy of a Book, in the order of the copies' ids."""
    rows = db.execute(
        "SELECT users.user_id, user_book_id FROM user_books JOIN users ON users.number = owner "
        "WHERE book_id = ? AND user_book_id > ? ORDER BY user_book_id LIMIT ?",
        (book_id, after or "", limit + 1),
    ).fetchall()
    found = tuple(Owner(*row) for row in rows[:limit])
    return Page(found, found[-1].user_book_id if len(rows) > limit else None)
