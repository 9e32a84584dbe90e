"""A whole installation moved from any storage to a SQLite file and back: nothing differs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booklib import copying
from booklib.adapters.sqlite import SqliteStorage
from booklib.copying import Side
from booklib.models import COVER_FILE, STATUSES, Reading
from booklib.models.shelf import place, rekey
from booklib.ports import Change
from tests.factories import NOON, a_book, a_copy, a_user, added, settle
from tests.fakes import MemoryFiles

OWN = "own/abcdefghijklmnopqrstuv-500x500"
COVER = "vutsrqponmlkjihgfedcba-560x840"


LATER = NOON + timedelta(days=2)


async def copy(source, target, **options):
    return await copying.copy(source, target, now=LATER, **options)


@pytest.fixture
async def there(tmp_path):
    """The other installation, an empty file."""
    storage = await SqliteStorage.open(tmp_path / "there.db")
    yield Side("there", storage, MemoryFiles())
    await storage.close()


@pytest.fixture
async def here(storage, alice, bob):
    """An installation with something of everything."""
    files = MemoryFiles()
    for size in ("large", "small"):
        await files.put(f"users/{alice.user_id}/covers/{size}/{OWN[4:]}.webp", b"own")
        await files.put(f"covers/{size}/{COVER}.webp", b"of the book")
    book = a_book(**{COVER_FILE: COVER})
    await storage.save_book(book, 0)
    await added(storage, place(a_copy("Dune", isbn=book.isbn, book_id=book.book_id), book))
    many = [
        rekey(
            a_copy(
                f"Book {n}",
                minute=n,
                status=STATUSES[n % 4],
                rating=n % 11,
                started_on=("", "2019", "2019-03")[n % 3],
                readings=(Reading("2001", ""),) * (n % 2),
                tags=("to lend", "ünïcode")[: n % 3],
                review="Good." * (n % 5),
                notes="Lent." * (n % 2),
                copies=n % 3,
                imported={"rating": n, "tags": ("a",)},
            )
        )
        for n in range(130)
    ]
    await added(storage, *many)
    given = {COVER_FILE: OWN, "title": "M"}
    mine = {COVER_FILE: OWN, "title": "N"}
    await added(storage, a_copy("Mine", user_id=bob.user_id, mine=mine))
    await added(storage, a_copy("Given", user_id=alice.user_id, given=given))
    gone = replace(many[0], deleted_at=NOON + timedelta(days=1))
    assert await storage.apply(alice.user_id, [Change(many[0], rekey(gone))])
    settle(storage)
    return Side("here", storage, files)


def written(report):
    return [getattr(report, kind).written for kind in ("users", "books", "copies", "files")]


async def test_a_copy_holds_the_same_and_a_second_one_changes_nothing(here, there):
    first = await copy(here, there)
    assert first.equal, (first.source, first.target, first.left_out, first.moved)
    assert written(first) == [2, 1, 133, 4]
    assert first.source["copies"].items == 133
    again = await copy(here, there)
    assert again.equal
    assert written(again) == [0, 0, 0, 0]
    assert again.copies.same == 133


async def test_the_way_back_changes_nothing_either(here, there):
    await copy(here, there)
    back = await copy(there, here)
    assert back.equal
    assert written(back) == [0, 0, 0, 0]


async def test_counts_and_shelves_are_right_on_the_other_side(here, there, alice):
    await copy(here, there)
    ours = await here.store.user(alice.user_id)
    theirs = await there.store.user(alice.user_id)
    assert dict(theirs.counts) == dict(ours.counts)
    assert theirs.rev == ours.rev
    assert await there.store.faults() == []


async def test_a_copy_that_was_cut_off_goes_on(here, there):
    some = [one async for portion in here.store.all_copies() for one in portion][:50]
    async for user in here.store.users():
        await there.store.put_user(user)
    await there.store.put_copies(some)
    report = await copy(here, there)
    assert report.equal
    assert (report.copies.same, report.copies.written) == (50, 83)


async def test_what_differs_there_is_left_unless_the_source_is_to_win(here, there, alice):
    await copy(here, there)
    [one] = (await there.store.books([a_book().book_id])).values()
    await there.store.put_books([replace(one, version=9)])
    report = await copy(here, there)
    assert not report.equal
    assert report.books.differing == 1
    report = await copy(here, there, overwrite=True)
    assert report.equal
    assert (await there.store.books([one.book_id]))[one.book_id].version == 1


async def test_a_name_that_is_taken_there_is_told_and_its_books_stay(here, there):
    await there.store.put_user(a_user("Alice", user_id="another", email="other@example.org"))
    report = await copy(here, there)
    assert not report.equal
    assert "“alice” is not copied" in report.left_out[0]
    assert report.copies.written == 1


async def test_a_dry_run_writes_nothing(here, there):
    report = await copy(here, there, dry_run=True)
    assert written(report) == [2, 1, 133, 4]
    assert report.target["copies"].items == 0


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
DAYS = st.sampled_from(["", "2019", "2019-03", "2019-03-07"])
COPIES = st.builds(
    lambda number, **values: a_copy(f"Book {number}", minute=number, **values),
    st.integers(0, 10**6),
    status=st.sampled_from(STATUSES),
    rating=st.integers(0, 10),
    started_on=DAYS,
    finished_on=DAYS,
    readings=st.lists(st.builds(Reading, DAYS, DAYS), max_size=3).map(tuple),
    tags=st.lists(TEXTS.filter(bool), max_size=3, unique=True).map(tuple),
    review=TEXTS,
    notes=TEXTS,
    copies=st.integers(0, 999),
    given=st.dictionaries(st.sampled_from(["publisher", "subtitle"]), TEXTS),
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(COPIES, max_size=5, unique_by=lambda one: one.user_book_id))
async def test_any_library_survives_the_way_there_and_back(storage, alice, there, copies):
    here = Side("here", storage, MemoryFiles())
    await storage.put_copies(copies)
    await copy(here, there, overwrite=True)
    stored = await there.store.copies([one.user_book_id for one in copies])
    assert stored == {one.user_book_id: one for one in copies}
    await storage.put_copies([replace(one, rating=0, notes="else") for one in copies])
    await copy(there, here, overwrite=True)
    assert await storage.copies([one.user_book_id for one in copies]) == stored
