"""A world in memory with alice and one book of hers, for tests of what she does with it."""

from booklib.ports import World
from tests.factories import a_copy, a_user, added
from tests.fakes import Clock, FakePictures, FakeQueue, MemoryFiles, MemoryStorage

ALICE = "id-alice"


async def a_world(**values):
    """A world in which alice, who lives in Berlin, has Dune; `values` are of her copy."""
    clock = Clock()
    world = World(
        storage=MemoryStorage(clock),
        queue=FakeQueue(),
        catalogues=(),
        files=MemoryFiles(),
        pictures=FakePictures(),
        now=clock,
    )
    await world.storage.add_user(a_user(time_zone="Europe/Berlin"))
    book = await added(world.storage, a_copy(**values))
    return world, book.user_book_id


async def stored(world, ident):
    """The book as it is stored now."""
    return (await world.storage.owned(ALICE, [ident]))[ident]
