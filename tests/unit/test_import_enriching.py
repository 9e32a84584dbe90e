"""Look-ups of imported books: behind the readers' own, at the catalogues' pace, none twice."""

import pytest

from booklib import jobs, library
from booklib.errors import QuotaSpent, Refused, TryLater
from booklib.jobs import LEASE_S
from booklib.models.ids import book_key, new_id, user_book_id
from booklib.transfer import imports
from booklib.transfer.enriching import BOOKS_A_RUN
from tests.factories import a_book
from tests.goodreads import DUNE, isbn_of
from tests.unit.metadata_helpers import LOOKUP, Killed, edition


async def imported(stage, numbers):
    """The id of the job that looks up these books, imported a moment ago."""
    ident = new_id()
    rows = "".join(f"Book {number},{isbn_of(number)}\n" for number in numbers)
    await stage.files.put(f"imports/id-alice/{ident}/upload", f"Title,ISBN\n{rows}".encode())
    user = await stage.storage.user("id-alice")
    await imports.begin(stage.world, user, ident, "books.csv")
    await jobs.run(stage.world, f"import-read:id-alice:{ident}")
    await imports.apply(stage.world, user, ident, overwrite=False, doubtful="skip", choices={})
    await jobs.run(stage.world, f"import:id-alice:{ident}")
    return f"enrich:id-alice:{ident}"


async def copies(stage, numbers):
    ids = [user_book_id("id-alice", book_key(isbn_of(number))) for number in numbers]
    found = await stage.storage.owned("id-alice", ids)
    return [found[ident] for ident in ids]


def known(stage, numbers):
    stage.google.editions = [edition(isbn_of(number), f"fake:{number}") for number in numbers]


async def until_done(stage, job_id):
    """Run the job each time that it is due; how often that was."""
    runs = 0
    while not (job := await stage.job(job_id)).ended:
        stage.clock.now = max(stage.clock.now, job.due_at or job.lease_until)
        await jobs.run(stage.world, job_id)
        runs += 1
        assert runs < 100
    return runs


async def test_some_are_asked_about_at_a_time_in_the_order_of_the_file(stage, alice):
    numbers = range(2 * BOOKS_A_RUN + 5)
    known(stage, numbers)
    job_id = await imported(stage, numbers)
    await jobs.run(stage.world, job_id)
    assert stage.google.asked == [isbn_of(number) for number in range(BOOKS_A_RUN)]
    assert (await stage.job(job_id)).state == "waiting"
    await until_done(stage, job_id)
    assert stage.google.asked == [isbn_of(number) for number in numbers]
    assert {copy.lookup for copy in await copies(stage, numbers)} == {"found"}


async def test_the_catalogues_hear_what_is_asked_for_next(stage, alice):
    numbers = range(BOOKS_A_RUN + 3)
    known(stage, numbers)
    assert await stage.storage.save_book(a_book(isbn_of(2)), 0)
    job_id = await imported(stage, numbers)
    await until_done(stage, job_id)
    wanted = [isbn_of(number) for number in numbers if number != 2]
    told = [wanted[:BOOKS_A_RUN], wanted[BOOKS_A_RUN:]]
    assert stage.google.expected == stage.open_library.expected == told


async def test_a_readers_own_look_up_goes_first(stage, alice):
    known(stage, range(3))
    job_id = await imported(stage, range(3))
    bob = await stage.reader("bob")
    await stage.adds(bob)
    await jobs.run(stage.world, job_id)
    assert stage.google.asked == []
    await jobs.run(stage.world, LOOKUP)
    await until_done(stage, job_id)
    assert stage.google.asked == [DUNE, *(isbn_of(number) for number in range(3))]


async def test_a_book_that_is_known_costs_no_request(stage, alice):
    assert await stage.storage.save_book(a_book(isbn_of(1)), 0)
    job_id = await imported(stage, range(1, 3))
    await until_done(stage, job_id)
    assert stage.google.asked == [isbn_of(2)]
    first, second = await copies(stage, range(1, 3))
    assert (first.lookup, second.lookup) == ("found", "none")


