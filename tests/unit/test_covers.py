"""Covers: fetched once for everybody, stored before they are named, and the reader's own."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from booklib import accounts, covers, jobs, library, metadata
from booklib.errors import BadPicture, NotFound, QuotaSpent, Refused, StorageFull, TryLater
from booklib.jobs import LEASE_S
from booklib.models import COVER_FILE, CoverName, CoverPictures, Source, cover_job
from booklib.models.shelf import unpack_card
from tests.unit.metadata_helpers import DUNE, DUNE_ID, WHOLE, Killed, edition

ADDRESS = WHOLE["cover"]
SENT = b"as the provider sent it"
MADE = CoverPictures(b"large", b"small", 400, 600)
NAME = str(CoverName.of(b"large", 400, 600, own=False))
OWN_SENT = b"as the reader sent it"
OWN_MADE = CoverPictures(b"own large", b"own small", 500, 500)
OWN = str(CoverName.of(b"own large", 500, 500, own=True))


@pytest.fixture
def pictured(stage):
    """A stage whose catalogue has Dune and a picture of it."""
    stage.google.editions = [edition()]
    stage.google.pictures = {ADDRESS: SENT}
    stage.pictures.covers = {SENT: MADE, OWN_SENT: OWN_MADE}
    return stage


async def cover_of(stage, user, ident):
    """What the shelf shows of a copy."""
    return unpack_card((await stage.copy(user, ident)).card).cover


async def job_of(stage):
    """The cover's job, by the address that the Book tells."""
    return await stage.job(cover_job(await stage.book(), stage.clock.now).job_id)


@pytest.mark.parametrize("first", ["covers", "library", "metadata", "jobs"])
def test_the_use_cases_can_be_imported_in_any_order(first):
    subprocess.run([sys.executable, "-c", f"import booklib.{first}"], check=True)


async def test_a_book_gets_its_cover_by_itself(pictured, alice):
    ident = await pictured.adds(alice)
    await pictured.work()
    assert await cover_of(pictured, alice, ident) == NAME
    assert pictured.google.fetched == [ADDRESS]
    assert pictured.files.kept == {
        f"covers/large/{NAME}.webp": b"large",
        f"covers/small/{NAME}.webp": b"small",
    }
    book = await pictured.book()
    assert (book.version, book.sources[COVER_FILE].provider) == (2, "google_books")
    assert await covers.picture(pictured.world, alice.user_id, NAME, "small") == b"small"


async def test_everybody_gets_it_and_it_is_fetched_once(pictured, alice):
    readers = [alice, *[await pictured.reader(f"reader{number}") for number in range(3)]]
    idents = [await pictured.adds(reader) for reader in readers]
    await pictured.work()
    late = await pictured.reader("late")
    readers.append(late)
    idents.append(await pictured.adds(late))
    await pictured.work()
    for reader, ident in zip(readers, idents, strict=True):
        assert await cover_of(pictured, reader, ident) == NAME
    assert pictured.google.fetched == [ADDRESS]


async def test_a_second_ring_fetches_nothing(pictured, alice):
    await pictured.adds(alice)
    await pictured.work()
    job = await job_of(pictured)
    for _ in range(3):
        await jobs.run(pictured.world, job.job_id)
    assert pictured.google.fetched == [ADDRESS]


async def test_a_picture_that_was_not_read_to_the_end_is_tried_again(pictured, alice):
    ident = await pictured.adds(alice)
    pictured.pictures.unread = True
    await pictured.work()
    assert (await job_of(pictured)).state == "waiting"
    pictured.pictures.unread = False
    pictured.clock.advance(minutes=10)
    await pictured.work()
    assert await cover_of(pictured, alice, ident) == NAME


async def test_a_picture_that_is_never_read_to_the_end_is_given_up(pictured, alice):
    await pictured.adds(alice)
    pictured.pictures.unread = True
    for _ in range(jobs.MAX_FAULTS + 1):
        await pictured.work()
        pictured.clock.advance(minutes=10)
    job = await job_of(pictured)
    assert (job.state, job.message) == (
        "failed",
        "The picture that Google Books has could not be read.",
    )


async def test_a_full_disk_leaves_no_half_of_a_picture(pictured, alice):
    ident = await pictured.adds(alice)
    pictured.files.most = 1
    with pytest.raises(StorageFull):
        await covers.upload(pictured.world, alice.user_id, ident, OWN_SENT)
    await pictured.work()
    assert pictured.files.kept == {}
    assert (await job_of(pictured)).state == "waiting"


