"""What reads everything, by Scan: the list of users, and whether what is stored fits together."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from booklib.adapters.dynamodb import schema
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.codec import user_of
from booklib.adapters.dynamodb.expressions import filled
from booklib.adapters.dynamodb.schema import Item
from booklib.models import STATUSES, User

ENGINE = "Amazon DynamoDB"


async def users(dynamo: Dynamo) -> list[User]:
    """Every user, in the order of their folded names."""
    found = [user_of(item) async for item in _items(dynamo) if "name_key" in item]
    return sorted(found, key=lambda user: user.name_key)


async def _items(dynamo: Dynamo) -> AsyncIterator[Item]:
    request = {"TableName": dynamo.tables.users, "ConsistentRead": True}
    async for page in dynamo.pages("scan", request):
        for item in page:
            yield item


async def faults(dynamo: Dynamo) -> list[str]:
    """What does not fit, one sentence each; a change in the middle of it may look like a fault."""
    items = [item async for item in _items(dynamo)]
    people = [user_of(item) for item in items if "name_key" in item]
    shelves = await _shelves(dynamo)
    return [
        *_wrong_names(items, people),
        *_wrong_counts(people, shelves),
        *_strays(people, shelves),
    ]


async def _shelves(dynamo: Dynamo) -> dict[str, Counter[str]]:
    """The number of books on each shelf of each user."""
    request = filled(
        {
            "TableName": dynamo.tables.user_books,
            "ProjectionExpression": "#user_id, #status_key",
            "ConsistentRead": True,
        }
    )
    found: dict[str, Counter[str]] = {}
    async for page in dynamo.pages("scan", request):
        for item in page:
            shelf = item["status_key"]["S"].partition("#")[0]
            found.setdefault(item["user_id"]["S"], Counter())[shelf] += 1
    return found


def _wrong_counts(people: list[User], shelves: dict[str, Counter[str]]) -> list[str]:
    """Users whose counts are not those of their books. Those being removed have none to keep.

    Of what is deleted DynamoDB removes some by itself, uncounted.
    """
    wrong = []
    for user in people:
        books = shelves.get(user.user_id, Counter())
        exact = all(user.counts.get(status, 0) == books[status] for status in STATUSES)
        enough = all(user.counts.get(shelf, 0) >= books[shelf] for shelf in ("deleted", "moved"))
        if user.closing_at is None and not (exact and enough):
            said, counted = dict(user.counts), dict(books)
            wrong.append(f"The counts of “{user.username}” say {said}, the books {counted}.")
    return wrong


def _strays(people: list[User], shelves: dict[str, Counter[str]]) -> list[str]:
    known = {user.user_id for user in people}
    strays = sum(books.total() for owner, books in shelves.items() if owner not in known)
    return [f"{strays:,} books belong to nobody."] if strays else []


def _wrong_names(items: list[Item], people: list[User]) -> list[str]:
    """Names that are guarded for nobody or not at all, and a wrong number of accounts."""
    guards = {(item["user_id"]["S"], item["owner"]["S"]) for item in items if "owner" in item}
    wanted = {
        (guard, user.user_id)
        for user in people
        for guard in (schema.name_guard(user.name_key), schema.mail_guard(user.mail_key))
    }
    wrong = [f"Nothing keeps “{name}” from being taken twice." for name, _ in wanted - guards]
    wrong += [f"“{name}” is kept for nobody." for name, _ in guards - wanted]
    counted = sum(
        int(item["users"]["N"]) for item in items if item["user_id"]["S"] == schema.ACCOUNTS
    )
    if counted != len(people):
        wrong.append(f"{counted:,} accounts were counted, there are {len(people):,}.")
    return sorted(wrong)
