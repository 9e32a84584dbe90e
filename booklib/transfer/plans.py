"""What an import keeps in Files: the rows with their judgement, and each chunk's plan.

A plan is written before it is carried out. It is the point to go on from, the report, and the list
by which the import is undone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any, Literal, NamedTuple

from booklib.models import Keys, Reading, UserBook
from booklib.ports import World
from booklib.transfer.resting import resting
from booklib.transfer.rows import Row

CHUNK = 100
"""Rows of one chunk: read and written in a few milliseconds, for pages wait meanwhile."""

Kind = Literal["new", "same", "changed", "doubtful", "broken"]
KINDS: tuple[Kind, ...] = ("new", "same", "changed", "doubtful", "broken")

_MOMENTS = frozenset({"added_at", "deleted_at"})
_DERIVED = frozenset({"user_id", "card", "keys", "book_version"})


class Judged(NamedTuple):
    """A row and what the preview made of it."""

    row: Row
    kind: Kind
    reason: str = ""
    key: str = ""
    """What identifies its book: a book key."""
    target: str = ""
    """Id of the reader's copy that it is about, also of one that is to be made."""
    candidate: str = ""
    """Id of the copy that it may be about."""
    repeats: int = 0
    """Number of the row of the same book that stands before it in the file."""


Action = Literal["new", "changed", "same"]


class Entry(NamedTuple):
    """What a chunk does to one copy."""

    ident: str
    action: Action
    before: UserBook | None
    """How it was, where it is changed."""
    after: str
    """The digest of the reader's part as the import leaves it (see `merging.own_digest`)."""
    title: str
    isbn: str = ""
    """The ISBN that a copy without a number gets; it moves then (see `transfer.numbering`)."""


def folder(user_id: str, import_id: str = "") -> str:
    """The folder of an import, or of all of a user's."""
    return f"imports/{user_id}/{import_id}".rstrip("/")


async def keep(world: World, name: str, value: object) -> None:
    """Store a JSON document."""
    await world.files.put(name, json.dumps(value, ensure_ascii=False).encode())


async def kept(world: World, name: str) -> Any:
    """A stored JSON document, None where there is none."""
    data = await world.files.get(name)
    return None if data is None else json.loads(data)


def rows_name(place: str, chunk: int) -> str:
    """The document with the rows of a chunk."""
    return f"{place}/rows-{chunk:05d}.json"


def plan_name(place: str, chunk: int) -> str:
    """The document with what a chunk does."""
    return f"{place}/plan-{chunk:05d}.json"


def refused_name(place: str, chunk: int) -> str:
    """The document with the rows of a chunk that did not fit, and why."""
    return f"{place}/refused-{chunk:05d}.json"


async def keep_rows(world: World, place: str, chunk: int, rows: list[Judged]) -> None:
    """Store a chunk's rows."""
    packed = [one async for one in resting(map(_row_out, rows))]
    await keep(world, rows_name(place, chunk), packed)


async def kept_rows(world: World, place: str, chunk: int) -> list[Judged]:
    """A chunk's rows."""
    packed = await kept(world, rows_name(place, chunk)) or ()
    return [one async for one in resting(map(_row_in, packed))]


async def keep_plan(
    world: World, place: str, chunk: int, user_id: str, entries: list[Entry]
) -> list[Entry]:
    """Store a chunk's plan; one that is there stays, for its before-images are the true ones.

    The plan that counts.
    """
    name = plan_name(place, chunk)
    if await world.files.get(name) is not None:
        return await kept_plan(world, place, chunk, user_id)
    packed = [
        {**one._asdict(), "before": one.before and packed_copy(one.before)} for one in entries
    ]
    await keep(world, name, packed)
    return entries


async def kept_plan(world: World, place: str, chunk: int, user_id: str) -> list[Entry]:
    """A chunk's plan; empty where it was never begun."""
    return [
        Entry(**{**one, "before": one["before"] and unpacked_copy(user_id, one["before"])})
        for one in await kept(world, plan_name(place, chunk)) or ()
    ]


def packed_copy(copy: UserBook) -> dict[str, Any]:
    """A copy as JSON, without what is derived or as every new copy has it."""
    found: dict[str, Any] = {}
    for field in fields(UserBook):
        value = getattr(copy, field.name)
        if field.name in _DERIVED or value == _default(field):
            continue
        if isinstance(value, datetime):
            value = value.isoformat()
        found[field.name] = dict(value) if isinstance(value, Mapping) else value
    return found


def unpacked_copy(user_id: str, packed: Mapping[str, Any]) -> UserBook:
    """The inverse of `packed_copy`; card and keys are for `place` to make."""
    values = dict(packed)
    for name in _MOMENTS & values.keys():
        values[name] = datetime.fromisoformat(values[name])
    for name in ("mine", "given", "imported"):
        values[name] = _tuples(values.get(name, {}))
    values["tags"] = tuple(values.get("tags", ()))
    values["readings"] = tuple(Reading(*pair) for pair in values.get("readings", ()))
    return UserBook(user_id=user_id, keys=Keys(None, None, None, ""), **values)


def _default(field: Any) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def _row_out(judged: Judged) -> dict[str, Any]:
    row: dict[str, Any] = {}
    may_be_left = judged.kind in ("doubtful", "broken") or judged.repeats
    for field in fields(Row):
        value = getattr(judged.row, field.name)
        if field.name == "cells" and not may_be_left:
            continue
        if value != _default(field):
            value = value.isoformat() if isinstance(value, datetime) else value
            row[field.name] = dict(value) if isinstance(value, Mapping) else value
    return {**judged._asdict(), "row": row}


def _row_in(packed: Mapping[str, Any]) -> Judged:
    values = dict(packed["row"])
    if "added_at" in values:
        values["added_at"] = datetime.fromisoformat(values["added_at"])
    for name in ("given", "mine", "imported"):
        values[name] = _tuples(values.get(name, {}))
    values["readings"] = tuple(Reading(*pair) for pair in values.get("readings", ()))
    for name in ("tags", "remarks"):
        values[name] = tuple(values.get(name, ()))
    return Judged(**{**packed, "row": Row(**values)})
