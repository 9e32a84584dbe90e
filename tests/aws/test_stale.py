"""What stands in for indexes that lag: they do, and a storage without its list would be wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from booklib.adapters.dynamodb.schema import ADDED, STATUS
from booklib.models import Query
from booklib.models.shelf import rekey
from booklib.ports import Change
from tests.aws.stale import CONDITION, History
from tests.contracts.conftest import StalePlace
from tests.factories import NOON, a_copy, a_user, added
from tests.fakes import Clock

pytestmark = pytest.mark.slow

HOUR_S = 3600


@pytest.fixture
async def where(moto):
    place = StalePlace(moto, Path(), Clock(), lag_s=HOUR_S)
    yield place
    await place.close()


@pytest.fixture
async def storage(where):
    storage = await where.open()
    await storage.add_user(a_user("alice"))
    return storage


def the_index(where, index=ADDED, **more):
    """A query of alice's part of an index."""
    return {
        "TableName": where.tables.user_books,
        "IndexName": index.name,
        "KeyConditionExpression": f"#u = :u AND #{index.key} BETWEEN :low AND :high",
        "ExpressionAttributeNames": {"#u": "user_id", f"#{index.key}": index.key},
        "ExpressionAttributeValues": {
            ":u": {"S": "id-alice"},
            ":low": {"S": "\t"},
            ":high": {"S": "\U0010fffd"},
        },
        **more,
    }


async def naive(where, **more):
    """The ids of a page as the index has it, by a reader that knows of no last writes."""
    answer = await where.client.query(**the_index(where, **more))
    return [row["user_book_id"]["S"] for row in answer["Items"]]


async def shown(storage):
    page = await storage.shelf("id-alice", Query(descending=False), None, 50)
    return [row.user_book_id for row in page.rows]


async def test_a_naive_page_misses_the_book_just_added_until_it_has_settled(storage, where):
    book = await added(storage, a_copy())
    assert await naive(where) == []
    assert await shown(storage) == [book.user_book_id]
    storage.settle()
    assert await naive(where) == [book.user_book_id]
    assert await shown(storage) == [book.user_book_id]


async def test_a_write_through_one_client_is_hidden_from_every_client(storage, where):
    elsewhere = await where.open()
    book = await added(storage, a_copy())
    assert await naive(where) == []
    assert await shown(elsewhere) == [book.user_book_id]


async def test_what_was_changed_or_removed_is_shown_as_it_was(storage, where):
    one, two = await added(storage, a_copy("One", minute=1), a_copy("Two", minute=2))
    storage.settle()
    before = (await where.client.query(**the_index(where)))["Items"]
    read = rekey(replace(one, status="read", rating=7))
    assert await storage.apply("id-alice", [Change(one, read)])
    assert await storage.apply("id-alice", [Change(two, None)])
    assert (await where.client.query(**the_index(where)))["Items"] == before
    statuses = (await where.client.query(**the_index(where, STATUS)))["Items"]
    assert [row["status_key"]["S"].partition("#")[0] for row in statuses] == ["to-read"] * 2
    assert await shown(storage) == [one.user_book_id]
    storage.settle()
    [row] = (await where.client.query(**the_index(where)))["Items"]
    assert row["rating"] == {"N": "7"}


async def test_a_book_deleted_lately_keeps_its_place_in_the_index(storage, where):
    books = await added(storage, *(a_copy(f"Book {n}", minute=n) for n in range(5)))
    storage.settle()
    gone = rekey(replace(books[2], deleted_at=NOON))
    assert await storage.apply("id-alice", [Change(books[2], gone)])
    ids = [book.user_book_id for book in books]
    assert await naive(where) == ids
    assert await naive(where, ScanIndexForward=False) == ids[::-1]
    assert await shown(storage) == ids[:2] + ids[3:]


@pytest.mark.parametrize("forward", [True, False])
async def test_pages_of_a_lagging_index_continue_where_they_were_cut(storage, where, forward):
    books = await added(storage, *(a_copy(f"Book {n}", minute=n) for n in range(5)))
    storage.settle()
    assert await storage.apply("id-alice", [Change(books[3], None)])
    asked = the_index(where, Limit=2, ScanIndexForward=forward)
    found = []
    while True:
        answer = await where.client.query(**asked)
        found += [row["user_book_id"]["S"] for row in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            break
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    wanted = [book.user_book_id for book in books]
    assert found == (wanted if forward else wanted[::-1])


async def test_a_row_has_what_the_real_index_would_show_of_it(storage, where):
    book = await added(storage, a_copy(rating=3, notes="not in the index"))
    storage.settle()
    [real] = (await where.client.query(**the_index(where)))["Items"]
    assert await storage.apply("id-alice", [Change(book, None)])
    assert (await where.client.query(**the_index(where)))["Items"] == [real]
    assert "notes" not in real


def test_a_write_is_hidden_for_two_seconds():
    moment = [100.0]
    history = History(now=lambda: moment[0])
    history.note("books", ("a",), None)
    moment[0] = 101.9
    history.note("books", ("a",), {"rev": {"N": "1"}})
    history.note("jobs", ("j",), None)
    assert history.hidden("books") == {("a",): None}
    moment[0] = 102.1
    assert history.hidden("books") == {("a",): {"rev": {"N": "1"}}}
    history.settle()
    assert history.hidden("books") == history.hidden("jobs") == {}


async def test_a_question_that_is_not_understood_is_no_answer(storage, where):
    asked = the_index(where)
    for more in (
        {"FilterExpression": "#u = :u"},
        {"KeyConditionExpression": "#u = :u AND begins_with(#added_key, :low)"},
    ):
        with pytest.raises(AssertionError):
            await where.client.query(**asked | more)
    with pytest.raises(AssertionError, match="unseen"):
        await where.client.execute_statement(Statement="DELETE")
    assert not CONDITION.fullmatch("#u = :u OR #v = :v")
