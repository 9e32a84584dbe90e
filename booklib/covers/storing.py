"""Where pictures are kept: each in two sizes, below a name that tells its content."""

from __future__ import annotations

from booklib.models import CoverName, CoverPictures
from booklib.ports import World


async def store(world: World, name: CoverName, pictures: CoverPictures, user_id: str) -> None:
    """Keep both sizes; an own picture below its owner. Raises StorageFull, StorageDown."""
    await world.files.put(name.file("small", user_id), pictures.small)
    await world.files.put(name.file("large", user_id), pictures.large)
