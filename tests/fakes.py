"""Hand-written stand-ins for the outside world: storage, queue, clock and catalogue in memory."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from booklib.errors import (
    BadPicture,
    CatalogueError,
    EmailTaken,
    NameTaken,
    NotRead,
    RegistrationClosed,
    StorageFull,
)
from booklib.models import (
    Book,
    CoverPictures,
    Job,
    Owner,
    Page,
    Query,
    Scan,
    ShelfRow,
    User,
    UserBook,
)
from booklib.models.folding import matches
from booklib.models.shelf import card_words, count_changes, sort_key
from booklib.models.users import fold_name
from booklib.ports import (
    MAX_IDS,
    Change,
    Found,
    Snapshot,
    UploadForm,
    check_changes,
    check_file_name,
)

Told = TypeVar("Told")


class Clock:
    """A clock that stands still until it is told to advance."""

    def __init__(self, now: datetime = datetime(2026, 11, 1, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> datetime:
        """Go forward by the parts of a timedelta: `advance(days=31)`."""
        self.now += timedelta(**parts)
        return self.now


class FakeQueue:
    """Records the rings, and apart from them those for later."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.delayed: list[tuple[str, int]] = []

    async def ring(self, job_id: str, delay_s: int = 0) -> None:
        if delay_s:
            self.delayed.append((job_id, delay_s))
        else:
            self.rung.append(job_id)


class FakeCatalogue:
    """Answers from what it was given; raises `fault` as long as there is one."""

    def __init__(self, *editions: Found, name: str = "fake", label: str = "Fake Books") -> None:
        self.editions = list(editions)
        self.name = name
        self.label = label
        self.pictures: dict[str, bytes] = {}
        self.fault: CatalogueError | None = None
        self.expected: list[list[str]] = []
        self.asked: list[str] = []
        self.fetched: list[str] = []

    async def expect(self, isbns: Sequence[str]) -> None:
        self.expected.append(list(isbns))

    async def by_isbn(self, isbn: str) -> Found | None:
        self._ask(isbn)
        return next((found for found in self.editions if found.isbn == isbn), None)

    async def by_edition(self, edition: str) -> Found | None:
        self._ask(edition)
        return next((found for found in self.editions if found.edition == edition), None)

    async def cover(self, address: str) -> bytes | None:
        self.fetched.append(address)
        if self.fault:
            raise self.fault
        return self.pictures.get(address)

    async def search(self, words: str, limit: int) -> list[Found]:
        self._ask(words)
        wanted = words.casefold().split()
        said = [(found, str(found.fields).casefold()) for found in self.editions]
        return [found for found, text in said if all(word in text for word in wanted)][:limit]

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.fault:
            raise self.fault


