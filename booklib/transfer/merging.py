"""A row of a file laid over a reader's copy: what is new, what changes, and what stays theirs.

Three voices decide: what the file that was imported last said (`UserBook.imported`), what this one
says, and the copy as it is. Where the reader has changed nothing since, the file counts; where they
have, they do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any

from booklib.library.readings import in_order
from booklib.models import MAX_NOTES, MAX_READINGS, MAX_REVIEW, MAX_TAGS, Reading, UserBook, Value
from booklib.models.folding import tag_key
from booklib.models.ids import book_id
from booklib.transfer.rows import Row

_ORDER = ("status", "rating", "started", "finished", "copies")
_ATTRIBUTES = {"started": "started_on", "finished": "finished_on"}
_EMPTY: Mapping[str, Value] = {
    "status": "to-read",
    "rating": 0,
    "started": "",
    "finished": "",
    "copies": 0,
}


@dataclass(slots=True)
class Merge:
    """A copy while a row is laid over it."""

    copy: UserBook
    overwrite: bool = False
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """What becomes another, as before and after, by name."""
    stays: list[str] = field(default_factory=list)
    """Names of what the file says otherwise, but the reader's own counts."""
    base: dict[str, Value] = field(default_factory=dict)
    full: list[str] = field(default_factory=list)
    """Names of what has no room for all that the file says."""

    def set(self, name: str, value: Any) -> None:
        """Take a value over where it differs; each is set once."""
        before = getattr(self.copy, _ATTRIBUTES.get(name, name))
        if before != value:
            self.changed[name] = (before, value)

    def done(self, base: Mapping[str, Value]) -> Merge:
        """The merge with all that was set in its copy."""
        values: dict[str, Any] = {
            _ATTRIBUTES.get(name, name): value for name, (_, value) in self.changed.items()
        }
        if base != dict(self.copy.imported):
            values["imported"] = base
        if values:
            self.copy = replace(self.copy, **values)
        return self


def merged(row: Row, copy: UserBook, *, overwrite: bool = False) -> Merge:
    """What the copy becomes, neither placed nor rekeyed.

    Doing it again with the same row changes nothing any more.
    """
    merge = Merge(copy, overwrite, base=dict(copy.imported))
    for name in _ORDER:
        _one_value(merge, name, _said(row, name))
    _tags(merge, row.tags)
    _readings(merge, row.readings)
    _text(merge, "review", row.review, MAX_REVIEW, append=False)
    _text(merge, "notes", row.notes, MAX_NOTES, append=True)
    _fields(merge, row)
    if row.exact:
        # Our own export says by itself what an earlier file had said.
        return merge.done(_own_base(row, copy))
    return merge.done({**merge.base, "ident": row.ident} if row.ident else merge.base)


def _own_base(row: Row, copy: UserBook) -> dict[str, Value]:
    base = {**row.imported, **copy.imported}
    if base.get("id") == copy.user_book_id:  # it says nothing that the copy does not say
        del base["id"]
    return base


def added_to(row: Row, copy: UserBook) -> Merge:
    """What a further row of the same book adds: readings, tags, notes, a rating where none is.

    It takes nothing away. What such rows said is remembered apart from what the first one said.
    """
    merge = Merge(copy, base=dict(copy.imported))
    tags = {_tag_key(tag): tag for tag in row.tags}
    _more(merge, "tags", {_tag_key(tag): tag for tag in copy.tags}, tags, MAX_TAGS)
    last = Reading(row.started, row.finished)
    latest = Reading(copy.started_on, copy.finished_on)
    readings = [each for each in (*row.readings, last) if any(each) and each != latest]
    there = {_spelt(each): each for each in copy.readings}
    _more(merge, "readings", there, {_spelt(each): each for each in readings}, MAX_READINGS)
    _text(merge, "notes", row.notes, MAX_NOTES, append=True, remember=False)
    _text(merge, "review", row.review, MAX_REVIEW, append=True, remember=False)
    if row.rating and not copy.rating and not {"more rating", "rating"} & _said_by(merge.base):
        merge.base["more rating"] = row.rating
        merge.set("rating", row.rating)
    return merge.done(merge.base)


def _said_by(base: Mapping[str, Value]) -> set[str]:
    return {name for name, value in base.items() if value}


def _more(
    merge: Merge, name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], most: int
) -> None:
    """Add what the reader has not, and has not taken away since a former import brought it."""
    known = {each for key in (name, f"more {name}") for each in _listed(merge.base.get(key))}
    if name == "tags":
        known = {_tag_key(tag) for tag in known}
    new = {key: value for key, value in theirs.items() if key not in known and key not in ours}
    if len(ours) + len(new) > most:
        merge.full.append(name)
    if added := dict(islice(new.items(), max(most - len(ours), 0))):
        more = _listed(merge.base.get(f"more {name}"))
        merge.base[f"more {name}"] = (*more, *added)
        every = (*getattr(merge.copy, name), *added.values())
        merge.set(name, in_order(every) if name == "readings" else every)


