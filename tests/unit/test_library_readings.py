"""Readings: the latest, those before it, and reading a book again."""

import pytest

from booklib import library
from booklib.errors import Invalid, NotFound
from booklib.models import MAX_READINGS, Reading
from tests.factories import a_user
from tests.unit.library_helpers import ALICE, a_world, stored

READER = a_user(time_zone="Europe/Berlin")
FIRST = Reading("2003", "2004")
LAST = {"status": "read", "started_on": "2026-03-01", "finished_on": "2026-03-09"}


async def test_earlier_readings_stand_in_the_order_of_time():
    world, ident = await a_world(**LAST)
    for reading in (("2019-05", "2019-06-01"), ("", "2003"), ("2019", ""), ("2003", "2004-02")):
        await library.add_reading(world, ALICE, ident, *reading)
    assert (await stored(world, ident)).readings == (
        Reading("", "2003"),
        Reading("2003", "2004-02"),
        Reading("2019", ""),
        Reading("2019-05", "2019-06-01"),
    )


@pytest.mark.parametrize("reading", [FIRST, ("2026-03-01", "2026-03-09")])
async def test_a_reading_that_is_there_is_not_added_twice(reading):
    world, ident = await a_world(**LAST, readings=(FIRST,))
    done = await library.add_reading(world, ALICE, ident, *reading)
    assert done.before == done.after
    assert (await stored(world, ident)).readings == (FIRST,)


@pytest.mark.parametrize(
    "reading",
    [
        ("", ""),
        ("2019-03", "2018"),
        ("2019-03", "2019-02-28"),
        ("2019-03-07", "2019-03-06"),
    ],
)
async def test_a_reading_needs_a_date_and_ends_after_its_start(reading):
    world, ident = await a_world()
    with pytest.raises(Invalid) as raised:
        await library.add_reading(world, ALICE, ident, *reading)
    assert "finished" in raised.value.problems


@pytest.mark.parametrize(
    "reading",
    [("2019-03", "2019"), ("2019", "2019-01-01"), ("2019-03-07", "2019-03"), ("2019", "2019")],
)
async def test_only_what_both_dates_know_is_compared(reading):
    world, ident = await a_world()
    done = await library.add_reading(world, ALICE, ident, *reading)
    assert done.after.readings == (reading,)


async def test_more_readings_than_fit_are_told():
    many = tuple(Reading("", str(1000 + year)) for year in range(MAX_READINGS))
    world, ident = await a_world(**LAST, readings=many)
    with pytest.raises(Invalid):
        await library.add_reading(world, ALICE, ident, "", "2020")
    with pytest.raises(Invalid):
        await library.read_again(world, READER, ident)
    assert (await stored(world, ident)).finished_on == "2026-03-09"


async def test_a_reading_is_removed_once():
    world, ident = await a_world(readings=(Reading("", ""), Reading("", ""), FIRST))
    await library.remove_reading(world, ALICE, ident, "", "")
    await library.remove_reading(world, ALICE, ident, *FIRST)
    gone = await library.remove_reading(world, ALICE, ident, *FIRST)
    assert gone.before == gone.after
    assert (await stored(world, ident)).readings == (Reading("", ""),)


async def test_reading_again_keeps_the_latest_reading_and_starts_today():
    world, ident = await a_world(**LAST, readings=(FIRST,), rating=8)
    after = (await library.read_again(world, READER, ident)).after
    assert (after.status, after.started_on, after.finished_on) == ("reading", "2026-11-01", "")
    assert after.readings == (FIRST, Reading("2026-03-01", "2026-03-09"))
    assert after.rating == 8
    assert after.keys.status.startswith("reading#")
    twice = await library.read_again(world, READER, ident)
    assert twice.before == twice.after


async def test_a_reading_without_dates_counts_when_the_book_was_read():
    world, ident = await a_world(status="read")
    after = (await library.read_again(world, READER, ident)).after
    assert after.readings == (Reading("", ""),)
    assert library.times_read(after) == 1


async def test_a_book_given_up_without_a_date_has_nothing_to_remember():
    world, ident = await a_world(status="did-not-finish", readings=(Reading("", ""),))
    after = (await library.read_again(world, READER, ident)).after
    assert after.readings == (Reading("", ""),)
    undone = await library.undo_read_again(world, ALICE, ident, "did-not-finish", "", "")
    assert undone.after.readings == (Reading("", ""),)


@pytest.mark.parametrize("status", ["read", "did-not-finish"])
async def test_an_undo_makes_the_earlier_reading_the_latest_again(status):
    world, ident = await a_world(**LAST | {"status": status}, readings=(FIRST,))
    before = await stored(world, ident)
    await library.read_again(world, READER, ident)
    for _ in range(2):
        done = await library.undo_read_again(
            world, ALICE, ident, status, before.started_on, before.finished_on
        )
        after = done.after
        assert (after.status, after.started_on, after.finished_on, after.readings, after.keys) == (
            before.status,
            before.started_on,
            before.finished_on,
            before.readings,
            before.keys,
        )


@pytest.mark.parametrize(
    ("status", "readings", "times"),
    [
        ("read", (), 1),
        ("to-read", (), 0),
        ("read", (FIRST, Reading("", "2010")), 3),
        ("reading", (FIRST,), 1),
        ("did-not-finish", (Reading("2019", ""), Reading("", "")), 1),
    ],
)
async def test_times_read_count_readings_that_ended(status, readings, times):
    world, ident = await a_world(status=status, readings=readings)
    assert library.times_read(await stored(world, ident)) == times


async def test_a_book_given_up_sets_nothing_but_its_status():
    world, ident = await a_world(status="reading", started_on="2026-10")
    after = (await library.set_status(world, READER, ident, "did-not-finish")).after
    assert (after.status, after.started_on, after.finished_on) == ("did-not-finish", "2026-10", "")


async def test_only_the_owner_and_no_deleted_book():
    world, ident = await a_world(**LAST, readings=(FIRST,))
    with pytest.raises(NotFound):
        await library.add_reading(world, "id-bob", ident, "", "2020")
    with pytest.raises(NotFound):
        await library.read_again(world, a_user("bob"), ident)
    await library.delete(world, ALICE, ident)
    for change in (
        library.add_reading(world, ALICE, ident, "", "2020"),
        library.remove_reading(world, ALICE, ident, *FIRST),
        library.read_again(world, READER, ident),
        library.undo_read_again(world, ALICE, ident, "read", "", ""),
    ):
        with pytest.raises(NotFound):
            await change
    assert (await library.undo_delete(world, ALICE, ident)).after.readings == (FIRST,)
