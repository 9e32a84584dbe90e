"""Accounts: unique by guard items in the same transaction, and counters of tries."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from booklib.adapters.dynamodb import recent, schema
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.codec import expiry, item, profile_values, typed, user_of
from booklib.adapters.dynamodb.expressions import filled, replaced, update
from booklib.adapters.dynamodb.faults import TOO_MUCH, Refused
from booklib.adapters.dynamodb.recent import Standing
from booklib.adapters.dynamodb.schema import Item, Request
from booklib.errors import Busy, EmailTaken, NameTaken, RegistrationClosed
from booklib.models import User
from booklib.models.shelf import stamp
from booklib.models.users import fold_name

NO_SUCH = "attribute_not_exists(#user_id)"


class Stored(NamedTuple):
    """A user and the last writes of their books."""

    user: User
    recent: recent.Recent

    @property
    def standing(self) -> Standing:
        """What a shelf has to know of the user."""
        return Standing(self.user.counts, self.user.shelf_version, self.recent)


async def get(dynamo: Dynamo, user_id: str) -> Stored | None:
    """A user as of now."""
    return _stored(await dynamo.get(dynamo.tables.users, user_id=user_id))


def _stored(found: Item | None) -> Stored | None:
    if found is None or "name_key" not in found:
        return None
    packed = found.get("recent", {}).get("S", "")
    return Stored(user_of(found), recent.unpack(packed) if packed else ())


async def user(dynamo: Dynamo, user_id: str, now: datetime) -> User | None:
    """A user as of now; the shelf of the same request need not read it again."""
    asked_at = time.monotonic()
    stored = await get(dynamo, user_id)
    if stored is None:
        return None
    recent.remember(dynamo.tables.users, user_id, stored.standing, asked_at)
    return replace(stored.user, shelf_version=stored.standing.shelf_version(now))


async def standing(dynamo: Dynamo, user_id: str) -> Standing | None:
    """What a shelf has to know of its user; None where there is no such user."""
    known = recent.recall(dynamo.tables.users, user_id)
    if known is not None:
        return known
    stored = await get(dynamo, user_id)
    return stored.standing if stored else None


async def by_login(dynamo: Dynamo, name_or_email: str) -> User | None:
    """The user with this name, else with this email: the guard tells who, and both are read now."""
    key = fold_name(name_or_email)
    guards = (schema.name_guard(key), schema.mail_guard(key))
    found = await dynamo.get_many(dynamo.tables.users, "user_id", guards)
    whose = {guard["user_id"]["S"]: guard["owner"]["S"] for guard in found}
    for guard in guards:
        if guard in whose and (stored := await get(dynamo, whose[guard])):
            return stored.user
    return None


async def there_are_some(dynamo: Dynamo) -> bool:
    """Whether there is any user."""
    counter = await dynamo.get(dynamo.tables.users, user_id=schema.ACCOUNTS)
    return counter is not None and int(counter["users"]["N"]) > 0


async def add(dynamo: Dynamo, new: User, only_first: bool) -> None:
    """Raises NameTaken and EmailTaken, and RegistrationClosed if it was to be the first."""
    values = {"user_id": new.user_id, **profile_values(new), "shelf_version": 0}
    await add_item(dynamo, new, item(values), only_first=only_first)


async def add_item(dynamo: Dynamo, new: User, values: Item, *, only_first: bool = False) -> None:
    """Store the item of a new user with what guards their names. Raises as `add` does."""
    request = {
        "TransactItems": [
            {"Update": counted(dynamo, 1, "" if not only_first else _NOBODY)},
            {"Put": _new(dynamo, values)},
            {"Put": _guard(dynamo, schema.name_guard(new.name_key), new.user_id)},
            {"Put": _guard(dynamo, schema.mail_guard(new.mail_key), new.user_id)},
        ]
    }
    try:
        await dynamo.call("transact_write_items", request)
    except Refused as refused:
        if refused.unsure and _same(await get(dynamo, new.user_id), new):
            return
        for place, error in enumerate((RegistrationClosed, None, NameTaken, EmailTaken)):
            if error and place in refused.places:
                raise error from None
        raise ValueError(f"there is a user {new.user_id} already") from refused


_NOBODY = "attribute_not_exists(#users) OR #users < :one"


def counted(dynamo: Dynamo, more: int, condition: str = "") -> Request:
    """The part of a transaction that counts the accounts."""
    key = {"user_id": schema.ACCOUNTS}
    values = {"more": more} | ({"one": 1} if condition else {})
    return update(dynamo.tables.users, key, "ADD #users :more", condition, **values)


def _new(dynamo: Dynamo, values: Item) -> Request:
    return filled(
        {"TableName": dynamo.tables.users, "Item": values, "ConditionExpression": NO_SUCH}
    )


def _guard(dynamo: Dynamo, key: str, user_id: str) -> Request:
    return _new(dynamo, item({"user_id": key, "owner": user_id}))


def unguarded(dynamo: Dynamo, key: str, user_id: str) -> Request:
    """The part of a transaction that gives a name free again."""
    return filled(
        {
            "TableName": dynamo.tables.users,
            "Key": {"user_id": typed(key)},
            "ConditionExpression": f"{NO_SUCH} OR #owner = :owner",
        },
        owner=user_id,
    )


def _same(stored: Stored | None, wanted: User) -> bool:
    """Whether a user is as somebody wanted to store it, but for what only `apply` changes."""
    if stored is None:
        return False
    counts, version = wanted.counts, wanted.shelf_version
    return replace(stored.user, counts=counts, shelf_version=version) == wanted


async def save(dynamo: Dynamo, before: User, after: User) -> bool:
    """Compare `rev` and set. Raises NameTaken and EmailTaken."""
    after = replace(after, user_id=before.user_id, rev=before.rev + 1)
    change, values = replaced(profile_values(after))
    profile = update(
        dynamo.tables.users,
        {"user_id": before.user_id},
        change,
        "#rev = :before_rev",
        **values,
        before_rev=before.rev,
    )
    parts, taken = renamed(dynamo, before, after)
    try:
        if parts:
            items = [{"Update": profile}, *parts]
            await dynamo.call("transact_write_items", {"TransactItems": items})
        else:
            await dynamo.call("update_item", profile)
    except Refused as refused:
        if refused.unsure and _same(await get(dynamo, before.user_id), after):
            return True
        if 0 in refused.places:
            return False
        raise taken[min(refused.places)] from None
    return True


def renamed(
    dynamo: Dynamo, before: User, after: User
) -> tuple[list[Request], dict[int, type[NameTaken] | type[EmailTaken]]]:
    """The guards that a change of names moves, and what it means where one is refused."""
    parts: list[Request] = []
    taken: dict[int, type[NameTaken] | type[EmailTaken]] = {}
    moves: tuple[tuple[str, str, type[NameTaken] | type[EmailTaken]], ...] = (
        (schema.name_guard(before.name_key), schema.name_guard(after.name_key), NameTaken),
        (schema.mail_guard(before.mail_key), schema.mail_guard(after.mail_key), EmailTaken),
    )
    for old, new, error in moves:
        if old != new:
            parts += [
                {"Put": _guard(dynamo, new, after.user_id)},
                {"Delete": unguarded(dynamo, old, after.user_id)},
            ]
            taken |= {len(parts) - 1: error, len(parts): error}
    return parts, taken


async def hit(dynamo: Dynamo, key: str, window_s: int, now: datetime) -> int:
    """Count one try. An expired counter counts as gone, though it may be there for days."""
    where = {"user_id": schema.tries(key)}
    until = now + timedelta(seconds=window_s)
    patience = dynamo.patience()
    while True:
        more = update(
            dynamo.tables.users, where, "ADD #tries :one", "#until > :now", one=1, now=stamp(now)
        )
        try:
            answer = await dynamo.call(
                "update_item", more | {"ReturnValues": "UPDATED_NEW"}, patience
            )
            return int(answer["Attributes"]["tries"]["N"])
        except Refused:
            pass
        first = update(
            dynamo.tables.users,
            where,
            "SET #tries = :one, #until = :until, #expires_at = :expires_at",
            "attribute_not_exists(#until) OR #until <= :now",
            one=1,
            now=stamp(now),
            until=stamp(until),
            expires_at=expiry(now, timedelta(seconds=window_s)),
        )
        try:
            await dynamo.call("update_item", first, patience)
            return 1
        except Refused:
            if not await patience.wait():
                raise Busy(TOO_MUCH) from None


async def unhit(dynamo: Dynamo, key: str, now: datetime) -> None:
    """Take one try back."""
    less = update(
        dynamo.tables.users,
        {"user_id": schema.tries(key)},
        "ADD #tries :less",
        "#tries > :none AND #until > :now",
        less=-1,
        none=0,
        now=stamp(now),
    )
    try:
        await dynamo.call("update_item", less)
    except Refused:
        return
