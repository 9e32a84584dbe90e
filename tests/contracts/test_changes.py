"""Books and one person's copies: compared before they change, all or nothing, counted."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from booklib.errors import Invalid
from booklib.models import Query, Reading
from booklib.models.shelf import own_bytes, place, rekey
from booklib.ports import MAX_CHANGES, MAX_OWN_BYTES, Change
from tests.factories import NOON, a_book, a_copy, a_user, added, settle

NASTY = "“Ünïcödé” \u202e العربية 日本語 🦉 O'Brien; DROP\t--\n% _ \\ \""


async def test_a_book_is_read_as_it_was_stored(storage):
    book = a_book(title=NASTY, categories=("a", "b"), page_count=None, description="")
    assert await storage.save_book(book, 0)
    assert await storage.books([book.book_id, "unknown"]) == {book.book_id: book}


async def test_books_are_asked_for_by_the_hundred(storage):
    book = a_book()
    await storage.save_book(book, 0)
    ids = [f"unknown {n}" for n in range(99)]
    assert await storage.books([*ids, book.book_id]) == {book.book_id: book}
    assert await storage.books([]) == {}


async def test_a_book_is_stored_only_over_the_version_that_was_read(storage):
    assert not await storage.save_book(a_book(version=2), 1)
    assert await storage.save_book(a_book(), 0)
    assert not await storage.save_book(a_book(title="Other"), 0)
    assert await storage.save_book(a_book(version=2, title="Second"), 1)
    assert not await storage.save_book(a_book(version=2, title="Late"), 1)
    [book] = (await storage.books([a_book().book_id])).values()
    assert (book.version, book.fields["title"]) == (2, "Second")


async def test_a_copy_is_read_as_it_was_stored(storage, alice):
    copy = a_copy(
        NASTY,
        NASTY,
        book_id="b1",
        isbn="9780441172719",
        edition="open_library:OL1M",
        status="reading",
        rating=7,
        started_on="2026-01-02",
        finished_on="2026-02-03",
        given={"categories": ("x", "y"), "page_count": 3, "subtitle": ""},
        readings=(Reading("2001", ""), Reading("", "2003-04"), Reading("2005-06-07", "2005-07-08")),
        tags=("to lend", NASTY),
        imported={"rating": 7, "tags": ("to lend",), "started": ""},
        review=NASTY,
        notes=NASTY,
        copies=2,
        lookup="pending",
        added_at=NOON + timedelta(microseconds=123456),
        edit=4,
    )
    await added(storage, copy)
    assert await storage.owned(alice.user_id, [copy.user_book_id]) == {copy.user_book_id: copy}


async def test_an_override_with_nothing_is_not_an_override_that_is_missing(storage, alice):
    copy = a_copy(mine={"title": "T", "subtitle": None, "authors": ()})
    await added(storage, copy)
    [stored] = (await storage.owned(alice.user_id, [copy.user_book_id])).values()
    assert stored.mine == {"title": "T", "subtitle": None, "authors": ()}


async def test_a_copy_belongs_to_its_owner_alone(storage, alice, bob):
    copy = await added(storage, a_copy())
    assert await storage.owned(bob.user_id, [copy.user_book_id]) == {}
    theirs = replace(copy, user_id=bob.user_id)
    assert not await storage.apply(bob.user_id, [Change(theirs, replace(theirs, rating=1))])
    assert not await storage.apply(bob.user_id, [Change(theirs, None)])
    [stored] = (await storage.owned(alice.user_id, [copy.user_book_id])).values()
    assert stored == copy


async def test_a_change_that_names_another_owner_is_a_mistake(storage, alice, bob):
    with pytest.raises(ValueError, match="owner"):
        await storage.apply(bob.user_id, [Change(None, a_copy())])


async def test_too_many_changes_at_once_are_a_mistake(storage, alice):
    copies = [a_copy(f"Book {n}") for n in range(MAX_CHANGES + 1)]
    with pytest.raises(ValueError, match="40"):
        await storage.apply(alice.user_id, [Change(None, copy) for copy in copies])


OWL = "\U0001f989"


async def test_a_copy_full_of_text_is_stored_beside_all_that_a_provider_tells(storage, alice):
    mine = {"description": OWL * 20_000, "categories": (OWL * 200,) * 180}
    copy = await added(storage, a_copy(mine=mine, notes=OWL * 20_000))
    assert MAX_OWN_BYTES - 5_000 < own_bytes(copy) <= MAX_OWN_BYTES
    book = a_book(title=OWL * 500, subtitle=OWL * 500, authors=(OWL * 500,) * 20)
    assert await storage.apply(alice.user_id, [Change(copy, place(copy, book))])


async def test_a_copy_with_too_much_text_is_refused_at_what_made_it_so(storage, alice):
    mine = {"title": "Dune", "authors": (OWL * 200,) * 90}
    copy = await added(storage, a_copy(mine=mine, notes=OWL * 20_000))
    more = place(replace(copy, mine=mine | {"categories": (OWL * 200,) * 200}), None)
    with pytest.raises(Invalid, match=r"376 KB of your own texts; 300 KB fit") as refused:
        await storage.apply(alice.user_id, [Change(copy, more)])
    assert list(refused.value.problems) == ["categories"]
    with pytest.raises(Invalid):
        await storage.apply(alice.user_id, [Change(None, replace(more, user_book_id="other"))])
    assert await storage.apply(alice.user_id, [Change(copy, replace(copy, rating=3))])


async def test_a_change_raises_the_revision(storage, alice):
    copy = await added(storage, a_copy())
    assert await storage.apply(alice.user_id, [Change(copy, replace(copy, notes="n"))])
    [stored] = (await storage.owned(alice.user_id, [copy.user_book_id])).values()
    assert (stored.rev, stored.notes) == (2, "n")


async def test_of_two_changes_of_one_revision_the_second_is_refused(storage, alice):
    copy = await added(storage, a_copy())
    assert await storage.apply(alice.user_id, [Change(copy, replace(copy, rating=3))])
    assert not await storage.apply(alice.user_id, [Change(copy, replace(copy, rating=9))])
    [stored] = (await storage.owned(alice.user_id, [copy.user_book_id])).values()
    assert stored.rating == 3


async def test_of_twenty_racing_changes_one_wins(storage, elsewhere, alice):
    copy = await added(storage, a_copy())
    done = await asyncio.gather(
        *(
            (storage, elsewhere)[n % 2].apply(
                alice.user_id, [Change(copy, replace(copy, notes=str(n)))]
            )
            for n in range(20)
        )
    )
    assert done.count(True) == 1
    [stored] = (await elsewhere.owned(alice.user_id, [copy.user_book_id])).values()
    assert stored.notes == str(done.index(True))
    assert (await storage.user(alice.user_id)).shelf_version == 2


async def test_changes_of_different_books_at_once_are_all_done(storage, elsewhere, alice):
    done = await asyncio.gather(
        *(
            (storage, elsewhere)[n % 2].apply(
                alice.user_id, [Change(None, a_copy(f"Book {n}", minute=n))]
            )
            for n in range(10)
        )
    )
    assert all(done)
    user = await storage.user(alice.user_id)
    assert (user.counts, user.shelf_version) == ({"to-read": 10}, 10)
    assert len((await elsewhere.shelf(alice.user_id, Query(), None, 50)).rows) == 10


async def test_adding_what_is_there_is_refused(storage, alice):
    copy = await added(storage, a_copy())
    assert not await storage.apply(alice.user_id, [Change(None, replace(copy, notes="new"))])
    assert (await storage.user(alice.user_id)).counts == {"to-read": 1}


async def test_of_two_racing_additions_one_wins(storage, elsewhere, alice):
    add = [Change(None, a_copy())]
    done = await asyncio.gather(
        storage.apply(alice.user_id, add), elsewhere.apply(alice.user_id, add)
    )
    assert sorted(done) == [False, True]


async def test_all_changes_are_done_or_none(storage, alice):
    one, two = await added(storage, a_copy("One"), a_copy("Two"))
    stale = replace(two, rev=9)
    changes = [
        Change(one, replace(one, notes="changed")),
        Change(None, a_copy("Three")),
        Change(stale, replace(stale, notes="changed")),
    ]
    assert not await storage.apply(alice.user_id, changes)
    ids = [book.user_book_id for book in (one, two, a_copy("Three"))]
    stored = await storage.owned(alice.user_id, ids)
    assert stored == {one.user_book_id: one, two.user_book_id: two}
    user = await storage.user(alice.user_id)
    assert (user.counts, user.shelf_version) == ({"to-read": 2}, 1)


async def test_forty_changes_are_done_at_once(storage, alice):
    copies = await added(storage, *(a_copy(f"Book {n}") for n in range(MAX_CHANGES)))
    read = [Change(book, rekey(replace(book, status="read"))) for book in copies]
    assert await storage.apply(alice.user_id, read)
    assert (await storage.user(alice.user_id)).counts == {"read": 40}


async def test_counts_follow_every_change(storage, alice):
    one, two = await added(storage, a_copy("One"), a_copy("Two", status="reading"))
    counts = [(await storage.user(alice.user_id)).counts]
    read = rekey(replace(one, status="read"))
    gone = rekey(replace(two, deleted_at=NOON))
    trail = rekey(replace(read, deleted_at=NOON, moved_to="elsewhere", rev=2))
    for change in (
        Change(one, read),
        Change(two, gone),
        Change(replace(read, rev=2), trail),
        Change(replace(gone, rev=2), place(two, None)),
        Change(replace(two, rev=3), None),
    ):
        assert await storage.apply(alice.user_id, [change])
        counts.append((await storage.user(alice.user_id)).counts)
    assert counts == [
        {"to-read": 1, "reading": 1},
        {"read": 1, "reading": 1},
        {"read": 1, "deleted": 1},
        {"moved": 1, "deleted": 1},
        {"moved": 1, "reading": 1},
        {"moved": 1},
    ]


async def test_every_change_raises_the_version_of_the_shelf_and_nobody_else_s(storage, alice, bob):
    copy = await added(storage, a_copy())
    await storage.apply(alice.user_id, [Change(copy, replace(copy, notes="n"))])
    assert (await storage.user(alice.user_id)).shelf_version == 2
    assert (await storage.user(bob.user_id)).shelf_version == 0


async def test_books_are_asked_for_by_the_same_id_twice(storage, alice):
    copy = await added(storage, a_copy())
    twice = [copy.user_book_id] * 2
    assert await storage.owned(alice.user_id, twice) == {copy.user_book_id: copy}
    assert await storage.owned(alice.user_id, []) == {}


async def test_an_account_that_is_closing_takes_no_change(storage, alice):
    copy = await added(storage, a_copy())
    user = await storage.user(alice.user_id)
    assert await storage.save_user(user, replace(user, closing_at=NOON))
    assert not await storage.apply(alice.user_id, [Change(copy, replace(copy, rating=2))])
    assert not await storage.apply(alice.user_id, [Change(None, a_copy("New"))])


async def test_nobody_s_books_cannot_be_added(storage):
    assert not await storage.apply("nobody", [Change(None, a_copy(user_id="nobody"))])


async def test_a_book_removed_for_good_can_be_added_anew(storage, alice):
    copy = await added(storage, a_copy())
    assert await storage.apply(alice.user_id, [Change(copy, None)])
    assert await storage.owned(alice.user_id, [copy.user_book_id]) == {}
    await added(storage, copy)


async def test_a_write_is_seen_by_the_next_read_everywhere(storage, elsewhere, alice):
    for number in range(20):
        await added(storage, a_copy(f"Book {number}", minute=number))
        page = await elsewhere.shelf(alice.user_id, Query(), None, 1)
        assert f"Book {number}" in page.rows[0].card
        page = await storage.shelf(alice.user_id, Query(words=("book",)), None, 1)
        assert f"Book {number}" in page.rows[0].card


async def test_the_owners_of_a_book_are_paged_deleted_copies_too(storage):
    expected = set()
    for number in range(7):
        user = a_user(f"user{number}")
        await storage.add_user(user)
        copy = await added(storage, a_copy(user_id=user.user_id, book_id="b1"))
        if number == 3:
            gone = rekey(replace(copy, deleted_at=NOON))
            assert await storage.apply(user.user_id, [Change(copy, gone)])
        await added(storage, a_copy("Other", user_id=user.user_id, book_id="b2"))
        expected.add((user.user_id, copy.user_book_id))
    settle(storage)  # Owners may lag: whoever reads a copy with an old book_version repairs it.
    found, after = [], None
    while True:
        page = await storage.owners("b1", after, 3)
        found += page.rows
        after = page.after
        if after is None:
            break
    assert len(found) == 7
    assert set(found) == expected
    assert await storage.owners("unknown", None, 3) == await storage.owners("b9", None, 3)
