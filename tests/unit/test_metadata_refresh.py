"""Refreshing metadata: shown before it is done, and never over the reader's own words."""

import pytest

from booklib import library, metadata
from booklib.errors import Invalid, NotFound, Refused, Stale, TryLater
from booklib.models.shelf import unpack_card
from tests.unit.metadata_helpers import DUNE_ID, LOOKUP, REFRESH, Killed, edition


@pytest.fixture
async def dune(stage, alice):
    """Alice's copy of a book that Google Books knew."""
    stage.google.editions = [edition()]
    ident = await stage.adds(alice)
    await stage.work()
    return ident


async def refreshed(stage, user, ident):
    await metadata.request_refresh(stage.world, user.user_id, ident)
    await stage.work()
    return await metadata.proposal(stage.world, user.user_id, ident)


async def test_a_refresh_shows_what_would_change_and_changes_nothing(stage, alice, dune):
    stage.google.editions = [edition(title="Dune (50th)", page_count=None, authors=("F. Herbert",))]
    asking = await metadata.request_refresh(stage.world, alice.user_id, dune)
    assert asking.job_id == REFRESH
    assert REFRESH in stage.world.queue.rung
    assert (await metadata.proposal(stage.world, alice.user_id, dune)).state == "asking"
    await stage.work()
    shown = await metadata.proposal(stage.world, alice.user_id, dune)
    assert shown.state == "changes"
    assert [(c.field, c.old, c.new, c.provider, c.overridden) for c in shown.changes] == [
        ("title", "Dune", "Dune (50th)", "Google Books", False),
        ("authors", ("Frank Herbert",), ("F. Herbert",), "Google Books", False),
    ]
    assert (await stage.book()).version == 1


async def test_applying_it_reaches_every_copy(stage, alice, dune):
    bob = await stage.reader("bob")
    his = await stage.adds(bob)
    stage.google.editions = [edition(title="Dune (50th)")]
    shown = await refreshed(stage, alice, dune)
    stage.clock.advance(minutes=1)
    book = await metadata.apply_refresh(stage.world, alice.user_id, dune, shown.version)
    assert (book.version, book.fields["title"]) == (2, "Dune (50th)")
    assert book.fields["page_count"] == 535
    assert unpack_card((await stage.copy(alice, dune)).card).title == "Dune (50th)"
    assert unpack_card((await stage.copy(bob, his)).card).title == "Dune"
    stage.clock.advance(seconds=5)
    await stage.work()
    assert unpack_card((await stage.copy(bob, his)).card).title == "Dune (50th)"
    assert (await stage.copy(bob, his)).book_version == 2
    assert await metadata.proposal(stage.world, alice.user_id, dune) is None


async def test_provenance_follows_the_change(stage, alice, dune):
    before = await stage.book()
    stage.clock.advance(days=3)
    stage.google.editions = [edition(publisher="Gollancz")]
    shown = await refreshed(stage, alice, dune)
    await metadata.apply_refresh(stage.world, alice.user_id, dune, shown.version)
    after = await stage.book()
    assert after.sources["publisher"] == ("google_books", stage.clock.now)
    assert after.sources["title"] == before.sources["title"]


async def test_an_override_stays_until_it_is_cleared_and_then_the_new_title_shows(
    stage, alice, dune
):
    await library.edit(stage.world, alice.user_id, dune, {"title": "My Dune"}, edit=None)
    stage.google.editions = [edition(title="Dune (50th)")]
    shown = await refreshed(stage, alice, dune)
    assert shown.changes[0].overridden
    await metadata.apply_refresh(stage.world, alice.user_id, dune, shown.version)
    copy = await stage.copy(alice, dune)
    assert copy.mine == {"title": "My Dune"}
    assert unpack_card(copy.card).title == "My Dune"
    await library.edit(stage.world, alice.user_id, dune, {"title": "Dune (50th)"}, edit=None)
    copy = await stage.copy(alice, dune)
    assert "title" not in copy.mine
    assert unpack_card(copy.card).title == "Dune (50th)"


async def test_no_news_is_said(stage, alice, dune):
    assert (await refreshed(stage, alice, dune)).state == "nothing-new"


async def test_a_book_that_the_catalogues_forgot_loses_nothing(stage, alice, dune):
    stage.google.editions = []
    assert (await refreshed(stage, alice, dune)).state == "nothing-new"
    assert (await stage.book()).fields["title"] == "Dune"


async def test_a_catalogue_that_is_down_keeps_its_fields(stage, alice, dune):
    stage.google.fault = TryLater("Google Books does not answer.")
    stage.open_library.editions = [edition(title="dune", language="en")]
    shown = await refreshed(stage, alice, dune)
    assert [change.field for change in shown.changes] == ["language"]
    assert shown.message == "Google Books does not answer."


async def test_a_refresh_waits_and_tells_until_when(stage, alice, dune):
    stage.google.fault = stage.open_library.fault = TryLater("No network.")
    shown = await refreshed(stage, alice, dune)
    assert shown.state == "waiting"
    assert shown.message == "No network. Next try within a minute."
    assert shown.at > stage.clock.now


