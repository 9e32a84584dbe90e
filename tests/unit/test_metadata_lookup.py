"""Looking a new edition up: whom to ask, what to believe, whom to tell."""

import asyncio
from datetime import timedelta

import pytest

from booklib import library, metadata
from booklib.errors import QuotaSpent, Refused, TryLater, Unreadable
from booklib.metadata.asking import common_fault
from booklib.metadata.waiting import when
from booklib.models import Source
from booklib.models.shelf import unpack_card
from booklib.ports import Found
from tests.unit.metadata_helpers import DUNE, LOOKUP, WHOLE, edition


async def test_a_book_arrives_by_itself(stage, alice):
    stage.google.editions = [edition()]
    ident = await stage.adds(alice)
    assert (await stage.copy(alice, ident)).lookup == "pending"
    assert await metadata.lookup_note(stage.world, await stage.copy(alice, ident)) == (
        "Looking it up."
    )
    await stage.work()
    copy = await stage.copy(alice, ident)
    assert copy.lookup == "found"
    assert copy.book_version == 1
    assert unpack_card(copy.card).title == "Dune"
    assert (await stage.job()).state == "done"
    assert await metadata.lookup_note(stage.world, copy) == ""


async def test_a_full_answer_asks_nobody_else(stage, alice):
    stage.google.editions = [edition()]
    await stage.adds(alice)
    await stage.work()
    assert stage.google.asked == [DUNE]
    assert stage.open_library.asked == []


@pytest.mark.parametrize("gap", metadata.asking.WANTED)
async def test_a_thin_answer_is_completed_by_the_next_catalogue(stage, alice, gap):
    stage.google.editions = [edition(**{gap: None}, title="DUNE")]
    stage.open_library.editions = [edition(publisher="Chilton" if gap != "publisher" else "Ace")]
    await stage.adds(alice)
    await stage.work()
    book = await stage.book()
    assert book.fields == WHOLE | {"title": "DUNE"}
    assert book.sources[gap] == Source("open_library", stage.clock.now)
    assert book.sources["title"] == Source("google_books", stage.clock.now)
    assert set(book.sources) == set(book.fields)


async def test_a_subtitle_stays_with_its_own_title(stage, alice):
    stage.google.editions = [edition(title="Dune: A Novel", cover=None)]
    stage.open_library.editions = [edition(title="Dune", subtitle="A Novel")]
    await stage.adds(alice)
    await stage.work()
    assert "subtitle" not in (await stage.book()).fields


async def test_not_found_is_said_only_when_everybody_says_so(stage, alice):
    ident = await stage.adds(alice)
    await stage.work()
    copy = await stage.copy(alice, ident)
    assert copy.lookup == "not-found"
    assert await stage.book() is None
    assert (await stage.job()).state == "done"
    assert "No catalogue knows this book." in await metadata.lookup_note(stage.world, copy)


async def test_one_down_and_one_without_it_means_wait(stage, alice):
    stage.google.fault = TryLater("Google Books does not answer.")
    ident = await stage.adds(alice)
    await stage.work()
    copy = await stage.copy(alice, ident)
    assert copy.lookup == "pending"
    assert (await stage.job()).state == "waiting"
    note = await metadata.lookup_note(stage.world, copy)
    assert note == "Google Books does not answer. Next try within a minute."


async def test_one_down_and_one_with_it_means_found(stage, alice):
    stage.google.fault = TryLater("Google Books does not answer.")
    stage.open_library.editions = [edition(description=None, page_count=None)]
    ident = await stage.adds(alice)
    await stage.work()
    copy = await stage.copy(alice, ident)
    assert copy.lookup == "found"
    assert await metadata.lookup_note(stage.world, copy) == (
        "The catalogues that answered know no number of pages or description. "
        "Google Books does not answer."
    )


async def test_a_gap_is_filled_when_who_was_silent_speaks_again(stage, alice):
    stage.google.editions = [edition(description=None, title="DUNE")]
    stage.open_library.fault = TryLater("Open Library does not answer.")
    ident = await stage.adds(alice)
    await stage.work()
    assert (await stage.copy(alice, ident)).lookup == "found"
    assert (await stage.job()).state == "waiting"
    stage.clock.advance(minutes=1)
    await stage.work()
    assert (await stage.book()).version == 1
    stage.open_library.fault = None
    stage.open_library.editions = [edition(title="dune", publisher="Chilton")]
    await stage.work_for(hours=1)
    book = await stage.book()
    assert book.fields == WHOLE | {"title": "DUNE"}
    assert book.sources["description"].provider == "open_library"
    assert book.sources["publisher"].provider == "google_books"
    copy = await stage.copy(alice, ident)
    assert (copy.lookup, copy.book_version) == ("found", 2)
    assert (await stage.job()).state == "done"
    assert stage.google.asked == [DUNE]
    assert await metadata.lookup_note(stage.world, copy) == ""


