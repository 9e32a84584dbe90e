"""The review beside the notes, copies owned, and all of it when two books become one."""

import pytest

from booklib import library
from booklib.errors import Invalid, NotFound, Stale
from booklib.models import MAX_COPIES, MAX_REVIEW, Reading
from tests.factories import a_copy, added
from tests.unit.library_helpers import ALICE, a_world, stored


async def test_a_review_is_stored_beside_the_notes():
    world, ident = await a_world(notes="Lent to Tom")
    done = await library.set_review(world, ALICE, ident, " Sand.\r\n\r\nאבג 📚\x00 ", edit=1)
    assert (done.after.review, done.after.notes) == ("Sand.\n\nאבג 📚", "Lent to Tom")
    assert done.after.edit == 2
    same = await library.set_review(world, ALICE, ident, "Sand.\n\nאבג 📚", edit=1)
    assert same.before == same.after


async def test_a_stale_review_is_refused_and_a_script_overwrites():
    world, ident = await a_world()
    await library.set_review(world, ALICE, ident, "The first window", edit=1)
    with pytest.raises(Stale):
        await library.set_review(world, ALICE, ident, "The second window", edit=1)
    await library.set_review(world, ALICE, ident, "A script")
    assert (await stored(world, ident)).review == "A script"


async def test_a_review_of_forty_thousand_characters_fits_and_no_more():
    world, ident = await a_world()
    await library.set_review(world, ALICE, ident, "é" * MAX_REVIEW)
    with pytest.raises(Invalid) as raised:
        await library.set_review(world, ALICE, ident, "x" * (MAX_REVIEW + 1))
    assert "40,001" in raised.value.problems["review"]
    assert len((await stored(world, ident)).review) == MAX_REVIEW


async def test_a_review_is_its_owners_and_not_of_a_deleted_book():
    world, ident = await a_world(review="Sand.")
    with pytest.raises(NotFound):
        await library.set_review(world, "id-bob", ident, "x")
    await library.delete(world, ALICE, ident)
    with pytest.raises(NotFound):
        await library.set_review(world, ALICE, ident, "x")
    assert (await library.undo_delete(world, ALICE, ident)).after.review == "Sand."


async def test_copies_are_counted_with_the_readers_own_texts():
    world, ident = await a_world()
    done = await library.edit(world, ALICE, ident, {}, copies=2, edit=1)
    assert (done.after.copies, done.after.edit) == (2, 2)
    same = await library.edit(world, ALICE, ident, {}, copies=2, edit=2)
    assert same.before == same.after
    with pytest.raises(Stale):
        await library.edit(world, ALICE, ident, {}, copies=3, edit=1)
    for number in (-1, MAX_COPIES + 1):
        with pytest.raises(Invalid):
            await library.edit(world, ALICE, ident, {}, copies=number)


async def merged(ours, theirs):
    """What becomes of `ours` when `theirs` is made one with it."""
    world, into = await a_world(**ours)
    source = await added(world.storage, a_copy(minute=1, **theirs))
    return (await library.merge(world, ALICE, source.user_book_id, into)).after


async def test_two_books_made_one_lose_no_word():
    one = await merged(
        {"tags": ("sand", "Été"), "review": "Good.", "notes": "A", "copies": 1},
        {"tags": ("ete", "space"), "review": "Bad.", "notes": "A", "copies": 2},
    )
    assert one.tags == ("sand", "Été", "space")
    assert "space" in one.card
    assert (one.review, one.notes, one.copies) == ("Good.\n\nBad.", "A", 2)


async def test_two_books_made_one_lose_no_reading():
    one = await merged(
        {
            "status": "read",
            "started_on": "2020",
            "finished_on": "",
            "readings": (Reading("", "1990"),),
        },
        {
            "status": "read",
            "started_on": "2010",
            "finished_on": "2011",
            "readings": (Reading("", "1980"),),
        },
    )
    assert (one.started_on, one.finished_on) == ("2020", "")
    assert one.readings == (Reading("", "1980"), Reading("", "1990"), Reading("2010", "2011"))


@pytest.mark.parametrize(
    ("ours", "theirs", "latest"),
    [
        (("", ""), ("2010", "2011"), ("2010", "2011")),
        (("2010", ""), ("", "2011"), ("2010", "2011")),
        (("2010", ""), ("2010", "2011"), ("2010", "2011")),
        (("2010", "2011"), ("", ""), ("2010", "2011")),
        (("2010", "2011"), ("2010", ""), ("2010", "2011")),
    ],
)
async def test_one_reading_known_in_two_places_is_one(ours, theirs, latest):
    one = await merged(
        {"started_on": ours[0], "finished_on": ours[1], "readings": (Reading("", ""),)},
        {
            "started_on": theirs[0],
            "finished_on": theirs[1],
            "readings": (Reading("", ""), Reading(*latest)),
        },
    )
    assert (one.started_on, one.finished_on) == latest
    assert one.readings == (Reading("", ""),)
