"""What a call of DynamoDB costs, computed by its rules: emulators report it wrongly or not at all.

After the Developer Guide: "Item sizes and formats", "Read/write capacity", "Global secondary
indexes: considerations for provisioned throughput", "Transactions: capacity management".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from tests.aws import templates

Item = Mapping[str, Mapping[str, Any]]

READS = ("get_item", "batch_get_item", "query")
WRITES = ("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items")


def size_of(item: Item) -> int:
    """Bytes of an item: names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, told),) = value.items()
    if kind == "S":
        return len(told.encode())
    if kind == "N":
        digits = told.lstrip("-").replace(".", "").strip("0")
        return ceil(len(digits) / 2) + 1 + told.startswith("-")
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "B":
        return len(told)
    if kind == "L":
        return 3 + sum(1 + _value_size(each) for each in told)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(each) for name, each in told.items())
    raise LookupError(kind)


def read_units(size: int, *, consistent: bool) -> float:
    """Units of 4 KB, begun ones whole; half of them for a read that may be behind."""
    units = max(ceil(size / 4096), 1)
    return units if consistent else units / 2


def write_units(size: int) -> int:
    """Units of 1 KB, begun ones whole."""
    return max(ceil(size / 1024), 1)


class Index:
    """A global index of a template's table: which items it shows, and what of them."""

    def __init__(self, facts: Mapping[str, Any], table_key: tuple[str, ...]) -> None:
        self.keys = tuple(part["AttributeName"] for part in facts["KeySchema"])
        more = facts["Projection"].get("NonKeyAttributes", ())
        self._shown = {*self.keys, *table_key, *more}

    def view(self, item: Item | None) -> Item | None:
        """What the index has of an item; None where a key is missing."""
        if item is None or any(key not in item for key in self.keys):
            return None
        return {name: value for name, value in item.items() if name in self._shown}

    def write_units(self, before: Item | None, after: Item | None) -> int:
        """What a change of an item costs here; a moved key is a removal and an insertion."""
        old, new = self.view(before), self.view(after)
        if old == new:
            return 0
        if old and new and all(old[key] == new[key] for key in self.keys):
            return write_units(max(size_of(old), size_of(new)))
        return sum(write_units(size_of(view)) for view in (old, new) if view)


def _unfiltered(request: Mapping[str, Any]) -> dict[str, Any]:
    """A Query that answers with all that it reads; placeholders that are left over are refused."""
    asked = {
        name: value
        for name, value in request.items()
        if name not in ("ProjectionExpression", "FilterExpression")
    }
    left = set(re.findall(r"[#:]\w+", asked["KeyConditionExpression"]))
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        told = asked.pop(name, {})
        if used := {key: value for key, value in told.items() if key in left}:
            asked[name] = used
    return asked


@dataclass
class Used:
    """What some calls have used, and which they were."""

    rcu: float = 0.0
    wcu: float = 0
    calls: list[str] = field(default_factory=list)
    reported_rcu: float = 0.0
    reported_wcu: float = 0.0
    """What the endpoint itself says: true of AWS alone."""

    def add(self, more: Used) -> None:
        """Count what others have used, too."""
        self.rcu += more.rcu
        self.wcu += more.wcu
        self.calls += more.calls
        self.reported_rcu += more.reported_rcu
        self.reported_wcu += more.reported_wcu


