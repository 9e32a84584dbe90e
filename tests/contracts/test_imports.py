"""Imports on every storage: what comes of a file, how often the storage is asked, and the undo."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from booklib import jobs, library
from booklib.errors import NotFound
from booklib.models import MAX_NOTES, MAX_REVIEW, Query
from booklib.models.ids import book_key, new_id, user_book_id
from booklib.ports import MAX_CHANGES, World
from booklib.transfer import imports
from booklib.transfer.plans import CHUNK
from tests.factories import settle
from tests.fakes import FakePictures, FakeQueue, MemoryFiles
from tests.goodreads import isbn_of

ONE_PAGE = 1_000
HEADER = (
    "Title,Author,ISBN,My Rating,Exclusive Shelf,Date Read,Bookshelves,My Review,Private Notes\n"
)


def row(number, *, rating="", shelf="read", day="", tags="", review="", notes="", isbn=None):
    isbn = isbn_of(number) if isbn is None else isbn
    return (
        f"Book {number},Writer {number % 7},{isbn},{rating},{shelf},{day},{tags},"
        f'"{review}","{notes}"\n'
    )


class Counting:
    """A storage that counts how often each of its methods is called, and the ids they ask for."""

    def __init__(self, storage):
        self._storage = storage
        self.calls = Counter()

    def __getattr__(self, name):
        method = getattr(self._storage, name)

        def counted(*args, **values):
            self.calls[name] += 1
            return method(*args, **values)

        return counted if name in ("apply", "books", "owned", "shelf") else method


class Place:
    """Alice's library, and what is done with it."""

    def __init__(self, storage, clock):
        self.counting = Counting(storage)
        self.files = MemoryFiles()
        self.clock = clock
        self.storage = storage
        self.world = World(
            storage=self.counting,
            queue=FakeQueue(),
            catalogues=(),
            files=self.files,
            pictures=FakePictures(),
            now=clock,
        )

    @property
    def calls(self):
        return self.counting.calls

    async def user(self):
        return await self.storage.user("id-alice")

    async def run(self, kind, ident):
        settle(self.storage)
        await jobs.run(self.world, f"{kind}:id-alice:{ident}")
        settle(self.storage)

    async def look(self, ident):
        return await imports.look(self.world, await self.user(), ident)

    async def read(self, *rows):
        """The id of an import of these rows that is read."""
        ident = new_id()
        file = HEADER + "".join(rows)
        await self.files.put(f"imports/id-alice/{ident}/upload", file.encode())
        await imports.begin(self.world, await self.user(), ident, "books.csv")
        await self.run("import-read", ident)
        return ident

    async def imported(self, *rows, overwrite=False, doubtful="skip"):
        """An import of these rows that is applied."""
        ident = await self.read(*rows)
        assert (await self.look(ident)).stage == "preview"
        await imports.apply(
            self.world,
            await self.user(),
            ident,
            overwrite=overwrite,
            doubtful=doubtful,
            choices={},
        )
        self.calls.clear()
        await self.run("import", ident)
        state = await self.look(ident)
        assert state.stage == "done", state.message
        return state

    async def undone(self, ident):
        await imports.undo(self.world, await self.user(), ident)
        await self.run("import-undo", ident)
        state = await self.look(ident)
        assert state.stage == "undone", state.message
        return state

    async def shelf(self):
        """The copies by ISBN, else by title, without what every write counts up."""
        page = await self.storage.shelf("id-alice", Query(descending=False), None, ONE_PAGE)
        ids = [one.user_book_id for one in page.rows]
        found = {}
        for start in range(0, len(ids), 100):
            found |= await self.storage.owned("id-alice", ids[start : start + 100])
        copies = [replace(found[ident], rev=0, edit=0) for ident in ids]
        return {copy.isbn or copy.given["title"]: copy for copy in copies}

    async def copy(self, number):
        return (await self.shelf())[isbn_of(number)]


@pytest.fixture
async def place(storage, clock, alice):
    return Place(storage, clock)


