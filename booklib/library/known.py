"""Which of some ISBNs a reader has already."""

from __future__ import annotations

from collections.abc import Sequence

from booklib.models import User, UserBook
from booklib.models.ids import book_key, user_book_id
from booklib.ports import MAX_IDS, World


async def owned_isbns(world: World, user: User, isbns: Sequence[str]) -> dict[str, UserBook]:
    """The reader's books by ISBN-13; what they have not, or have deleted, is left out."""
    idents = {user_book_id(user.user_id, book_key(isbn)): isbn for isbn in isbns}
    found: dict[str, UserBook] = {}
    asked = list(idents)
    for start in range(0, len(asked), MAX_IDS):
        owned = await world.storage.owned(user.user_id, asked[start : start + MAX_IDS])
        found |= {idents[ident]: book for ident, book in owned.items() if book.deleted_at is None}
    return found