class Meter:
    """A low-level client that adds up what its calls cost. One caller at a time.

    It has no call but those whose costs it knows: a Scan is none of them.
    """

    def __init__(self, client: Any, environment: str) -> None:
        self._client = client
        self._tables = {
            facts["TableName"]: facts for facts in templates.tables(environment).values()
        }
        self._used = [Used()]

    @contextmanager
    def watched(self) -> Iterator[Used]:
        """What the calls of a block use."""
        used = Used()
        self._used.append(used)
        try:
            yield used
        finally:
            self._used.pop()
            self._used[-1].add(used)

    def __getattr__(self, name: str) -> Any:
        if name not in READS + WRITES:
            raise AttributeError(f"no rule says what {name} costs")
        costs, call = getattr(self, f"_{name}"), getattr(self._client, name)

        async def metered(**request: Any) -> Any:
            self._used[-1].calls.append(name)
            answer = await costs(call, request | {"ReturnConsumedCapacity": "TOTAL"})
            self._note(name, answer.get("ConsumedCapacity", []))
            return answer

        return metered

    def _note(self, name: str, told: Any) -> None:
        each = told if isinstance(told, list) else [told]
        units = sum(one.get("CapacityUnits", 0) for one in each)
        if name in READS:
            self._used[-1].reported_rcu += units
        else:
            self._used[-1].reported_wcu += units

    async def _get_item(self, call: Any, request: Any) -> Any:
        answer = await call(**request)
        self._read(answer.get("Item", {}), request)
        return answer

    async def _batch_get_item(self, call: Any, request: Any) -> Any:
        answer = await call(**request)
        for table, wanted in request["RequestItems"].items():
            found = answer["Responses"].get(table, [])
            missing: list[Item] = [{}] * (len(wanted["Keys"]) - len(found))
            for item in [*found, *missing]:
                self._read(item, wanted)
        return answer

    def _read(self, item: Item, request: Any) -> None:
        consistent = request.get("ConsistentRead", False)
        self._used[-1].rcu += read_units(size_of(item), consistent=consistent)

    async def _query(self, call: Any, request: Any) -> Any:
        answer = await call(**request)
        read, asked = answer, _unfiltered(request)
        if asked != request:
            read = await call(**asked)
        index = self._indexes(request["TableName"])[request["IndexName"]]
        size = sum(size_of(index.view(item) or {}) for item in read["Items"])
        self._used[-1].rcu += read_units(size, consistent=False)
        return answer

    async def _put_item(self, call: Any, request: Any) -> Any:
        return await self._written(call, request, [("Put", request)], 1)

    async def _update_item(self, call: Any, request: Any) -> Any:
        return await self._written(call, request, [("Update", request)], 1)

    async def _delete_item(self, call: Any, request: Any) -> Any:
        return await self._written(call, request, [("Delete", request)], 1)

    async def _transact_write_items(self, call: Any, request: Any) -> Any:
        parts = [part for each in request["TransactItems"] for part in each.items()]
        return await self._written(call, request, parts, 2)

    async def _batch_write_item(self, call: Any, request: Any) -> Any:
        parts = [
            (kind.removesuffix("Request"), {"TableName": table, **wanted})
            for table, each in request["RequestItems"].items()
            for kind, wanted in (pair for one in each for pair in one.items())
        ]
        return await self._written(call, request, parts, 1)

    async def _written(self, call: Any, request: Any, parts: list[Any], times: int) -> Any:
        """Look at each item before and after; a refused write costs too, but no index."""
        places = [(part["TableName"], self._key(part)) for _, part in parts]
        before = [await self._now(*place) for place in places]
        try:
            return await call(**request)
        finally:
            for place, old in zip(places, before, strict=True):
                self._count(place[0], old, await self._now(*place), times)

    def _count(self, table: str, old: Item | None, new: Item | None, times: int) -> None:
        largest = max(size_of(old or {}), size_of(new or {}))
        arms = [index.write_units(old, new) for index in self._indexes(table).values()]
        self._used[-1].wcu += times * write_units(largest) + sum(arms)

    async def _now(self, table: str, key: Item) -> Item | None:
        answer = await self._client.get_item(TableName=table, Key=key, ConsistentRead=True)
        found: Item | None = answer.get("Item")
        return found

    def _key(self, part: Any) -> Item:
        if "Key" in part:
            key: Item = part["Key"]
            return key
        return {name: part["Item"][name] for name in self._table_key(part["TableName"])}

    def _table_key(self, table: str) -> tuple[str, ...]:
        return tuple(part["AttributeName"] for part in self._tables[table]["KeySchema"])

    def _indexes(self, table: str) -> dict[str, Index]:
        key = self._table_key(table)
        known = self._tables[table].get("GlobalSecondaryIndexes", ())
        return {facts["IndexName"]: Index(facts, key) for facts in known}
