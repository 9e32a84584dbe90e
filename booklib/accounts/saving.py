"""Changing a user, and trying again when another request was faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from booklib.errors import NotFound
from booklib.models import User
from booklib.ports import World
from booklib.retries import attempts


async def change_user(world: World, user_id: str, make: Callable[[User], User]) -> User:
    """Store what `make` makes of the user. Raises NotFound and Busy, and what `make` raises."""
    async for _ in attempts("Your account"):
        before = await world.storage.user(user_id)
        if before is None:
            raise NotFound("There is no such account.")
        after = make(before)
        if after == before:
            return before
        if await world.storage.save_user(before, after):
            return replace(after, rev=before.rev + 1)
    raise AssertionError("attempts() ends by raising Busy")
