"""An import from the file to the shelf and back, on storages in memory."""

import csv
import io

import pytest

from booklib import jobs
from booklib import library as shelf
from booklib.errors import Busy, NotFound
from booklib.jobs import LEASE_S
from booklib.models import Query
from booklib.models.ids import new_id
from booklib.transfer import imports
from tests.factories import a_copy, added
from tests.goodreads import DUNE, goodreads_csv, isbn_of, row
from tests.unit.metadata_helpers import Killed, edition


async def run_all(stage):
    """Do what is due until nothing is, as a worker would."""
    while due := await stage.world.storage.due_jobs(stage.clock(), 10):
        for job in due:
            await jobs.run(stage.world, job.job_id)


async def handed_in(stage, user, data, name="goodreads.csv"):
    """The id of an import whose file was read."""
    ident = new_id()
    await stage.world.files.put(f"imports/{user.user_id}/{ident}/upload", data)
    await imports.begin(stage.world, await fresh(stage, user), ident, name)
    await run_all(stage)
    return ident


async def fresh(stage, user):
    return await stage.world.storage.user(user.user_id)


async def look(stage, user, ident):
    return await imports.look(stage.world, await fresh(stage, user), ident)


async def imported(stage, user, data, *, overwrite=False, doubtful="skip", choices=None):
    """The import as it stands once it was applied."""
    ident = await handed_in(stage, user, data)
    await imports.apply(
        stage.world, user, ident, overwrite=overwrite, doubtful=doubtful, choices=choices or {}
    )
    await run_all(stage)
    return await look(stage, user, ident)


async def library(stage, user):
    """Every copy of the shelf, by ISBN or title."""
    page = await stage.world.storage.shelf(user.user_id, Query(descending=False), None, 1000)
    ids = [row.user_book_id for row in page.rows]
    found = {}
    for start in range(0, len(ids), 100):
        found |= await stage.world.storage.owned(user.user_id, ids[start : start + 100])
    return {copy.isbn or copy.given.get("title"): copy for copy in found.values()}


