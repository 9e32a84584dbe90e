"""Reading a library once, in portions, and telling in sentences what does not fit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import NamedTuple

from booklib.checking import values
from booklib.checking.pictures import Pictures
from booklib.errors import StorageDown
from booklib.models import COVER_FILE, CoverName, UserBook
from booklib.models.shelf import unpack_card
from booklib.ports import MAX_IDS, Files, Snapshot

MOST = 100
"""Faults that are told one by one."""

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)


class Finding(NamedTuple):
    """What was found, as a sentence."""

    text: str
    harmless: bool = False


async def findings(
    snapshot: Snapshot,
    files: Files,
    kinds: frozenset[str],
    progress: Callable[[int], None] = lambda copies: None,
) -> AsyncIterator[Finding]:
    """What does not keep the invariants of the design; reads everything, in portions.

    `kinds`: of jobs; `progress` is told how many copies were read. A change in the middle of it may
    look like a fault where the storage knows no moments.
    """
    for fault in await snapshot.faults():
        yield Finding(fault)
    walk = _Walk(snapshot, Pictures(files), kinds)
    try:
        async for fault in walk.faults(progress):
            yield Finding(fault)
    except StorageDown as error:
        yield Finding(str(error))
        return
    for noticed in snapshot.noticed:
        yield Finding(noticed)
    if strays := walk.pictures.strays():
        yield Finding(strays, harmless=True)


class _Walk:
    def __init__(self, snapshot: Snapshot, pictures: Pictures, kinds: frozenset[str]) -> None:
        self._snapshot = snapshot
        self._kinds = kinds
        self._names: dict[str, str] = {}
        self.pictures = pictures

    async def faults(self, progress: Callable[[int], None]) -> AsyncIterator[str]:
        async for fault in self._users():
            yield fault
        await self.pictures.look(frozenset(self._names))
        async for fault in self._books():
            yield fault
        async for every in self._snapshot.all_copies():
            for start in range(0, len(every), MAX_IDS):
                for fault in await self._copies(every[start : start + MAX_IDS]):
                    yield fault
            progress(len(every))
        async for jobs in self._snapshot.all_jobs():
            for job in jobs:
                for fault in _safely(values.job(job, self._kinds)):
                    yield f"The job “{job.job_id}” {fault}."

    async def _books(self) -> AsyncIterator[str]:
        async for books in self._snapshot.all_books():
            for book in books:
                named = f"The Book {book.isbn or book.fields.get('title') or book.book_id}"
                for fault in [*_safely(values.book(book)), *await self._picture(book.fields, "")]:
                    yield f"{named} {fault}."

    async def _users(self) -> AsyncIterator[str]:
        keys: dict[str, str] = {}
        async for user in self._snapshot.users():
            self._names[user.user_id] = user.username
            for fault in _safely(values.user(user)):
                yield f"The account “{user.username}” {fault}."
            for key in (f"name {user.name_key}", f"email {user.mail_key}"):
                if (other := keys.setdefault(key, user.username)) != user.username:
                    yield f"“{user.username}” and “{other}” have the same {key.split()[0]}."

    async def _copies(self, copies: Sequence[UserBook]) -> list[str]:
        books = await self._snapshot.books(sorted({c.book_id for c in copies if c.book_id}))
        targets = await self._snapshot.copies(sorted({c.moved_to for c in copies if c.moved_to}))
        found = []
        for copy in copies:
            said = list(_safely(values.copy(copy, books.get(copy.book_id or ""))))
            if copy.user_id not in self._names:
                said.append("belongs to nobody")
            if copy.moved_to and not _leads(copy, targets.get(copy.moved_to)):
                said.append("has moved to a book that is not there")
            if not copy.moved_to:
                said += await self._picture(copy.mine, copy.user_id)
            whose = self._names.get(copy.user_id) or copy.user_id or "nobody"
            found += [f"“{_title(copy)}” of {whose} {fault}." for fault in said]
        return found

    async def _picture(self, fields: object, user_id: str) -> list[str]:
        named = fields.get(COVER_FILE) if isinstance(fields, dict) else None
        name = CoverName.parse(str(named)) if named else None
        if name is None or not await self.pictures.lacks(name, user_id):
            return []
        return [f"names the cover {name}, which is not among the files"]


def _safely(faults: Iterable[str]) -> list[str]:
    """The faults, and one more where something is of another kind than it can be."""
    found = []
    try:
        for fault in faults:
            found.append(fault)  # what came before an error counts
    except UNREADABLE as error:
        found.append(f"holds what cannot be: {error}")
    return found


def _leads(copy: UserBook, target: UserBook | None) -> bool:
    return target is not None and target.user_id == copy.user_id


def _title(copy: UserBook) -> str:
    try:
        card = unpack_card(copy.card)
        return card.title or card.isbn or copy.user_book_id
    except UNREADABLE:
        return copy.user_book_id