async def test_of_files_that_are_handed_in_at_once_the_last_can_be_imported(place):
    done = await place.imported(row(1))
    idents, user = [new_id() for _ in range(4)], await place.user()
    for number, ident in enumerate(idents, 2):
        file = HEADER + row(number)
        await place.files.put(f"imports/id-alice/{ident}/upload", file.encode())
    begun = (imports.begin(place.world, user, ident, "books.csv") for ident in idents)
    await asyncio.gather(*begun)
    last = (await place.user()).last_import
    assert last in idents
    for ident in idents:
        await place.run("import-read", ident)
    assert (await place.look(last)).counts["new"] == 1
    choices = {"overwrite": False, "doubtful": "skip", "choices": {}}
    for ident in set(idents) - {last}:
        with pytest.raises(NotFound, match="Another file"):
            await imports.apply(place.world, await place.user(), ident, **choices)
    assert (await place.look(done.import_id)).can_undo
    await imports.apply(place.world, await place.user(), last, **choices)
    await place.run("import", last)
    assert (await place.look(last)).counts["new"] == 1


async def test_the_same_file_again_changes_nothing_and_writes_nothing(place):
    rows = [row(number, rating=number % 6, tags="sea", notes="Mine.") for number in range(60)]
    first = await place.imported(*rows)
    before = await place.shelf()
    assert (first.counts["new"], len(before)) == (60, 60)
    again = await place.imported(*rows)
    assert (again.counts["same"], again.counts["new"], again.counts["changed"]) == (60, 0, 0)
    assert place.calls["apply"] == 0
    assert await place.shelf() == before
    assert (await place.user()).total == 60


async def test_a_later_file_updates_and_own_edits_stay(place):
    await place.imported(row(1, rating=3, shelf="to-read"), row(2, rating=3))
    mine = await place.copy(2)
    await library.set_rating(place.world, "id-alice", mine.user_book_id, 1)
    settle(place.storage)
    later = [row(1, rating=5, shelf="read", day="2024/02/01", tags="sea"), row(2, rating=4)]
    state = await place.imported(*later)
    assert state.counts["changed"] >= 1
    one, two = await place.copy(1), await place.copy(2)
    assert (one.rating, one.status, one.finished_on, one.tags) == (
        10,
        "read",
        "2024-02-01",
        ("sea",),
    )
    assert two.rating == 1
    await place.imported(*later, overwrite=True)
    assert (await place.copy(2)).rating == 8
    assert (await place.user()).counts == {"read": 2}


async def test_an_undo_leaves_the_library_as_it_was(place):
    await place.imported(*(row(number, rating=2) for number in range(0, 50, 2)))
    thrown = await place.copy(4)
    await library.delete(place.world, "id-alice", thrown.user_book_id)
    settle(place.storage)
    before, counts = await place.shelf(), (await place.user()).counts
    state = await place.imported(
        *(row(number, rating=4, tags="sea", review="Good.") for number in range(50))
    )
    assert len(await place.shelf()) == 50
    undone = await place.undone(state.import_id)
    assert undone.undo_kept == ()
    assert await place.shelf() == before
    assert (await place.user()).counts == counts


async def test_an_undo_leaves_alone_what_the_reader_has_edited_since(place):
    state = await place.imported(row(1, rating=3), row(2), row(3))
    mine = await place.copy(1)
    await library.set_notes(place.world, "id-alice", mine.user_book_id, "Lent to Ida.")
    settle(place.storage)
    assert (await place.undone(state.import_id)).undo_kept == ("Book 1",)
    assert list(await place.shelf()) == [isbn_of(1)]
    assert (await place.copy(1)).notes == "Lent to Ida."


async def test_many_rows_of_one_book_are_one_book(place):
    rows = [row(number, isbn=isbn_of(7), tags=f"tag {number % 9}") for number in range(250)]
    state = await place.imported(*rows)
    assert (state.rows, state.counts["new"], state.counts["broken"]) == (250, 1, 0)
    assert len((await place.copy(7)).tags) == 9
    again = await place.imported(*rows)
    assert place.calls["apply"] == 0
    assert again.counts["same"] == 250


