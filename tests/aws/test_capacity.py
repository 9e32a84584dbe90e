"""Capacity: the rules by examples that were computed by hand, and the meter that goes by them."""

from uuid import uuid4

import pytest

from tests.aws import emulators, templates
from tests.aws.capacity import Index, Meter, read_units, size_of, write_units

KEY = {"user_book_id": {"S": "b1"}, "user_id": {"S": "alice"}}
SHELF = {
    "IndexName": "shelf",
    "KeySchema": [{"AttributeName": "user_id"}, {"AttributeName": "added_key"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["card"]},
}


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"a": {"S": ""}}, 1),
        ({"name": {"S": "é"}}, 6),
        ({"n": {"N": "0"}}, 2),
        ({"n": {"N": "7"}}, 3),
        ({"n": {"N": "-1234"}}, 5),
        ({"b": {"BOOL": True}, "l": {"L": [{"S": "ab"}]}}, 2 + 7),
        ({"m": {"M": {"k": {"S": "v"}}}}, 1 + 3 + 1 + 2),
        ({"b": {"B": b"1234"}}, 5),
    ],
)
def test_an_item_is_as_large_as_its_names_and_values(item, size):
    assert size_of(item) == size


@pytest.mark.parametrize(
    ("size", "consistent", "eventual", "written"),
    [(0, 1, 0.5, 1), (1024, 1, 0.5, 1), (1025, 1, 0.5, 2), (4096, 1, 0.5, 4), (4097, 2, 1, 5)],
)
def test_begun_units_count_whole(size, consistent, eventual, written):
    assert read_units(size, consistent=True) == consistent
    assert read_units(size, consistent=False) == eventual
    assert write_units(size) == written


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, {"added_key": {"S": "1"}, "card": {"S": "x"}}, 1),
        ({"added_key": {"S": "1"}}, None, 1),
        ({"added_key": {"S": "1"}}, {"added_key": {"S": "1"}, "notes": {"S": "not shown"}}, 0),
        ({"added_key": {"S": "1"}}, {"added_key": {"S": "1"}, "card": {"S": "x"}}, 1),
        ({"added_key": {"S": "1"}}, {"added_key": {"S": "2"}}, 2),
        ({"added_key": {"S": "1"}}, {"card": {"S": "gone from it"}}, 1),
        ({"card": {"S": "x"}}, {"card": {"S": "y"}}, 0),
        ({"added_key": {"S": "1"}}, {"added_key": {"S": "1"}, "card": {"S": "x" * 1100}}, 2),
    ],
)
def test_an_index_counts_what_changes_in_its_own_view(before, after, units):
    index = Index(SHELF, ("user_book_id",))
    old, new = (KEY | item if item is not None else None for item in (before, after))
    assert index.write_units(old, new) == units


def test_the_indexes_are_those_of_the_template():
    [table] = [each for each in templates.tables().values() if "UserBooks" in each["TableName"]]
    assert len(table["GlobalSecondaryIndexes"]) == 5


MINE = {"user_id": {"S": "alice"}}
ASKED = {
    "IndexName": "user_id-index",
    "KeyConditionExpression": "#user_id = :user_id",
    "ExpressionAttributeNames": {"#user_id": "user_id"},
    "ExpressionAttributeValues": {":user_id": {"S": "alice"}},
}


def a_copy(ident, **more):
    """An item of 500 bytes and some in the table, and some more than 200 in its index by date."""
    card, notes = {"S": "c" * 200}, {"S": "n" * 300}
    key = {"S": f"2026-11-01 {ident}"}
    return {
        "user_book_id": {"S": ident},
        **MINE,
        "card": card,
        "notes": notes,
        "added_key": key,
    } | {name: {"S": value} for name, value in more.items()}


@pytest.fixture
async def place(moto):
    """A meter, the client that it stands before, and UserBooks."""
    environment = f"t{uuid4().hex[:14]}"
    async with emulators.client("dynamodb", moto) as client:
        _, _, user_books, _ = await templates.create_tables(client, environment)
        yield Meter(client, environment), client, user_books


