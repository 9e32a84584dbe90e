"""Where pictures are kept: each in two sizes, below a name that tells its content."""

from __future__ import annotations

from contextlib import suppress

from booklib.errors import StorageDown, StorageFull
from booklib.models import CoverName, CoverPictures
from booklib.ports import World


async def store(world: World, name: CoverName, pictures: CoverPictures, user_id: str) -> None:
    """Keep both sizes or none; an own picture below its owner. Raises StorageFull, StorageDown."""
    small, large = name.file("small", user_id), name.file("large", user_id)
    try:
        await world.files.put(small, pictures.small)
        await world.files.put(large, pictures.large)
    except (StorageFull, StorageDown):
        with suppress(StorageDown):
            if await world.files.get(large) is None:  # else both were there before
                await world.files.remove(small)
        raise