async def test_books_are_read_and_written_by_the_portion(place):
    rows = [row(number) for number in range(3 * CHUNK)]
    ident = await place.read(*rows)
    # Ids of books and of the books that they may be are asked for together.
    assert place.calls["owned"] <= 3 * 2 * (CHUNK // 100 + 1)
    assert place.calls["books"] == place.calls["apply"] == 0
    place.calls.clear()
    await imports.apply(
        place.world, await place.user(), ident, overwrite=False, doubtful="skip", choices={}
    )
    await place.run("import", ident)
    assert (await place.look(ident)).counts["new"] == 3 * CHUNK
    portions = -(-CHUNK // MAX_CHANGES)
    assert place.calls["apply"] <= 3 * max(2 * portions, portions)
    assert place.calls["owned"] <= 3 * (CHUNK // 100 + 1)
    assert place.calls["books"] <= 3 * (CHUNK // 100 + 1)


async def test_the_longest_texts_fit(place):
    review, notes = "読" * MAX_REVIEW, "書" * MAX_NOTES
    rows = [row(number, review=review, notes=notes) for number in range(25)]
    state = await place.imported(*rows)
    assert (state.counts["new"], state.left) == (25, 0)
    assert (await place.copy(24)).review == review
    assert (await place.copy(24)).notes == notes


async def test_what_looks_like_a_book_of_the_shelf_is_left_merged_or_added(place):
    await place.imported(row(1, isbn="", rating=3))
    other = row(1, tags="sea")
    state = await place.imported(other)
    assert (state.counts["doubtful"], state.left, len(await place.shelf())) == (1, 1, 1)
    await place.imported(other, doubtful="merge")
    [merged] = (await place.shelf()).values()
    assert (merged.rating, merged.tags) == (6, ("sea",))
    state = await place.imported(other, doubtful="add")
    assert (state.counts["same"], len(await place.shelf())) == (1, 1)
    await place.imported(row(1, isbn=isbn_of(900)), doubtful="add")
    assert len(await place.shelf()) == 2


async def test_a_book_without_a_number_gets_that_of_the_row_that_is_about_it(place):
    await place.imported(row(1, isbn="", rating=3))
    old = (await place.shelf())["Book 1"].user_book_id
    state = await place.imported(row(1, tags="sea"), doubtful="merge")
    assert (state.counts["changed"], state.counts["new"], state.left) == (1, 0, 0)
    [(isbn, copy)] = (await place.shelf()).items()
    assert (isbn, copy.rating, copy.tags) == (isbn_of(1), 6, ("sea",))
    assert copy.user_book_id == user_book_id("id-alice", book_key(isbn))
    assert (await place.storage.owned("id-alice", [old]))[old].moved_to == copy.user_book_id
    assert (await place.user()).total == 1
    state = await place.imported(row(1, tags="sea"))
    assert (state.counts["same"], state.left) == (1, 0)


async def test_another_number_is_kept_in_the_notes_of_the_book_that_a_row_is_about(place):
    await place.imported(row(1), row(2, isbn=""))
    other, third = row(1, isbn=isbn_of(801), notes="lent"), isbn_of(803)
    twice = [row(2, isbn=isbn_of(802)), row(2, isbn=third)]
    for _ in range(2):
        await place.imported(other, *twice, doubtful="merge")
        shelf = await place.shelf()
        assert set(shelf) == {isbn_of(1), isbn_of(802)}
        assert shelf[isbn_of(1)].notes == f"lent\nOther ISBN: {isbn_of(801)}"
        assert shelf[isbn_of(802)].notes == f"Other ISBN: {third}"


async def test_an_undo_takes_the_number_away_again(place):
    numbers = range(MAX_CHANGES // 2 + 3)
    await place.imported(*(row(number, isbn="", rating=3) for number in numbers))
    before = await place.shelf()
    rows = [row(number, tags="sea") for number in numbers]
    state = await place.imported(*rows, doubtful="merge")
    edited = await place.copy(2)
    await library.set_rating(place.world, "id-alice", edited.user_book_id, 9)
    state = await place.undone(state.import_id)
    assert state.undo_kept == ("Book 2",)
    shelf = await place.shelf()
    assert shelf.pop(isbn_of(2)).rating == 9
    assert shelf == {title: copy for title, copy in before.items() if title != "Book 2"}
    assert (await place.user()).total == len(numbers)
