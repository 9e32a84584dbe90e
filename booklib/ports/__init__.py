"""The outside world on one screen: what the use cases ask of storage, queue and catalogues."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from booklib.models import (
    BackupState,
    Book,
    CoverPictures,
    Fields,
    Job,
    Owner,
    Page,
    Query,
    Scan,
    ShelfRow,
    User,
    UserBook,
)
from booklib.ports.changes import MAX_CHANGES, MAX_OWN_BYTES, Change, check_changes
from booklib.ports.dump import Counted, Dump, Snapshot

_FILE_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)

MAX_IDS = 100
"""Ids that one read takes."""


__all__ = [
    "MAX_CHANGES",
    "MAX_IDS",
    "MAX_OWN_BYTES",
    "Backups",
    "Catalogue",
    "Change",
    "Counted",
    "Dump",
    "Files",
    "Found",
    "Pictures",
    "Queue",
    "Snapshot",
    "Storage",
    "Store",
    "UploadForm",
    "World",
    "check_changes",
    "check_file_name",
]


def check_file_name(name: str) -> None:
    """Raise ValueError for what names no file; every place for files calls it."""
    if not _FILE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no file's name")


class Storage(Protocol):
    """Every method is one consistent read or one atomic change; the owner always comes first."""

    async def ping(self) -> None:
        """Return if the storage answers; raises StorageDown."""

    async def add_user(self, user: User, *, only_first: bool = False) -> None:
        """Store a new user; raises NameTaken or EmailTaken, also when two registrations race.

        With `only_first`, raises RegistrationClosed if there is any user, in the same atomic step.
        """

    async def has_users(self) -> bool:
        """Whether there is any user."""

    async def user(self, user_id: str) -> User | None:
        """The user with counts and shelf_version as of now."""

    async def user_by_login(self, name_or_email: str) -> User | None:
        """The user with this username, or this email, compared as `fold_name` does."""

    async def save_user(self, before: User, after: User) -> bool:
        """Replace a user if `before.rev` is still the stored one; counts are left as they are.

        `after.rev` is set to `before.rev + 1` by the storage. Raises NameTaken or EmailTaken.
        """

    async def remove_user(self, user_id: str) -> None:
        """Remove the user and everything of theirs; safe to call again after a crash."""

    async def hit(self, key: str, window_s: int) -> int:
        """Count a try; the number of tries since the first in the current window, this included."""

    async def unhit(self, key: str) -> None:
        """Take one try back, where the current window still counts any."""

    async def books(self, ids: Sequence[str]) -> dict[str, Book]:
        """Books by id, at most MAX_IDS; unknown ids are left out."""

    async def save_book(self, book: Book, if_version: int) -> bool:
        """Store a Book if the stored version is `if_version`; 0 means that there must be none."""

    async def owned(self, user_id: str, ids: Sequence[str]) -> dict[str, UserBook]:
        """This user's books by id, deleted ones too, at most MAX_IDS; others are left out."""

    async def shelf(
        self, user_id: str, query: Query, after: str | None, limit: int
    ) -> Page[ShelfRow]:
        """One page of a user's books in the order of `query`, beginning behind the key `after`."""

    async def apply(self, user_id: str, changes: Sequence[Change], job: Job | None = None) -> bool:
        """Do all changes (at most MAX_CHANGES) and store the job, or do nothing.

        False: a book or the user is not as `before` says (compared by `rev`; an addition finds the
        id taken), or the account is closing. Sets each `after.rev` to `before.rev + 1`, moves the
        user's counts and raises shelf_version. A job whose id exists already stays as it is, unless
        it has ended and is older than 30 days. Raises what `check_changes` does.
        """

    async def owners(self, book_id: str, after: str | None, limit: int) -> Page[Owner]:
        """Who has a copy of a Book, deleted copies too. For the worker's fan-out only."""

    async def add_job(self, job: Job) -> bool:
        """Store a job; False if one with this id exists."""

    async def job(self, job_id: str) -> Job | None:
        """A job by its id."""

    async def claim_job(self, job_id: str, now: datetime, lease_s: int) -> Job | None:
        """Take a job that is waiting and due, or running with its lease over; None if it is not.

        Sets it to running, counts the attempt and sets `lease_until`.
        """

    async def save_job(self, before: Job, after: Job) -> bool:
        """Replace a job if `before.rev` is still the stored one; sets `after.rev`."""

    async def due_jobs(self, now: datetime, limit: int) -> list[Job]:
        """Jobs that `claim_job` would give out now, longest waiting first."""