def some(*books):
    """The bytes of a Goodreads file with these books."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*row(0), "Bookshelves", "Private Notes", "My Review"])
    writer.writeheader()
    writer.writerows(books)
    return text.getvalue().encode()


async def test_a_file_is_looked_at_before_anything_is_written(stage, alice):
    ident = await handed_in(stage, alice, goodreads_csv())
    state = await look(stage, alice, ident)
    assert (state.stage, state.format, state.rows) == ("preview", "Goodreads", 30)
    assert state.counts == {"new": 29, "same": 0, "changed": 0, "doubtful": 0, "broken": 1}
    assert state.samples["new"][0].title == "Dune (Dune, #1)"
    assert await library(stage, alice) == {}


async def test_every_row_but_the_nameless_comes_onto_the_shelf(stage, alice):
    state = await imported(stage, alice, goodreads_csv())
    assert (state.stage, state.left, state.can_undo) == ("done", 1, True)
    assert state.counts["new"] == 29
    books = await library(stage, alice)
    assert len(books) == 29
    assert (books[isbn_of(3)].status, books[isbn_of(3)].rating) == ("read", 6)
    assert books[isbn_of(3)].finished_on == "2020-11-04"
    assert books[isbn_of(3)].review == 'Quiet, "slow"\n\nand good.'
    assert books[isbn_of(10)].copies == 2
    assert books["No number at all"].book_id is None


async def test_the_same_file_again_changes_nothing(stage, alice):
    await imported(stage, alice, goodreads_csv())
    before = await library(stage, alice)
    state = await imported(stage, alice, goodreads_csv())
    assert state.counts == {"new": 0, "same": 29, "changed": 0, "doubtful": 0, "broken": 1}
    assert await library(stage, alice) == before


async def test_a_later_file_updates_what_the_reader_has_left_alone(stage, alice):
    await imported(stage, alice, some(row(3, **{"My Rating": "3"})))
    state = await imported(stage, alice, some(row(3, **{"My Rating": "5"})))
    assert state.counts["changed"] == 1
    assert (await library(stage, alice))[isbn_of(3)].rating == 10


async def test_what_would_change_is_told_in_words(stage, alice):
    before = {"My Rating": "3", "Exclusive Shelf": "to-read", "Date Read": "2019"}
    after = {"My Rating": "4", "Exclusive Shelf": "read", "Date Read": "2019/03/07"}
    await imported(stage, alice, some(row(3, **before, **{"Owned Copies": "1"})))
    ident = await handed_in(stage, alice, some(row(3, **after, **{"Owned Copies": "2"})))
    [sample] = (await look(stage, alice, ident)).samples["changed"]
    assert sample.changes == (
        "“Read” instead of “To read”",
        "4 stars instead of 3 stars",
        "finished 7 March 2019 instead of 2019",
        "2 copies instead of 1 copy",
    )


async def test_the_readers_own_edits_win_unless_they_say_otherwise(stage, alice):
    await imported(stage, alice, some(row(3, **{"My Rating": "3"})))
    [copy] = (await library(stage, alice)).values()
    await shelf.set_rating(stage.world, alice.user_id, copy.user_book_id, 1)
    state = await imported(stage, alice, some(row(3, **{"My Rating": "5"})))
    assert (await library(stage, alice))[isbn_of(3)].rating == 1
    assert "Your own rating stays." in [one.reason for one in state.samples["changed"]]
    await imported(stage, alice, some(row(3, **{"My Rating": "4"})), overwrite=True)
    assert (await library(stage, alice))[isbn_of(3)].rating == 8


async def test_a_book_with_the_same_title_is_asked_about(stage, alice):
    mine = a_copy("Dune", "Frank Herbert", user_id=alice.user_id)
    await added(stage.storage, mine)
    file = some(row(0, Title="Dune (Dune, #1)", Author="Frank Herbert", ISBN13=f'="{DUNE}"'))
    state = await imported(stage, alice, file)
    assert (state.counts["doubtful"], state.left) == (1, 1)
    assert len(await library(stage, alice)) == 1
    state = await imported(stage, alice, file, doubtful="merge")
    assert len(await library(stage, alice)) == 1
    state = await imported(stage, alice, file, doubtful="merge")
    assert state.counts["same"] == 1
    assert state.counts["doubtful"] == 0


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_death_before_the_number_is_given_is_made_up_for(stage, alice, when):
    await added(stage.storage, a_copy("Dune", "Frank Herbert", user_id=alice.user_id))
    file = some(row(0, Title="Dune", Author="Frank Herbert", ISBN13=f'="{DUNE}"'))
    ident = await handed_in(stage, alice, file)
    await imports.apply(stage.world, alice, ident, overwrite=False, doubtful="merge", choices={})
    setattr(stage.storage, f"kill_{when}", "apply")
    with pytest.raises(Killed):
        await run_all(stage)
    assert DUNE not in await library(stage, alice)
    stage.clock.advance(seconds=LEASE_S + 1)
    await run_all(stage)
    assert list(await library(stage, alice)) == [DUNE]
    await imports.undo(stage.world, await fresh(stage, alice), ident)
    stage.storage.kill_after = "apply"
    with pytest.raises(Killed):
        await run_all(stage)
    stage.clock.advance(seconds=LEASE_S + 1)
    await run_all(stage)
    [copy] = (await library(stage, alice)).values()
    assert (copy.isbn, copy.tags, (await look(stage, alice, ident)).undo_kept) == (None, (), ())


async def test_a_book_that_got_its_number_is_looked_up(stage, alice):
    await added(stage.storage, a_copy("Dune", "Frank Herbert", user_id=alice.user_id))
    stage.google.editions = [edition(DUNE, "fake:1")]
    file = some(row(0, Title="Dune", Author="Frank Herbert", ISBN13=f'="{DUNE}"'))
    await imported(stage, alice, file, doubtful="merge")
    assert (await library(stage, alice))[DUNE].lookup == "found"


async def test_an_undo_takes_everything_back_but_what_was_edited(stage, alice):
    await added(stage.storage, a_copy("Mine alone", "Me", user_id=alice.user_id))
    before = await library(stage, alice)
    state = await imported(stage, alice, goodreads_csv())
    edited = (await library(stage, alice))[isbn_of(3)]
    await shelf.set_rating(stage.world, alice.user_id, edited.user_book_id, 1)
    await imports.undo(stage.world, await fresh(stage, alice), state.import_id)
    await run_all(stage)
    state = await look(stage, alice, state.import_id)
    assert (state.stage, state.can_undo) == ("undone", False)
    assert state.undo_kept == (edited.given["title"],)
    assert set(await library(stage, alice)) == {*before, isbn_of(3)}


async def test_an_undo_brings_back_what_was_changed(stage, alice):
    await imported(stage, alice, some(row(3, **{"My Rating": "3", "Bookshelves": "sea"})))
    before = await library(stage, alice)
    state = await imported(
        stage, alice, some(row(3, **{"My Rating": "5", "Bookshelves": "sea, slow"}))
    )
    assert (await library(stage, alice))[isbn_of(3)].tags == ("sea", "slow")
    await imports.undo(stage.world, await fresh(stage, alice), state.import_id)
    await run_all(stage)
    [after] = (await library(stage, alice)).values()
    [was] = before.values()
    assert (after.rating, after.tags, after.imported) == (was.rating, was.tags, was.imported)


async def test_the_rows_that_were_left_come_as_a_file_that_can_be_imported(stage, alice):
    state = await imported(stage, alice, goodreads_csv())
    left = b"".join(
        [piece async for piece in imports.rows_left(stage.world, alice, state.import_id)]
    )
    assert left.startswith(b"\xef\xbb\xbfProblem,Book Id,Title")
    [one] = csv.DictReader(io.StringIO(left.decode("utf-8-sig")))
    assert "neither a title nor an ISBN" in one["Problem"]
    again = await look(stage, alice, await handed_in(stage, alice, left))
    assert (again.format, again.counts["broken"]) == ("Goodreads", 1)


async def test_an_import_goes_on_wherever_it_was_cut_off(stage, alice):
    """The same end as undisturbed, whichever write the process dies at."""
    await imported(stage, alice, goodreads_csv(450))
    wanted = await library(stage, alice)
    for place in ("apply", "save_job", "claim_job"):
        for moment in ("kill_before", "kill_after"):
            other = type(stage)()
            bob = await other.reader("alice")
            ident = await handed_in(other, bob, goodreads_csv(450))
            await imports.apply(
                other.world, bob, ident, overwrite=False, doubtful="skip", choices={}
            )
            setattr(other.storage, moment, place)
            with pytest.raises(Killed):
                await run_all(other)
            other.clock.advance(seconds=60)
            await run_all(other)
            state = await look(other, bob, ident)
            assert (state.stage, state.counts["new"]) == ("done", 449), (place, moment)
            assert await library(other, bob) == wanted, (place, moment)


async def test_the_catalogues_are_asked_afterwards_and_nobody_elses_turn_is_taken(stage, alice):
    stage.google.editions = [edition(isbn_of(1), "fake:1", title="Found"), edition()]
    state = await imported(stage, alice, some(row(1), row(2)))
    assert state.stage == "done"
    books = await library(stage, alice)
    assert (books[isbn_of(1)].lookup, books[isbn_of(2)].lookup) == ("found", "none")
    assert books[isbn_of(2)].given["title"].startswith("The Book of the Number 2")


async def test_an_unknown_import_is_not_found_and_a_second_one_waits(stage, alice):
    with pytest.raises(NotFound):
        await look(stage, alice, new_id())
    bob = await stage.reader("bob")
    ident = await handed_in(stage, alice, goodreads_csv())
    with pytest.raises(NotFound):
        await look(stage, bob, ident)
    await imports.apply(stage.world, alice, ident, overwrite=False, doubtful="skip", choices={})
    with pytest.raises(Busy):
        await imports.begin(stage.world, await fresh(stage, alice), new_id(), "x.csv")