@pytest.mark.slow
async def test_writes_cost_their_table_and_each_index_that_shows_them(place):
    meter, _, table = place
    with meter.watched() as all_of_it:
        with meter.watched() as put:
            await meter.put_item(TableName=table, Item=a_copy("b1"))
        with meter.watched() as unseen:
            await meter.put_item(TableName=table, Item=a_copy("b1", notes="x"))
        with meter.watched() as moved:
            change = {"TableName": table, "Item": a_copy("b1", added_key="2027", title_key="dune")}
            await meter.transact_write_items(TransactItems=[{"Put": change}])
        with meter.watched() as gone:
            await meter.delete_item(TableName=table, Key={"user_book_id": {"S": "b1"}})
    # A row by date; none; a moved row by date and a new one by title, in a transaction; two rows.
    assert [put.wcu, unseen.wcu, moved.wcu, gone.wcu] == [1 + 1, 1, 2 + 2 + 1, 1 + 2]
    assert all_of_it.wcu == 11
    assert all_of_it.calls == ["put_item", "put_item", "transact_write_items", "delete_item"]


@pytest.mark.slow
async def test_a_refused_write_costs_its_table_and_the_meter_goes_on(place):
    meter, client, table = place
    with meter.watched() as used:
        with pytest.raises(client.exceptions.ConditionalCheckFailedException):
            await meter.put_item(
                TableName=table,
                Item=a_copy("b1", notes="n" * 1500),
                ConditionExpression="attribute_exists(user_book_id)",
            )
        await meter.get_item(TableName=table, Key={"user_book_id": {"S": "b1"}})
    assert (used.wcu, used.rcu) == (1, 0.5)


@pytest.mark.slow
async def test_a_query_costs_what_its_index_holds_before_anything_is_left_out(place):
    meter, client, table = place
    for number in range(40):
        await client.put_item(TableName=table, Item=a_copy(f"b{number:02}"))
    row = len(
        "user_book_id" + "b00" + "user_id" + "alice" + "added_key" + "2026-11-01 b00" + "card"
    )
    assert -(-40 * (row + 200) // 4096) == 3
    query = {"TableName": table, **ASKED}
    names = {**ASKED["ExpressionAttributeNames"], "#card": "card"}
    with meter.watched() as whole:
        await meter.query(**query)
    with meter.watched() as bare:
        answer = await meter.query(
            **query | {"ExpressionAttributeNames": names},
            ProjectionExpression="#user_id",
            FilterExpression="#card = #user_id",
        )
    assert answer["Items"] == []
    assert whole.rcu == bare.rcu == 1.5
    with meter.watched() as ten:
        await meter.query(**query, Limit=10)
    assert ten.rcu == 0.5


@pytest.mark.slow
async def test_items_that_are_read_together_round_up_one_by_one(place):
    meter, client, table = place
    await client.put_item(TableName=table, Item=a_copy("b1"))
    await client.put_item(TableName=table, Item=a_copy("b2", notes="n" * 5000))
    keys = [{"user_book_id": {"S": ident}} for ident in ("b1", "b2", "none")]
    with meter.watched() as used:
        await meter.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    assert used.rcu == 1 + 2 + 1


class Telling:
    """An endpoint that says what it charges, to whoever asks."""

    async def get_item(self, **request):
        return self._answer(request, {"CapacityUnits": 0.5})

    async def batch_get_item(self, **request):
        return self._answer(request, [{"CapacityUnits": 1.0}, {"CapacityUnits": 2.5}])

    async def transact_write_items(self, **request):
        return self._answer(request, [{"CapacityUnits": 7.0}, {"CapacityUnits": 2.0}])

    def _answer(self, request, charged):
        return {"ConsumedCapacity": charged} if request.get("ReturnConsumedCapacity") else {}


async def test_what_the_endpoint_says_is_added_up_beside_the_rules():
    meter = Meter(Telling(), "e")
    with meter.watched() as used:
        await meter.get_item(TableName="t", Key={"job_id": {"S": "j"}})
        await meter.batch_get_item(RequestItems={})
        await meter.transact_write_items(TransactItems=[])
    assert (used.reported_rcu, used.reported_wcu) == (4.0, 9.0)


def test_nothing_is_called_whose_costs_are_not_known():
    with pytest.raises(AttributeError, match="scan"):
        _ = Meter(Telling(), "e").scan
