"""What is kept of imports: enough to take the last one back, and nothing of older ones."""

from dataclasses import replace

import pytest

from booklib import jobs
from booklib.errors import Busy, NotFound
from booklib.models.ids import new_id
from booklib.transfer import imports
from tests.goodreads import isbn_of
from tests.unit.metadata_helpers import Killed, edition


def some(*numbers):
    rows = "".join(f"Book {number},{isbn_of(number)}\n" for number in numbers)
    return f"Title,ISBN\n{rows}".encode()


async def run(stage, kind, ident):
    await jobs.run(stage.world, f"{kind}:id-alice:{ident}")


async def read(stage, user, *numbers):
    ident = new_id()
    await stage.files.put(f"imports/id-alice/{ident}/upload", some(*numbers))
    await imports.begin(stage.world, user, ident, "books.csv")
    await run(stage, "import-read", ident)
    return ident


async def applied(stage, user, *numbers):
    ident = await read(stage, user, *numbers)
    await ask_for(stage, user, ident)
    await run(stage, "import", ident)
    return ident


async def ask_for(stage, user, ident):
    await imports.apply(stage.world, user, ident, overwrite=False, doubtful="skip", choices={})


async def books(stage):
    return (await stage.storage.user("id-alice")).total


def kept(stage):
    """The ids of the imports of which there are files."""
    return {name.split("/")[2] for name in stage.files.kept if name.startswith("imports/")}


async def test_a_file_that_is_only_looked_at_leaves_the_way_back_from_the_last_import(stage, alice):
    first = await applied(stage, alice, 1, 2)
    await read(stage, alice, 3)
    looked_at = await read(stage, alice, 4)
    user = await stage.storage.user("id-alice")
    assert (await imports.look(stage.world, user, first)).can_undo
    assert user.last_import == looked_at
    assert await imports.last_applied(stage.world, "id-alice") == first
    await imports.undo(stage.world, user, first)
    await run(stage, "import-undo", first)
    assert await books(stage) == 0


async def test_only_what_can_be_needed_again_is_kept(stage, alice):
    first = await applied(stage, alice, 1)
    await run(stage, "enrich", first)
    second = await read(stage, alice, 2)
    assert kept(stage) == {first, second}
    third = await read(stage, alice, 3)
    assert kept(stage) == {first, third}
    await ask_for(stage, alice, third)
    await run(stage, "import", third)
    assert kept(stage) == {third}


async def test_look_ups_of_an_older_import_go_on_and_tidy_up_at_their_end(stage, alice):
    stage.google.editions = [edition(isbn_of(1), "fake:1"), edition(isbn_of(2), "fake:2")]
    first = await applied(stage, alice, 1)
    second = await applied(stage, alice, 2)
    assert kept(stage) == {first, second}
    await run(stage, "enrich", first)
    assert stage.google.asked == [isbn_of(1)]
    assert kept(stage) == {second}


async def test_a_preview_that_another_file_has_replaced_cannot_be_applied(stage, alice):
    first = await read(stage, alice, 1)
    await read(stage, alice, 2)
    with pytest.raises(NotFound):
        await ask_for(stage, alice, first)
    assert await books(stage) == 0


async def test_nothing_begins_while_an_import_is_applied_or_taken_back(stage, alice):
    first = await applied(stage, alice, 1)
    second = await read(stage, alice, 2)
    await imports.undo(stage.world, alice, first)
    with pytest.raises(Busy):
        await ask_for(stage, alice, second)
    with pytest.raises(Busy):
        await imports.begin(stage.world, alice, new_id(), "more.csv")
    await run(stage, "import-undo", first)
    await ask_for(stage, alice, second)
    with pytest.raises(Busy):
        await imports.begin(stage.world, alice, new_id(), "more.csv")
    await run(stage, "import", second)
    assert await books(stage) == 1


async def test_a_beginning_that_was_cut_off_can_be_done_again(stage, alice):
    first = await applied(stage, alice, 1)
    ident = new_id()
    await stage.files.put(f"imports/id-alice/{ident}/upload", some(2))

    class Dying:
        """A storage whose process dies before the user knows of the import."""

        def __getattr__(self, name):
            if name == "save_user":
                raise Killed
            return getattr(stage.storage, name)

    world = replace(stage.world, storage=Dying())
    with pytest.raises(Killed):
        await imports.begin(world, alice, ident, "books.csv")
    await imports.begin(stage.world, alice, ident, "books.csv")
    await run(stage, "import-read", ident)
    await ask_for(stage, alice, ident)
    await run(stage, "import", ident)
    assert await books(stage) == 2
    await imports.begin(stage.world, alice, first, "again.csv")
    assert await imports.last_applied(stage.world, "id-alice") == ident


async def test_an_undo_ends_the_look_ups(stage, alice):
    stage.google.editions = [edition(isbn_of(1), "fake:1")]
    ident = await applied(stage, alice, 1)
    await imports.undo(stage.world, alice, ident)
    await run(stage, "enrich", ident)
    assert stage.google.asked == []
    assert (await stage.storage.job(f"enrich:id-alice:{ident}")).state == "done"
