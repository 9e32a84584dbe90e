"""What changes of a library cost on DynamoDB, and its shelf right after them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable

from booklib import jobs, library
from booklib.models import Fields, Query, User
from booklib.models.ids import book_id, book_key, user_book_id
from booklib.ports import Found
from tests.aws.capacity import Used, size_of
from tests.aws.capacity_budgets import SHELF_RCU, Cost, Filled, filled, listed, of_pages
from tests.factories import a_user

CHANGE_WCU, ADDING_WCU = 12, 24
LARGE = 2048
"""Bytes of the largest item that the budgets are for."""

OWN_WRITES = 20
"""As many as are looked after."""

ISBN, LARGE_ISBN, ONES, OURS = "9780441172719", "9780261103573", "9780141439518", "9780060850524"
OTHERS = 3


async def costs(url: str, count: int) -> list[Cost]:
    """Every figure for a library of `count` books."""
    async with filled(url, count) as here:
        found = [cost async for cost in of_pages(here)]
        found += [cost async for cost in _of_changes(here)]
        found += [cost async for cost in _of_additions(here)]
        found.append(await _of_each_owner(here))
        found += [cost async for cost in _after_own_writes(here)]
    return found


async def _measured(here: Filled, doing: Awaitable[object]) -> Used:
    with here.meter.watched() as used:
        await doing
    return used


async def _of_changes(here: Filled) -> AsyncIterator[Cost]:
    world, user, user_id = here.world, here.user, here.user.user_id
    page = await world.storage.shelf(user_id, Query(shelf="to-read"), None, 2)
    common, large = (row.user_book_id for row in page.rows)
    notes = "n" * (LARGE - 64 - await _size(here, large))
    await library.set_notes(world, user_id, large, notes)
    for size, ident in {"": common, " of 2 KB": large}.items():
        changes = {
            f"a status{size}": library.set_status(world, user, ident, "read"),
            f"a rating{size}": library.set_rating(world, user_id, ident, 9),
        }
        for what, change in changes.items():
            yield Cost(f"change of {what}", await _measured(here, change), CHANGE_WCU, "WCU")
        gone = library.delete(world, user_id, ident)
        yield Cost(f"deleting a book{size}", await _measured(here, gone), CHANGE_WCU, "WCU")
        back = library.undo_delete(world, user_id, ident)
        yield Cost(f"undoing that{size}", await _measured(here, back), CHANGE_WCU, "WCU")
    assert LARGE - 64 < await _size(here, large) <= LARGE


async def _size(here: Filled, ident: str) -> int:
    answer = await here.client.get_item(
        TableName=here.tables.user_books, Key={"user_book_id": {"S": ident}}
    )
    return size_of(answer["Item"])


async def _of_additions(here: Filled) -> AsyncIterator[Cost]:
    world, user = here.world, here.user
    bare = library.add_isbn(world, user, ISBN)
    yield Cost("adding by ISBN, with its job", await _measured(here, bare), ADDING_WCU, "WCU")
    given: Fields = {
        "title": "The Two Towers",
        "authors": ("J. R. R. Tolkien",),
        "description": "d" * 1200,
    }
    large = library.add_isbn(world, user, LARGE_ISBN, given=given)
    used = await _measured(here, large)
    yield Cost("adding a book of 2 KB, with its job", used, ADDING_WCU, "WCU")
    key = book_key(LARGE_ISBN)
    assert 1024 < await _size(here, user_book_id(user.user_id, key)) <= LARGE


async def _of_each_owner(here: Filled) -> Cost:
    """What one owner more adds to a look-up."""
    others = [a_user(f"reader{number}") for number in range(OTHERS)]
    for other in others:
        await here.world.storage.add_user(other)
    one = await _look_up(here, ONES, [here.user])
    all_of_us = await _look_up(here, OURS, [here.user, *others])
    more = Used(
        wcu=(all_of_us.wcu - one.wcu) / OTHERS,
        reported_wcu=(all_of_us.reported_wcu - one.reported_wcu) / OTHERS,
    )
    return Cost("telling one owner what a look-up found", more, CHANGE_WCU, "WCU")


async def _look_up(here: Filled, isbn: str, owners: list[User]) -> Used:
    fields: Fields = {
        "title": "Pride and Prejudice",
        "authors": ("Jane Austen",),
        "page_count": 480,
    }
    here.catalogue.editions.append(Found(isbn, f"open_library:{isbn}", fields))
    for owner in owners:
        await library.add_isbn(here.world, owner, isbn)
    ident = book_id(book_key(isbn))
    assert ident
    await listed(here.client, here.tables, "book_id", ident, len(owners))
    with here.meter.watched() as used:
        assert await jobs.run(here.world, f"lookup:{ident}")
    return used


async def _after_own_writes(here: Filled) -> AsyncIterator[Cost]:
    """The shelf while its own reader's last writes may not be in its index."""
    user_id = here.user.user_id
    here.clock.advance(minutes=1)
    page = await here.world.storage.shelf(user_id, Query(), None, OWN_WRITES)
    for number, row in enumerate(page.rows, start=1):
        await library.set_notes(here.world, user_id, row.user_book_id, "Mine.")
        if number in (1, OWN_WRITES):
            used, _ = await here.page(Query())
            yield Cost(f"shelf after own writes: {number}", used, SHELF_RCU + number, "RCU")
