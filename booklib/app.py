"""create_app: the only place that wires settings, adapters and pages together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from quart import Quart

from booklib import __version__
from booklib.ports import Catalogue, Queue, Storage
from booklib.web import assets, pages
from booklib.web.context import Site, set_site
from booklib.web.respond import Templates

if TYPE_CHECKING:
    from booklib.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def utc_now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    storage: Storage | None = None,
    queue: Queue | None = None,
    catalogues: Sequence[Catalogue] | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Quart:
    """The web application. What is not handed in is opened when serving starts and closed after.

    An app can be started once.
    """
    app = Quart("booklib", template_folder=str(ROOT / "templates"), static_folder=None)
    app.secret_key = settings.secret_key
    app.config["SECRET_KEY_FALLBACKS"] = list(settings.secret_key_fallbacks)
    site = Site(
        public_url=settings.public_url,
        trusted_proxies=tuple(settings.trusted_proxies),
        static_url=settings.static_url,
        registration=settings.allow_registration,
        storage=settings.storage,
        version=__version__,
    )
    set_site(app.extensions, site)
    _add_pages(app, site)
    return app


def _add_pages(app: Quart, site: Site) -> None:
    app.jinja_environment = Templates
    files = assets.set_up(app, ROOT / "static", site.static_url)
    app.config["BUILD"] = files.build()
    app.register_blueprint(pages.blueprint)
