"""create_app: the only place that wires settings, adapters and pages together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from inspect import CO_COROUTINE
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quart import Quart

from booklib import __version__
from booklib.ports import Catalogue, Dump, Files, Pictures, Queue, Storage, World
from booklib.settings import Settings
from booklib.web import (
    accounts,
    adding,
    assets,
    books,
    covers,
    errors,
    finish,
    limits,
    pages,
    refresh,
    scan,
    security,
    sessions,
    shelf,
)
from booklib.web.context import Site, set_site, set_world
from booklib.web.respond import Templates

if TYPE_CHECKING:
    from booklib.adapters.picture_process import PictureProcess
    from booklib.adapters.sqlite import SqliteStorage

ROOT = Path(__file__).resolve().parent.parent

BLUEPRINTS = (
    pages.blueprint,
    accounts.blueprint,
    shelf.blueprint,
    books.blueprint,
    covers.blueprint,
    adding.blueprint,
    refresh.blueprint,
    scan.blueprint,
)


class App(Quart):
    """Quart without its search, for each hook of each request, whether the hook is async."""

    def ensure_async(self, func: Any) -> Any:
        """The function itself where its own code says that it is async."""
        code = getattr(func, "__code__", None)
        if code is not None and code.co_flags & CO_COROUTINE:
            return func
        return super().ensure_async(func)


def utc_now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    storage: Storage | None = None,
    queue: Queue | None = None,
    catalogues: Sequence[Catalogue] | None = None,
    files: Files | None = None,
    pictures: Pictures | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Quart:
    """The web application. What is not handed in is opened when serving starts and closed after.

    An app can be started once.
    """
    app = App("booklib", template_folder=str(ROOT / "templates"), static_folder=None)
    app.jinja_environment = Templates
    app.secret_key = settings.secret_key
    app.config["SECRET_KEY_FALLBACKS"] = list(settings.secret_key_fallbacks)
    _add_pages(app, _site(settings))
    opened = AsyncExitStack()

    async def start() -> None:
        found = catalogues if catalogues is not None else _catalogues(settings, opened)
        store = storage or await _swept_storage(settings, opened, now)
        bell = _Bell(queue)
        world = World(
            storage=store,
            queue=bell,
            catalogues=tuple(found),
            files=files or _files(settings),
            pictures=pictures or _pictures(opened),
            now=now,
        )
        if queue is None:
            bell.answers = await _worker(world, opened)
        set_world(app.extensions, world)

    app.before_serving(start)
    app.after_serving(opened.aclose)
    return app


@asynccontextmanager
async def open_world(settings: Settings) -> AsyncIterator[World]:
    """The world for the command line: no worker and no catalogues.

    A serving process finds the jobs that are stored here by its sweep.
    """
    async with AsyncExitStack() as opened:
        yield World(
            storage=await _storage(settings, opened),
            queue=_Bell(None),
            catalogues=(),
            files=_files(settings),
            pictures=_pictures(opened),
            now=utc_now,
        )


@asynccontextmanager
async def open_dump(settings: Settings) -> AsyncIterator[Dump]:
    """What reads everything, for the command line."""
    async with AsyncExitStack() as opened:
        yield await _storage(settings, opened)


def engine() -> str:
    """The database's name and version, for people."""
    from booklib.adapters.sqlite.checking import ENGINE

    return ENGINE


@asynccontextmanager
async def open_pictures() -> AsyncIterator[PictureProcess]:
    """What looks into pictures, for the command line; needs no settings."""
    async with AsyncExitStack() as opened:
        yield _pictures(opened)


class _Bell:
    """The queue as the world knows it: its worker needs the world, so it is hung up last."""

    def __init__(self, answers: Queue | None) -> None:
        self.answers = answers

    async def ring(self, job_id: str) -> None:
        """Pass the ring on; before the worker is there it is lost, which costs time only."""
        if self.answers is not None:
            await self.answers.ring(job_id)


async def _storage(settings: Settings, opened: AsyncExitStack) -> SqliteStorage:
    # Imported where it is chosen: the other runtime has no use for it.
    from booklib.adapters.sqlite import SqliteStorage

    storage = await SqliteStorage.open(settings.database)
    opened.push_async_callback(storage.close)
    return storage


async def _swept_storage(
    settings: Settings, opened: AsyncExitStack, now: Callable[[], datetime]
) -> Storage:
    from booklib.adapters.sqlite.housekeeping import swept_daily

    storage = await _storage(settings, opened)
    await opened.enter_async_context(swept_daily(storage, now))
    return storage


def _files(settings: Settings) -> Files:
    from booklib.adapters.local_files import LocalFiles

    return LocalFiles(settings.files)


def _pictures(opened: AsyncExitStack) -> PictureProcess:
    from booklib.adapters.picture_process import PictureProcess

    pictures = PictureProcess()
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


def _site(settings: Settings) -> Site:
    return Site(
        public_url=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
        static_url=settings.static_url,
        registration=settings.allow_registration,
        storage=settings.storage,
        version=__version__,
    )


def _add_pages(app: Quart, site: Site) -> None:
    """The order is that of the checks before a request; those after it run the other way round."""
    set_site(app.extensions, site)
    app.config["BUILD"] = assets.set_up(app, ROOT / "static", site.static_url).build()
    errors.set_up(app)
    limits.bound_bodies(app)
    finish.set_up(app, site)
    security.set_up(app)
    sessions.set_up(app)
    limits.set_up(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
