"""Which adapters the settings ask for: the only part that knows them all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from booklib.models import Contents
from booklib.ports import Backups, Catalogue, Dump, Files, Queue, Store, World
from booklib.settings import Settings, StorageKind, library_path

if TYPE_CHECKING:
    from booklib.adapters.picture_process import PictureProcess
    from booklib.copying import Side

# Adapters are imported where they are chosen: the other runtime has no use for them, nor time.


class Places(NamedTuple):
    """Where things are kept, and who is told of work."""

    store: Store
    files: Files
    queue: Queue | None
    """None where whoever serves does the work too."""


def utc_now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_world(settings: Settings) -> AsyncIterator[World]:
    """The world for the command line: no worker and no catalogues.

    A serving process finds the jobs that are stored here by its sweep.
    """
    async with AsyncExitStack() as opened:
        places = await open_places(settings, opened)
        yield World(
            storage=places.store,
            queue=places.queue or Bell(None),
            catalogues=(),
            files=places.files,
            pictures=_pictures(opened),
            now=utc_now,
        )


@asynccontextmanager
async def open_dump(settings: Settings) -> AsyncIterator[Dump]:
    """What reads everything, for the command line."""
    async with AsyncExitStack() as opened:
        yield (await open_places(settings, opened)).store


@asynccontextmanager
async def open_working_world(
    settings: Settings, now: Callable[[], datetime] = utc_now
) -> AsyncIterator[World]:
    """The world for whoever serves or works; without a queue elsewhere its worker is in here."""
    async with AsyncExitStack() as opened:
        places = await open_places(settings, opened)
        backups = await _kept_safe(settings, places.store, opened, now)
        bell = Bell(places.queue)
        world = World(
            storage=places.store,
            queue=bell,
            catalogues=tuple(_catalogues(settings, opened)),
            files=places.files,
            pictures=_pictures(opened),
            backups=backups,
            now=now,
        )
        if places.queue is None:
            bell.answers = await _worker(world, opened)
        yield world


@asynccontextmanager
async def open_side(settings: Settings, storage: StorageKind) -> AsyncIterator[Side]:
    """One of the two storages, whichever the settings serve from; for copies between them."""
    from booklib.copying import Side

    chosen = settings.on(storage)
    async with AsyncExitStack() as opened:
        places = await open_places(chosen, opened)
        yield Side(storage, places.store, places.files)


class Bell:
    """The queue as the world knows it: its worker needs the world, so it is hung up last."""

    def __init__(self, answers: Queue | None) -> None:
        self.answers = answers

    async def ring(self, job_id: str, delay_s: int = 0) -> None:
        """Pass the ring on; before the worker is there it is lost, which costs time only."""
        if self.answers is not None:
            await self.answers.ring(job_id, delay_s)


async def open_places(settings: Settings, opened: AsyncExitStack) -> Places:
    """Open what the settings name; `opened` closes it."""
    if settings.storage == "dynamodb":
        return await _on_aws(settings, opened)
    from booklib.adapters.local_files import LocalFiles
    from booklib.adapters.sqlite import SqliteStorage

    storage = await SqliteStorage.open(settings.database)
    opened.push_async_callback(storage.close)
    return Places(storage, LocalFiles(settings.files), None)


async def _on_aws(settings: Settings, opened: AsyncExitStack) -> Places:
    from booklib.adapters.aws_clients import clients, later
    from booklib.adapters.dynamodb import DynamoStorage, Tables
    from booklib.adapters.s3_files import S3Files
    from booklib.adapters.sqs_queue import SqsQueue

    dynamodb, sqs = await opened.enter_async_context(clients("dynamodb", "sqs"))
    s3 = await opened.enter_async_context(later("s3"))
    tables = Tables(
        users=settings.users_table,
        books=settings.books_table,
        user_books=settings.user_books_table,
        jobs=settings.jobs_table,
    )
    url = settings.metadata_queue_url
    return Places(
        DynamoStorage(dynamodb, tables),
        S3Files(s3, settings.files_bucket),
        SqsQueue(sqs, url) if url else None,
    )


async def _kept_safe(
    settings: Settings, store: Store, opened: AsyncExitStack, now: Callable[[], datetime]
) -> Backups | None:
    """What DynamoDB does by itself: forget what is too old, and keep former states."""
    if settings.storage != "sqlite":
        return None
    from booklib.adapters.local_files import LocalFiles
    from booklib.adapters.sqlite import SqliteStorage
    from booklib.adapters.sqlite.backup import Backups, backed_up_daily
    from booklib.adapters.sqlite.housekeeping import swept_daily
    from booklib.adapters.sqlite.restoring import serving

    if not isinstance(store, SqliteStorage):
        raise TypeError("the storage is another one than the settings say")
    opened.enter_context(serving(settings.data_dir))
    for place in (store, LocalFiles(settings.files)):
        await opened.enter_async_context(swept_daily(place, now))
    backups = Backups(settings.database, settings.backups, now)
    await opened.enter_async_context(backed_up_daily(backups))
    return backups


def back_up(settings: Settings, out: Path, progress: Callable[[int, int], None]) -> Contents:
    """Write the installation at home to an archive. Raises StorageFull and StorageDown."""
    from booklib.adapters.sqlite.archive import pack

    return pack(settings.database, settings.files, out, progress)


def restore(
    settings: Settings, archive: Path, *, force: bool, progress: Callable[[int, int], None]
) -> Contents:
    """Put an archive in the place of the installation at home.

    Raises BadFile, StorageFull and StorageDown.
    """
    from booklib.adapters.sqlite.restoring import unpack

    place = settings.database, settings.files
    return unpack(archive, *place, force=force, now=utc_now(), progress=progress)


def engine(storage: StorageKind) -> str:
    """A database's name and version, for people."""
    if storage == "dynamodb":
        return "Amazon DynamoDB"
    from booklib.adapters.sqlite.checking import ENGINE

    return ENGINE


