"""Searching: every word asked for begins some word of the book; the order is the shelf's."""

from __future__ import annotations

import sqlite3
from typing import Any

from booklib.adapters.sqlite.index import tag
from booklib.adapters.sqlite.shelf import ROW, order_of, page_of
from booklib.models import STATUSES, Page, Query, ShelfRow

_MATCHED = 12
"""Words looked up in the index, the longest; any more only filter what those find."""


def page(
    db: sqlite3.Connection, user_id: str, query: Query, after: str | None, limit: int
) -> Page[ShelfRow]:
    """One page of a query with words."""
    owner = db.execute("SELECT number FROM users WHERE user_id = ?", (user_id,)).fetchone()
    if owner is None:
        return Page((), None)
    order = order_of(query)
    words = sorted((tag(owner[0]) + word for word in query.words), key=len, reverse=True)
    parameters: dict[str, Any] = {
        "match": " ".join(f"{word}*" for word in words[:_MATCHED]),
        "owner": owner[0],
        "limit": limit + 1,
    } | order.cursor(after)
    conditions = ["search MATCH :match", "owner = :owner", _filters(query)]
    if after is not None:
        conditions.append(order.behind)
    sql = (
        f"SELECT {ROW}, {', '.join(order.columns)} FROM search "
        "CROSS JOIN user_books ON user_books.number = search.rowid "
        f"WHERE {' AND '.join(conditions)} ORDER BY {order.by} LIMIT :limit"
    )
    return page_of(db.execute(sql, parameters).fetchall(), limit)


def _filters(query: Query) -> str:
    shelves = [query.shelf] if query.shelf else STATUSES
    listed = ", ".join(f"'{shelf}'" for shelf in shelves)
    rating = f" AND rating = {query.rating}" if query.rating is not None else ""
    return f"shelf IN ({listed}){rating}"
