"""Paging while the library changes: what stays is shown exactly once, in order."""

import asyncio
import itertools
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booklib.models import SORTS, STATUSES, Query
from booklib.models.shelf import place, rekey, sort_key
from booklib.ports import Change
from tests.factories import NOON, a_copy, a_user, added, settle
from tests.fakes import Clock

TITLES = st.sampled_from(["A", "a", "The A", "B", "Éa", "日本", "🦉", "a a"])
STEP = st.tuples(
    st.sampled_from(["add", "delete", "rate", "status", "rename"]), st.integers(0, 999), TITLES
)
COPIES = st.lists(
    st.tuples(TITLES, st.sampled_from(STATUSES), st.integers(0, 10), st.integers(0, 3)),
    min_size=1,
    max_size=12,
)
ORDERS = list(itertools.product(SORTS, (True, False)))


def a_numbered_copy(number, title, status, rating, day):
    return a_copy(
        title,
        minute=number // 3,
        user_book_id=f"copy{number * 7 % 100:02d}",
        status=status,
        rating=rating,
        finished_on=f"2026-01-{day:02d}" if day else "",
    )


def changed(book, what, value, title):
    """The book after one step."""
    match what:
        case "delete":
            return rekey(replace(book, deleted_at=NOON))
        case "rate":
            return replace(book, rating=value % 11)
        case "status":
            return rekey(replace(book, status=STATUSES[value % 3]))
        case _:
            return place(replace(book, mine={**book.mine, "title": title}), None)


async def page_while_changing(storage, copies, steps, query, limit):
    """Read the whole shelf with one step between two pages; compare what no step touched."""
    await storage.add_user(a_user("alice"))
    books = {book.user_book_id: book for book in copies}
    await added(storage, *copies)
    settle(storage)  # With the steps they may be more writes than a user's own list has room for.
    touched, seen, after = set(), [], None
    numbers = itertools.count(len(copies))
    todo = iter(steps)
    while True:
        page = await storage.shelf("id-alice", query, after, limit)
        seen += page.rows
        if (after := page.after) is None:
            break
        if step := next(todo, None):
            touched.add(await take(storage, books, step, numbers))
    still = [book for ident, book in books.items() if ident not in touched]
    still = [book for book in still if query.shelf in (None, book.status)]
    still.sort(key=lambda book: sort_key(book, query.sort).encode(), reverse=query.descending)
    shown = [row.user_book_id for row in seen if row.user_book_id not in touched]
    assert shown == [book.user_book_id for book in still]
    keys = [row.key.encode() for row in seen]
    assert keys == sorted(keys, reverse=query.descending)
    assert len(set(keys)) == len(keys)


async def take(storage, books, step, numbers):
    """Do one step; the id of the book that it touched."""
    what, value, title = step
    if what == "add":
        book = a_numbered_copy(next(numbers), title, STATUSES[value % 3], value % 11, value % 4)
        await added(storage, book)
        books[book.user_book_id] = book
        return book.user_book_id
    book = list(books.values())[value % len(books)]
    if book.deleted_at is None:
        after = changed(book, what, value, title)
        assert await storage.apply("id-alice", [Change(book, after)])
        books[book.user_book_id] = replace(after, rev=book.rev + 1)
    return book.user_book_id


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    copies=COPIES,
    steps=st.lists(STEP, max_size=12),
    order=st.sampled_from(ORDERS),
    shelf=st.sampled_from([None, *STATUSES]),
    words=st.sampled_from([(), ("frank",)]),
    limit=st.integers(1, 4),
)
def test_no_book_is_lost_or_doubled_while_the_library_changes(
    make_place, copies, steps, order, shelf, words, limit
):
    sort, descending = order
    query = Query(shelf=shelf, words=words, sort=sort, descending=descending)
    made = [a_numbered_copy(number, *values) for number, values in enumerate(copies)]

    async def run():
        with tempfile.TemporaryDirectory() as folder:
            here = make_place(Path(folder), Clock())
            try:
                await page_while_changing(await here.open(), made, steps, query, limit)
            finally:
                await here.close()

    asyncio.run(run())


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", ["added", "title", "rating"])
async def test_pages_go_on_over_books_that_were_changed_just_now(storage, alice, sort, descending):
    books = [a_copy(f"Book {n:02d}", minute=n, rating=n % 3) for n in range(20)]
    await added(storage, *books)
    for book in books[4:8] + books[12:16]:
        gone = rekey(replace(book, deleted_at=NOON))
        assert await storage.apply(alice.user_id, [Change(book, gone)])
    for number, book in ((30, books[0]), (9.5, books[18])):
        moved = changed(book, "rename", 0, f"Book {number:04.1f}")
        assert await storage.apply(alice.user_id, [Change(book, moved)])
        books[books.index(book)] = moved
    wanted = books[:4] + books[8:12] + books[16:]
    wanted.sort(key=lambda book: sort_key(book, sort).encode(), reverse=descending)
    for limit in (1, 3):
        seen, after = [], None
        while True:
            page = await storage.shelf(
                alice.user_id, Query(sort=sort, descending=descending), after, limit
            )
            seen += page.rows
            if (after := page.after) is None:
                break
        assert [row.user_book_id for row in seen] == [book.user_book_id for book in wanted]
