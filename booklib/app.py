"""create_app: wires settings, the world and the pages together."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from inspect import CO_COROUTINE
from pathlib import Path
from typing import Any

from quart import Quart

from booklib import __version__
from booklib.errors import Busy
from booklib.ports import World
from booklib.settings import Settings, SettingsError
from booklib.web import (
    accounts,
    adding,
    assets,
    books,
    covers,
    errors,
    exporting,
    finish,
    importing,
    limits,
    pages,
    reading_life,
    refresh,
    scan,
    security,
    sessions,
    shelf,
    uploads,
)
from booklib.web.context import Site, set_site, set_world
from booklib.web.respond import Templates
from booklib.wiring import open_working_world

ROOT = Path(__file__).resolve().parent.parent

BLUEPRINTS = (
    pages.blueprint,
    accounts.blueprint,
    shelf.blueprint,
    books.blueprint,
    reading_life.blueprint,
    covers.blueprint,
    adding.blueprint,
    refresh.blueprint,
    exporting.blueprint,
    scan.blueprint,
    importing.blueprint,
)


TOO_SLOW = "That takes too long just now. Please try again in a moment."


class App(Quart):
    """Quart without its search, for each hook of each request, whether the hook is async."""

    patience_s: float | None = None
    """Seconds that a route may take; None: as long as it needs."""

    def ensure_async(self, func: Any) -> Any:
        """The function itself where its own code says that it is async."""
        code = getattr(func, "__code__", None)
        if code is not None and code.co_flags & CO_COROUTINE:
            return func
        return super().ensure_async(func)

    async def dispatch_request(self, *args: Any, **kwargs: Any) -> Any:
        """Call the route; raises Busy where it takes too long."""
        try:
            async with asyncio.timeout(self.patience_s) as limit:
                return await super().dispatch_request(*args, **kwargs)
        except TimeoutError:
            if limit.expired():
                raise Busy(TOO_SLOW) from None
            raise


def create_app(
    settings: Settings,
    world: World | None = None,
    *,
    max_upload: int = uploads.MAX_UPLOAD,
    streams: bool = True,
    patience_s: float | None = None,
) -> Quart:
    """The web application. A world that is not handed in is opened when serving starts.

    `max_upload`: bytes of a request with pictures. `streams`: whether an answer may be of any
    length; else an export is made by a job. `patience_s`: seconds after which a request is
    given up with a page that says so, where the platform would cut it off without words.

    An app can be started once. Raises SettingsError where there is no secret key.
    """
    if not settings.secret_key:
        raise SettingsError(
            "SECRET_KEY", f"must be set where BOOKLIB_STORAGE is {settings.storage}."
        )
    app = App("booklib", template_folder=str(ROOT / "templates"), static_folder=None)
    app.patience_s = patience_s
    app.jinja_environment = Templates
    app.secret_key = settings.secret_key
    app.config["SECRET_KEY_FALLBACKS"] = list(settings.secret_key_fallbacks)
    _add_pages(app, _site(settings, max_upload, streams))
    opened = AsyncExitStack()

    async def start() -> None:
        if world is not None:
            set_world(app.extensions, world)
            return
        working = open_working_world(settings)
        set_world(app.extensions, await opened.enter_async_context(working))

    app.before_serving(start)
    app.after_serving(opened.aclose)
    return app


def _site(settings: Settings, max_upload: int, streams: bool) -> Site:
    return Site(
        public_url=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
        static_url=settings.static_url,
        max_upload=max_upload,
        streams=streams,
        registration=settings.allow_registration,
        storage=settings.storage,
        version=__version__,
    )


def _add_pages(app: Quart, site: Site) -> None:
    """The order is that of the checks before a request; those after it run the other way round."""
    set_site(app.extensions, site)
    app.config["BUILD"] = assets.set_up(app, ROOT / "static", site.static_url).build()
    errors.set_up(app)
    limits.bound_bodies(app, site.max_upload)
    finish.set_up(app, site)
    security.set_up(app)
    sessions.set_up(app)
    limits.set_up(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