async def test_a_full_disk_takes_nothing_from_a_picture_that_was_there(pictured, alice):
    ident = await pictured.adds(alice)
    await covers.upload(pictured.world, alice.user_id, ident, OWN_SENT)
    kept, pictured.files.most = dict(pictured.files.kept), 0
    with pytest.raises(StorageFull):
        await covers.upload(pictured.world, alice.user_id, ident, OWN_SENT)
    assert pictured.files.kept == kept


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("method", ["claim_job", "save_job", "save_book", "owners", "apply"])
async def test_a_crash_anywhere_is_mended_by_doing_it_again(pictured, alice, method, before):
    ident = await pictured.adds(alice)
    await jobs.run(pictured.world, f"lookup:{DUNE_ID}")
    job = await job_of(pictured)
    setattr(pictured.storage, "kill_before" if before else "kill_after", method)
    with pytest.raises(Killed):
        await jobs.run(pictured.world, job.job_id)
    named = (await pictured.book()).fields.get(COVER_FILE)
    assert named is None or f"covers/large/{named}.webp" in pictured.files.kept
    pictured.clock.advance(seconds=LEASE_S + 1)
    await pictured.work()
    assert await cover_of(pictured, alice, ident) == NAME
    assert (await job_of(pictured)).state == "done"
    assert (await pictured.book()).version == 2
    again = method == "save_job" and before
    assert pictured.google.fetched == [ADDRESS] * (2 if again else 1)


async def test_a_crash_before_the_job_was_stored_is_mended_by_the_look_up(pictured, alice):
    ident = await pictured.adds(alice)
    pictured.storage.kill_after = "save_book"
    with pytest.raises(Killed):
        await jobs.run(pictured.world, f"lookup:{DUNE_ID}")
    assert await job_of(pictured) is None
    pictured.clock.advance(seconds=LEASE_S + 1)
    await pictured.work()
    assert await cover_of(pictured, alice, ident) == NAME


async def test_who_adds_a_known_book_without_a_picture_has_it_fetched(pictured, alice):
    await pictured.adds(alice)
    await jobs.run(pictured.world, f"lookup:{DUNE_ID}")
    job = await job_of(pictured)
    del pictured.storage._jobs[job.job_id]
    ident = await pictured.adds(await pictured.reader("bob"))
    await pictured.work()
    assert await cover_of(pictured, await pictured.storage.user_by_login("bob"), ident) == NAME


async def test_a_passing_fault_is_tried_again_for_days(pictured, alice):
    ident = await pictured.adds(alice)
    await jobs.run(pictured.world, f"lookup:{DUNE_ID}")
    pictured.google.fault = TryLater("Google Books does not answer.")
    await pictured.work()
    entry = await library.entry(pictured.world, alice.user_id, ident)
    state = await covers.state_of(pictured.world, entry)
    assert state.coming
    assert state.note.startswith("Google Books does not answer. Next try ")
    await pictured.work_for(days=2)
    pictured.google.fault = None
    await pictured.work_for(hours=8)
    assert await cover_of(pictured, alice, ident) == NAME


async def test_a_spent_quota_costs_the_cover_no_try(pictured, alice):
    await pictured.adds(alice)
    await jobs.run(pictured.world, f"lookup:{DUNE_ID}")
    pictured.google.fault = QuotaSpent("Spent.", pictured.clock.now + timedelta(hours=5))
    await pictured.work()
    assert (await job_of(pictured)).attempts == 0


@pytest.mark.parametrize(
    ("sent", "fault", "words"),
    [
        (None, None, "Google Books has no picture of this book after all."),
        (b"<html>", None, "The picture that Google Books has cannot be used as a cover."),
        (SENT, Refused("Google Books sends us elsewhere."), "Google Books sends us elsewhere."),
    ],
)
async def test_a_picture_that_is_none_leaves_the_drawn_cover_and_says_why(
    pictured, alice, sent, fault, words
):
    pictured.google.pictures = {ADDRESS: sent} if sent else {}
    ident = await pictured.adds(alice)
    await jobs.run(pictured.world, f"lookup:{DUNE_ID}")
    pictured.google.fault = fault
    await pictured.work()
    assert await cover_of(pictured, alice, ident) == ""
    assert pictured.files.kept == {}
    assert (await job_of(pictured)).ended
    entry = await library.entry(pictured.world, alice.user_id, ident)
    assert await covers.state_of(pictured.world, entry) == (False, words)
    await pictured.adds(await pictured.reader("bob"))
    await pictured.work()
    assert len(pictured.google.fetched) == 1


