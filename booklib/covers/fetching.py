"""The job that fetches a provider's picture, stores it and shows it on everybody's copy."""

from __future__ import annotations

from dataclasses import replace

from booklib.claims import Claim
from booklib.cover_requests import has_picture
from booklib.covers.storing import store
from booklib.errors import BadPicture, NotRead, Unreadable
from booklib.metadata.fanout import fan_out
from booklib.models import COVER_FILE, Book, CoverName, Source
from booklib.ports import Catalogue, World
from booklib.retries import attempts

FETCHED = "The cover is there."


async def fetch(world: World, claim: Claim) -> str:
    """Fetch, check and store a picture, then name it in its Book and tell every owner's copy.

    A crash anywhere is mended by doing it again: what was stored is not fetched twice. The sentence
    says why there is no picture, if so. Raises what the catalogue raised, Unreadable and Busy.
    """
    payload = claim.job.payload
    book = await _told(world, payload["book_id"], payload["address"])
    if book is None:
        return ""
    if not has_picture(book):
        name = payload.get("name")
        if name is None:
            catalogue = _teller(world, book)
            if catalogue is None:
                return "The catalogue that told of a cover is not asked any more."
            found = await catalogue.cover(payload["address"])
            if found is None:
                return f"{catalogue.label} has no picture of this book after all."
            try:
                name = str(await _stored(world, found))
            except NotRead as fault:
                told = f"The picture that {catalogue.label} has could not be read."
                raise Unreadable(told) from fault
            except BadPicture:
                return f"The picture that {catalogue.label} has cannot be used as a cover."
            await claim.progress(name=name)
        book = await _named(world, book, payload["address"], name)
    if book is not None:
        await fan_out(world, claim, book.book_id, book, "found")
    return FETCHED


async def _told(world: World, book_id: str, address: str) -> Book | None:
    """The Book, if it still tells of this address."""
    book = (await world.storage.books([book_id])).get(book_id)
    return book if book and book.fields.get("cover") == address else None


def _teller(world: World, book: Book) -> Catalogue | None:
    told = book.sources.get("cover")
    return next((one for one in world.catalogues if told and one.name == told.provider), None)


async def _stored(world: World, found: bytes) -> CoverName:
    pictures = await world.pictures.cover(found)
    name = CoverName.of(pictures.large, pictures.width, pictures.height, own=False)
    await store(world, name, pictures, "")
    return name


async def _named(world: World, book: Book, address: str, name: str) -> Book | None:
    """The Book with the picture's name in it; None where another address was told meanwhile."""
    async for attempt in attempts("This book's data"):
        now = book if attempt == 0 else await _told(world, book.book_id, address)
        if now is None or has_picture(now):
            return now
        source = Source(now.sources["cover"].provider, world.now())
        after = replace(
            now,
            fields={**now.fields, COVER_FILE: name},
            sources={**now.sources, COVER_FILE: source},
            version=now.version + 1,
        )
        if await world.storage.save_book(after, now.version):
            return after
    raise AssertionError("attempts() ends by raising Busy")
