"""The reader's own picture of a book: uploaded, taken away, given back to the provider's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from booklib.cover_requests import ask_for
from booklib.covers.storing import store
from booklib.errors import BooklibError, NotFound
from booklib.library.changing import KEEP, Keep
from booklib.library.saving import Changed, book_of, on_the_shelf, owned
from booklib.models import COVER_FILE, CoverName
from booklib.models.shelf import place
from booklib.ports import Change, World
from booklib.retries import attempts

PROVIDERS: Final = KEEP
"""Says to `_show`: no choice of the reader's own, so the provider's picture."""


async def upload(world: World, user_id: str, user_book_id: str, picture: bytes) -> Changed:
    """Show the reader's own picture of a book. Raises BadPicture, NotFound, Moved and Busy.

    The picture that it replaces is kept until the account closes: an undo brings it back.
    """
    on_the_shelf(await owned(world, user_id, user_book_id))
    pictures = await world.pictures.cover(picture)
    name = CoverName.of(pictures.large, pictures.width, pictures.height, own=True)
    await store(world, name, pictures, user_id)
    try:
        return await _show(world, user_id, user_book_id, str(name))
    except BooklibError:
        user = await world.storage.user(user_id)
        if user is None or user.closing_at:
            await forget(world, user_id)
        raise


async def take_back(world: World, user_id: str, user_book_id: str, name: str) -> Changed:
    """Show an own picture again that was uploaded before. Raises NotFound, Moved and Busy."""
    known = CoverName.parse(name)
    if not (known and known.own and await world.files.get(known.file("large", user_id))):
        raise NotFound("There is no such picture.")
    return await _show(world, user_id, user_book_id, name)


async def remove(world: World, user_id: str, user_book_id: str) -> Changed:
    """Show no picture of a book, neither an own one nor the provider's."""
    return await _show(world, user_id, user_book_id, None)


async def restore(world: World, user_id: str, user_book_id: str) -> Changed:
    """Show the provider's picture again; one that could not be had is fetched anew."""
    changed = await _show(world, user_id, user_book_id, PROVIDERS)
    if book := await book_of(world, changed.after):
        await ask_for(world, book, anew=True)
    return changed


async def forget(world: World, user_id: str) -> None:
    """Remove every file of a user whose account is closed; safe to call again."""
    await world.files.remove_all(f"users/{user_id}")


async def _show(
    world: World, user_id: str, user_book_id: str, choice: str | Keep | None
) -> Changed:
    async for _ in attempts():
        before = await owned(world, user_id, user_book_id)
        on_the_shelf(before)
        mine = {name: value for name, value in before.mine.items() if name != COVER_FILE}
        if not isinstance(choice, Keep):
            mine[COVER_FILE] = choice
        if mine == before.mine:
            return Changed(before, before)
        after = place(replace(before, mine=mine), await book_of(world, before))
        if await world.storage.apply(user_id, [Change(before, after)]):
            return Changed(before, replace(after, rev=before.rev + 1))
    raise AssertionError("attempts() ends by raising Busy")
