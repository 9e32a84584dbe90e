"""The tags of a book: the reader's own words for it, by which it is found too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from booklib.errors import Invalid
from booklib.library.saving import Changed, book_of, on_the_shelf, owned
from booklib.models import MAX_TAG, MAX_TAGS, UserBook
from booklib.models.folding import clean, tag_key
from booklib.models.shelf import place
from booklib.ports import Change, World
from booklib.retries import attempts


async def set_tags(
    world: World,
    user_id: str,
    user_book_id: str,
    tags: Sequence[str],
    was: Sequence[str] | None = None,
) -> Changed:
    """Give a book these tags, as written; of two that fold alike the first stays.

    `was` are the tags that the reader saw: then only what they added and took away is done, and
    nothing is lost that another window added meanwhile. None replaces all tags.
    Raises Invalid at `tags` (too many, or one too long), NotFound and Moved.
    """
    wanted = distinct(tags)
    async for _ in attempts():
        before = await owned(world, user_id, user_book_id)
        on_the_shelf(before)
        after = await _tagged(world, before, _merged(before.tags, wanted, was))
        if after == before:
            return Changed(before, before)
        if await world.storage.apply(user_id, [Change(before, after)]):
            return Changed(before, replace(after, rev=before.rev + 1))
    raise AssertionError("attempts() ends by raising Busy")


async def _tagged(world: World, before: UserBook, tags: tuple[str, ...]) -> UserBook:
    if tags == before.tags:
        return before
    _check(tags)
    return place(replace(before, tags=tags), await book_of(world, before))


def distinct(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in one spelling of spaces, without empty ones and those that fold like one before."""
    tidy = (" ".join(clean(tag).split()) for tag in tags)
    known: dict[str, str] = {}
    for tag in tidy:
        if tag:
            known.setdefault(tag_key(tag), tag)
    return tuple(known.values())


def _merged(
    stored: tuple[str, ...], wanted: tuple[str, ...], was: Sequence[str] | None
) -> tuple[str, ...]:
    if was is None:
        return wanted
    seen = {tag_key(tag) for tag in was}
    kept = {tag_key(tag) for tag in wanted}
    elsewhere = [tag for tag in stored if tag_key(tag) not in seen | kept]
    there = {tag_key(tag) for tag in stored}
    mine = [tag for tag in wanted if tag_key(tag) not in seen or tag_key(tag) in there]
    return distinct([*mine, *elsewhere])


def _check(tags: tuple[str, ...]) -> None:
    if len(tags) > MAX_TAGS:
        raise Invalid.at("tags", f"A book can have {MAX_TAGS} tags; these are {len(tags):,}.")
    longest = max(tags, key=len, default="")
    if len(longest) > MAX_TAG:
        raise Invalid.at(
            "tags",
            f"A tag can be {MAX_TAG} characters long; “{longest[:30]}…” has {len(longest):,}. "
            "Put a comma or a new line between two tags.",
        )