class Store(Storage, Dump, Protocol):
    """What each database is: the storage, and what reads and writes it whole."""


class Queue(Protocol):
    """A doorbell for the worker. Losing a ring costs time only: the job is stored."""

    async def ring(self, job_id: str, delay_s: int = 0) -> None:
        """Tell the worker that a job is due, or will be in some seconds."""


class Found(NamedTuple):
    """What a catalogue says of one edition. Only fields that it really knows are in `fields`."""

    isbn: str | None
    edition: str
    """The provider's own id of the edition, as `provider:id`."""
    fields: Fields


class Catalogue(Protocol):
    """A metadata provider. Every method raises TryLater, QuotaSpent, Unreadable or Refused."""

    name: str
    """Short and stable, stored as the source of each field: `google_books`."""
    label: str
    """What people call it: `Google Books`."""

    async def expect(self, isbns: Sequence[str]) -> None:
        """Hear which ISBN-13s are asked for next: who can answer many at once may ask now.

        Raises none of those: a fault is met by the questions themselves.
        """

    async def by_isbn(self, isbn: str) -> Found | None:
        """The edition with this ISBN-13, or None; the answer was checked to carry it."""

    async def by_edition(self, edition: str) -> Found | None:
        """The edition with this id (`provider:id`); None for another provider's or an unknown."""

    async def search(self, words: str, limit: int) -> list[Found]:
        """Editions by title and author, best first."""

    async def cover(self, address: str) -> bytes | None:
        """The picture at an address that this provider gave, in its largest size.

        None where the provider has none after all (its grey stand-in counts as none), or where the
        address is not one of its own.
        """


class UploadForm(NamedTuple):
    """Where a browser may send a file itself: a form's address and its hidden fields.

    The file comes last, as the field `file` (Amazon S3, "Browser-based uploads using POST").
    """

    url: str
    fields: Mapping[str, str]


class Files(Protocol):
    """Pictures and uploads by name: words of a-z, A-Z, 0-9, `.`, `_` and `-` joined by slashes.

    None of the words begins with a full stop.

    Every method raises StorageDown; a name that is none raises ValueError.
    """

    async def put(self, name: str, data: bytes) -> None:
        """Store a file whole or not at all; the same name again replaces it. Raises StorageFull."""

    async def get(self, name: str) -> bytes | None:
        """A file, or None."""

    async def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def names(self, folder: str) -> AsyncIterator[str]:
        """The names of all files below a folder, in no order; for the command line."""

    async def store(self, name: str, source: Path) -> None:
        """As `put`, from a file of this machine, which is never in memory whole."""

    async def fetch(self, name: str, to: Path) -> bool:
        """Copy a file to one of this machine, never in memory whole; False where there is none.

        Raises StorageFull where this machine's disk is full.
        """

    async def upload_form(self, name: str, most: int, then: str) -> UploadForm | None:
        """The form with which a browser stores at most `most` bytes here within an hour.

        It is sent on to the address `then`, with more parameters. None: send it to this program.
        """

    async def link(self, name: str, file_name: str) -> str | None:
        """An address from which a browser may fetch the file for some minutes, as `file_name`.

        None: through this program.
        """

    async def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""

    async def remove_all(self, folder: str) -> None:
        """Remove every file below a folder."""


class Pictures(Protocol):
    """Looks into pictures in a process of its own, which is stopped when it takes too long.

    Every method raises BadPicture, NotRead where another time may go well, and Busy where too many
    pictures wait.
    """

    async def scan(self, picture: bytes) -> Scan:
        """The barcodes of a photo (JPEG, PNG, WebP, HEIC where pillow-heif is), in 2 s at most."""

    async def cover(self, picture: bytes) -> CoverPictures:
        """A cover in the two stored sizes, upright, without its metadata."""


class Backups(Protocol):
    """The copies that are made by themselves."""

    async def state(self) -> BackupState:
        """When the last one was made, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a use case may touch; wired once, by `wiring.py`."""

    storage: Storage
    queue: Queue
    catalogues: tuple[Catalogue, ...]
    files: Files
    pictures: Pictures
    backups: Backups | None = None
    """None where the database keeps former states by itself."""
    now: Callable[[], datetime]
    """The current moment, with UTC as its time zone."""