async def fetched_while_the_book_changes(pictured, reader, **fields):
    """Add the book; while its picture is looked into, the Book gets other fields."""
    ident = await pictured.adds(reader)
    await jobs.run(pictured.world, f"lookup:{DUNE_ID}")
    job = await job_of(pictured)
    book = await pictured.book()
    inner = pictured.pictures.cover

    async def while_the_book_changes(picture):
        await change_the_book(pictured, book, **fields)
        return await inner(picture)

    pictured.pictures.cover = while_the_book_changes
    await jobs.run(pictured.world, job.job_id)
    return ident


async def test_another_address_told_meanwhile_drops_what_was_fetched(pictured, alice):
    ident = await fetched_while_the_book_changes(
        pictured, alice, cover="https://covers.example/2.jpg"
    )
    assert COVER_FILE not in (await pictured.book()).fields
    assert await cover_of(pictured, alice, ident) == ""


async def test_another_change_of_the_book_meanwhile_is_kept(pictured, alice):
    ident = await fetched_while_the_book_changes(pictured, alice, title="Dune, again")
    assert (await pictured.book()).fields["title"] == "Dune, again"
    assert await cover_of(pictured, alice, ident) == NAME


async def change_the_book(stage, book, **fields):
    """Somebody else's change of a Book."""
    sources = {**book.sources, **{name: Source("open_library", stage.clock.now) for name in fields}}
    after = replace(
        book, fields={**book.fields, **fields}, sources=sources, version=book.version + 1
    )
    assert await stage.storage.save_book(after, book.version)


async def test_a_gap_that_is_filled_late_leaves_the_cover_alone(pictured, alice):
    pictured.google.editions = [edition(description=None)]
    pictured.open_library.editions = [edition(description="Sand, and worms.")]
    pictured.open_library.fault = TryLater("Open Library does not answer.")
    await pictured.adds(alice)
    await pictured.work()
    pictured.open_library.fault = None
    await pictured.work_for(hours=2)
    book = await pictured.book()
    assert book.fields["description"] == "Sand, and worms."
    assert book.fields[COVER_FILE] == NAME


async def test_a_refresh_brings_the_new_picture_and_shows_the_old_one_until_then(pictured, alice):
    ident = await pictured.adds(alice)
    await pictured.work()
    pictured.clock.advance(minutes=1)
    pictured.google.editions = [edition(cover="https://covers.example/2.jpg")]
    await metadata.request_refresh(pictured.world, alice.user_id, ident)
    await pictured.work()
    found = await metadata.proposal(pictured.world, alice.user_id, ident)
    pictured.clock.advance(minutes=1)
    await metadata.apply_refresh(pictured.world, alice.user_id, ident, found.version)
    assert await cover_of(pictured, alice, ident) == NAME
    pictured.google.pictures["https://covers.example/2.jpg"] = b"another"
    pictured.pictures.covers[b"another"] = CoverPictures(b"L2", b"S2", 560, 800)
    await pictured.work()
    assert await cover_of(pictured, alice, ident) == str(CoverName.of(b"L2", 560, 800, own=False))


# The reader's own


async def test_an_own_picture_comes_before_the_provider_s(pictured, alice):
    ident = await pictured.adds(alice)
    await pictured.work()
    changed = await covers.upload(pictured.world, alice.user_id, ident, OWN_SENT)
    assert unpack_card(changed.after.card).cover == OWN
    assert await covers.picture(pictured.world, alice.user_id, OWN, "large") == b"own large"
    assert f"users/{alice.user_id}/covers/small/{OWN.removeprefix('own/')}.webp" in (
        pictured.files.kept
    )
    bob = await pictured.reader("bob")
    other = await pictured.adds(bob)
    await pictured.work()
    assert await cover_of(pictured, bob, other) == NAME
    with pytest.raises(NotFound):
        await covers.picture(pictured.world, bob.user_id, OWN, "large")


async def test_a_picture_that_is_none_changes_nothing(pictured, alice):
    ident = await pictured.adds(alice)
    before = await pictured.copy(alice, ident)
    with pytest.raises(BadPicture):
        await covers.upload(pictured.world, alice.user_id, ident, b"<svg>")
    assert await pictured.copy(alice, ident) == before
    assert pictured.files.kept == {}


async def test_a_picture_is_taken_away_and_given_back(pictured, alice):
    ident = await pictured.adds(alice)
    await pictured.work()
    await covers.remove(pictured.world, alice.user_id, ident)
    assert await cover_of(pictured, alice, ident) == ""
    entry = await library.entry(pictured.world, alice.user_id, ident)
    assert await covers.state_of(pictured.world, entry) == (False, "")
    await covers.restore(pictured.world, alice.user_id, ident)
    assert await cover_of(pictured, alice, ident) == NAME


