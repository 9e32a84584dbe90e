"""Removing an account: its books first, in portions, and the account with the last of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from booklib.adapters.dynamodb import recent, schema, shelf, users
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.codec import typed
from booklib.adapters.dynamodb.expressions import filled, update
from booklib.adapters.dynamodb.faults import Refused
from booklib.adapters.dynamodb.schema import Item
from booklib.adapters.dynamodb.users import Stored
from booklib.errors import Busy
from booklib.models import STATUSES
from booklib.models.shelf import stamp

SETTLED = timedelta(minutes=1)
"""After this time an index shows all that was written before the account was closed."""

NOT_ALL = "Not all books of this account can be seen yet; the rest is removed a little later."


async def remove(dynamo: Dynamo, user_id: str, now: datetime) -> None:
    """Remove a user and all copies; safe to call again after a crash.

    Raises Busy where the index may still hide a copy: a crash has removed some before, and the
    account was closed less than a minute ago.
    """
    if not await _start(dynamo, user_id, now):
        return
    stored = await users.get(dynamo, user_id)
    if stored is None:
        return
    wanted = sum(stored.user.counts.get(status, 0) for status in STATUSES)
    gone = await _remove_books(dynamo, user_id, stored.recent)
    closing_at = stored.user.closing_at or now
    if gone < wanted and now - closing_at < SETTLED:
        raise Busy(NOT_ALL)
    await _remove_user(dynamo, stored)


async def _start(dynamo: Dynamo, user_id: str, now: datetime) -> bool:
    """Let no more books be added; False where there is no such user."""
    if not schema.usable(user_id):
        return False
    request = update(
        dynamo.tables.users,
        {"user_id": user_id},
        "SET #closing_at = if_not_exists(#closing_at, :now), #rev = #rev + :one",
        "attribute_exists(#name_key)",
        now=stamp(now),
        one=1,
    )
    try:
        await dynamo.call("update_item", request)
    except Refused:
        return False
    finally:
        recent.wrote(dynamo.tables.users, user_id)
    return True


async def _remove_books(dynamo: Dynamo, user_id: str, lately: recent.Recent) -> int:
    """Remove every copy that can be found; how many of them were on the shelf."""
    table = dynamo.tables.user_books
    request = {
        "TableName": table,
        "IndexName": schema.STATUS.name,
        "KeyConditionExpression": "#user_id = :user_id",
        "ProjectionExpression": "#user_book_id, #status_key",
    }
    gone = 0
    async for page in dynamo.pages("query", filled(request, user_id=user_id)):
        await dynamo.remove_many(table, "user_book_id", [row["user_book_id"]["S"] for row in page])
        gone += sum(row["status_key"]["S"].partition("#")[0] in STATUSES for row in page)
    ids = [write.user_book_id for write in lately if write.user_book_id]
    hidden = await shelf.owned(dynamo, user_id, ids)
    await dynamo.remove_many(table, "user_book_id", list(hidden))
    return gone + sum(book.shelf in STATUSES for book in hidden.values())


async def _remove_user(dynamo: Dynamo, stored: Stored) -> None:
    user = stored.user
    as_read = filled(
        {
            "TableName": dynamo.tables.users,
            "Key": _key(user.user_id),
            "ConditionExpression": "#rev = :rev",
        },
        rev=user.rev,
    )
    guards = (schema.name_guard(user.name_key), schema.mail_guard(user.mail_key))
    parts = [
        {"Delete": as_read},
        *({"Delete": users.unguarded(dynamo, guard, user.user_id)} for guard in guards),
        {"Update": users.counted(dynamo, -1)},
    ]
    try:
        await dynamo.call("transact_write_items", {"TransactItems": parts})
    except Refused:
        if await users.get(dynamo, user.user_id):
            raise Busy(NOT_ALL) from None


def _key(user_id: str) -> Item:
    return {"user_id": typed(user_id)}
