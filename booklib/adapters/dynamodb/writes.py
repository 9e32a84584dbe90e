"""Changing books: all changes of one `apply`, their counts and their job in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from booklib.adapters.dynamodb import jobs, recent, shelf, users
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.codec import book_item, pack, typed, user_book_item
from booklib.adapters.dynamodb.expressions import filled, replaced, update
from booklib.adapters.dynamodb.faults import Refused
from booklib.adapters.dynamodb.schema import Request
from booklib.adapters.dynamodb.users import Stored
from booklib.errors import Busy
from booklib.models import Book, Job, UserBook
from booklib.models.shelf import count_changes
from booklib.ports import Change

CONTENDED = "Your library is being changed elsewhere. Please try again."


async def save_book(dynamo: Dynamo, book: Book, if_version: int) -> bool:
    """Compare the version and set."""
    request: Request = {"TableName": dynamo.tables.books, "Item": book_item(book)}
    if if_version:
        request = filled(
            request | {"ConditionExpression": "#version = :if_version"}, if_version=if_version
        )
    else:
        request = filled(request | {"ConditionExpression": "attribute_not_exists(#book_id)"})
    try:
        await dynamo.call("put_item", request)
    except Refused as refused:
        stored = await shelf.books(dynamo, [book.book_id]) if refused.unsure else {}
        return stored.get(book.book_id) == book
    return True


async def apply(
    dynamo: Dynamo, user_id: str, changes: Sequence[Change], job: Job | None, now: datetime
) -> bool:
    """Do all changes or none; see `Storage.apply`."""
    patience = dynamo.patience()
    while True:
        stored = await users.get(dynamo, user_id)
        if stored is None or stored.user.closing_at:
            return False
        parts = [
            {"Update": _counted(dynamo, stored, changes, now)},
            *(_changed(dynamo, user_id, change) for change in changes),
            *(await _asked_for(dynamo, job) if job else ()),
        ]
        try:
            await dynamo.call("transact_write_items", {"TransactItems": parts}, patience)
            return True
        except Refused as refused:
            if refused.unsure and await _done(dynamo, user_id, changes):
                return True
            if refused.places & set(range(1, 1 + len(changes))):
                return False
        finally:
            recent.wrote(dynamo.tables.users, user_id)
        if not await patience.wait():
            raise Busy(CONTENDED)


def _counted(dynamo: Dynamo, stored: Stored, changes: Sequence[Change], now: datetime) -> Request:
    """The user's part: what is counted, and what was written just now."""
    user = stored.user
    ids = [book.user_book_id for change in changes if (book := change.after or change.before)]
    change, values = replaced(
        {
            "counts": pack(moved(user.counts, count_changes(list(changes)))),
            "shelf_version": stored.standing.shelf_version(now) + 1,
            "recent": recent.pack(recent.noted(stored.recent, ids, now)),
        }
    )
    return update(
        dynamo.tables.users,
        {"user_id": user.user_id},
        change,
        "#shelf_version = :known AND attribute_not_exists(#closing_at)",
        **values,
        known=user.shelf_version,
    )


def moved(counts: Mapping[str, int], by: Mapping[str, int]) -> dict[str, int]:
    """Counts after a change; what expired by itself may have been counted out before it was."""
    after = {shelf: counts.get(shelf, 0) + by.get(shelf, 0) for shelf in (*counts, *by)}
    return {shelf: number for shelf, number in after.items() if number > 0}


def _changed(dynamo: Dynamo, user_id: str, change: Change) -> Request:
    """A book's part."""
    table = dynamo.tables.user_books
    before, after = change
    if after and not before:
        values = user_book_item(replace(after, rev=1))
        condition = "attribute_not_exists(#user_book_id)"
        put = {"TableName": table, "Item": values, "ConditionExpression": condition}
        return {"Put": filled(put)}
    if not before:
        raise ValueError("a change is about a book")
    as_read: Request = filled(
        {"TableName": table, "ConditionExpression": "#user_id = :user_id AND #rev = :rev"},
        user_id=user_id,
        rev=before.rev,
    )
    if not after:
        return {"Delete": as_read | {"Key": {"user_book_id": typed(before.user_book_id)}}}
    # A Put of the whole costs what an Update of a part does: the size of the item, and of the
    # indexes those whose view of it changes.
    return {"Put": as_read | {"Item": user_book_item(replace(after, rev=before.rev + 1))}}


async def _asked_for(dynamo: Dynamo, job: Job) -> list[Request]:
    """The job's part; none where there is one that still counts."""
    stored = await jobs.get(dynamo, job.job_id)
    if stored is None:
        return [{"Put": jobs.new(dynamo, job)}]
    if stored.outlived(job.created_at):
        return [{"Put": jobs.over(dynamo, stored, job)}]
    return []


async def _done(dynamo: Dynamo, user_id: str, changes: Sequence[Change]) -> bool:
    """Whether the books are as the changes would leave them: a lost answer was a good one."""
    wanted: dict[str, UserBook | None] = {}
    for before, after in changes:
        if after:
            wanted[after.user_book_id] = replace(after, rev=before.rev + 1 if before else 1)
        elif before:
            wanted[before.user_book_id] = None
    stored = await shelf.owned(dynamo, user_id, list(wanted))
    return bool(wanted) and all(stored.get(ident) == book for ident, book in wanted.items())