async def test_a_refused_refresh_tells_why(stage, alice, dune):
    stage.google.fault = stage.open_library.fault = Refused("Bad key.")
    shown = await refreshed(stage, alice, dune)
    assert (shown.state, shown.message) == ("failed", "Bad key.")
    assert (await stage.copy(alice, dune)).lookup == "found"


async def test_asking_again_begins_anew_and_twice_at_once_asks_once(stage, alice, dune):
    await refreshed(stage, alice, dune)
    asked = len(stage.google.asked)
    await metadata.request_refresh(stage.world, alice.user_id, dune)
    await metadata.request_refresh(stage.world, alice.user_id, dune)
    await stage.work()
    assert len(stage.google.asked) == asked + 1
    assert (await stage.job(REFRESH)).attempts == 1


async def test_a_proposal_is_shown_for_a_day(stage, alice, dune):
    await refreshed(stage, alice, dune)
    stage.clock.advance(days=1, seconds=1)
    assert await metadata.proposal(stage.world, alice.user_id, dune) is None


async def test_a_stale_proposal_is_not_applied(stage, alice, dune):
    stage.google.editions = [edition(title="Dune (50th)")]
    shown = await refreshed(stage, alice, dune)
    with pytest.raises(Stale):
        await metadata.apply_refresh(stage.world, alice.user_id, dune, shown.version + 1)
    await metadata.apply_refresh(stage.world, alice.user_id, dune, shown.version)
    with pytest.raises(Stale):
        await metadata.apply_refresh(stage.world, alice.user_id, dune, shown.version)
    assert (await stage.book()).version == 2


async def test_a_crash_between_the_book_and_the_copies_is_mended_by_the_job(stage, alice, dune):
    bob = await stage.reader("bob")
    his = await stage.adds(bob)
    stage.google.editions = [edition(title="Dune (50th)")]
    shown = await refreshed(stage, alice, dune)
    stage.storage.kill_after = "save_book"
    with pytest.raises(Killed):
        await metadata.apply_refresh(stage.world, alice.user_id, dune, shown.version)
    stage.clock.advance(seconds=5)
    await stage.work()
    assert (await stage.copy(alice, dune)).book_version == 2
    assert (await stage.copy(bob, his)).book_version == 2


async def test_a_crash_before_the_book_changes_nothing(stage, alice, dune):
    bob = await stage.reader("bob")
    his = await stage.adds(bob)
    stage.google.editions = [edition(title="Dune (50th)")]
    shown = await refreshed(stage, alice, dune)
    stage.storage.kill_before = "save_book"
    with pytest.raises(Killed):
        await metadata.apply_refresh(stage.world, alice.user_id, dune, shown.version)
    stage.clock.advance(seconds=5)
    await stage.work()
    assert (await stage.copy(alice, dune)).book_version == 1
    again = await metadata.proposal(stage.world, alice.user_id, dune)
    await metadata.apply_refresh(stage.world, alice.user_id, dune, again.version)
    stage.clock.advance(seconds=5)
    await stage.work()
    assert (await stage.copy(alice, dune)).book_version == 2
    assert (await stage.copy(bob, his)).book_version == 2


async def test_a_book_without_isbn_cannot_be_refreshed(stage, alice):
    added = await library.add_by_hand(stage.world, alice, {"title": "Diary"}, nonce="n")
    with pytest.raises(Invalid, match="Without an ISBN"):
        await metadata.request_refresh(stage.world, alice.user_id, added.user_book.user_book_id)
    assert await metadata.proposal(stage.world, alice.user_id, added.user_book.user_book_id) is None


async def test_a_stranger_s_book_is_not_there(stage, alice, dune):
    bob = await stage.reader("bob")
    for act in (metadata.request_refresh, metadata.proposal):
        with pytest.raises(NotFound):
            await act(stage.world, bob.user_id, dune)
    with pytest.raises(NotFound):
        await metadata.apply_refresh(stage.world, bob.user_id, dune, 1)


async def test_a_book_not_found_is_looked_up_again(stage, alice):
    ident = await stage.adds(alice)
    await stage.work()
    assert (await stage.copy(alice, ident)).lookup == "not-found"
    stage.open_library.editions = [edition()]
    job = await metadata.request_refresh(stage.world, alice.user_id, ident)
    assert job.job_id == LOOKUP
    assert (await stage.copy(alice, ident)).lookup == "pending"
    assert (await metadata.proposal(stage.world, alice.user_id, ident)).state == "asking"
    await stage.work()
    assert (await stage.copy(alice, ident)).lookup == "found"
    assert (await stage.book(DUNE_ID)).version == 1


async def test_a_look_up_that_waits_begins_anew_when_asked_to(stage, alice):
    stage.google.fault = TryLater("No network.")
    ident = await stage.adds(alice)
    await stage.work()
    await metadata.request_refresh(stage.world, alice.user_id, ident)
    await stage.work()
    assert (await stage.job()).payload["waits"] == 1
    stage.google.fault = None
    stage.google.editions = [edition()]
    await metadata.request_refresh(stage.world, alice.user_id, ident)
    await stage.work()
    assert (await stage.copy(alice, ident)).lookup == "found"
