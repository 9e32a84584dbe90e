"""Tags: as written, no two alike, and nothing lost that another window added."""

import pytest

from booklib import library
from booklib.errors import Invalid, NotFound
from booklib.models import MAX_TAG, MAX_TAGS
from booklib.models.shelf import card_words
from tests.factories import a_book, a_user
from tests.unit.library_helpers import ALICE, a_world, stored

TAGS = ("sand", "To lend")


async def test_tags_are_kept_as_written_and_the_first_of_two_alike_stays():
    world, ident = await a_world(tags=TAGS)
    tags = [" To   lend ", "to lend", "Été", "ete", "", "  ", "❤", "★", "read in\tParis"]
    done = await library.set_tags(world, ALICE, ident, tags)
    assert done.after.tags == ("To lend", "Été", "❤", "★", "read in Paris")
    assert (await stored(world, ident)).tags == done.after.tags
    assert {"lend", "paris", "ete"} <= {*card_words(done.after.card)}


async def test_the_card_keeps_what_the_book_says():
    world, _ = await a_world()
    await world.storage.save_book(a_book(), 0)
    book = (await library.add_isbn(world, a_user(), "9780441172719")).user_book
    done = await library.set_tags(world, ALICE, book.user_book_id, ["sand"])
    assert {"dune", "herbert", "sand"} <= {*card_words(done.after.card)}


async def test_only_what_the_reader_changed_is_changed():
    world, ident = await a_world(tags=TAGS)
    await library.set_tags(world, ALICE, ident, ["sand", "To lend", "elsewhere"])
    done = await library.set_tags(world, ALICE, ident, ["sand", "new"], was=["sand", "To lend"])
    assert done.after.tags == ("sand", "new", "elsewhere")
    await library.set_tags(world, ALICE, ident, ["new"])
    done = await library.set_tags(world, ALICE, ident, ["Sand", "new"], was=["sand", "new"])
    assert done.after.tags == ("new",), "what was taken away elsewhere stays away"


async def test_a_tag_is_spelt_anew():
    world, ident = await a_world(tags=TAGS)
    done = await library.set_tags(world, ALICE, ident, ["Sand", "To lend"], was=TAGS)
    assert done.after.tags == ("Sand", "To lend")


async def test_an_undo_brings_back_what_was_taken_away():
    world, ident = await a_world(tags=TAGS)
    done = await library.set_tags(world, ALICE, ident, ["sand"], was=TAGS)
    await library.set_tags(world, ALICE, ident, ["sand", "later"])
    undone = await library.set_tags(world, ALICE, ident, TAGS, was=done.after.tags)
    assert {*undone.after.tags} == {"sand", "To lend", "later"}


async def test_the_same_tags_change_nothing():
    world, ident = await a_world(tags=TAGS)
    done = await library.set_tags(world, ALICE, ident, ["sand", "To lend"])
    assert done.before == done.after
    assert done.after.rev == 1


@pytest.mark.parametrize(
    ("tags", "told"),
    [(["x" * (MAX_TAG + 1)], "101"), ([f"tag {n}" for n in range(MAX_TAGS + 1)], "101")],
)
async def test_too_long_and_too_many_are_told(tags, told):
    world, ident = await a_world(tags=TAGS)
    with pytest.raises(Invalid) as raised:
        await library.set_tags(world, ALICE, ident, tags)
    assert told in raised.value.problems["tags"]
    assert (await stored(world, ident)).tags == TAGS


async def test_only_the_owner_tags_and_no_deleted_book():
    world, ident = await a_world(tags=TAGS)
    with pytest.raises(NotFound):
        await library.set_tags(world, "id-bob", ident, ["x"])
    await library.delete(world, ALICE, ident)
    with pytest.raises(NotFound):
        await library.set_tags(world, ALICE, ident, ["x"])
    back = await library.undo_delete(world, ALICE, ident)
    assert back.after.tags == ("sand", "To lend")
