"""The reader's review of a book, beside the private notes."""

from __future__ import annotations

from dataclasses import replace

from booklib.errors import Invalid, Stale
from booklib.library.saving import Changed, change, on_the_shelf
from booklib.models import MAX_REVIEW, UserBook
from booklib.models.folding import clean
from booklib.ports import World


async def set_review(
    world: World, user_id: str, user_book_id: str, review: str, edit: int | None = None
) -> Changed:
    """Store a review. `edit` is the one the form was made from; None overwrites.

    Raises Invalid (too long), Stale (someone saved text meanwhile), NotFound and Moved.
    """
    text = clean(review)
    if len(text) > MAX_REVIEW:
        raise Invalid.at(
            "review", f"A review can be {MAX_REVIEW:,} characters long; this has {len(text):,}."
        )

    def make(before: UserBook) -> UserBook:
        on_the_shelf(before)
        if text == before.review:
            return before
        if edit is not None and edit != before.edit:
            raise Stale("This review was changed elsewhere since you opened it.")
        return replace(before, review=text, edit=before.edit + 1)

    return await change(world, user_id, user_book_id, make)
