"""Which part of which index answers a query, and where in it a page begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from booklib.adapters.dynamodb import schema
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.expressions import filled
from booklib.adapters.dynamodb.schema import Index, Item, Request
from booklib.models import UNDOABLE, Query, ShelfRow
from booklib.models.shelf import SEPARATOR, stamp

LOWEST, HIGHEST = SEPARATOR, "\U0010fffd"
"""No sort key is below or above them: a key begins with folded text, or with what ends that."""

TRASH = "deleted"


class Row(NamedTuple):
    """What an index tells of a copy."""

    user_book_id: str
    card: str
    status: str
    rating: int
    finished_on: str
    key: str
    """Its sort key in that index."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A stretch of an index, both ends included, and the direction."""

    index: Index
    low: str = LOWEST
    high: str = HIGHEST
    lead: str = ""
    """What the index's keys have in front of a page's cursor."""
    descending: bool = False

    def behind(self, after: str | None) -> Walk:
        """The rest from a cursor on; the row of the cursor itself still belongs to it."""
        if after is None:
            return self
        at = self.lead + after
        if self.descending:
            return replace(self, high=min(self.high, at))
        return replace(self, low=max(self.low, at))

    def holds(self, key: str | None) -> bool:
        """Whether a key of the index lies in the stretch."""
        return key is not None and self.low <= key <= self.high


_SORTED = {"title": schema.TITLE, "author": schema.AUTHOR}


def walk_of(query: Query, now: datetime) -> Walk:
    """The stretch that holds everything a query may show.

    Deleted books are shown for 30 days: DynamoDB removes them some time after that.
    """
    if query.shelf == TRASH:
        oldest = stamp(now - UNDOABLE)
        return Walk(schema.STATUS, f"{TRASH}#{oldest}", f"{TRASH}$", descending=True)
    if query.shelf and query.sort == "added" and not filtered(query):
        # The character after # ends what begins with the status.
        lead = f"{query.shelf}#"
        return Walk(schema.STATUS, lead, f"{query.shelf}$", lead, query.descending)
    return Walk(_SORTED.get(query.sort, schema.ADDED), descending=query.descending)


def filtered(query: Query) -> bool:
    """Whether a query asks for what no index goes by."""
    return bool(query.words) or query.rating is not None


def in_order(query: Query) -> bool:
    """Whether the rows of `walk_of` are the answer as they come."""
    if filtered(query):
        return False
    if query.shelf == TRASH:
        return True
    return query.sort == "added" or (query.shelf is None and query.sort in _SORTED)


async def rows(dynamo: Dynamo, user_id: str, walk: Walk, most: int | None = None) -> list[Row]:
    """The first rows of a stretch, or all of them; as of a moment ago."""
    if walk.low > walk.high:
        return []
    stretch = f"#{walk.index.key} BETWEEN :low AND :high"
    request: Request = {
        "TableName": dynamo.tables.user_books,
        "IndexName": walk.index.name,
        "KeyConditionExpression": f"#user_id = :user_id AND {stretch}",
        "ScanIndexForward": not walk.descending,
        **({} if most is None else {"Limit": most}),
    }
    request = filled(request, user_id=user_id, low=walk.low, high=walk.high)
    found: list[Row] = []
    async for page in dynamo.pages("query", request):
        found += [_row(stored, walk.index) for stored in page]
        if most is not None and len(found) >= most:
            break
    return found


def _row(stored: Item, index: Index) -> Row:
    rating, finished = stored.get("rating"), stored.get("finished_on")
    return Row(
        stored["user_book_id"]["S"],
        stored["card"]["S"],
        stored["status"]["S"],
        int(rating["N"]) if rating else 0,
        finished["S"] if finished else "",
        stored[index.key]["S"],
    )


def shown(row: Row, key: str, query: Query) -> ShelfRow:
    """A row as a list shows it, with its cursor."""
    return ShelfRow(
        user_book_id=row.user_book_id,
        card=row.card,
        status=row.status,  # type: ignore[arg-type]  # only statuses are stored
        rating=row.rating,
        finished_on=row.finished_on,
        deleted=query.shelf == TRASH,
        key=key,
    )