class MemoryStorage:
    """The whole Storage port on plain dicts: the plainest statement of what a storage does."""

    def __init__(self, now: Clock | None = None) -> None:
        self._now = now or (lambda: datetime.now(UTC))
        self._users: dict[str, User] = {}
        self._books: dict[str, Book] = {}
        self._user_books: dict[str, UserBook] = {}
        self._jobs: dict[str, Job] = {}
        self._hits: dict[str, tuple[datetime, int]] = {}
        self.noticed: list[str] = []

    async def ping(self) -> None:
        pass

    # Users

    async def add_user(self, user: User, *, only_first: bool = False) -> None:
        if only_first and self._users:
            raise RegistrationClosed
        self._check_names(user)
        self._users[user.user_id] = user

    def _check_names(self, user: User) -> None:
        others = [other for other in self._users.values() if other.user_id != user.user_id]
        if any(other.name_key == user.name_key for other in others):
            raise NameTaken
        if any(other.mail_key == user.mail_key for other in others):
            raise EmailTaken

    async def has_users(self) -> bool:
        return bool(self._users)

    async def user(self, user_id: str) -> User | None:
        return self._users.get(user_id)

    async def user_by_login(self, name_or_email: str) -> User | None:
        wanted = fold_name(name_or_email)
        users = self._users.values()
        return next((user for user in users if wanted in (user.name_key, user.mail_key)), None)

    async def save_user(self, before: User, after: User) -> bool:
        stored = self._users.get(before.user_id)
        if stored is None or stored.rev != before.rev:
            return False
        self._check_names(after)
        self._users[before.user_id] = replace(
            after,
            rev=before.rev + 1,
            counts=stored.counts,
            shelf_version=stored.shelf_version,
        )
        return True

    async def remove_user(self, user_id: str) -> None:
        self._users.pop(user_id, None)
        for ident in [i for i, book in self._user_books.items() if book.user_id == user_id]:
            del self._user_books[ident]

    async def users(self) -> AsyncIterator[User]:
        for user in sorted(self._users.values(), key=lambda user: user.name_key):
            yield user

    # Dump

    async def all_books(self) -> AsyncIterator[Sequence[Book]]:
        yield tuple(self._books.values())

    async def all_copies(self) -> AsyncIterator[Sequence[UserBook]]:
        yield tuple(self._user_books.values())

    async def copies(self, ids: Sequence[str]) -> dict[str, UserBook]:
        return {ident: self._user_books[ident] for ident in ids if ident in self._user_books}

    async def put_user(self, user: User) -> None:
        self._check_names(user)
        known = self._users.get(user.user_id)
        counts, version = (known.counts, known.shelf_version) if known else ({}, user.shelf_version)
        self._users[user.user_id] = replace(user, counts=counts, shelf_version=version)

    async def put_books(self, books: Sequence[Book]) -> None:
        self._books |= {book.book_id: book for book in books}

    async def put_copies(self, copies: Sequence[UserBook]) -> None:
        self._user_books |= {copy.user_book_id: copy for copy in copies}

    async def put_counts(self, user_id: str, counts: Mapping[str, int]) -> None:
        user = self._users[user_id]
        version = user.shelf_version + 1
        self._users[user_id] = replace(user, counts=dict(counts), shelf_version=version)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        yield self

    async def all_jobs(self) -> AsyncIterator[Sequence[Job]]:
        yield tuple(self._jobs.values())

    async def faults(self) -> list[str]:
        shelves: dict[str, Counter[str]] = {}
        for book in self._user_books.values():
            shelves.setdefault(book.user_id, Counter())[book.shelf] += 1
        users = self._users.values()
        wrong = [user for user in users if Counter(user.counts) != shelves.get(user.user_id, {})]
        return [f"The counts of {user.username} are wrong." for user in wrong]

    async def hit(self, key: str, window_s: int) -> int:
        now = self._now()
        self._hits = {k: hit for k, hit in self._hits.items() if hit[0] > now}
        until, tries = self._hits.get(key, (now + timedelta(seconds=window_s), 0))
        self._hits[key] = (until, tries + 1)
        return tries + 1

    async def unhit(self, key: str) -> None:
        until, tries = self._hits.get(key, (self._now(), 0))
        if tries:
            self._hits[key] = (until, tries - 1)

    # Books

    async def books(self, ids: Sequence[str]) -> dict[str, Book]:
        assert len(ids) <= MAX_IDS
        return {ident: self._books[ident] for ident in ids if ident in self._books}

    async def save_book(self, book: Book, if_version: int) -> bool:
        stored = self._books.get(book.book_id)
        if (stored.version if stored else 0) != if_version:
            return False
        self._books[book.book_id] = book
        return True

    async def owned(self, user_id: str, ids: Sequence[str]) -> dict[str, UserBook]:
        assert len(ids) <= MAX_IDS
        found = {ident: self._user_books[ident] for ident in ids if ident in self._user_books}
        return {ident: book for ident, book in found.items() if book.user_id == user_id}

    async def shelf(
        self, user_id: str, query: Query, after: str | None, limit: int
    ) -> Page[ShelfRow]:
        trash = query.shelf == "deleted"
        rows = [
            _shelf_row(book, book.keys.status if trash else sort_key(book, query.sort))
            for book in self._user_books.values()
            if book.user_id == user_id and _asked_for(book, query)
        ]
        backwards = trash or query.descending
        rows.sort(key=lambda row: row.key.encode(), reverse=backwards)
        if after is not None:
            rows = [row for row in rows if row.key != after and (row.key < after) == backwards]
        more = len(rows) > limit
        return Page(tuple(rows[:limit]), rows[limit - 1].key if more else None)

    async def apply(self, user_id: str, changes: Sequence[Change], job: Job | None = None) -> bool:
        check_changes(user_id, changes)
        user = self._users.get(user_id)
        if user is None or user.closing_at or not all(self._fits(user_id, c) for c in changes):
            return False
        for before, after in changes:
            if after:
                rev = before.rev + 1 if before else 1
                self._user_books[after.user_book_id] = replace(after, rev=rev)
            elif before:
                del self._user_books[before.user_book_id]
        counts = dict(user.counts)
        for shelf, moved in count_changes(list(changes)).items():
            counts[shelf] = counts.get(shelf, 0) + moved
        self._users[user_id] = replace(
            user,
            counts={shelf: number for shelf, number in counts.items() if number},
            shelf_version=user.shelf_version + 1,
        )
        if job:
            self._store(job)
        return True

    def _fits(self, user_id: str, change: Change) -> bool:
        if change.before:
            stored = self._user_books.get(change.before.user_book_id)
            fits = stored is not None and stored.user_id == user_id
            return fits and stored.rev == change.before.rev
        return change.after.user_book_id not in self._user_books

    async def owners(self, book_id: str, after: str | None, limit: int) -> Page[Owner]:
        owners = sorted(
            Owner(book.user_id, book.user_book_id)
            for book in self._user_books.values()
            if book.book_id == book_id
        )
        owners.sort(key=lambda owner: owner.user_book_id)
        rest = [owner for owner in owners if after is None or owner.user_book_id > after]
        more = len(rest) > limit
        return Page(tuple(rest[:limit]), rest[limit - 1].user_book_id if more else None)

    # Jobs

    async def add_job(self, job: Job) -> bool:
        if job.job_id in self._jobs:
            return False
        self._jobs[job.job_id] = job
        return True

    def _store(self, job: Job) -> None:
        stored = self._jobs.get(job.job_id)
        if stored is None:
            self._jobs[job.job_id] = job
        elif stored.outlived(job.created_at):
            self._jobs[job.job_id] = replace(job, rev=stored.rev + 1)

    async def job(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    async def claim_job(self, job_id: str, now: datetime, lease_s: int) -> Job | None:
        job = self._jobs.get(job_id)
        if job is None or not _claimable(job, now):
            return None
        self._jobs[job_id] = replace(
            job,
            state="running",
            attempts=job.attempts + 1,
            due_at=None,
            lease_until=now + timedelta(seconds=lease_s),
            rev=job.rev + 1,
        )
        return self._jobs[job_id]

    async def save_job(self, before: Job, after: Job) -> bool:
        stored = self._jobs.get(before.job_id)
        if stored is None or stored.rev != before.rev:
            return False
        self._jobs[before.job_id] = replace(after, rev=before.rev + 1)
        return True

    async def due_jobs(self, now: datetime, limit: int) -> list[Job]:
        due = [job for job in self._jobs.values() if _claimable(job, now)]
        return sorted(due, key=lambda job: (_since(job), job.job_id))[:limit]


def _since(job: Job) -> datetime | None:
    return job.due_at if job.state == "waiting" else job.lease_until


def _claimable(job: Job, now: datetime) -> bool:
    since = _since(job)
    return not job.ended and since is not None and since <= now


def _asked_for(book: UserBook, query: Query) -> bool:
    on_shelf = book.deleted_at is None if query.shelf is None else book.shelf == query.shelf
    return (
        on_shelf
        and query.rating in (None, book.rating)
        and matches(query.words, card_words(book.card))
    )


def _shelf_row(book: UserBook, key: str) -> ShelfRow:
    return ShelfRow(
        user_book_id=book.user_book_id,
        card=book.card,
        status=book.status,
        rating=book.rating,
        finished_on=book.finished_on,
        deleted=book.deleted_at is not None,
        key=key,
    )


class MemoryFiles:
    """Files in a dictionary, which is full with `most` of them."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.most = 1000
        self.forms: str | None = None
        """Where a browser may send files itself."""

    async def put(self, name: str, data: bytes) -> None:
        check_file_name(name)
        if len(self.kept) >= self.most:
            raise StorageFull("The disk is full.")
        self.kept[name] = data

    async def store(self, name: str, source: Path) -> None:
        await self.put(name, source.read_bytes())

    async def fetch(self, name: str, to: Path) -> bool:
        data = await self.get(name)
        if data is not None:
            to.write_bytes(data)
        return data is not None

    async def upload_form(self, name: str, most: int, then: str) -> UploadForm | None:
        check_file_name(name)
        return self.forms and UploadForm(self.forms, {"key": name, "success_action_redirect": then})

    async def link(self, name: str, file_name: str) -> str | None:
        check_file_name(name)
        return None

    async def get(self, name: str) -> bytes | None:
        check_file_name(name)
        return self.kept.get(name)

    async def has(self, name: str) -> bool:
        return await self.get(name) is not None

    async def names(self, folder: str) -> AsyncIterator[str]:
        check_file_name(folder)
        for name in list(self.kept):
            if name.startswith(f"{folder}/"):
                yield name

    async def remove(self, name: str) -> None:
        check_file_name(name)
        self.kept.pop(name, None)

    async def remove_all(self, folder: str) -> None:
        check_file_name(folder)
        for name in [name for name in self.kept if name.startswith(f"{folder}/")]:
            del self.kept[name]


class FakePictures:
    """Finds in a picture what it was told is in it; what it was not told of is no picture."""

    def __init__(self) -> None:
        self.scans: dict[bytes, Scan] = {}
        self.covers: dict[bytes, CoverPictures] = {}
        self.unread = False

    async def scan(self, picture: bytes) -> Scan:
        return self._known(self.scans, picture)

    async def cover(self, picture: bytes) -> CoverPictures:
        return self._known(self.covers, picture)

    def _known(self, told: dict[bytes, Told], picture: bytes) -> Told:
        if self.unread:
            raise NotRead("This picture takes too long to read.")
        if picture not in told:
            raise BadPicture("This is not a picture.")
        return told[picture]
