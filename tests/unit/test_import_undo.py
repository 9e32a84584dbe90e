"""Taking an import back: what it changed is as before, and what the reader did since stays."""

from dataclasses import replace

import pytest

from booklib import jobs, library
from booklib.errors import NotFound
from booklib.models import Query
from booklib.models.ids import new_id
from booklib.models.shelf import place
from booklib.ports import Change
from booklib.transfer import imports
from tests.goodreads import isbn_of
from tests.unit.metadata_helpers import Killed

HEADER = "Title,ISBN,My Rating,Bookshelves,Publisher,Private Notes\n"


def book(number, rating="", tags="", publisher="", notes=""):
    return f"Book {number},{isbn_of(number)},{rating},{tags},{publisher},{notes}\n"


async def work(stage):
    """Do what is due, but for the look-ups."""
    while due := [
        job for job in await stage.storage.due_jobs(stage.clock.now, 9) if job.kind != "enrich"
    ]:
        for job in due:
            await jobs.run(stage.world, job.job_id)


async def imported(stage, user, *books):
    """The id of an import of these books that was applied."""
    ident = new_id()
    await stage.files.put(
        f"imports/{user.user_id}/{ident}/upload", (HEADER + "".join(books)).encode()
    )
    user = await stage.storage.user(user.user_id)
    await imports.begin(stage.world, user, ident, "books.csv")
    await work(stage)
    await imports.apply(stage.world, user, ident, overwrite=False, doubtful="add", choices={})
    await work(stage)
    return ident


async def undone(stage, user, ident):
    """The import as it is once it was taken back."""
    user = await stage.storage.user(user.user_id)
    await imports.undo(stage.world, user, ident)
    await work(stage)
    state = await imports.look(stage.world, await stage.storage.user(user.user_id), ident)
    assert state.stage == "undone"
    return state


async def shelf(stage, user):
    """The copies by ISBN, those in the trash too, without what every write counts up."""
    copies = [*(await listed(stage, user, None)), *(await listed(stage, user, "deleted"))]
    return {copy.isbn: replace(copy, rev=0, edit=0) for copy in copies}


async def listed(stage, user, status):
    page = await stage.storage.shelf(user.user_id, Query(shelf=status), None, 1000)
    ids = [row.user_book_id for row in page.rows]
    return [
        copy
        for start in range(0, len(ids), 100)
        for copy in (await stage.storage.owned(user.user_id, ids[start : start + 100])).values()
    ]


async def copy_of(stage, user, number):
    copies = await listed(stage, user, None)
    return next(copy for copy in copies if copy.isbn == isbn_of(number))


@pytest.mark.parametrize(
    "later",
    [
        {"rating": "5"},
        {"publisher": "Ace"},
        {"tags": "sand"},
        {"notes": "Lent to Ida."},
        {"rating": "4", "publisher": "Ace", "tags": "sand, slow", "notes": "Lent."},
    ],
)
async def test_every_kind_of_change_is_taken_back(stage, alice, later):
    await imported(stage, alice, book(1, rating="3"), book(2))
    before = await shelf(stage, alice)
    ident = await imported(stage, alice, book(1, **({"rating": "3"} | later)), book(2), book(3))
    assert await shelf(stage, alice) != before
    state = await undone(stage, alice, ident)
    assert state.undo_kept == ()
    assert await shelf(stage, alice) == before


async def test_two_rows_of_one_book_are_taken_back_to_the_beginning(stage, alice):
    await imported(stage, alice, book(1, tags="old"))
    before = await shelf(stage, alice)
    rows = [book(1, tags="one"), *(book(number) for number in range(2, 400)), book(1, tags="two")]
    ident = await imported(stage, alice, *rows)
    assert {"one", "two"} <= set((await shelf(stage, alice))[isbn_of(1)].tags)
    await undone(stage, alice, ident)
    assert await shelf(stage, alice) == before


async def test_a_book_that_came_out_of_the_trash_goes_back_there(stage, alice):
    await imported(stage, alice, book(1, rating="3"))
    copy = await copy_of(stage, alice, 1)
    await library.delete(stage.world, alice.user_id, copy.user_book_id)
    before = await shelf(stage, alice)
    ident = await imported(stage, alice, book(1, rating="3"))
    assert (await shelf(stage, alice))[isbn_of(1)].deleted_at is None
    await undone(stage, alice, ident)
    assert await shelf(stage, alice) == before


async def test_a_new_book_that_was_thrown_away_since_is_no_edit(stage, alice):
    ident = await imported(stage, alice, book(1), book(2))
    copy = await copy_of(stage, alice, 1)
    await library.delete(stage.world, alice.user_id, copy.user_book_id)
    state = await undone(stage, alice, ident)
    assert state.undo_kept == ()
    assert await shelf(stage, alice) == {}
    assert (await stage.storage.user(alice.user_id)).counts == {}


async def test_what_a_catalogue_told_since_is_no_edit_and_stays(stage, alice):
    await imported(stage, alice, book(1, rating="3"))
    ident = await imported(stage, alice, book(1, rating="5"))
    copy = await copy_of(stage, alice, 1)
    known = await stage.copy(alice, copy.user_book_id)
    found = place(replace(known, lookup="not-found"), None)
    assert await stage.storage.apply(alice.user_id, [Change(known, found)])
    assert (await undone(stage, alice, ident)).undo_kept == ()
    after = await copy_of(stage, alice, 1)
    assert (after.rating, after.lookup) == (6, "not-found")


async def test_an_undo_that_was_cut_off_goes_on(stage, alice):
    await imported(stage, alice, *(book(number, rating="1") for number in range(0, 450, 2)))
    before = await shelf(stage, alice)
    ident = await imported(stage, alice, *(book(number, rating="4") for number in range(450)))
    user = await stage.storage.user(alice.user_id)
    await imports.undo(stage.world, user, ident)
    for moment, method in [("kill_after", "apply"), ("kill_before", "save_job")] * 3:
        setattr(stage.storage, moment, method)
        with pytest.raises(Killed):
            await work(stage)
        stage.clock.advance(minutes=1)
    state = await undone(stage, alice, ident)
    assert state.undo_kept == ()
    assert await shelf(stage, alice) == before


async def test_only_the_last_import_can_be_taken_back(stage, alice):
    first = await imported(stage, alice, book(1))
    await imported(stage, alice, book(2))
    user = await stage.storage.user(alice.user_id)
    with pytest.raises(NotFound):
        await imports.undo(stage.world, user, first)
