"""Copying a whole installation from one storage to the other, and proving that both are equal."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol, TypeVar

from booklib.errors import EmailTaken, NameTaken
from booklib.models import COVER_FILE, Book, CoverName, User, UserBook
from booklib.models.covers import COVER_SIZES
from booklib.ports import MAX_IDS, Dump, Files, Storage

T = TypeVar("T")

FILES_AT_ONCE = 8
KINDS = ("users", "books", "copies")
_KEPT_ANEW = frozenset({"counts", "shelf_version"})
"""What a storage counts by itself: no part of what is compared item by item."""


class Store(Storage, Dump, Protocol):
    """A storage that can be read and written whole."""


class Side(NamedTuple):
    """One of the two installations."""

    name: str
    store: Store
    files: Files


class Sum(NamedTuple):
    """Number of items, and the sum of their SHA-256 modulo 2^256: in any order the same."""

    items: int
    total: int

    @property
    def digest(self) -> str:
        """The sum in hexadecimal digits."""
        return f"{self.total:064x}"


@dataclass(slots=True)
class Tally:
    """What became of one kind of items."""

    written: int = 0
    same: int = 0
    differing: int = 0
    """There already, and different; left as it is unless the source is to win."""


@dataclass(slots=True)
class Report:
    """What a copy did, and how both sides compare afterwards."""

    users: Tally = field(default_factory=Tally)
    books: Tally = field(default_factory=Tally)
    copies: Tally = field(default_factory=Tally)
    files: Tally = field(default_factory=Tally)
    left_out: list[str] = field(default_factory=list)
    """Sentences on accounts that were not copied."""
    wrong_counts: list[str] = field(default_factory=list)
    """Accounts whose numbers of books were wrong at the source; they are right at the target."""
    moved: list[str] = field(default_factory=list)
    """Accounts that were changed at the source meanwhile."""
    source: dict[str, Sum] = field(default_factory=dict)
    target: dict[str, Sum] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same, and nothing was left out or changed meanwhile."""
        return self.source == self.target and not self.left_out and not self.moved


Progress = Callable[[int, int], None]
"""Told how many copies have been looked at, and of how many."""


async def copy(
    source: Side,
    target: Side,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda done, most: None,
) -> Report:
    """Copy accounts, Books, everybody's copies and the pictures that they name.

    What is there and equal is not written, so a copy that was cut off goes on, and a second one
    changes nothing. What is there and differs is left, or replaced with `overwrite`. Jobs and
    counters of tries stay behind. The numbers of books are counted anew at the target.
    Raises StorageDown, StorageFull and Busy.
    """
    work = _Copy(source, target, overwrite, dry_run, progress)
    await work.users()
    await work.books()
    await work.copies()
    await work.compare()
    return work.report


