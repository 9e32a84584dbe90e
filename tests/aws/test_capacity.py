"""Capacity: the rules by examples that were computed by hand, and the budgets at two sizes."""

import pytest

from tests.aws import templates
from tests.aws.capacity import Index, read_units, size_of, write_units
from tests.aws.capacity_budgets import costs

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


@pytest.mark.slow
@pytest.mark.parametrize("count", [100, 1_000])
async def test_every_question_and_change_keeps_its_budget(ministack, count):
    found = await costs(ministack, count)
    assert [cost for cost in found if cost.units > cost.budget] == []
    assert not any("scan" in cost.calls for cost in found)
    assert sum(cost.calls.count("query") for cost in found if cost.what == "shelf as added") == 1
