"""The copy itself: accounts, Books, everybody's copies and pictures, then the comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from booklib.copying.pictures import Pictures
from booklib.copying.report import KINDS, Report, Tally
from booklib.copying.sums import Sum, canonical
from booklib.errors import EmailTaken, NameTaken
from booklib.models import STATUSES, UNDOABLE, Book, User, UserBook
from booklib.ports import MAX_IDS, Files, Store

T = TypeVar("T")
Item = TypeVar("Item", User, Book, UserBook)

STAGES = 4
"""Books, copies, and the comparison of either side; the bar gives each the same part."""


class Side(NamedTuple):
    """One of the two installations."""

    name: str
    store: Store
    files: Files


class _Known(NamedTuple):
    """An account as it was when the copy began; it is not quiet if anything of this changes."""

    username: str
    rev: int
    shelf_version: int


Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


async def copy(
    source: Side,
    target: Side,
    *,
    now: datetime,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda done, most: None,
) -> Report:
    """Copy accounts, Books, everybody's copies and the pictures that they name.

    What is there and equal is not written, so a copy that was cut off goes on, and a second one
    changes nothing. What is there and differs is left, or replaced with `overwrite`; what is only
    there stays. Jobs, counters of tries and what was deleted longer ago than it can be undone stay
    behind. The numbers of books are counted anew at the target.
    Raises StorageDown, StorageFull and Busy.
    """
    work = _Copy(source, target, now, overwrite, dry_run, progress)
    await work.users()
    await work.books()
    await work.copies()
    await work.compare()
    return work.report


class _Copy:
    def __init__(
        self,
        source: Side,
        target: Side,
        now: datetime,
        overwrite: bool,
        dry_run: bool,
        progress: Progress,
    ) -> None:
        self.report = Report()
        self._source, self._target = source, target
        self._now = now
        self._overwrite, self._dry_run = overwrite, dry_run
        self._progress = progress
        self._pictures = Pictures(source.files, target.files, self.report.files, dry_run=dry_run)
        self._copied: dict[str, _Known] = {}
        self._passed_over: set[str] = set()
        self._rewritten: set[str] = set()
        self._most = 0

    async def users(self) -> None:
        """Accounts; those that cannot be copied are left out with all that is theirs."""
        async for user in self._source.store.users():
            if await self._user(user):
                self._copied[user.user_id] = _Known(user.username, user.rev, user.shelf_version)
                self._most += sum(user.counts.values())
            else:
                self._passed_over.add(user.user_id)

    async def _user(self, user: User) -> bool:
        if user.closing_at:
            self.report.closing.append(user.username)
            return False
        there = await self._target.store.user(user.user_id)
        if there and there.closing_at:
            self.report.left_out.append(f"“{user.username}” is being deleted there.")
            return False
        known = {user.username: there} if there else {}
        if self._wanted(self.report.users, {user.username: user}, known):
            return await self._written(user)
        return True

    def _wanted(
        self, tally: Tally, some: Mapping[str, Item], there: Mapping[str, Item]
    ) -> list[Item]:
        """What of some items is to be written; the others are counted. The keys name them."""
        wanted = []
        for name, item in some.items():
            known = there.get(name)
            if known is not None and canonical(known) == canonical(item):
                tally.same += 1
            elif known is not None and not self._overwrite:
                self.report.differs(tally, name)
            else:
                wanted.append(item)
        return wanted

    async def _written(self, user: User) -> bool:
        try:
            if self._dry_run:
                await self._check_names(user)
            else:
                await self._target.store.put_user(user)
        except (NameTaken, EmailTaken) as taken:
            what = "name" if isinstance(taken, NameTaken) else "email address"
            self.report.left_out.append(
                f"“{user.username}” is not copied: another account has this {what} there."
            )
            return False
        self.report.users.written += 1
        return True

    async def _check_names(self, user: User) -> None:
        """Raise what storing a user would."""
        for key, error in ((user.username, NameTaken), (user.email, EmailTaken)):
            other = await self._target.store.user_by_login(key)
            if other and other.user_id != user.user_id:
                raise error

    async def books(self) -> None:
        """Books and their covers."""
        tally, done = self.report.books, 0
        async for some in _portions(self._source.store.all_books()):
            by_id = {book.book_id: book for book in some}
            there = await self._target.store.books(list(by_id))
            wanted = self._wanted(tally, by_id, there)
            if wanted and not self._dry_run:
                await self._target.store.put_books(wanted)
            tally.written += len(wanted)
            await self._pictures.copy((book.fields, "") for book in some)
            done += len(some)
            self._tell(0, done)

    async def copies(self) -> None:
        """Everybody's copies, and their own pictures."""
        tally, done = self.report.copies, 0
        async for every in _portions(self._source.store.all_copies()):
            some = [one for one in every if one.user_id in self._copied and not self._gone(one)]
            by_id = {one.user_book_id: one for one in some}
            there = await self._target.store.copies(list(by_id))
            wanted = self._wanted(tally, by_id, there)
            if wanted and not self._dry_run:
                await self._target.store.put_copies(wanted)
                self._rewritten |= {one.user_id for one in wanted}
            tally.written += len(wanted)
            await self._pictures.copy(
                (fields, one.user_id) for one in some for fields in (one.mine, one.given)
            )
            done += len(every)
            self._tell(1, done)

    def _gone(self, one: UserBook) -> bool:
        """Whether it was deleted so long ago that a storage may remove it at any moment."""
        return one.deleted_at is not None and one.deleted_at <= self._now - UNDOABLE

    def _tell(self, stage: int, done: int) -> None:
        self._progress(stage * self._most + min(done, self._most), STAGES * self._most)

    async def compare(self) -> None:
        """Sums of both sides, the numbers of books, and whether the source stood still."""
        self.report.source, counted = await self._sums(self._source, 2)
        await self._look_again(counted)
        self.report.target, counted = await self._sums(self._target, 3)
        if not self._dry_run:
            await self._count(counted)

    async def _look_again(self, counted: Mapping[str, Counter[str]]) -> None:
        """Tell which accounts were changed, came or went, and whose numbers are wrong."""
        left = dict(self._copied)
        async for user in self._source.store.users():
            known = left.pop(user.user_id, None)
            if known is None and user.user_id in self._passed_over:
                continue
            if known != (user.username, user.rev, user.shelf_version):
                self.report.moved.append(user.username)
            elif not _right(user, counted.get(user.user_id, Counter())):
                self.report.wrong_counts.append(user.username)
        self.report.moved += [known.username for known in left.values()]

    async def _count(self, counted: dict[str, Counter[str]]) -> None:
        """Give the target's accounts the numbers of what is there; its shelves are new ones."""
        async for user in self._target.store.users():
            right = dict(counted.get(user.user_id, {}))
            if user.user_id in self._rewritten or (
                user.user_id in self._copied and dict(user.counts) != right
            ):
                await self._target.store.put_counts(user.user_id, right)

    async def _sums(self, side: Side, stage: int) -> tuple[dict[str, Sum], dict[str, Counter[str]]]:
        """The sums of what is to be on both sides, and every account's books by shelf."""
        everybody = side is self._target
        sums = dict.fromkeys(KINDS, Sum())
        counted: dict[str, Counter[str]] = {}
        async for user in side.store.users():
            if everybody or user.user_id in self._copied:
                sums["users"] = sums["users"].plus(user)
        async for books in side.store.all_books():
            for book in books:
                sums["books"] = sums["books"].plus(book)
        done = 0
        async for copies in _portions(side.store.all_copies()):
            for one in copies:
                counted.setdefault(one.user_id, Counter())[one.shelf] += 1
                if (everybody or one.user_id in self._copied) and not self._gone(one):
                    sums["copies"] = sums["copies"].plus(one)
            done += len(copies)
            self._tell(stage, done)
        return sums, counted


def _right(user: User, counted: Counter[str]) -> bool:
    """Whether an account's numbers are those of its books; DynamoDB forgets what expired."""
    return all(user.counts.get(shelf, 0) == counted[shelf] for shelf in STATUSES)


async def _portions(chunks: AsyncIterator[Sequence[T]]) -> AsyncIterator[Sequence[T]]:
    async for chunk in chunks:
        for start in range(0, len(chunk), MAX_IDS):
            yield chunk[start : start + MAX_IDS]
