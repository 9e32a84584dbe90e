"""Tags on every storage: what a reader calls a book finds it, until the tag is gone."""

from booklib import library
from booklib.models import Query
from booklib.models.folding import search_words
from booklib.models.shelf import unpack_card
from booklib.ports import World
from tests.factories import a_copy, added, settle
from tests.fakes import Clock, FakePictures, FakeQueue, MemoryFiles


async def test_a_book_is_found_by_its_tags(storage, alice):
    world = World(
        storage=storage,
        queue=FakeQueue(),
        catalogues=(),
        files=MemoryFiles(),
        pictures=FakePictures(),
        now=Clock(),
    )
    book = await added(storage, a_copy("Dune"))
    await added(storage, a_copy("Emma", minute=1, tags=("Lent to Zoë",)))

    async def found(text: str) -> list[str]:
        settle(storage)
        page = await storage.shelf(alice.user_id, Query(words=search_words(text)), None, 9)
        return [unpack_card(row.card).title for row in page.rows]

    assert await found("zoe lent") == ["Emma"]
    done = await library.set_tags(world, alice.user_id, book.user_book_id, ["長い本", "To lend"])
    assert await found("長") == ["Dune"]
    assert await found("len") == ["Emma", "Dune"]
    stored = (await storage.owned(alice.user_id, [book.user_book_id]))[book.user_book_id]
    assert stored == done.after
    await library.set_tags(world, alice.user_id, book.user_book_id, [])
    assert await found("len") == ["Emma"]
