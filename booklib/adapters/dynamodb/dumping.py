"""Reading and writing whole tables, for copies of a library: by Scan and in batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from booklib.adapters.dynamodb import recent, users
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.codec import (
    book_item,
    book_of,
    item,
    pack,
    profile_values,
    user_book_item,
    user_book_of,
)
from booklib.adapters.dynamodb.expressions import replaced, update
from booklib.adapters.dynamodb.faults import TOO_MUCH, Refused
from booklib.adapters.dynamodb.schema import Item
from booklib.errors import Busy
from booklib.models import Book, User, UserBook
from booklib.ports import Counted


async def _items(dynamo: Dynamo, table: str) -> AsyncIterator[list[Item]]:
    async for page in dynamo.pages("scan", {"TableName": table, "ConsistentRead": True}):
        yield page


async def books(dynamo: Dynamo) -> AsyncIterator[list[Book]]:
    """Every Book, a page of the Scan at a time."""
    async for page in _items(dynamo, dynamo.tables.books):
        yield [book_of(found) for found in page]


async def copies(dynamo: Dynamo) -> AsyncIterator[list[UserBook]]:
    """Everybody's copies, deleted and moved ones too."""
    async for page in _items(dynamo, dynamo.tables.user_books):
        yield [user_book_of(found) for found in page]


async def copies_by_id(dynamo: Dynamo, ids: Sequence[str]) -> dict[str, UserBook]:
    """Copies by id, whoever has them."""
    found = await dynamo.get_many(dynamo.tables.user_books, "user_book_id", ids)
    return {one["user_book_id"]["S"]: user_book_of(one) for one in found}


async def put_user(dynamo: Dynamo, user: User) -> None:
    """Store a user as they are, without counts. Raises NameTaken and EmailTaken."""
    stored = await users.get(dynamo, user.user_id)
    if stored is not None:
        await _put_over(dynamo, stored.user, user)
        return
    values = {
        "user_id": user.user_id,
        **profile_values(user),
        "shelf_version": user.shelf_version,
    }
    await users.add_item(dynamo, user, item(values))


async def _put_over(dynamo: Dynamo, before: User, after: User) -> None:
    parts, taken = users.renamed(dynamo, before, after)
    change, values = replaced(profile_values(after))
    key = {"user_id": after.user_id}
    profile = update(
        dynamo.tables.users, key, change, "#rev = :before", **values, before=before.rev
    )
    try:
        await dynamo.call("transact_write_items", {"TransactItems": [{"Update": profile}, *parts]})
    except Refused as refused:
        raise taken.get(min(refused.places), Busy(TOO_MUCH)) from None
    finally:
        recent.wrote(dynamo.tables.users, after.user_id)


async def put_books(dynamo: Dynamo, some: Sequence[Book]) -> None:
    """Store Books as they are."""
    await dynamo.put_many(dynamo.tables.books, [book_item(book) for book in some])


async def put_copies(dynamo: Dynamo, some: Sequence[UserBook]) -> None:
    """Store copies as they are, counting nothing."""
    await dynamo.put_many(dynamo.tables.user_books, [user_book_item(copy) for copy in some])


async def put_counts(dynamo: Dynamo, user_id: str, counts: Counted) -> None:
    """Store what was counted anew; the shelf has another version then."""
    request = update(
        dynamo.tables.users,
        {"user_id": user_id},
        "SET #counts = :counts, #shelf_version = #shelf_version + :one",
        "attribute_exists(#name_key)",
        counts=pack(dict(counts)) or "{}",
        one=1,
    )
    try:
        await dynamo.call("update_item", request)
    finally:
        recent.wrote(dynamo.tables.users, user_id)