@pytest.mark.parametrize(
    "fault",
    [
        TryLater("The catalogue is busy."),
        QuotaSpent("The catalogue has answered enough for today."),
    ],
)
async def test_a_catalogue_that_rests_is_waited_for_and_nothing_is_asked_twice(stage, alice, fault):
    known(stage, range(6))
    job_id = await imported(stage, range(6))
    stage.google.fault = stage.open_library.fault = fault
    await jobs.run(stage.world, job_id)
    job = await stage.job(job_id)
    assert (job.state, stage.google.asked) == ("waiting", [isbn_of(0)])
    assert job.due_at > stage.clock.now
    assert fault.reason in job.message
    stage.google.fault = stage.open_library.fault = None
    await until_done(stage, job_id)
    assert stage.google.asked == [isbn_of(number) for number in (0, *range(6))]


async def test_without_any_catalogue_the_library_stays_as_it_was_imported(stage, alice):
    job_id = await imported(stage, range(4))
    before = await copies(stage, range(4))
    stage.google.fault = stage.open_library.fault = TryLater("No network.")
    for _ in range(60):
        if (job := await stage.job(job_id)).ended:
            break
        stage.clock.now = max(stage.clock.now, job.due_at)
        await jobs.run(stage.world, job_id)
        stage.clock.advance(hours=12)
    assert await copies(stage, range(4)) == before


async def test_one_book_that_is_refused_does_not_hold_up_the_others(stage, alice):
    known(stage, range(3))
    job_id = await imported(stage, range(3))
    asked = stage.google._ask

    def refuses_one(question):
        asked(question)
        if question == isbn_of(1):
            raise Refused("Not this one.")

    stage.google._ask = refuses_one
    stage.open_library.fault = Refused("Not this one either.")
    await until_done(stage, job_id)
    assert [copy.lookup for copy in await copies(stage, range(3))] == ["found", "none", "found"]


async def test_a_death_in_the_middle_repeats_one_request_at_most(stage, alice):
    known(stage, range(5))
    job_id = await imported(stage, range(5))
    for _ in range(4):
        stage.storage.kill_before = "save_book"
        with pytest.raises(Killed):
            await jobs.run(stage.world, job_id)
        stage.clock.advance(seconds=LEASE_S + 1)
        stage.storage.kill_before = ""
        stage.storage.kill_after = "save_book"
        with pytest.raises(Killed):
            await jobs.run(stage.world, job_id)
        stage.clock.advance(seconds=LEASE_S + 1)
    await until_done(stage, job_id)
    assert {copy.lookup for copy in await copies(stage, range(5))} == {"found"}
    assert set(stage.google.asked) == {isbn_of(number) for number in range(5)}
    assert len(stage.google.asked) <= 5 + 4


async def test_a_book_that_left_the_shelf_is_not_asked_about(stage, alice):
    known(stage, range(3))
    job_id = await imported(stage, range(3))
    gone, edited, _ = await copies(stage, range(3))
    await library.delete(stage.world, "id-alice", gone.user_book_id)
    await library.edit(stage.world, "id-alice", edited.user_book_id, {}, isbn=DUNE)
    await jobs.run(stage.world, LOOKUP)
    await until_done(stage, job_id)
    assert isbn_of(0) not in stage.google.asked
    assert isbn_of(1) not in stage.google.asked
    assert isbn_of(2) in stage.google.asked


async def test_the_report_tells_how_far_the_look_ups_are(stage, alice):
    numbers = range(BOOKS_A_RUN + 3)
    known(stage, numbers)
    job_id = await imported(stage, numbers)
    ident = job_id.rpartition(":")[2]
    total = len(numbers)

    async def told():
        return (await imports.look(stage.world, alice, ident)).lookups

    assert await told() == (0, total, True, "")
    await jobs.run(stage.world, job_id)
    assert await told() == (BOOKS_A_RUN, total, True, "")
    stage.google.fault = stage.open_library.fault = TryLater("The catalogue is busy.")
    stage.clock.advance(minutes=1)
    await jobs.run(stage.world, job_id)
    waiting = await told()
    assert waiting == (BOOKS_A_RUN, total, True, waiting.reason)
    assert "The catalogue is busy." in waiting.reason
    stage.google.fault = stage.open_library.fault = None
    await until_done(stage, job_id)
    assert await told() == (total, total, False, "")