def read_backup(copy: Path) -> Contents:
    """What one of the daily backups holds; raises StorageDown where it is not sound."""
    from booklib.adapters.sqlite.backup import contents

    return contents(copy)


@asynccontextmanager
async def open_pictures() -> AsyncIterator[PictureProcess]:
    """What looks into pictures, for the command line; needs no settings."""
    async with AsyncExitStack() as opened:
        yield _pictures(opened)


def _pictures(opened: AsyncExitStack) -> PictureProcess:
    from booklib.adapters.picture_process import PictureProcess

    pictures = PictureProcess(library_path=library_path())
    opened.push_async_callback(pictures.aclose)
    return pictures


def _catalogues(settings: Settings, opened: AsyncExitStack) -> list[Catalogue]:
    """Google Books first, where there is a key: without one it answers nobody."""
    from booklib.adapters.google_books import GoogleBooks
    from booklib.adapters.open_library import OpenLibrary

    found: list[Catalogue] = []
    if settings.google_books_api_key:
        google = GoogleBooks(
            settings.google_books_api_key,
            url=settings.google_books_url,
            country=settings.google_books_country,
        )
        opened.push_async_callback(google.aclose)
        found.append(google)
    library = OpenLibrary(
        url=settings.open_library_url,
        covers_url=settings.open_library_covers_url,
        contact=settings.contact or settings.public_url,
    )
    opened.push_async_callback(library.aclose)
    return [*found, library]


async def _worker(world: World, opened: AsyncExitStack) -> Queue:
    from booklib import jobs
    from booklib.adapters.local_queue import LocalQueue

    async def run(job_id: str) -> None:
        await jobs.run(world, job_id)

    queue = LocalQueue(run, world.storage, workers=4)
    await queue.start()
    opened.push_async_callback(queue.stop)
    return queue
