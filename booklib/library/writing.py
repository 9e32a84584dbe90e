"""What a reader writes about a book: private notes and a review."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from booklib.errors import Invalid, Stale
from booklib.library.saving import Changed, change, on_the_shelf
from booklib.models import MAX_NOTES, MAX_REVIEW, UserBook
from booklib.models.folding import clean
from booklib.ports import World


async def set_notes(
    world: World, user_id: str, user_book_id: str, notes: str, edit: int | None = None
) -> Changed:
    """Store private notes. `edit` is the one the form was made from; None overwrites.

    Raises Invalid (too long), Stale (someone saved text meanwhile), NotFound and Moved.
    """
    text = clean(notes)
    if len(text) > MAX_NOTES:
        told = f"Notes can be {MAX_NOTES:,} characters long; these have {len(text):,}."
        raise Invalid.at("notes", told)
    return await _written(world, user_id, user_book_id, "notes", text, edit)


async def set_review(
    world: World, user_id: str, user_book_id: str, review: str, edit: int | None = None
) -> Changed:
    """Store a review, as `set_notes` stores notes."""
    text = clean(review)
    if len(text) > MAX_REVIEW:
        told = f"A review can be {MAX_REVIEW:,} characters long; this has {len(text):,}."
        raise Invalid.at("review", told)
    return await _written(world, user_id, user_book_id, "review", text, edit)


_STALE = {
    "notes": "These notes were changed elsewhere since you opened them.",
    "review": "This review was changed elsewhere since you opened it.",
}


async def _written(
    world: World,
    user_id: str,
    user_book_id: str,
    field: Literal["notes", "review"],
    text: str,
    edit: int | None,
) -> Changed:
    def make(before: UserBook) -> UserBook:
        on_the_shelf(before)
        if text == getattr(before, field):
            return before
        if edit is not None and edit != before.edit:
            raise Stale(_STALE[field])
        after = replace(before, edit=before.edit + 1)
        return replace(after, notes=text) if field == "notes" else replace(after, review=text)

    return await change(world, user_id, user_book_id, make)
