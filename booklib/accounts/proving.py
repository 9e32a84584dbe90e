"""Asking somebody who is signed in for the password again, before what cannot be undone."""

from __future__ import annotations

from booklib import passwords
from booklib.accounts import limits
from booklib.errors import Invalid
from booklib.models import User
from booklib.ports import World


async def prove(world: World, user: User, password: str, field: str) -> None:
    """Return if this is the user's password; raises Invalid at `field`, TooManyTries, Busy."""
    counted = limits.proving(user.user_id)
    await limits.count(world, counted)
    if not await passwords.verify(user.password_hash, password):
        raise Invalid.at(field, "This is not your password.")
    await limits.take_back(world, counted)