async def test_a_gap_that_nobody_ever_fills_fails_no_book(stage, alice):
    stage.google.editions = [edition(description=None)]
    stage.open_library.fault = TryLater("Open Library does not answer.")
    ident = await stage.adds(alice)
    await stage.work_for(days=10)
    copy = await stage.copy(alice, ident)
    assert (copy.lookup, copy.book_version) == ("found", 1)
    assert await metadata.lookup_note(stage.world, copy) == (
        "The catalogues that answered know no description. Open Library does not answer."
    )
    assert stage.google.asked == [DUNE]


async def test_a_gap_that_only_a_refusal_leaves_is_left(stage, alice):
    stage.google.fault = Refused("Bad key.")
    stage.open_library.editions = [edition(description=None)]
    await stage.adds(alice)
    await stage.work()
    assert (await stage.job()).state == "done"


async def test_an_answer_without_a_title_is_none(stage, alice):
    stage.google.editions = [Found(DUNE, "fake:1", {"authors": ("Somebody",)})]
    ident = await stage.adds(alice)
    await stage.work()
    assert (await stage.copy(alice, ident)).lookup == "not-found"


async def test_a_refusal_is_failed_with_its_reason(stage, alice):
    stage.google.fault = Refused("Google Books does not accept the key.")
    ident = await stage.adds(alice)
    await stage.work()
    copy = await stage.copy(alice, ident)
    assert copy.lookup == "failed"
    assert (await stage.job()).state == "failed"
    note = await metadata.lookup_note(stage.world, copy)
    assert note.startswith("The look-up failed. Google Books does not accept the key. ")


async def test_a_title_is_never_searched_for_on_the_quiet(stage, alice):
    await stage.adds(alice)
    await stage.work()
    assert stage.google.asked == [DUNE]
    assert stage.open_library.asked == [DUNE]


async def test_an_edition_without_an_isbn_is_asked_for_by_its_id(stage, alice):
    stage.open_library.editions = [edition(None, "open_library:OL1M")]
    added = await library.add_edition(
        stage.world, alice, "open_library:OL1M", {"title": "From the search"}
    )
    await stage.work()
    copy = await stage.copy(alice, added.user_book.user_book_id)
    assert copy.lookup == "found"
    assert unpack_card(copy.card).title == "Dune"
    assert copy.given == {"title": "From the search"}


async def test_every_owner_s_copy_is_told_deleted_ones_too(stage, alice):
    readers = [await stage.reader(f"reader{number}") for number in range(120)]
    idents = [await stage.adds(reader) for reader in readers]
    await library.delete(stage.world, readers[7].user_id, idents[7])
    stage.google.editions = [edition()]
    await stage.work()
    for reader, ident in zip(readers, idents, strict=True):
        copy = await stage.copy(reader, ident)
        assert (copy.lookup, copy.book_version) == ("found", 1)
    back = await library.undo_delete(stage.world, readers[7].user_id, idents[7])
    assert unpack_card(back.after.card).title == "Dune"


async def test_what_the_reader_wrote_is_left_alone(stage, alice):
    ident = await stage.adds(alice)
    await library.set_notes(stage.world, alice.user_id, ident, "Mine.")
    await library.set_rating(stage.world, alice.user_id, ident, 9)
    stage.google.editions = [edition()]
    before = await stage.copy(alice, ident)
    await stage.work()
    after = await stage.copy(alice, ident)
    assert (after.notes, after.rating, after.mine, after.edit) == ("Mine.", 9, {}, before.edit)


async def test_a_copy_that_keeps_changing_is_told_in_the_end(stage, alice):
    ident = await stage.adds(alice)
    stage.google.editions = [edition()]

    async def clicks():
        for number in range(20):
            await library.set_rating(stage.world, alice.user_id, ident, 1 + number % 10)
            await asyncio.sleep(0)

    await asyncio.gather(clicks(), stage.work())
    assert (await stage.copy(alice, ident)).lookup == "found"