class _Copy:
    def __init__(
        self, source: Side, target: Side, overwrite: bool, dry_run: bool, progress: Progress
    ) -> None:
        self.report = Report()
        self._source, self._target = source, target
        self._overwrite, self._dry_run = overwrite, dry_run
        self._progress = progress
        self._versions: dict[str, int] = {}
        self._most = 0
        self._places = asyncio.Semaphore(FILES_AT_ONCE)

    async def users(self) -> None:
        """Accounts; those that cannot be copied are left out with all that is theirs."""
        async for user in self._source.store.users():
            if user.closing_at:
                self.report.left_out.append(f"“{user.username}” is being deleted.")
                continue
            if await self._user(user):
                self._versions[user.user_id] = user.shelf_version
                self._most += sum(user.counts.values())

    async def _user(self, user: User) -> bool:
        there = await self._target.store.user(user.user_id)
        if not self._wanted(self.report.users, user, there):
            return True
        try:
            if not self._dry_run:
                await self._target.store.put_user(user)
        except (NameTaken, EmailTaken) as taken:
            self.report.users.written -= 1
            what = "name" if isinstance(taken, NameTaken) else "email address"
            self.report.left_out.append(
                f"“{user.username}” is not copied: another account has this {what} there."
            )
            return False
        return True

    def _wanted(self, tally: Tally, item: T, there: T | None) -> bool:
        """Whether an item is to be written."""
        if there is None:
            tally.written += 1
            return True
        if canonical(there) == canonical(item):
            tally.same += 1
            return False
        if self._overwrite:
            tally.written += 1
            return True
        tally.differing += 1
        return False

    async def books(self) -> None:
        """Books and their covers."""
        async for some in _portions(self._source.store.all_books()):
            there = await self._target.store.books([book.book_id for book in some])
            wanted = [
                book
                for book in some
                if self._wanted(self.report.books, book, there.get(book.book_id))
            ]
            if wanted and not self._dry_run:
                await self._target.store.put_books(wanted)
            await self._pictures((str(book.fields.get(COVER_FILE) or ""), "") for book in some)

    async def copies(self) -> None:
        """Everybody's copies, and their own pictures."""
        done = 0
        async for every in _portions(self._source.store.all_copies()):
            some = [one for one in every if one.user_id in self._versions]
            there = await self._target.store.copies([one.user_book_id for one in some])
            wanted = [
                one
                for one in some
                if self._wanted(self.report.copies, one, there.get(one.user_book_id))
            ]
            if wanted and not self._dry_run:
                await self._target.store.put_copies(wanted)
            await self._pictures((str(one.mine.get(COVER_FILE) or ""), one.user_id) for one in some)
            done += len(every)
            self._progress(min(done, self._most), self._most)

    async def _pictures(self, names: Iterable[tuple[str, str]]) -> None:
        wanted = [
            name.file(size, user_id)
            for text, user_id in names
            if (name := CoverName.parse(text))
            for size in COVER_SIZES
        ]
        await asyncio.gather(*(self._picture(name) for name in wanted))

    async def _picture(self, name: str) -> None:
        async with self._places:
            if await self._target.files.get(name) is not None:
                self.report.files.same += 1
                return
            data = await self._source.files.get(name)
            if data is None:
                return
            self.report.files.written += 1
            if not self._dry_run:
                await self._target.files.put(name, data)

    async def compare(self) -> None:
        """Sums of both sides, the numbers of books, and whether the source stood still."""
        counted: dict[str, Counter[str]] = {}
        self.report.source = await self._sums(self._source, counted)
        async for user in self._source.store.users():
            known = self._versions.get(user.user_id)
            if known is not None and known != user.shelf_version:
                self.report.moved.append(user.username)
            if known is not None and dict(user.counts) != dict(counted.get(user.user_id, {})):
                self.report.wrong_counts.append(user.username)
        counted = {}
        self.report.target = await self._sums(self._target, counted)
        if not self._dry_run:
            await self._count(counted)

    async def _count(self, counted: dict[str, Counter[str]]) -> None:
        for ident in self._versions:
            user = await self._target.store.user(ident)
            right = dict(counted.get(ident, {}))
            if user is not None and dict(user.counts) != right:
                await self._target.store.put_counts(ident, right)

    async def _sums(self, side: Side, counted: dict[str, Counter[str]]) -> dict[str, Sum]:
        sums = {kind: _Summing() for kind in KINDS}
        async for user in side.store.users():
            if side is self._target or user.user_id in self._versions:
                sums["users"].add(user)
        async for books in side.store.all_books():
            for book in books:
                sums["books"].add(book)
        async for copies in side.store.all_copies():
            for one in copies:
                if side is self._target or one.user_id in self._versions:
                    sums["copies"].add(one)
                    counted.setdefault(one.user_id, Counter())[one.shelf] += 1
        return {kind: Sum(each.items, each.total) for kind, each in sums.items()}


class _Summing:
    def __init__(self) -> None:
        self.items = self.total = 0

    def add(self, item: User | Book | UserBook) -> None:
        self.items += 1
        digest = sha256(canonical(item).encode()).digest()
        self.total = (self.total + int.from_bytes(digest)) % 2**256


async def _portions(chunks: AsyncIterator[Sequence[T]]) -> AsyncIterator[Sequence[T]]:
    async for chunk in chunks:
        for start in range(0, len(chunk), MAX_IDS):
            yield chunk[start : start + MAX_IDS]


def canonical(item: Any) -> str:
    """An item as JSON that is the same on every storage, without what each counts by itself."""
    values = {
        each.name: getattr(item, each.name)
        for each in fields(item)
        if each.name not in _KEPT_ANEW or not isinstance(item, User)
    }
    return json.dumps(values, default=_plain, sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return dict(value)
