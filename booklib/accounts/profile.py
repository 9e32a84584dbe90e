"""What a user may set: password, time zone, view, keyboard."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from zoneinfo import available_timezones

from booklib import passwords
from booklib.accounts.proving import prove
from booklib.accounts.saving import change_user
from booklib.accounts.sessions import next_epoch
from booklib.errors import Invalid
from booklib.models import VIEWS, User
from booklib.ports import World

_NOT_PLACES = ("Etc/", "SystemV/", "posix/", "right/")

UTC = "UTC"
"""The time zone of whoever has chosen none."""


async def change_password(world: World, user: User, old: str, new: str, confirm: str) -> User:
    """Set another password and end every session; the caller begins a new one.

    Raises Invalid (at current_password, password, confirm_password), TooManyTries and Busy.
    """
    passwords.check(new, confirm, username=user.username, email=user.email)
    await prove(world, user, old, "current_password")
    return await _with_password(world, user, new)


async def save_profile(
    world: World, user: User, *, time_zone: str, view: str, shortcuts: bool
) -> User:
    """Set time zone, default view and single-key shortcuts. Raises Invalid and Busy."""
    problems = {}
    if time_zone not in time_zones():
        problems["time_zone"] = "Please choose a time zone from the list."
    chosen = next((known for known in VIEWS if known == view), None)
    if chosen is None:
        problems["view"] = "Please choose one of the two."
    if problems or chosen is None:
        raise Invalid(problems)
    return await change_user(
        world,
        user.user_id,
        lambda stored: replace(stored, time_zone=time_zone, view=chosen, shortcuts=shortcuts),
    )


async def reset_password(world: World, user: User, *, new: str, confirm: str) -> User:
    """Set another password without the old one and end every session; for the command line.

    Raises Invalid (at password, confirm_password) and Busy.
    """
    passwords.check(new, confirm, username=user.username, email=user.email)
    return await _with_password(world, user, new)


async def _with_password(world: World, user: User, new: str) -> User:
    fresh = await passwords.hash_password(new)
    return await change_user(
        world, user.user_id, lambda stored: replace(next_epoch(stored), password_hash=fresh)
    )


@cache
def time_zones() -> tuple[str, ...]:
    """The names that this machine knows, in order, without the doubles and the systems' own."""
    places = {zone for zone in available_timezones() if not zone.startswith(_NOT_PLACES)}
    return (UTC, *sorted(places - {UTC, "localtime", "Factory"}))