async def test_an_own_picture_is_taken_back_by_its_name_and_only_an_own_one(pictured, alice):
    ident = await pictured.adds(alice)
    await pictured.work()
    await covers.upload(pictured.world, alice.user_id, ident, OWN_SENT)
    await covers.restore(pictured.world, alice.user_id, ident)
    await covers.take_back(pictured.world, alice.user_id, ident, OWN)
    assert await cover_of(pictured, alice, ident) == OWN
    nobodys = str(CoverName.of(b"?", 9, 9, own=True))
    for name in (NAME, nobodys, "own/../x", "", "https://covers.example/1.jpg"):
        with pytest.raises(NotFound):
            await covers.take_back(pictured.world, alice.user_id, ident, name)


async def test_restoring_fetches_a_picture_anew_that_could_not_be_had(pictured, alice):
    pictured.google.pictures = {}
    ident = await pictured.adds(alice)
    await pictured.work()
    pictured.google.pictures = {ADDRESS: SENT}
    await covers.restore(pictured.world, alice.user_id, ident)
    await pictured.work()
    assert await cover_of(pictured, alice, ident) == NAME


async def test_the_cover_job_does_not_touch_an_own_picture(pictured, alice):
    ident = await pictured.adds(alice)
    await covers.upload(pictured.world, alice.user_id, ident, OWN_SENT)
    await pictured.work()
    assert await cover_of(pictured, alice, ident) == OWN
    assert (await pictured.copy(alice, ident)).book_version == 2


async def test_a_stranger_s_book_is_not_found(pictured, alice):
    ident = await pictured.adds(alice)
    bob = await pictured.reader("bob")
    for change in (covers.remove, covers.restore):
        with pytest.raises(NotFound):
            await change(pictured.world, bob.user_id, ident)
    with pytest.raises(NotFound):
        await covers.upload(pictured.world, bob.user_id, ident, OWN_SENT)
    assert pictured.files.kept == {}


async def test_a_deleted_book_keeps_its_picture_and_takes_no_other(pictured, alice):
    ident = await pictured.adds(alice)
    await covers.upload(pictured.world, alice.user_id, ident, OWN_SENT)
    await library.delete(pictured.world, alice.user_id, ident)
    with pytest.raises(NotFound):
        await covers.remove(pictured.world, alice.user_id, ident)
    await library.undo_delete(pictured.world, alice.user_id, ident)
    assert await cover_of(pictured, alice, ident) == OWN


async def test_closing_an_account_removes_its_own_pictures_and_no_others(pictured, alice):
    bob = await pictured.reader("bob")
    for user in (alice, bob):
        await covers.upload(pictured.world, user.user_id, await pictured.adds(user), OWN_SENT)
    await pictured.work()
    await accounts.start_closing(pictured.world, alice)
    await pictured.work()
    left = [name for name in pictured.files.kept if name.startswith("users/")]
    assert {name.split("/")[1] for name in left} == {bob.user_id}
    assert f"covers/large/{NAME}.webp" in pictured.files.kept


async def test_an_upload_that_meets_a_closing_account_leaves_nothing(pictured, alice):
    ident = await pictured.adds(alice)
    inner = pictured.pictures.cover

    async def while_the_account_closes(picture):
        await accounts.start_closing(pictured.world, alice)
        await pictured.work()
        return await inner(picture)

    pictured.pictures.cover = while_the_account_closes
    with pytest.raises(NotFound):
        await covers.upload(pictured.world, alice.user_id, ident, OWN_SENT)
    assert not [name for name in pictured.files.kept if name.startswith("users/")]


async def test_a_book_typed_by_hand_asks_for_no_cover(pictured, alice):
    added = await library.add_by_hand(pictured.world, alice, {"title": "My own"}, nonce="1")
    await pictured.work()
    entry = await library.entry(pictured.world, alice.user_id, added.user_book.user_book_id)
    assert await covers.state_of(pictured.world, entry) == (False, "")
    assert pictured.google.fetched == []


async def test_the_card_of_an_old_address_names_no_picture(pictured):
    for name in (ADDRESS, "", "own/", "../../x", f"{NAME}x", NAME.upper() + "/"):
        assert CoverName.parse(name) is None
    with pytest.raises(NotFound):
        await covers.picture(pictured.world, "u", ADDRESS, "large")


async def test_nothing_is_said_of_a_book_with_its_picture(pictured, alice):
    ident = await pictured.adds(alice)
    await pictured.work()
    entry = await library.entry(pictured.world, alice.user_id, ident)
    assert await covers.state_of(pictured.world, entry) == (False, "")
    assert entry.details.cover_file == NAME
    assert entry.user_book.isbn == DUNE
