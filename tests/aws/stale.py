"""Indexes that lag: a client whose index queries are answered as of two seconds ago.

The indexes of the emulators are never behind, those of DynamoDB always may be. Before each write
the client looks at the items concerned; a query of an index is answered from the whole partition,
with every item that was written lately put back as it was.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tests.aws import templates

LAG_S = 2.0

Item = dict[str, dict[str, Any]]
Key = tuple[str, ...]
"""The values of a key's attributes, all of them texts."""

CONDITION = re.compile(r"(#\w+) = (:\w+)(?: AND (#\w+) (?:BETWEEN (:\w+) AND (:\w+)|<= (:\w+)))?")
UNDERSTOOD = {
    "TableName",
    "IndexName",
    "KeyConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ProjectionExpression",
    "ScanIndexForward",
    "ExclusiveStartKey",
    "Limit",
}


class Seen(NamedTuple):
    """An item as it was just before a write."""

    at: float
    key: Key
    item: Item | None


class History:
    """What was written lately, through all clients of the same tables."""

    def __init__(self, lag_s: float = LAG_S, now: Callable[[], float] = time.monotonic) -> None:
        self._lag_s = lag_s
        self._now = now
        self._seen: list[tuple[str, Seen]] = []
        self.turn = asyncio.Lock()
        """Held by a write with its look before it, and by an answer that is put together."""

    def note(self, table: str, key: Key, item: Item | None) -> None:
        """Keep how an item is, just before it is written."""
        self._seen.append((table, Seen(self._now(), key, item)))

    def settle(self) -> None:
        """From now on the indexes show everything that has been written until now."""
        self._seen.clear()

    def hidden(self, table: str) -> dict[Key, Item | None]:
        """The items that an index does not show as they are, and how it shows them."""
        since = self._now() - self._lag_s
        self._seen = [seen for seen in self._seen if seen[1].at > since]
        lately = [seen for name, seen in self._seen if name == table]
        return {seen.key: seen.item for seen in reversed(lately)}


class View(NamedTuple):
    """An index: the key of its table, its own, and what it shows; all attributes where None."""

    primary: tuple[str, ...]
    own: tuple[str, ...]
    shown: frozenset[str] | None

    def holds(self, item: Item) -> bool:
        return all(name in item for name in self.own)

    def of(self, item: Item) -> Item:
        return {
            name: value
            for name, value in item.items()
            if self.shown is None or name in self.shown | {*self.primary, *self.own}
        }

    def place(self, item: Item) -> tuple[bytes, ...]:
        """Where in its partition an item is."""
        return tuple(text.encode() for text in key_of(item, (*self.own[1:], *self.primary)))

    def cursor(self, item: Item) -> Item:
        return {name: item[name] for name in (*self.primary, *self.own)}


def key_of(item: Item, names: Iterable[str]) -> Key:
    return tuple(item[name]["S"] for name in names)


