"""A copy that goes to another edition: its id follows the ISBN, and its old address leads on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from booklib.errors import AlreadyOwned
from booklib.models import UserBook
from booklib.models.ids import book_id, book_key, user_book_id
from booklib.models.shelf import rekey
from booklib.ports import Change


def target_of(copy: UserBook, isbn: str) -> str:
    """The id that a copy has once its ISBN-13 is `isbn`."""
    return user_book_id(copy.user_id, book_key(isbn))


def moved(
    before: UserBook, after: UserBook, isbn: str, there: UserBook | None, now: datetime
) -> tuple[Change, UserBook]:
    """What becomes of the old copy, and `after` as the copy of the edition with this ISBN-13.

    That one is neither placed nor looked up. `there` is what has its id already; raises
    AlreadyOwned where that is a book on the shelf.
    """
    target = target_of(before, isbn)
    if there and not there.deleted_at:
        raise AlreadyOwned(target)
    new = replace(
        after,
        user_book_id=target,
        book_id=book_id(book_key(isbn)),
        isbn=isbn,
        edition=None,
        rev=1,
        edit=before.edit + 1,
    )
    return trail(before, target, now), new


def trail(before: UserBook, target: str, now: datetime) -> Change:
    """The old copy as a pointer to the new one, so that old addresses lead on for 30 days."""
    return Change(before, rekey(replace(before, deleted_at=now, moved_to=target)))
