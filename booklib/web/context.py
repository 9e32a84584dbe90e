"""What a route may ask for: the world, the site's own facts and the person who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import cast

from quart import current_app, g

from booklib.models import Registration, User
from booklib.ports import World

Network = IPv4Network | IPv6Network

_WORLD = "booklib.world"
_SITE = "booklib.site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The settings that the pages need, handed over once by `create_app`."""

    public_url: str | None = None
    """Scheme and host by which people reach the site; None means as the request says."""
    trusted_proxies: tuple[Network, ...] = ()
    static_url: str = ""
    """Where static files are fetched from; empty means from the app itself."""
    max_upload: int = 0
    """Bytes of a request with pictures."""
    streams: bool = True
    """Whether an answer may be of any length, sent while it is being made."""
    registration: Registration = "open"
    storage: str = "sqlite"
    version: str = ""


def set_site(extensions: dict[str, object], site: Site) -> None:
    """Keep the site's facts with the app."""
    extensions[_SITE] = site


def set_world(extensions: dict[str, object], world: World) -> None:
    """Keep the world with the app, once its resources are open."""
    extensions[_WORLD] = world


def site() -> Site:
    """The site's own facts."""
    return cast(Site, current_app.extensions[_SITE])


def world() -> World:
    """Storage, queue, catalogues and clock, for the use cases."""
    return cast(World, current_app.extensions[_WORLD])


def signed_in() -> User | None:
    """The person who is signed in, or None. Read from the storage once a request at most."""
    return cast("User | None", g.get("user"))


def current_user() -> User:
    """The person who is signed in; for private routes, which nobody else reaches."""
    user = signed_in()
    if user is None:
        raise RuntimeError("a public route asked for the signed-in user")
    return user
