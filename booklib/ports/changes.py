"""What may be asked of `Storage.apply`: changes of books, checked alike by every storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from booklib.errors import Invalid
from booklib.models import UserBook
from booklib.models.shelf import own_bytes

MAX_CHANGES = 40
"""Changes that one `apply` takes: DynamoDB's transactions hold 100 items."""


MAX_OWN_BYTES = 300 * 1024
"""Bytes of a copy's own texts (`own_bytes`): an item of DynamoDB takes 400 KB, and what a provider
tells of the book must still fit in."""


class Change(NamedTuple):
    """One book before and after. No `before` adds it, no `after` removes it for good."""

    before: UserBook | None
    after: UserBook | None


def check_changes(user_id: str, changes: Sequence[Change]) -> None:
    """Raise ValueError for what no caller may ask of `Storage.apply`; every storage calls it.

    Raises Invalid at the field with which a copy becomes larger than MAX_OWN_BYTES.
    """
    if len(changes) > MAX_CHANGES:
        raise ValueError(f"apply takes {MAX_CHANGES} changes, not {len(changes)}")
    books = [book for change in changes for book in change if book]
    if any(book.user_id != user_id for book in books):
        raise ValueError("a change names another owner")
    idents = [{book.user_book_id for book in change if book} for change in changes]
    if any(len(ident) != 1 for ident in idents):
        raise ValueError("a change is about one book")
    if len(set.union(*idents, set())) != len(changes):
        raise ValueError("two changes are about the same book")
    for before, after in changes:
        if after:
            _check_size(before, after)


def _check_size(before: UserBook | None, after: UserBook) -> None:
    size = own_bytes(after)
    if size <= MAX_OWN_BYTES or (before and own_bytes(before) >= size):
        return
    known = _texts(before) if before else {}
    texts = _texts(after)
    new = {name: len(str(text)) for name, text in texts.items() if known.get(name) != text}
    raise Invalid.at(
        max(new, key=lambda name: new[name], default="notes"),
        f"With this the book would hold {size // 1024} KB of your own texts; "
        f"{MAX_OWN_BYTES // 1024} KB fit. Please make something shorter.",
    )


def _texts(book: UserBook) -> dict[str, object]:
    return {**book.given, **book.mine, "notes": book.notes, "review": book.review}
