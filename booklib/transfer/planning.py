"""The preview: each row of a file judged against the reader's own library; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from booklib.models import UserBook
from booklib.ports import MAX_IDS, World
from booklib.transfer import matching
from booklib.transfer.merging import Merge, merged
from booklib.transfer.plans import Judged, Kind
from booklib.transfer.resting import resting
from booklib.transfer.rows import Row

TRASH = "It was in the trash and comes back."
AGAIN = "The same book as row {row}: what is new in it is added."
BY_TITLE = "The same title and author as a book of yours, without a number that proves it."
OTHER_NUMBER = "The same title and author as a book of yours, with another number: another edition?"

WORDS: Mapping[str, str] = {
    "status": "status",
    "rating": "rating",
    "started": "start",
    "finished": "finish",
    "copies": "copies",
    "tags": "tags",
    "readings": "earlier readings",
    "review": "review",
    "notes": "notes",
    "given": "details",
    "mine": "your own texts",
}


@dataclass(slots=True)
class Judge:
    """Judges the rows of one file in their order."""

    world: World
    user_id: str
    titles: matching.Titles
    seen: dict[str, int] = field(default_factory=dict)
    """Number of the first row of each book of this file."""

    async def judge(self, rows: Sequence[Row]) -> list[tuple[Judged, UserBook | None]]:
        """The rows judged, each with the reader's copy that it is about, if there is one."""
        wanted = [ident for row in rows for ident in self._ids(row)]
        there = await copies(self.world, self.user_id, wanted)
        judged = [one async for one in resting(self._one(row, there) for row in rows)]
        candidates = [one.candidate for one in judged if one.candidate]
        there |= await copies(self.world, self.user_id, candidates)
        found = [one async for one in resting(self._settled(one, there) for one in judged)]
        return [(one, there.get(one.target)) for one in found]

    def _ids(self, row: Row) -> list[str]:
        return [] if row.broken else matching.own_ids(row, self.user_id)

    def _one(self, row: Row, there: Mapping[str, UserBook]) -> Judged:
        if row.broken:
            return Judged(row, "broken", row.broken)
        key = matching.row_key(row)
        ids = self._ids(row)
        target = next((ident for ident in ids if ident in there), "")
        first = self.seen.setdefault(target or key, row.number)
        if first != row.number:
            made = target or matching.made_id(self.user_id, key)
            reason = AGAIN.format(row=first)
            return Judged(row, "changed", reason, key, made, repeats=first)
        if target:
            return Judged(row, "changed", "", key, target)
        made = matching.made_id(self.user_id, key)
        candidate = matching.by_title(row, self.titles)
        if candidate:
            return Judged(row, "doubtful", "", key, made, candidate)
        return Judged(row, "new", "", key, made)

    def _settled(self, one: Judged, there: Mapping[str, UserBook]) -> Judged:
        """The judgement once the copies are known that it is about."""
        if one.kind == "doubtful":
            return self._doubt(one, there.get(one.candidate))
        if one.kind != "changed" or one.repeats:
            return one._replace(kind="same") if one.repeats else one
        copy = there[one.target]
        if copy.deleted_at:
            return one._replace(kind="new", reason=TRASH)
        merge = merged(one.row, copy)
        return one._replace(kind="same" if merge.copy == copy else "changed", reason=stays(merge))

    def _doubt(self, one: Judged, copy: UserBook | None) -> Judged:
        if copy is None or copy.deleted_at:
            return one._replace(kind="new", candidate="")
        if copy.imported.get("row") == one.key:
            # The reader has said in an earlier import that this is their book.
            kind: Kind = "same" if merged(one.row, copy).copy == copy else "changed"
            return one._replace(kind=kind, target=copy.user_book_id, candidate="")
        return one._replace(reason=OTHER_NUMBER if one.row.isbn and copy.isbn else BY_TITLE)


async def copies(world: World, user_id: str, ids: Iterable[str]) -> dict[str, UserBook]:
    """The reader's copies by the ids asked for; where one has moved, the one in its place."""
    found: dict[str, UserBook] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), MAX_IDS):
        found |= await world.storage.owned(user_id, wanted[start : start + MAX_IDS])
    moved = {ident: copy.moved_to for ident, copy in found.items() if copy.moved_to}
    if moved:
        led_on = await copies(world, user_id, [to for to in moved.values() if to])
        for ident, to in moved.items():
            del found[ident]
            if to in led_on:
                found[ident] = led_on[to]
    return found


def stays(merge: Merge) -> str:
    """A sentence on what of the reader's own is not touched; empty where nothing is at stake."""
    if not merge.stays:
        return ""
    names = " and ".join(WORDS[name] for name in merge.stays)
    return f"Your own {names} {'stays' if len(merge.stays) == 1 else 'stay'}."
