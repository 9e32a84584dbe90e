"""What a reader does with their books, on a storage in memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from booklib import library
from booklib.errors import AlreadyOwned, Invalid, Moved, NotFound, Stale
from booklib.models import Book, Query, Source, User
from booklib.models.ids import book_id, book_key
from booklib.ports import World
from tests.fakes import Clock, FakePictures, FakeQueue, MemoryFiles, MemoryStorage

DUNE = "9780441172719"
DUNE_ID = book_id(book_key(DUNE))
HOBBIT = "9780261102217"
NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


@pytest.fixture
def clock():
    return Clock(NOW)


@pytest.fixture
def world(clock):
    return World(
        storage=MemoryStorage(),
        queue=FakeQueue(),
        catalogues=(),
        files=MemoryFiles(),
        pictures=FakePictures(),
        now=clock,
    )


async def user_of(world, name="alice", **values):
    user = User(
        user_id=f"id-{name}",
        username=name,
        email=f"{name}@example.org",
        password_hash="x",
        created_at=NOW,
        **values,
    )
    await world.storage.add_user(user)
    return user


@pytest.fixture
async def alice(world):
    return await user_of(world, time_zone="Europe/Berlin")


def dune(version=1, **fields):
    values = {"title": "Dune", "authors": ("Frank Herbert",), "subtitle": "A Novel"} | fields
    sources = {name: Source("open_library", NOW) for name in values}
    return Book(book_id=DUNE_ID, isbn=DUNE, fields=values, sources=sources, version=version)


async def titles(world, user, **query):
    page = await library.shelf(world, user.user_id, Query(**query), None)
    owned = await world.storage.owned(user.user_id, [row.user_book_id for row in page.rows])
    return [owned[row.user_book_id].mine.get("title") for row in page.rows]


async def by_hand(world, user, title, nonce="n1", **values):
    added = await library.add_by_hand(world, user, {"title": title} | values, nonce=nonce)
    return added.user_book


# Adding


async def test_an_isbn_is_on_the_shelf_at_once_and_its_look_up_is_rung(world, alice):
    added = await library.add_isbn(world, alice, DUNE)
    assert (added.outcome, added.user_book.lookup) == ("new", "pending")
    assert (await world.storage.user(alice.user_id)).counts == {"to-read": 1}
    assert await world.storage.job(f"lookup:{DUNE_ID}")
    assert world.queue.rung == [f"lookup:{DUNE_ID}"]


async def test_adding_again_finds_the_first(world, alice):
    first = await library.add_isbn(world, alice, DUNE)
    await library.set_rating(world, alice.user_id, first.user_book.user_book_id, 9)
    again = await library.add_isbn(world, alice, DUNE, "read")
    assert again.outcome == "have"
    assert (again.user_book.rating, again.user_book.status) == (9, "to-read")
    assert (await world.storage.user(alice.user_id)).total == 1


async def test_a_book_that_somebody_here_has_needs_no_provider(world, alice):
    await world.storage.save_book(dune(), 0)
    added = await library.add_isbn(world, alice, DUNE)
    assert added.user_book.lookup == "found"
    assert "Dune" in added.user_book.card
    assert world.queue.rung == []


async def test_a_look_up_that_found_nothing_is_not_repeated_for_thirty_days(world, alice, clock):
    await library.add_isbn(world, alice, DUNE)
    job = await world.storage.job(f"lookup:{DUNE_ID}")
    await world.storage.save_job(job, replace(job, state="done", due_at=None, ended_at=NOW))
    bob = await user_of(world, "bob")
    assert (await library.add_isbn(world, bob, DUNE)).user_book.lookup == "not-found"
    clock.advance(days=31)
    carol = await user_of(world, "carol")
    assert (await library.add_isbn(world, carol, DUNE)).user_book.lookup == "pending"


async def test_a_form_sent_twice_adds_one_book(world, alice):
    await by_hand(world, alice, "My Diary")
    again = await library.add_by_hand(world, alice, {"title": "My Diary"}, nonce="n1")
    assert again.outcome == "have"
    assert again.user_book.book_id is None
    assert await titles(world, alice) == ["My Diary"]


async def test_a_book_added_by_hand_needs_a_title(world, alice):
    with pytest.raises(Invalid) as raised:
        await library.add_by_hand(world, alice, {"authors": ("A",)}, nonce="n")
    assert "title" in raised.value.problems


async def test_an_edition_without_isbn_shows_what_the_search_said(world, alice):
    added = await library.add_edition(world, alice, "google_books:abc", {"title": "Old Book"})
    entry = await library.entry(world, alice.user_id, added.user_book.user_book_id)
    assert (entry.details.title, added.user_book.lookup) == ("Old Book", "pending")


async def test_a_book_added_as_read_is_finished_today_where_the_reader_is(world, alice):
    added = await library.add_isbn(world, alice, DUNE, "read")
    assert added.user_book.finished_on == "2026-11-23"


async def test_a_book_that_is_found_in_the_moment_of_adding_is_shown_at_once(world, alice):
    class Racing(MemoryStorage):
        async def apply(self, user_id, changes, job=None):
            await self.save_book(dune(), 0)
            return await super().apply(user_id, changes, job)

    racing = replace(world, storage=Racing(world.now))
    await racing.storage.add_user(alice)
    added = await library.add_isbn(racing, alice, DUNE)
    stored = await racing.storage.owned(alice.user_id, [added.user_book.user_book_id])
    assert stored == {added.user_book.user_book_id: added.user_book}
    assert added.user_book.lookup == "found"


# Changing


async def test_reading_fills_the_start_and_read_sets_the_finish(world, alice, clock):
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    begun = await library.set_status(world, alice, ident, "reading")
    assert begun.after.started_on == "2026-11-23"
    clock.advance(days=3)
    ended = await library.set_status(world, alice, ident, "read")
    assert (ended.after.started_on, ended.after.finished_on) == (
        "2026-11-23",
        "2026-11-26",
    )
    assert (await world.storage.user(alice.user_id)).counts["read"] == 1


async def test_an_undo_restores_status_and_both_dates(world, alice):
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    before, _ = await library.set_status(world, alice, ident, "read")
    undone = await library.set_status(
        world,
        alice,
        ident,
        before.status,
        started=before.started_on,
        finished=before.finished_on,
    )
    assert replace(undone.after, rev=before.rev) == before


async def test_a_change_that_changes_nothing_is_not_stored(world, alice):
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    version = (await world.storage.user(alice.user_id)).shelf_version
    changed = await library.set_status(world, alice, ident, "to-read")
    assert changed.before == changed.after
    assert (await world.storage.user(alice.user_id)).shelf_version == version


@pytest.mark.parametrize("rating", [-1, 11])
async def test_a_rating_outside_the_scale_is_refused(world, alice, rating):
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    with pytest.raises(Invalid):
        await library.set_rating(world, alice.user_id, ident, rating)


async def test_a_status_outside_the_list_is_refused(world, alice):
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    with pytest.raises(Invalid):
        await library.set_status(world, alice, ident, "burnt")


async def test_notes_from_an_old_form_are_refused_but_a_script_overwrites(world, alice):
    book = await by_hand(world, alice, "Dune")
    saved = await library.set_notes(world, alice.user_id, book.user_book_id, "mine", book.edit)
    with pytest.raises(Stale):
        await library.set_notes(world, alice.user_id, book.user_book_id, "other", book.edit)
    assert saved.after.edit == book.edit + 1
    script = await library.set_notes(world, alice.user_id, book.user_book_id, "script")
    assert script.after.notes == "script"


async def test_arriving_metadata_is_no_conflict_for_an_open_form(world, alice):
    copy = (await library.add_isbn(world, alice, DUNE)).user_book
    await world.storage.save_book(dune(), 0)
    entry = await library.entry(world, alice.user_id, copy.user_book_id)
    assert entry.user_book.rev > copy.rev
    await library.set_notes(world, alice.user_id, copy.user_book_id, "good", copy.edit)


async def test_notes_that_are_too_long_say_by_how_much(world, alice):
    book = await by_hand(world, alice, "Dune")
    with pytest.raises(Invalid, match="20,001"):
        await library.set_notes(world, alice.user_id, book.user_book_id, "x" * 20_001)


# Editing


async def test_an_override_shows_and_taking_it_back_shows_the_book(world, alice):
    await world.storage.save_book(dune(), 0)
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    await library.edit(world, alice.user_id, ident, {"title": "Arrakis"})
    assert (await library.entry(world, alice.user_id, ident)).details.title == "Arrakis"
    await library.edit(world, alice.user_id, ident, {"title": ""})
    assert (await library.entry(world, alice.user_id, ident)).details.title == "Dune"


async def test_typing_the_book_s_own_value_is_no_override(world, alice):
    await world.storage.save_book(dune(), 0)
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    changed = await library.edit(world, alice.user_id, ident, {"title": "Dune"})
    assert changed.after.mine == {}


async def test_emptying_a_field_hides_what_the_book_says(world, alice):
    await world.storage.save_book(dune(), 0)
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    changed = await library.edit(world, alice.user_id, ident, {"subtitle": ""})
    assert changed.after.mine == {"subtitle": None}
    assert (await library.entry(world, alice.user_id, ident)).details.subtitle == ""


async def test_the_title_of_a_book_by_hand_cannot_be_taken_away(world, alice):
    book = await by_hand(world, alice, "Diary")
    with pytest.raises(Invalid):
        await library.edit(world, alice.user_id, book.user_book_id, {"title": ""})


async def test_the_later_of_two_tabs_is_told(world, alice):
    book = await by_hand(world, alice, "Diary")
    await library.edit(world, alice.user_id, book.user_book_id, {"title": "A"}, edit=book.edit)
    with pytest.raises(Stale):
        await library.edit(world, alice.user_id, book.user_book_id, {"title": "B"}, edit=book.edit)


async def test_a_book_by_hand_that_gets_an_isbn_moves_and_leaves_a_trail(world, alice):
    book = await by_hand(world, alice, "Dune")
    await library.set_rating(world, alice.user_id, book.user_book_id, 8)
    changed = await library.edit(world, alice.user_id, book.user_book_id, {}, isbn=DUNE)
    assert changed.after.user_book_id != book.user_book_id
    assert (changed.after.rating, changed.after.lookup) == (8, "pending")
    with pytest.raises(Moved) as raised:
        await library.entry(world, alice.user_id, book.user_book_id)
    assert raised.value.user_book_id == changed.after.user_book_id
    assert await titles(world, alice) == ["Dune"]
    assert await titles(world, alice, shelf="deleted") == []
    assert (await world.storage.user(alice.user_id)).total == 1


async def test_a_move_back_finds_the_old_place_again(world, alice):
    first = (await library.add_isbn(world, alice, DUNE)).user_book
    away = await library.edit(world, alice.user_id, first.user_book_id, {}, isbn=HOBBIT)
    back = await library.edit(world, alice.user_id, away.after.user_book_id, {}, isbn=DUNE)
    assert back.after.user_book_id == first.user_book_id
    assert (await library.entry(world, alice.user_id, first.user_book_id)).user_book.isbn == DUNE


async def test_a_move_onto_an_owned_edition_is_told_and_can_be_merged(world, alice):
    there = (await library.add_isbn(world, alice, DUNE, "reading")).user_book
    typed = await by_hand(world, alice, "Dune")
    await library.set_rating(world, alice.user_id, typed.user_book_id, 10)
    await library.set_notes(world, alice.user_id, typed.user_book_id, "from the attic")
    with pytest.raises(AlreadyOwned) as raised:
        await library.edit(world, alice.user_id, typed.user_book_id, {}, isbn=DUNE)
    assert raised.value.user_book_id == there.user_book_id
    merged = await library.merge(world, alice.user_id, typed.user_book_id, there.user_book_id)
    assert (merged.after.status, merged.after.rating) == ("reading", 10)
    assert merged.after.notes == "from the attic"
    assert (await world.storage.user(alice.user_id)).total == 1


# Removing


async def test_a_deleted_book_is_off_every_list_but_the_trash_until_it_comes_back(world, alice):
    book = await by_hand(world, alice, "Diary")
    await library.set_rating(world, alice.user_id, book.user_book_id, 4)
    await library.delete(world, alice.user_id, book.user_book_id)
    assert await titles(world, alice) == []
    assert await titles(world, alice, shelf="deleted") == ["Diary"]
    restored = await library.undo_delete(world, alice.user_id, book.user_book_id)
    assert restored.after.rating == 4
    assert await titles(world, alice) == ["Diary"]


async def test_a_deleted_book_is_not_changed_by_a_late_click(world, alice):
    book = await by_hand(world, alice, "Diary")
    await library.delete(world, alice.user_id, book.user_book_id)
    with pytest.raises(NotFound):
        await library.set_rating(world, alice.user_id, book.user_book_id, 4)
    with pytest.raises(NotFound):
        await library.edit(world, alice.user_id, book.user_book_id, {"title": "x"})


async def test_adding_a_deleted_book_restores_it_with_everything(world, alice):
    ident = (await library.add_isbn(world, alice, DUNE, "read")).user_book.user_book_id
    await library.set_rating(world, alice.user_id, ident, 9)
    await library.delete(world, alice.user_id, ident)
    added = await library.add_isbn(world, alice, DUNE)
    assert (added.outcome, added.user_book.rating, added.user_book.status) == (
        "restored",
        9,
        "read",
    )


# Ownership and repair


async def test_a_stranger_finds_nothing_whatever_they_try(world, alice):
    ident = (await library.add_isbn(world, alice, DUNE)).user_book.user_book_id
    eve = await user_of(world, "eve")
    tries = [
        library.entry(world, eve.user_id, ident),
        library.set_status(world, eve, ident, "read"),
        library.set_rating(world, eve.user_id, ident, 1),
        library.set_notes(world, eve.user_id, ident, "x"),
        library.edit(world, eve.user_id, ident, {"title": "x"}),
        library.delete(world, eve.user_id, ident),
        library.undo_delete(world, eve.user_id, ident),
        library.merge(world, eve.user_id, ident, ident),
    ]
    for attempt in tries:
        with pytest.raises(NotFound):
            await attempt


async def test_a_copy_that_a_fan_out_missed_is_mended_when_it_is_read(world, alice):
    copy = (await library.add_isbn(world, alice, DUNE)).user_book
    await world.storage.save_book(dune(), 0)
    entry = await library.entry(world, alice.user_id, copy.user_book_id)
    assert (entry.user_book.lookup, entry.user_book.book_version) == ("found", 1)
    assert "Dune" in entry.user_book.card
    await world.storage.save_book(dune(version=2, title="Dune!"), 1)
    assert "Dune!" in (await library.entry(world, alice.user_id, copy.user_book_id)).user_book.card


async def test_a_copy_whose_look_up_ended_without_it_learns_the_outcome(world, alice, clock):
    copy = (await library.add_isbn(world, alice, DUNE)).user_book
    job = await world.storage.job(f"lookup:{DUNE_ID}")
    await world.storage.save_job(
        job, replace(job, state="failed", due_at=None, ended_at=NOW + timedelta(seconds=1))
    )
    entry = await library.entry(world, alice.user_id, copy.user_book_id)
    assert entry.user_book.lookup == "failed"
