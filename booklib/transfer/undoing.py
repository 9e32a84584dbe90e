"""Taking an import back: its plans walked backwards; what was edited since stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from booklib.models import UserBook
from booklib.models.shelf import own_bytes, place
from booklib.ports import MAX_CHANGES, Change, World
from booklib.retries import attempts
from booklib.transfer import plans
from booklib.transfer.applying import MOST_BYTES, books
from booklib.transfer.merging import own_digest
from booklib.transfer.numbering import looked_up, taken_back
from booklib.transfer.planning import copies
from booklib.transfer.plans import Entry


async def undo_chunk(world: World, user_id: str, folder: str, chunk: int) -> tuple[str, ...]:
    """Take back what one chunk did; safe to do again.

    The titles of the books that were left alone, because they were edited since. Raises Busy.
    """
    entries = [
        entry
        for entry in await plans.kept_plan(world, folder, chunk, user_id)
        if entry.action != "same"
    ]
    left: list[str] = []
    for group in _groups(entries):
        async for _ in attempts():
            left_here: list[str] = []
            there = await copies(world, user_id, [entry.ident for entry in group])
            trails = await world.storage.owned(user_id, [e.ident for e in group if e.isbn])
            changes = await _changes(world, group, there, trails, left_here)
            if not changes or await world.storage.apply(user_id, changes):
                left += left_here
                break
    return tuple(left)


def _groups(entries: Sequence[Entry]) -> list[list[Entry]]:
    """As many entries at a time as one `apply` takes; a book that got its ISBN is two changes."""
    groups: list[list[Entry]] = [[]]
    changes = size = 0
    for entry in entries:
        each = 2 if entry.isbn else 1
        weight = 2_000 + (own_bytes(entry.before) if entry.before else 0)
        if changes + each > MAX_CHANGES or (groups[-1] and size + weight > MOST_BYTES):
            groups.append([])
            changes = size = 0
        groups[-1].append(entry)
        changes += each
        size += weight
    return [group for group in groups if group]


async def _changes(
    world: World,
    group: list[Entry],
    there: Mapping[str, UserBook],
    trails: Mapping[str, UserBook],
    left: list[str],
) -> list[Change]:
    known = await books(world, (copy.book_id for copy in there.values()))
    changes = []
    for entry in group:
        now, before = there.get(entry.ident), entry.before
        if now is None:
            continue
        as_left = _own(entry, now) == entry.after
        if now.user_book_id != entry.ident:
            if as_left and now.user_book_id == looked_up(entry, now.user_id):
                changes += taken_back(entry, trails[entry.ident], now)
            else:
                left.append(entry.title)  # its ISBN was changed, so it was edited
        elif not as_left and (before is None or own_digest(now) != own_digest(before)):
            left.append(entry.title)
        elif before is None:
            changes.append(Change(now, None))
        else:
            book = known.get(before.book_id or "")
            back = place(replace(before, rev=now.rev, edit=now.edit, lookup=now.lookup), book)
            if back != now:
                changes.append(Change(now, replace(back, edit=now.edit + as_left)))
    return changes


def _own(entry: Entry, now: UserBook) -> str:
    """The digest of a copy that is to be as the import left it."""
    if entry.before is None:
        # A new book that lies in the trash was not edited: the undo empties it out of there.
        return own_digest(replace(now, deleted_at=None))
    return own_digest(replace(now, isbn=entry.isbn) if entry.isbn else now)