async def test_a_day_without_the_provider_ends_well(stage, alice):
    stage.google.fault = TryLater("Google Books does not answer.")
    stage.open_library.fault = TryLater("Open Library does not answer.")
    ident = await stage.adds(alice)
    await stage.work_for(days=1)
    assert (await stage.copy(alice, ident)).lookup == "pending"
    assert 6 <= (await stage.job()).attempts <= 10
    stage.google.fault = None
    stage.google.editions = [edition()]
    await stage.work_for(hours=9)
    assert (await stage.copy(alice, ident)).lookup == "found"


async def test_after_a_week_we_say_so(stage, alice):
    stage.google.fault = stage.open_library.fault = TryLater("Nobody answers.")
    ident = await stage.adds(alice)
    await stage.work_for(days=6)
    assert (await stage.job()).state == "waiting"
    await stage.work_for(days=4)
    assert (await stage.job()).state == "failed"
    copy = await stage.copy(alice, ident)
    assert copy.lookup == "failed"
    assert "Nobody answers. We have tried for a week." in await metadata.lookup_note(
        stage.world, copy
    )


async def test_waiting_for_quota_costs_no_try_and_tells_the_time_at_home(stage):
    berlin = await stage.reader("berta", time_zone="Europe/Berlin")
    tomorrow = stage.clock.now + timedelta(hours=20)
    stage.google.fault = QuotaSpent("The day's quota of Google Books is used up.", tomorrow)
    ident = await stage.adds(berlin)
    await stage.work()
    job = await stage.job()
    assert (job.state, job.attempts) == ("waiting", 0)
    assert tomorrow <= job.due_at <= tomorrow + timedelta(minutes=5)
    note = await metadata.lookup_note(stage.world, await stage.copy(berlin, ident))
    assert note.startswith("The day's quota of Google Books is used up. Next try tomorrow at 09:0")
    stage.google.fault = None
    stage.google.editions = [edition()]
    await stage.work_for(hours=21)
    assert (await stage.copy(berlin, ident)).lookup == "found"


async def test_a_catalogue_out_of_quota_is_passed_over(stage, alice):
    stage.google.fault = QuotaSpent("Spent.", stage.clock.now + timedelta(hours=9))
    stage.open_library.editions = [edition()]
    ident = await stage.adds(alice)
    await stage.work()
    assert (await stage.copy(alice, ident)).lookup == "found"


async def test_retry_after_is_honoured(stage, alice):
    at = stage.clock.now + timedelta(minutes=45)
    stage.google.fault = TryLater("Slow down.", at)
    await stage.adds(alice)
    await stage.work()
    assert at <= (await stage.job()).due_at <= at + timedelta(seconds=5)


async def test_a_second_owner_of_an_unknown_book_is_told_at_once(stage, alice):
    await stage.adds(alice)
    await stage.work()
    bob = await stage.reader("bob")
    ident = await stage.adds(bob)
    assert (await stage.copy(bob, ident)).lookup == "not-found"
    assert stage.google.asked == [DUNE]


async def test_a_book_of_nobody_asks_quietly_and_ends(stage, alice):
    stage.google.editions = [edition()]
    await stage.adds(alice)
    await stage.storage.remove_user(alice.user_id)
    await stage.work()
    assert (await stage.job(LOOKUP)).state == "done"


def test_a_moment_is_said_as_people_say_it(stage):
    now = stage.clock.now
    said = [when(now + timedelta(hours=h), now, "Europe/Berlin") for h in (0, 1, 12, 24 * 20)]
    assert said == ["within a minute", "at 14:00", "tomorrow at 01:00", "on 21 November at 13:00"]
    assert when(now + timedelta(hours=1), now, "No/Where") == "at 13:00 UTC"


def test_what_passes_soonest_counts(stage):
    later = stage.clock.now + timedelta(hours=9)
    quota, passing = QuotaSpent("Q.", later), TryLater("P.")
    unreadable, refused = Unreadable("U."), Refused("R.")
    together = common_fault([refused, quota, unreadable, passing])
    assert (type(together), together.reason, together.at) == (TryLater, "R. Q. U. P.", None)
    assert type(common_fault([refused, quota, unreadable])) is QuotaSpent
    assert common_fault([refused, quota]).at == later
    assert type(common_fault([refused, unreadable])) is Unreadable
    assert type(common_fault([refused])) is Refused
    assert common_fault([]) is None
