"""How often somebody may try: counted before the work, and taken back where it was right."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from booklib.errors import TooManyTries
from booklib.models.users import fold_name
from booklib.ports import World

QUARTER = 15 * 60
HOUR = 60 * 60


class Limit(NamedTuple):
    """At most `most` tries for `key` in a window of `window_s` seconds."""

    key: str
    most: int
    window_s: int


async def count(world: World, limits: list[Limit]) -> None:
    """Count a try at each limit, the narrowest first; raises TooManyTries at a full one.

    The wider ones are not touched then, so one stubborn stranger does not fill them.
    """
    for limit in limits:
        if await world.storage.hit(limit.key, limit.window_s) > limit.most:
            raise TooManyTries(limit.window_s)


async def take_back(world: World, limits: list[Limit]) -> None:
    """The try was right: only wrong ones count."""
    for limit in limits:
        await world.storage.unhit(limit.key)


def signing_in(account: str, address: str) -> list[Limit]:
    """Wrong passwords: for one account from one address, from one address, for one account.

    The last is wide, so that strangers cannot lock the owner out with little effort.
    """
    return [
        Limit(f"sign-in:{account}:{address}", 10, QUARTER),
        Limit(f"sign-in-from:{address}", 100, QUARTER),
        Limit(f"sign-in-to:{account}", 500, QUARTER),
    ]


def registering(address: str) -> list[Limit]:
    """New accounts from one address, tries included that find their name taken."""
    return [Limit(f"register:{address}", 60, HOUR)]


def proving(user_id: str) -> list[Limit]:
    """Wrong passwords typed by somebody who is signed in already."""
    return [Limit(f"prove:{user_id}", 10, QUARTER)]


def unknown_account(login: str) -> str:
    """What stands for the account of a login that nobody has; the text itself is not kept."""
    return hashlib.sha256(fold_name(login).encode("utf-8", "replace")).hexdigest()[:22]
