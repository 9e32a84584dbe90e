"""Having a Book's picture fetched: once for everybody, when its address is new."""

from __future__ import annotations

from booklib.models import COVER_FILE, Book, cover_job
from booklib.ports import World
from booklib.retries import armed


def has_picture(book: Book) -> bool:
    """Whether the stored picture is the one at the address that the Book tells now."""
    stored, told = book.sources.get(COVER_FILE), book.sources.get("cover")
    return stored is not None and told is not None and stored.at >= told.at


async def ask_for(world: World, book: Book, *, anew: bool = False) -> None:
    """Store and ring the job that fetches the Book's picture, where one is to be had.

    A fetch that ended without a picture in the last 30 days is repeated only `anew`. Raises Busy.
    """
    wanted = cover_job(book, world.now())
    if wanted is None or has_picture(book):
        return
    stored = await world.storage.job(wanted.job_id)
    if stored and not anew and not stored.outlived(world.now()):
        return
    await armed(world, wanted)
    await world.queue.ring(wanted.job_id)
