"""Searching: every word asked for begins some word of the book; the order is the shelf's.

In the order added the full-text index itself gives its hits in order. In the other orders few hits
are sorted; with many, the shelf is walked, testing each book, because the page fills up soon. Where
it does not (all hits at the far end), the walk is given up and the hits are sorted after all.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

from booklib.adapters.sqlite import shelf
from booklib.adapters.sqlite.index import MOMENT_BITS, milliseconds, tag
from booklib.adapters.sqlite.shelf import ROW, Order, order_of, page_of
from booklib.models import Page, Query, ShelfRow
from booklib.models.shelf import SEPARATOR


class Effort(NamedTuple):
    """Where one way of finding a page gives place to another; measured at 100,000 books."""

    few: int = 4_000
    """Hits that are sorted rather than looked for: about 1.5 ms."""
    passing: int = 2_000
    """Books that pass the filters and are looked at one by one: about 2 ms."""
    walk: int = 18
    """Thousands of steps of SQLite's machine before a walk is given up: about 1.5 ms."""


_ALL = 1 << 40

_MATCHED = 12
"""Words looked up in the index, the longest; any more only filter what those find."""


def page(
    db: sqlite3.Connection,
    user_id: str,
    query: Query,
    after: str | None,
    limit: int,
    effort: Effort = Effort(),  # noqa: B008
) -> Page[ShelfRow]:
    """One page of a query with words."""
    owner = db.execute("SELECT number FROM users WHERE user_id = ?", (user_id,)).fetchone()
    if owner is None:
        return Page((), None)
    search = _Search(db, user_id, owner[0], query, after, limit)
    return search.page(effort)


class _Search:
    def __init__(
        self,
        db: sqlite3.Connection,
        user_id: str,
        owner: int,
        query: Query,
        after: str | None,
        limit: int,
    ) -> None:
        self._db = db
        self._query = query
        self._after = after
        self._limit = limit
        self._order = order_of(query)
        words = sorted((tag(owner) + word for word in query.words), key=len, reverse=True)
        tests = {f"word{place}": f" {word}" for place, word in enumerate(words)}
        self._begins = "".join(f" AND instr(user_books.words, :{name})" for name in tests)
        self._parameters: dict[str, Any] = {
            "match": " ".join(f"{word}*" for word in words[:_MATCHED]),
            "user_id": user_id,
            "owner": owner,
            "limit": limit + 1,
        }
        self._parameters |= tests | self._order.cursor(after)
        self._filters = f"owner = :owner AND {_on_shelf(query)}"
        if len(words) > _MATCHED:
            self._filters += self._begins

    def page(self, effort: Effort) -> Page[ShelfRow]:
        as_added = self._order.columns == ("added_key",)
        filtered = self._query.shelf is not None or self._query.rating is not None
        if as_added and not filtered:
            return self._as_added()
        if (found := self._sorted(effort.few)) is not None:
            return found
        if filtered and self._pass_filters(effort.passing):
            return self._walked()
        if as_added:
            return self._as_added()
        return self._walked_within(effort.walk) or self._sorted(_ALL) or Page((), None)

    def _walked_within(self, thousands: int) -> Page[ShelfRow] | None:
        """The page, or None if it took more steps than it may."""
        # Counted here: SQLite counts a cached statement's steps on from its last use.
        calls = count(1)
        self._db.set_progress_handler(lambda: next(calls) > thousands, 1_000)
        try:
            return self._walked()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            self._db.set_progress_handler(None, 0)

    def _pass_filters(self, most: int) -> bool:
        """Whether so many books at most pass the filters, found or not."""
        sql = f"SELECT 1 FROM user_books WHERE {self._filters}"
        sql = f"SELECT count(*) FROM ({sql} LIMIT {most + 1})"
        number: int = self._db.execute(sql, self._parameters).fetchone()[0]
        return number <= most

    def _walked(self) -> Page[ShelfRow]:
        sql = shelf.statement(self._query, self._after is not None, self._begins)
        return page_of(self._db.execute(sql, self._parameters).fetchall(), self._limit)

    def _sorted(self, most: int) -> Page[ShelfRow] | None:
        """The page out of all hits, or None if there are more than `most`."""
        order = self._order
        behind = f" AND {order.behind}" if self._after is not None else ""
        shown = (
            "SELECT number AS shown FROM hits CROSS JOIN user_books ON number = hit "
            f"WHERE (SELECT count(*) FROM hits) <= {most} AND {self._filters}{behind} "
            f"ORDER BY {order.by} LIMIT :limit"
        )
        # Found once: putting together the hits of several words may take as long as sorting them.
        sql = (
            "WITH hits (hit) AS MATERIALIZED "
            f"(SELECT rowid FROM search WHERE search MATCH :match LIMIT {most + 1}) "
            f"SELECT {ROW}, {', '.join(order.columns)}, found "
            f"FROM (SELECT count(*) AS found FROM hits) LEFT JOIN ({shown}) "
            f"LEFT JOIN user_books ON number = shown ORDER BY {order.by}"
        )
        rows = self._db.execute(sql, self._parameters).fetchall()
        if rows[0][-1] > most:
            return None
        return page_of([row[:-1] for row in rows if row[0] is not None], self._limit)

    def _as_added(self) -> Page[ShelfRow]:
        """Hits in the order of their numbers, those of one millisecond sorted among themselves."""
        order = self._order
        bound = ""
        parameters = dict(self._parameters)
        if self._after is not None:
            bound = (
                f" AND search.rowid {'<' if order.descending else '>='} :bound AND {order.behind}"
            )
            parameters["bound"] = _bound(self._after, order)
        sql = (
            f"SELECT {ROW}, added_key, number FROM search "
            "CROSS JOIN user_books ON number = search.rowid "
            f"WHERE search MATCH :match AND {self._filters}{bound} "
            f"ORDER BY search.rowid{' DESC' if order.descending else ''}"
        )
        rows: list[Any] = []
        for row in self._db.execute(sql, parameters):
            if len(rows) > self._limit and rows[-1][-1] >> MOMENT_BITS != row[-1] >> MOMENT_BITS:
                break
            rows.append(row)
        rows.sort(key=lambda row: row[-2].encode(), reverse=order.descending)
        return page_of([row[:-1] for row in rows], self._limit)


def _bound(after: str, order: Order) -> int:
    """The number on whose near side no book is behind the cursor; a wild cursor bounds nothing."""
    try:
        moment = datetime.fromisoformat(after.split(SEPARATOR)[0])
        return (milliseconds(moment) + order.descending) << MOMENT_BITS
    except (ValueError, TypeError, OverflowError):
        return (1 << 63) - 1 if order.descending else -(1 << 63)


def _on_shelf(query: Query) -> str:
    shelf = f"shelf = '{query.shelf}'" if query.shelf else "added_key IS NOT NULL"
    rating = f" AND rating = {query.rating:d}" if query.rating is not None else ""
    return f"{shelf}{rating}"
