"""Signing in, and proving again who one is."""

from __future__ import annotations

from dataclasses import replace

from booklib import passwords
from booklib.accounts import limits
from booklib.accounts.leaving import ensure_closing
from booklib.accounts.saving import change_user
from booklib.errors import SignInRefused
from booklib.models import User
from booklib.ports import World

MAX_LOGIN = 254


async def sign_in(world: World, *, login: str, password: str, address: str) -> User:
    """The user with this name or address and password. `address` is where the request came from.

    Raises SignInRefused, after the same time for an unknown user, TooManyTries and Busy.
    """
    login = login[: MAX_LOGIN + 1]
    user = await world.storage.user_by_login(login)
    account = user.user_id if user else limits.unknown_account(login)
    counted = limits.signing_in(account, address)
    await limits.count(world, counted)
    right = await passwords.verify(user.password_hash if user else None, password)
    if user is None or not right:
        raise SignInRefused("The name or the password is wrong.")
    await limits.take_back(world, counted)
    if user.closing_at:
        await ensure_closing(world, user)
        raise SignInRefused("The name or the password is wrong.")
    if passwords.outdated(user.password_hash):
        return await _rehashed(world, user, password)
    return user


async def _rehashed(world: World, user: User, password: str) -> User:
    fresh = await passwords.hash_password(password)

    def make(stored: User) -> User:
        if stored.password_hash != user.password_hash:
            return stored
        return replace(stored, password_hash=fresh)

    return await change_user(world, user.user_id, make)