def _names(schema: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(part["AttributeName"] for part in schema)


class Schemas:
    """The keys and indexes of the tables, by the kind of a table: `BookLibrary-Users`."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, ...]] = {}
        self.views: dict[tuple[str, str], View] = {}
        for facts in templates.tables().values():
            kind = self.kind(facts["TableName"])
            self.keys[kind] = _names(facts["KeySchema"])
            for index in facts.get("GlobalSecondaryIndexes", ()):
                projection = index["Projection"]
                named = frozenset(projection.get("NonKeyAttributes", ()))
                shown = None if projection["ProjectionType"] == "ALL" else named
                view = View(self.keys[kind], _names(index["KeySchema"]), shown)
                self.views[kind, index["IndexName"]] = view

    @staticmethod
    def kind(table: str) -> str:
        return table.rpartition("-")[0]

    def key(self, table: str) -> tuple[str, ...]:
        return self.keys[self.kind(table)]

    def view(self, table: str, index: str) -> View:
        return self.views[self.kind(table), index]


class StaleClient:
    """An open client of DynamoDB whose indexes lag; every other call goes through as it is."""

    def __init__(self, client: Any, history: History) -> None:
        self._client = client
        self._history = history
        self._schemas = Schemas()

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("execute_", "batch_execute_")):
            raise AssertionError(f"{name} could write unseen")
        return getattr(self._client, name)

    async def put_item(self, **request: Any) -> Any:
        return await self._write("put_item", request, [(request["TableName"], request["Item"])])

    async def update_item(self, **request: Any) -> Any:
        return await self._write("update_item", request, [(request["TableName"], request["Key"])])

    async def delete_item(self, **request: Any) -> Any:
        return await self._write("delete_item", request, [(request["TableName"], request["Key"])])

    async def transact_write_items(self, **request: Any) -> Any:
        parts = [part for each in request["TransactItems"] for part in each.values()]
        written = [(part["TableName"], part.get("Item") or part["Key"]) for part in parts]
        return await self._write("transact_write_items", request, written)

    async def batch_write_item(self, **request: Any) -> Any:
        written = [
            (table, part.get("Item") or part["Key"])
            for table, wanted in request["RequestItems"].items()
            for each in wanted
            for part in each.values()
        ]
        return await self._write("batch_write_item", request, written)

    async def _write(
        self, operation: str, request: dict[str, Any], written: list[tuple[str, Item]]
    ) -> Any:
        async with self._history.turn:
            await self._look(written)
            return await getattr(self._client, operation)(**request)

    async def _look(self, written: list[tuple[str, Item]]) -> None:
        wanted: dict[str, set[Key]] = defaultdict(set)
        for table, item in written:
            wanted[table].add(key_of(item, self._schemas.key(table)))
        asked = {
            table: {
                "Keys": [self._key(table, key) for key in sorted(keys)],
                "ConsistentRead": True,
            }
            for table, keys in wanted.items()
        }
        answer = await self._client.batch_get_item(RequestItems=asked)
        assert not answer.get("UnprocessedKeys")
        for table, keys in wanted.items():
            items = answer["Responses"].get(table, ())
            found = {key_of(item, self._schemas.key(table)): item for item in items}
            for key in keys:
                self._history.note(table, key, found.get(key))

    def _key(self, table: str, key: Key) -> Item:
        names = self._schemas.key(table)
        return {name: {"S": value} for name, value in zip(names, key, strict=True)}

    async def query(self, **request: Any) -> Any:
        if "IndexName" not in request:
            return await self._client.query(**request)
        stretch = Stretch(request, self._schemas.view(request["TableName"], request["IndexName"]))
        async with self._history.turn:
            hidden = self._history.hidden(request["TableName"])
            rows = [
                row
                for row in await self._partition(request, stretch)
                if key_of(row, stretch.view.primary) not in hidden
            ]
        rows += [stretch.view.of(item) for item in hidden.values() if item and stretch.holds(item)]
        return stretch.answer(rows)

    async def _partition(self, request: dict[str, Any], stretch: Stretch) -> list[Item]:
        asked: dict[str, Any] = {
            "TableName": request["TableName"],
            "IndexName": request["IndexName"],
            "KeyConditionExpression": "#hash = :hash",
            "ExpressionAttributeNames": {"#hash": stretch.view.own[0]},
            "ExpressionAttributeValues": {":hash": {"S": stretch.hash}},
        }
        rows: list[Item] = []
        while True:
            answer = await self._client.query(**asked)
            rows += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return rows
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


class Stretch:
    """What a query of an index asks for. Raises AssertionError for what is not understood."""

    def __init__(self, request: dict[str, Any], view: View) -> None:
        assert not set(request) - UNDERSTOOD, set(request) - UNDERSTOOD
        names = request["ExpressionAttributeNames"]
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        parts = CONDITION.fullmatch(request["KeyConditionExpression"])
        assert parts, request["KeyConditionExpression"]
        hashed, wanted, ranged, low, high, most = parts.groups()
        assert names[hashed] == view.own[0]
        assert ranged is None or names[ranged] == view.own[1]
        self.view = view
        self.hash = values[wanted]
        self._low = values[low].encode() if low else b""
        top = high or most
        self._high = values[top].encode() if top else None
        self._request = request
        projected = request.get("ProjectionExpression")
        self._projected = {names[name] for name in projected.split(", ")} if projected else None

    def holds(self, item: Item) -> bool:
        """Whether the item is in the index, in this partition."""
        return self.view.holds(item) and item[self.view.own[0]]["S"] == self.hash

    def answer(self, rows: list[Item]) -> dict[str, Any]:
        """What DynamoDB answers where these are all rows of the partition."""
        backwards = not self._request.get("ScanIndexForward", True)
        rows = [row for row in rows if self._asked(row)]
        rows.sort(key=self.view.place, reverse=backwards)
        if start := self._request.get("ExclusiveStartKey"):
            at = self.view.place(start)
            rows = [
                row
                for row in rows
                if (self.view.place(row) < at if backwards else self.view.place(row) > at)
            ]
        limit = self._request.get("Limit")
        cut = limit is not None and len(rows) >= limit
        rows = rows[:limit]
        return {
            "Items": [self._part(row) for row in rows],
            "Count": len(rows),
            "ScannedCount": len(rows),
            # DynamoDB stops at the limit without looking whether there is more.
            **({"LastEvaluatedKey": self.view.cursor(rows[-1])} if cut else {}),
        }

    def _asked(self, row: Item) -> bool:
        if len(self.view.own) == 1:
            return True
        at = row[self.view.own[1]]["S"].encode()
        return self._low <= at and (self._high is None or at <= self._high)

    def _part(self, row: Item) -> Item:
        if self._projected is None:
            return row
        return {name: value for name, value in row.items() if name in self._projected}
