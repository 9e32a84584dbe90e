"""A whole installation moved from any storage to a SQLite file and back: nothing differs."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booklib import copying
from booklib.adapters.sqlite import SqliteStorage
from booklib.copying import Side, canonical
from booklib.models import COVER_FILE, STATUSES, VIEWS, Reading, Source
from booklib.models.shelf import Query, place, rekey
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


async def test_an_empty_storage_is_filled_from_a_file(storage, there):
    user = a_user("Ärnest", ended_sessions=("a",), view="list", last_import="i", rev=7)
    book = a_book(**{COVER_FILE: COVER})
    live = place(a_copy(isbn=book.isbn, book_id=book.book_id, user_id=user.user_id), book)
    gone = a_copy("Gone", user_id=user.user_id, deleted_at=NOON, minute=1)
    moved = a_copy("Moved", user_id=user.user_id, deleted_at=NOON, moved_to=live.user_book_id)
    await there.store.put_user(user)
    await there.store.put_books([book])
    await there.store.put_copies([live, gone, moved])
    await there.store.put_counts(user.user_id, {"to-read": 1, "deleted": 1, "moved": 1})
    report = await copy(there, Side("here", storage, MemoryFiles()))
    assert report.equal, report
    assert report.wrong_counts == []
    assert await storage.faults() == []
    settle(storage)
    stored = await storage.user_by_login("ärnest@example.org")
    assert canonical(stored) == canonical(user)
    assert dict(stored.counts) == {"to-read": 1, "deleted": 1, "moved": 1}
    for query, ident in ((Query(), live.user_book_id), (Query(shelf="deleted"), gone.user_book_id)):
        page = await storage.shelf(user.user_id, query, None, 10)
        assert [row.user_book_id for row in page.rows] == [ident]
    found = await storage.shelf(user.user_id, Query(words=("dune",)), None, 10)
    assert [row.user_book_id for row in found.rows] == [live.user_book_id]


async def test_a_name_that_was_changed_at_the_source_is_changed_there(storage, alice, bob, there):
    new = replace(alice, username="alicia", email="alicia@example.org", rev=5)
    for user in (new, bob):
        await there.store.put_user(user)
    report = await copy(there, Side("here", storage, MemoryFiles()), overwrite=True)
    assert report.equal
    assert (await storage.user_by_login("alicia")).rev == 5
    assert await storage.user_by_login("alice") is None
    await storage.add_user(a_user("alice", user_id="new"))
    assert await storage.faults() == []


async def test_a_name_that_somebody_has_is_not_taken_away(storage, alice, bob, there):
    for user in (replace(alice, username="Bob", rev=5), replace(bob, username="rob", rev=5)):
        await there.store.put_user(user)
    here = Side("here", storage, MemoryFiles())
    report = await copy(there, here, overwrite=True)
    assert len(report.left_out) == 1
    assert (await storage.user_by_login("rob")).user_id == bob.user_id
    # Now that it is free the next one ends it.
    assert (await copy(there, here, overwrite=True)).equal
    assert await storage.faults() == []


async def test_what_is_stored_as_it_is_already_stays_so(storage, alice):
    one = await added(storage, a_copy())
    for _ in range(2):
        await storage.put_copies([replace(one, notes="Lent.", rev=9)])
    assert await storage.copies([one.user_book_id, "none"]) == {
        one.user_book_id: replace(one, notes="Lent.", rev=9)
    }


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
DAYS = st.sampled_from(["", "2019", "2019-03", "2019-03-07"])
LISTS = st.lists(TEXTS.filter(bool), max_size=3, unique=True).map(tuple)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "authors": LISTS,
        "page_count": st.integers(0, 10**6),
        "published": DAYS,
        "description": TEXTS,
    },
)
MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year >= 1000)
COPIES = st.builds(
    lambda number, **values: a_copy(f"Book {number}", minute=number, **values),
    st.integers(0, 10**6),
    status=st.sampled_from(STATUSES),
    rating=st.integers(0, 10),
    started_on=DAYS,
    finished_on=DAYS,
    readings=st.lists(st.builds(Reading, DAYS, DAYS), max_size=3).map(tuple),
    tags=LISTS,
    review=TEXTS,
    notes=TEXTS,
    copies=st.integers(0, 999),
    mine=FIELDS.flatmap(lambda some: st.just(some) | st.just({**some, "subtitle": None})),
    given=FIELDS,
    imported=FIELDS,
    lookup=st.sampled_from(["none", "pending", "found", "not-found", "failed"]),
    edition=st.none() | st.just("open_library:OL1M"),
    deleted_at=st.none() | st.just(NOON),
    rev=st.integers(1, 99),
    edit=st.integers(1, 99),
)
BOOKS = st.builds(
    lambda number, some, at, version: replace(
        a_book(isbn=f"{number:013}", version=version),
        fields=some,
        sources={name: Source("open_library", at) for name in some},
    ),
    st.integers(0, 10**6),
    FIELDS,
    MOMENTS,
    st.integers(1, 99),
)
PROFILES = st.fixed_dictionaries(
    {
        "time_zone": TEXTS.filter(bool),
        "view": st.sampled_from(VIEWS),
        "shortcuts": st.booleans(),
        "session_epoch": st.integers(0, 99),
        "ended_sessions": LISTS,
        "last_import": TEXTS,
        "created_at": MOMENTS,
        "rev": st.integers(1, 99),
    }
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    PROFILES,
    st.lists(BOOKS, max_size=3, unique_by=lambda one: one.book_id),
    st.lists(COPIES, max_size=5, unique_by=lambda one: one.user_book_id),
)
async def test_any_library_survives_the_way_there_and_back(
    storage, alice, there, profile, books, copies
):
    here = Side("here", storage, MemoryFiles())
    user = replace(alice, **profile)
    await storage.put_user(user)
    await storage.put_books(books)
    await storage.put_copies(copies)
    assert (await copy(here, there, overwrite=True)).equal

    async def held_by(store):
        return (
            canonical(await store.user(user.user_id)),
            await store.books([book.book_id for book in books]),
            await store.copies([one.user_book_id for one in copies]),
        )

    held = (
        canonical(user),
        {book.book_id: book for book in books},
        {one.user_book_id: one for one in copies},
    )
    assert await held_by(there.store) == held
    await storage.put_user(replace(user, view="cards", last_import="", rev=100))
    await storage.put_books([replace(book, fields={}, sources={}) for book in books])
    await storage.put_copies([replace(one, rating=0, notes="else", given={}) for one in copies])
    assert (await copy(there, here, overwrite=True)).equal
    assert await held_by(storage) == held
