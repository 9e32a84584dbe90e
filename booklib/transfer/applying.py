"""Carrying out an import, chunk by chunk; doing a chunk again changes nothing any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from booklib.errors import Invalid
from booklib.models import Book, UserBook, details
from booklib.models.shelf import own_bytes, place
from booklib.ports import MAX_CHANGES, MAX_IDS, Change, World
from booklib.retries import attempts
from booklib.transfer import numbering, plans
from booklib.transfer.merging import added_to, merged, new_copy, own_digest
from booklib.transfer.planning import copies
from booklib.transfer.plans import Action, Entry, Judged
from booklib.transfer.resting import resting

Doubt = Literal["add", "merge", "skip"]

MOST_BYTES = 300_000
"""Bytes of the readers' own texts in one `apply`. In a request to DynamoDB a letter of three bytes
takes six, and one of more than a megabyte holds up everything else while it is sent."""

FULL = "This book has no room for more {names}: what this row says of them is left out."
TOO_LARGE = "This book's texts are too long to be kept: {problem}"


class Wish(NamedTuple):
    """How the reader wants an import to be done."""

    overwrite: bool
    doubtful: Doubt
    choices: Mapping[int, Doubt]


class Outcome(NamedTuple):
    """What became of a chunk's rows. `refused`: numbers of rows that do not fit, with the reason.

    `made` are the ids of new copies, for the look-ups.
    """

    made: tuple[str, ...]
    changed: int
    same: int
    refused: Mapping[int, str]


class Closed(Exception):
    """The account is being closed: nothing more is imported."""


def targets(rows: Iterable[Judged], wish: Wish) -> list[tuple[Judged, str, bool]]:
    """The rows to be imported, each with the copy's id and whether it is what a doubt led to."""
    found = []
    for one in rows:
        choice = wish.choices.get(one.row.number, wish.doubtful)
        if one.kind == "broken" or (one.kind == "doubtful" and choice == "skip"):
            continue
        led = one.kind == "doubtful" and choice == "merge"
        found.append((one, one.candidate if led else one.target, led))
    return found


async def apply_chunk(
    world: World,
    user_id: str,
    folder: str,
    chunk: int,
    judged: Sequence[Judged],
    wish: Wish,
    began: datetime,
) -> Outcome:
    """Import the rows of one chunk; its plan is stored before anything is written.

    Raises Busy, and Closed.
    """
    rows = targets(judged, wish)
    there = await copies(world, user_id, [ident for _, ident, _ in rows])
    work = Work(world, user_id, wish, began, _by_copy(rows, there), there)
    await work.lay()
    planned = [entry async for entry in resting(work.entries())]
    entries = await plans.keep_plan(world, folder, chunk, user_id, planned)
    await work.write()
    await numbering.give_numbers(world, user_id, entries)
    made = [
        entry.ident
        for entry in entries
        if entry.action == "new"
        and any(one.row.number not in work.refused for one, _ in work.rows.get(entry.ident, ()))
    ]
    changed = sum(entry.action == "changed" for entry in entries)
    same = len(rows) - len(made) - changed - len(work.refused)
    return Outcome(tuple(made), changed, max(same, 0), work.refused)


Rows = list[tuple[Judged, bool]]
ByCopy = dict[str, Rows]


def _by_copy(rows: list[tuple[Judged, str, bool]], there: Mapping[str, UserBook]) -> ByCopy:
    found: ByCopy = {}
    for one, ident, led in rows:
        # A copy that has moved is written where it is now; one that has gone is made anew.
        now = there[ident].user_book_id if ident in there else one.target
        found.setdefault(now, []).append((one, led))
    return found


async def books(world: World, ids: Iterable[str | None]) -> dict[str, Book]:
    """Books by id, however many."""
    wanted = sorted(ident for ident in set(ids) if ident)
    found: dict[str, Book] = {}
    for start in range(0, len(wanted), MAX_IDS):
        found |= await world.storage.books(wanted[start : start + MAX_IDS])
    return found


