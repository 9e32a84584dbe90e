"""What is DynamoDB's own: which calls a page makes, what it keeps, indexes that lag, expiry."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from booklib.adapters.dynamodb import recent
from booklib.adapters.dynamodb.library import GOOD_FOR_S, MOST_ROWS, Libraries, Library
from booklib.adapters.dynamodb.walks import Row
from booklib.errors import Busy
from booklib.models import STATUSES, UNDOABLE, Query
from booklib.models.shelf import rekey, unpack_card
from booklib.ports import Change
from tests.contracts.conftest import MotoPlace
from tests.factories import NOON, a_book, a_copy, a_job, a_user, added
from tests.fakes import Clock

emulated = pytest.mark.slow

IN_ORDER = [
    Query(),
    Query(descending=False),
    Query(sort="title", descending=False),
    Query(sort="title"),
    Query(sort="author", descending=False),
    Query(sort="author"),
    *(Query(shelf=status, descending=way) for status in STATUSES for way in (True, False)),
]
ALL_READ = [
    Query(words=("book",)),
    Query(rating=0),
    Query(sort="rating"),
    Query(sort="finished"),
    Query(shelf="to-read", sort="title"),
    Query(shelf="deleted", words=("book",)),
]


class Calls:
    """What a client was asked for, and how many rows its queries read."""

    def __init__(self, client):
        self.made = []
        self.rows = 0
        client.meta.events.register("before-parameter-build.dynamodb.*", self._asked)
        client.meta.events.register("after-call.dynamodb.Query", self._answered)

    def _asked(self, params, model, **_):
        self.made.append((model.name, params))

    def _answered(self, parsed, **_):
        self.rows += len(parsed["Items"])

    @property
    def names(self):
        return [name for name, _ in self.made]

    def forget(self):
        self.made.clear()
        self.rows = 0


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def where(moto, clock):
    place = MotoPlace(moto, Path(), clock)
    yield place
    await place.close()


@pytest.fixture
async def storage(where):
    storage = await where.open()
    await storage.add_user(a_user("alice"))
    return storage


@pytest.fixture
def calls(storage, where):
    return Calls(where.client)


async def a_library(storage, clock, number=120):
    """Many books, added long enough ago for every index to show them."""
    copies = [a_copy(f"Book {n}", f"Ann Author{n % 7}", minute=n) for n in range(number)]
    copies = [rekey(replace(copy, status=STATUSES[n % 4])) for n, copy in enumerate(copies)]
    await added(storage, *copies)
    clock.advance(seconds=60)
    return copies


# The calls of a page


@emulated
@pytest.mark.parametrize("query", IN_ORDER, ids=str)
async def test_a_page_in_the_order_of_an_index_is_one_query_of_one_page(
    storage, clock, calls, query
):
    await a_library(storage, clock)
    calls.forget()
    first = await storage.shelf("id-alice", query, None, 10)
    assert (calls.names, calls.rows) == (["GetItem", "Query"], 11)
    calls.forget()
    second = await storage.shelf("id-alice", query, first.after, 10)
    assert (calls.names, calls.rows) == (["GetItem", "Query"], 12)
    assert len({row.user_book_id for row in first.rows + second.rows}) == 20


@emulated
async def test_a_page_of_the_trash_is_one_query_of_one_page(storage, clock, calls):
    for book in (await a_library(storage, clock))[:30]:
        gone = rekey(replace(book, deleted_at=clock.advance(seconds=60)))
        assert await storage.apply("id-alice", [Change(book, gone)])
    clock.advance(seconds=60)
    calls.forget()
    page = await storage.shelf("id-alice", Query(shelf="deleted"), None, 10)
    assert (calls.names, calls.rows, len(page.rows)) == (["GetItem", "Query"], 11, 10)


@emulated
@pytest.mark.parametrize("query", ALL_READ, ids=str)
async def test_other_questions_read_one_index_once_for_a_while(storage, clock, calls, query):
    books = await a_library(storage, clock)
    gone = rekey(replace(books[0], deleted_at=clock.now))
    await storage.apply("id-alice", [Change(books[0], gone)])
    clock.advance(seconds=60)
    calls.forget()
    page = await storage.shelf("id-alice", query, None, 10)
    assert page.rows
    assert calls.names == ["GetItem", "Query"]
    await storage.shelf("id-alice", query, page.after, 10)
    assert calls.names == ["GetItem", "Query", "GetItem"]
    assert await storage.apply("id-alice", [Change(books[1], replace(books[1], rating=3))])
    calls.forget()
    await storage.shelf("id-alice", query, None, 10)
    assert calls.names == ["GetItem", "Query", "BatchGetItem"]


@emulated
@pytest.mark.parametrize("query", IN_ORDER + ALL_READ, ids=str)
async def test_no_question_is_a_scan(storage, clock, calls, query):
    await a_library(storage, clock, 40)
    await storage.shelf("id-alice", query, None, 10)
    assert "Scan" not in calls.names
    assert not any(params.get("FilterExpression") for _, params in calls.made)


@emulated
async def test_a_page_after_its_user_does_not_read_the_user_again(storage, clock, calls):
    await a_library(storage, clock)
    calls.forget()
    assert await storage.user("id-alice")
    await storage.shelf("id-alice", Query(), None, 10)
    assert calls.names == ["GetItem", "Query"]
    await storage.shelf("id-alice", Query(), None, 10)
    assert calls.names == ["GetItem", "Query", "GetItem", "Query"]


@emulated
async def test_a_user_read_before_a_write_is_read_again_for_the_page(storage, where, clock, calls):
    await a_library(storage, clock)
    await storage.user("id-alice")
    await (await where.open()).apply("id-alice", [Change(None, a_copy("New", minute=999))])
    calls.forget()
    page = await storage.shelf("id-alice", Query(), None, 10)
    assert calls.names == ["GetItem", "Query", "BatchGetItem"]
    assert unpack_card(page.rows[0].card).title == "New"


@emulated
async def test_a_query_that_is_cut_at_a_megabyte_goes_on(storage, clock, calls):
    copies = [a_copy(f"Book {n} " + "x" * 20_000, minute=n) for n in range(120)]
    for start in range(0, 120, 20):
        await added(storage, *copies[start : start + 20])
    clock.advance(seconds=60)
    calls.forget()
    rows, after = [], None
    while True:
        page = await storage.shelf("id-alice", Query(), after, 100)
        rows += page.rows
        if (after := page.after) is None:
            break
    assert [row.key for row in rows] == [copy.keys.added for copy in reversed(copies)]
    assert calls.names.count("Query") > 2
    found = await storage.shelf("id-alice", Query(words=("book",)), None, 200)
    assert len(found.rows) == 120


# Own writes


@emulated
async def test_only_the_last_writes_of_ten_seconds_are_looked_after(storage, clock, where, calls):
    for number in range(30):
        await added(storage, a_copy(f"Book {number}", minute=number))
    calls.forget()
    await storage.shelf("id-alice", Query(), None, 5)
    [asked] = [params["RequestItems"] for name, params in calls.made if name == "BatchGetItem"]
    assert len(asked[where.tables.user_books]["Keys"]) == 20
    clock.advance(seconds=11)
    calls.forget()
    await storage.shelf("id-alice", Query(), None, 5)
    assert calls.names == ["GetItem", "Query"]


@emulated
async def test_a_user_s_item_stays_small_with_all_that_is_looked_after(storage, where, clock):
    user = await storage.user("id-alice")
    hashed = "$argon2id$v=19$m=19456,t=2,p=1$" + "c" * 22 + "$" + "h" * 43
    await storage.save_user(user, replace(user, password_hash=hashed))
    for number in range(25):
        await added(storage, a_copy(f"Book {number}", minute=number))
    answer = await where.client.get_item(
        TableName=where.tables.users, Key={"user_id": {"S": "id-alice"}}
    )
    size = sum(
        len(name) + len(str(next(iter(value.values())))) for name, value in answer["Item"].items()
    )
    assert 700 < size < 1024


@emulated
async def test_many_books_at_once_are_not_looked_after_one_by_one(storage, where, calls):
    await added(storage, *(a_copy(f"Book {n}", minute=n) for n in range(40)))
    calls.forget()
    await storage.shelf("id-alice", Query(words=("book",)), None, 5)
    await storage.shelf("id-alice", Query(words=("book",)), None, 5)
    assert calls.names == ["GetItem", "Query", "GetItem", "Query"]


@emulated
async def test_a_shelf_that_many_writes_changed_has_another_version_when_they_have_settled(
    storage, clock
):
    async def version():
        return (await storage.user("id-alice")).shelf_version

    await added(storage, a_copy())
    clock.advance(seconds=60)
    assert await version() == 1
    await added(storage, *(a_copy(f"Book {n}", minute=n) for n in range(40)))
    assert await version() == 2
    clock.advance(seconds=11)
    assert await version() == 3
    assert await version() == 3
    await added(storage, a_copy("Last", minute=99))
    assert await version() == 4
    clock.advance(seconds=11)
    assert await version() == 4


def test_the_list_of_writes_is_read_as_it_was_packed():
    writes = (recent.Write("a-_1", 100), recent.Write("", 107), recent.Write("b.c", 109))
    assert recent.unpack(recent.pack(writes)) == writes
    assert recent.pack(()) == ""


def test_the_list_of_writes_names_each_book_once_and_forgets():
    now = NOON
    writes = recent.noted((), ["a", "b"], now)
    writes = recent.noted(writes, ["a"], now + timedelta(seconds=4))
    assert [write.user_book_id for write in writes] == ["b", "a"]
    assert recent.noted(writes, ["c"], now + timedelta(seconds=12))[0].user_book_id == "a"
    assert recent.fresh(writes, now + timedelta(seconds=15)) == ()


# What is kept of whole libraries


def a_row(number):
    return Row(f"id{number}", "[]", "read", 0, "", f"key {number}")


def test_a_library_is_kept_for_one_version_of_one_order():
    libraries, library = Libraries(), Library([a_row(1)])
    libraries.keep("alice", "title", 7, library)
    assert libraries.get("alice", "title", 7) is library
    assert libraries.get("alice", "title", 8) is None
    assert libraries.get("alice", "author", 7) is None
    assert libraries.get("bob", "title", 7) is None
    assert GOOD_FOR_S == 10


def test_what_is_kept_is_bounded_and_the_oldest_goes_first():
    libraries = Libraries()
    some = Library([a_row(number) for number in range(MOST_ROWS // 5)])
    for number in range(6):
        libraries.keep(f"user{number}", "title", 1, some)
    assert libraries.get("user0", "title", 1) is None
    assert all(libraries.get(f"user{number}", "title", 1) for number in range(1, 6))
    libraries.keep("large", "title", 1, Library([a_row(n) for n in range(MOST_ROWS + 1)]))
    assert libraries.get("large", "title", 1) is None


# What expires


@emulated
async def test_what_may_go_says_when(storage, where, clock):
    book = await added(storage, a_copy())
    gone = rekey(replace(book, deleted_at=NOON))
    await storage.apply("id-alice", [Change(book, gone)])
    await storage.add_job(a_job("ended", state="done", due_at=None, ended_at=NOON))
    await storage.add_job(a_job("waiting"))
    await storage.hit("key", 90)
    expiries = {}
    for table in where.tables:
        for item in (await where.client.scan(TableName=table))["Items"]:
            if "expires_at" in item:
                key = next(item[k]["S"] for k in ("job_id", "user_book_id", "user_id") if k in item)
                expiries[key] = int(item["expires_at"]["N"])
    noon = int(NOON.timestamp())
    month = 30 * 86_400
    assert expiries == {
        gone.user_book_id: noon + month,
        "ended": noon + month,
        "hit#key": noon + 90,
    }


@emulated
async def test_a_book_brought_back_does_not_expire(storage, where):
    book = await added(storage, a_copy())
    gone = rekey(replace(book, deleted_at=NOON))
    await storage.apply("id-alice", [Change(book, gone)])
    await storage.apply("id-alice", [Change(replace(gone, rev=2), book)])
    [item] = (await where.client.scan(TableName=where.tables.user_books))["Items"]
    assert "expires_at" not in item


@emulated
async def test_a_counter_that_expired_counts_as_gone_though_it_is_there(storage, clock):
    for _ in range(3):
        await storage.hit("key", 60)
    clock.advance(seconds=61)
    await storage.unhit("key")
    assert [await storage.hit("key", 60) for _ in range(2)] == [1, 2]


async def deleted(storage, clock, number):
    books = await a_library(storage, clock, number)
    for book in books:
        gone = rekey(replace(book, deleted_at=clock.advance(hours=1)))
        assert await storage.apply("id-alice", [Change(book, gone)])
    clock.advance(minutes=1)
    return books


@emulated
async def test_a_book_deleted_thirty_days_ago_is_not_in_the_trash_though_it_is_there(
    storage, clock
):
    books = await deleted(storage, clock, 5)
    clock.now += UNDOABLE - timedelta(hours=2, minutes=30)
    for words in ((), ("book",)):
        page = await storage.shelf("id-alice", Query(shelf="deleted", words=words), None, 10)
        assert [row.user_book_id for row in page.rows] == [
            book.user_book_id for book in (books[4], books[3], books[2])
        ]


@emulated
async def test_the_trash_is_counted_anew_when_it_is_seen_whole(storage, where, clock):
    books = await deleted(storage, clock, 6)
    for book in books[:2]:
        await where.client.delete_item(
            TableName=where.tables.user_books, Key={"user_book_id": {"S": book.user_book_id}}
        )
    before = await storage.user("id-alice")
    assert before.counts == {"deleted": 6}
    await storage.shelf("id-alice", Query(shelf="deleted"), None, 3)
    await storage.shelf("id-alice", Query(shelf="deleted", words=("book",)), None, 10)
    assert (await storage.user("id-alice")).counts == {"deleted": 6}
    await storage.shelf("id-alice", Query(shelf="deleted"), None, 10)
    after = await storage.user("id-alice")
    assert (after.counts, after.shelf_version) == ({"deleted": 4}, before.shelf_version + 1)
    await storage.shelf("id-alice", Query(shelf="deleted"), None, 10)
    assert (await storage.user("id-alice")).shelf_version == after.shelf_version


@emulated
async def test_the_trash_is_not_counted_just_after_a_write(storage, where, clock):
    books = await deleted(storage, clock, 3)
    key = {"user_book_id": {"S": books[0].user_book_id}}
    await where.client.delete_item(TableName=where.tables.user_books, Key=key)
    await added(storage, a_copy("New"))
    await storage.shelf("id-alice", Query(shelf="deleted"), None, 10)
    assert (await storage.user("id-alice")).counts == {"deleted": 3, "to-read": 1}


@emulated
async def test_counts_never_fall_below_nothing(storage, where, clock):
    [book] = await deleted(storage, clock, 1)
    await storage.shelf("id-alice", Query(shelf="deleted"), None, 10)
    clock.now += UNDOABLE
    await storage.shelf("id-alice", Query(shelf="deleted"), None, 10)
    assert (await storage.user("id-alice")).counts == {}
    [stored] = (await storage.owned("id-alice", [book.user_book_id])).values()
    assert await storage.apply("id-alice", [Change(stored, replace(book, rev=2))])
    assert (await storage.user("id-alice")).counts == {"to-read": 1}


# Removing an account while the index lags


class Hidden:
    """Hides rows from the queries of an index, as if they had been written just now."""

    def __init__(self, client, ids):
        self.ids = set(ids)
        client.meta.events.register("after-call.dynamodb.Query", self)

    def __call__(self, parsed, **_):
        rows = [row for row in parsed["Items"] if row["user_book_id"]["S"] not in self.ids]
        parsed["Items"] = rows


@emulated
async def test_an_account_goes_only_when_all_its_books_are_seen(storage, where, clock):
    books = await a_library(storage, clock, 60)
    ids = [book.user_book_id for book in books]
    hidden = Hidden(where.client, ids[:2])
    with pytest.raises(Busy):
        await storage.remove_user("id-alice")
    assert (await storage.user("id-alice")).closing_at
    assert set(await storage.owned("id-alice", ids)) == set(ids[:2])
    hidden.ids.clear()
    clock.advance(seconds=30)
    with pytest.raises(Busy):
        await storage.remove_user("id-alice")
    clock.advance(seconds=31)
    await storage.remove_user("id-alice")
    assert await storage.user("id-alice") is None
    assert await storage.owned("id-alice", ids) == {}
    assert await storage.faults() == []
    assert not await storage.has_users()


@emulated
async def test_own_last_writes_are_removed_though_the_index_hides_them(storage, where):
    book = await added(storage, a_copy())
    Hidden(where.client, [book.user_book_id])
    await storage.remove_user("id-alice")
    assert await storage.faults() == []
    assert await storage.owned("id-alice", [book.user_book_id]) == {}


# Keys that DynamoDB does not take


@emulated
@pytest.mark.parametrize(
    "key", ["", "x" * 3000, "a\0b", "\ud800"], ids=["none", "long", "nul", "half"]
)
async def test_what_can_be_no_key_is_not_found(storage, key):
    assert await storage.user(key) is None
    assert await storage.user_by_login(key) is None
    assert await storage.job(key) is None
    assert await storage.owned("id-alice", [key]) == {}
    assert await storage.books([key]) == {}
    await storage.remove_user(key)


@emulated
@pytest.mark.parametrize("key", ["name#alice", "mail#alice@example.org", "count#users"])
async def test_what_keeps_names_unique_is_no_user(storage, key):
    assert await storage.user(key) is None
    assert (await storage.shelf(key, Query(), None, 10)).rows == ()
    assert not await storage.apply(key, [Change(None, a_copy(user_id=key))])
    await storage.remove_user(key)
    assert await storage.faults() == []


# Checking


@emulated
async def test_what_does_not_fit_together_is_told(storage, where, clock):
    await a_library(storage, clock, 9)
    await storage.add_user(a_user("bob"))
    assert await storage.faults() == []
    stray = a_copy("Stray", user_id="id-bob")
    await added(storage, stray)
    client, tables = where.client, where.tables
    await client.delete_item(TableName=tables.users, Key={"user_id": {"S": "id-bob"}})
    await client.delete_item(TableName=tables.users, Key={"user_id": {"S": "name#alice"}})
    await client.update_item(
        TableName=tables.users,
        Key={"user_id": {"S": "id-alice"}},
        UpdateExpression="SET #c = :c",
        ExpressionAttributeNames={"#c": "counts"},
        ExpressionAttributeValues={":c": {"S": '{"read":9}'}},
    )
    told = " ".join(await storage.faults())
    for wanted in (
        "1 books belong to nobody",
        "“name#alice” from being taken twice",
        "“mail#bob@example.org” is kept for nobody",
        "“name#bob” is kept for nobody",
        "The counts of “alice” say",
        "2 accounts were counted, there are 1",
    ):
        assert wanted in told


@emulated
async def test_a_book_that_shrinks_keeps_nothing_of_before(storage):
    await storage.save_book(a_book(description="long", categories=("a",)), 0)
    bare = replace(a_book(version=2), isbn=None, fields={}, sources={})
    await storage.save_book(bare, 1)
    assert await storage.books([bare.book_id]) == {bare.book_id: bare}
