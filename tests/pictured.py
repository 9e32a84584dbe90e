"""Covers for a library that nobody serves just now: drawn ones, taken as a reader's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from booklib import covers, library
from booklib.models import UserBook
from booklib.models.shelf import Query
from booklib.settings import Settings
from booklib.wiring import open_world
from tests.drawn_covers import a_cover

Draw = Callable[[int, UserBook], bytes | None]


def striped(number: int, _: UserBook) -> bytes:
    """A picture of another shape for each book."""
    return a_cover(number)


async def give_covers(data: Path, name: str, books: int, draw: Draw = striped) -> None:
    """Give so many of a user's books a cover, newest first; where `draw` says None it has none."""
    settings = Settings.from_environment(os.environ | {"BOOKLIB_DATA_DIR": str(data)})
    async with open_world(settings) as world:
        user = await world.storage.user_by_login(name)
        if user is None:
            raise ValueError(f"there is no {name}")
        page = await library.shelf(world, user.user_id, Query(), None, books)
        for number, row in enumerate(page.rows):
            entry = await library.entry(world, user.user_id, row.user_book_id)
            if picture := draw(number, entry.user_book):
                await covers.upload(world, user.user_id, row.user_book_id, picture)