def _listed(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def new_copy(row: Row, user_id: str, ident: str, key: str, began: datetime) -> UserBook:
    """A copy of a row's book with nothing in it yet but its identity and when it was added.

    Rows of one moment keep their order: the later one in the file was added a microsecond later.
    """
    added_at = row.added_at or began
    if not row.exact:
        added_at += timedelta(microseconds=row.number)
    return UserBook(
        user_book_id=ident,
        user_id=user_id,
        book_id=book_id(key),
        isbn=row.isbn,
        edition=row.edition,
        added_at=added_at,
    )


def digest(text: str) -> str:
    """How a long text is remembered: 16 hex digits of its SHA-256."""
    return sha256(text.encode()).hexdigest()[:16]


def own_digest(copy: UserBook) -> str:
    """What of a copy is the reader's and no catalogue's, as a digest: equal while nobody edits."""
    part = [
        copy.isbn,
        copy.status,
        copy.rating,
        copy.started_on,
        copy.finished_on,
        copy.readings,
        copy.tags,
        copy.copies,
        copy.review,
        copy.notes,
        sorted(copy.mine.items()),
        copy.deleted_at and copy.deleted_at.isoformat(),
        copy.moved_to,
    ]
    return digest(json.dumps(part, ensure_ascii=False))


def _said(row: Row, name: str) -> Value:
    value: Value = getattr(row, name)
    return None if value == "" else value


def _one_value(merge: Merge, name: str, theirs: Value) -> None:
    if theirs is None:
        return
    ours = getattr(merge.copy, _ATTRIBUTES.get(name, name))
    base = merge.base.get(name)
    untouched = ours == base if name in merge.base else ours == _EMPTY[name]
    merge.base[name] = theirs
    if ours == theirs:
        return
    if untouched or (merge.overwrite and theirs != _EMPTY[name]):
        merge.set(name, theirs)
    elif theirs != _EMPTY[name] and theirs != base:
        merge.stays.append(name)


def _tags(merge: Merge, theirs: tuple[str, ...]) -> None:
    if not theirs:
        return
    base = merge.base.get("tags")
    before = {_tag_key(tag) for tag in base} if isinstance(base, tuple) else set()
    now = {_tag_key(tag) for tag in theirs}
    ours = merge.copy.tags
    kept = [tag for tag in ours if _tag_key(tag) in now or _tag_key(tag) not in before]
    there = {_tag_key(tag) for tag in kept}
    wanted = [
        tag
        for tag in theirs
        if _tag_key(tag) not in there and (_tag_key(tag) not in before or merge.overwrite)
    ]
    merge.base["tags"] = theirs
    if len(kept) + len(wanted) > MAX_TAGS:
        merge.full.append("tags")
    merge.set("tags", (*kept, *wanted)[:MAX_TAGS])


def _readings(merge: Merge, theirs: tuple[Reading, ...]) -> None:
    if not theirs:
        return
    base = merge.base.get("readings")
    before = set(base) if isinstance(base, tuple) else set()
    now = {_spelt(reading) for reading in theirs}
    kept = [
        reading
        for reading in merge.copy.readings
        if _spelt(reading) in now or _spelt(reading) not in before
    ]
    there = {_spelt(reading) for reading in kept}
    new = [reading for reading in theirs if _spelt(reading) not in there | before]
    merge.base["readings"] = tuple(_spelt(reading) for reading in theirs)
    every = (*kept, *new)
    if len(every) > MAX_READINGS:
        merge.full.append("readings")
    if new and kept:
        every = tuple(sorted(every, key=lambda reading: reading.finished or reading.started))
    merge.set("readings", every[:MAX_READINGS])


@lru_cache(maxsize=4_096)
def _tag_key(tag: str) -> str:
    return tag_key(tag)


def _spelt(reading: Reading) -> str:
    return f"{reading.started}/{reading.finished}"


def _text(
    merge: Merge, name: str, theirs: str, most: int, *, append: bool, remember: bool = True
) -> None:
    if not theirs:
        return
    theirs = theirs[:most]
    ours: str = getattr(merge.copy, name)
    base = merge.base.get(name)
    if remember:
        merge.base[name] = digest(theirs)
    if ours == theirs or (append and theirs in ours):
        return
    together = f"{ours}\n\n{theirs}"
    if not ours or merge.overwrite or (remember and base == digest(ours)):
        merge.set(name, theirs)
    elif append and (base is None or not remember) and len(together) <= most:
        merge.set(name, together)
    elif base != digest(theirs):
        crowded = append and (base is None or not remember)
        (merge.full if crowded else merge.stays).append(name)


def _fields(merge: Merge, row: Row) -> None:
    given = {**merge.copy.given, **row.given}
    if given != dict(merge.copy.given):
        merge.set("given", given)
    new = {
        name: value
        for name, value in row.mine.items()
        if name not in merge.copy.mine or merge.overwrite
    }
    mine = {**merge.copy.mine, **new}
    if mine != dict(merge.copy.mine):
        merge.set("mine", mine)