class Work:
    """The rows of one chunk by the copy that they are about, and how the copies were before."""

    def __init__(
        self,
        world: World,
        user_id: str,
        wish: Wish,
        began: datetime,
        rows: ByCopy,
        there: Mapping[str, UserBook],
    ) -> None:
        self.rows = rows
        self.refused: dict[int, str] = {}
        self._world = world
        self._user_id = user_id
        self._wish = wish
        self._began = began
        self._before = {copy.user_book_id: copy for copy in there.values()}
        self._after: dict[str, UserBook] = {}
        self._books: dict[str, Book] = {}

    async def lay(self) -> None:
        """Work out what each copy becomes, with pauses for others."""
        async for ident in resting(self.rows):
            self._after[ident] = self._laid(self._before.get(ident), ident)

    def entries(self) -> Iterator[Entry]:
        """The plan."""
        return (self._entry(ident, after) for ident, after in self._after.items())

    def _entry(self, ident: str, after: UserBook) -> Entry:
        before = self._before.get(ident)
        isbn = numbering.number_for(before, self.rows[ident])
        action: Action = "changed" if before else "new"
        if before == after and not isbn:
            action, before = "same", None
        left = own_digest(replace(after, isbn=isbn) if isbn else after)
        return Entry(ident, action, before, left, title_of(after), isbn)

    async def write(self) -> None:
        """Write what differs, as much at a time as one `apply` takes."""
        self._books = await books(self._world, (copy.book_id for copy in self._after.values()))
        for group in self._groups():
            await self._apply(group)

    def _groups(self) -> list[list[str]]:
        groups: list[list[str]] = [[]]
        size = 0
        for ident, after in self._after.items():
            if after == self._before.get(ident):
                continue
            weight = own_bytes(after) + 2_000
            if len(groups[-1]) == MAX_CHANGES or (groups[-1] and size + weight > MOST_BYTES):
                groups.append([])
                size = 0
            groups[-1].append(ident)
            size += weight
        return [group for group in groups if group]

    async def _apply(self, group: list[str]) -> None:
        """Write some copies; one that does not fit is refused, and the others written without."""
        there: Mapping[str, UserBook] = self._before
        async for _ in attempts():
            try:
                changes = [change async for change in resting(self._changes(group, there))]
                if await self._world.storage.apply(self._user_id, changes):
                    return
            except Invalid as problem:
                await self._apply_apart(group, problem)
                return
            await self._check_account()
            there = await copies(self._world, self._user_id, group)
        raise AssertionError("attempts() ends by raising Busy")

    def _changes(self, group: list[str], there: Mapping[str, UserBook]) -> Iterator[Change]:
        for ident in group:
            before = there.get(ident)
            known = before == self._before.get(ident)
            after = self._after[ident] if known else self._laid(before, ident)
            if before is None or after != before:
                yield Change(before, self._placed(before, after))

    async def _apply_apart(self, group: list[str], problem: Invalid) -> None:
        if len(group) > 1:
            for ident in group:
                await self._apply([ident])
            return
        said = TOO_LARGE.format(problem=" ".join(problem.problems.values()))
        self.refused |= {one.row.number: said for one, _ in self.rows[group[0]]}

    async def _check_account(self) -> None:
        user = await self._world.storage.user(self._user_id)
        if user is None or user.closing_at:
            raise Closed

    def _laid(self, copy: UserBook | None, ident: str) -> UserBook:
        """The copy with its rows laid over it, neither placed nor rekeyed."""
        number = numbering.number_for(copy, self.rows[ident])
        for one, led in self.rows[ident]:
            row = one.row
            if copy is None:
                merge = merged(row, new_copy(row, self._user_id, ident, one.key, self._began))
            elif one.repeats:
                merge = added_to(row, copy)
            else:
                back = replace(copy, deleted_at=None)
                row = numbering.noted(row, back, number) if led else row
                merge = merged(row, back, overwrite=self._wish.overwrite)
            copy = merge.copy
            if merge.full:
                self.refused[row.number] = FULL.format(names=" and ".join(merge.full))
            if led:
                copy = replace(copy, imported={**copy.imported, "row": one.key})
        if copy is None:
            raise ValueError("a copy has a row at least")
        return copy

    def _placed(self, before: UserBook | None, after: UserBook) -> UserBook:
        book = self._books.get(after.book_id or "")
        if book is not None:
            after = replace(after, lookup="found")
        if before is not None and _texts(before) != _texts(after):
            after = replace(after, edit=before.edit + 1)
        return place(after, book)


def _texts(copy: UserBook) -> tuple[object, ...]:
    """What forms of several lines edit: a change of it makes an open form stale."""
    return copy.notes, copy.review, dict(copy.mine)


def title_of(copy: UserBook) -> str:
    """What a copy is called in a report."""
    return details(copy, None).title or copy.isbn or "Untitled"
