"""Which of the reader's own books a row is about: by its number, else perhaps by its title."""

from __future__ import annotations

import re
from hashlib import sha256

from booklib.models import Query
from booklib.models.folding import fold
from booklib.models.ids import book_key, user_book_id
from booklib.models.shelf import unpack_card
from booklib.ports import MAX_IDS, World
from booklib.transfer.rows import Row

_SERIES = re.compile(r"\s*\([^()]*#[^()]*\)\s*$")

Titles = dict[tuple[str, str], str]
"""Ids of copies by folded title and the folded names of the first author, in any order."""


def row_key(row: Row) -> str:
    """What identifies the row's book (see `models.ids.book_key`): the same for a later file.

    Its ISBN, else a provider's id, else its id in the program that it comes from, else its title
    and authors.
    """
    if row.isbn or row.edition:
        return book_key(row.isbn, row.edition)
    return book_key(None, None, f"import {row.ident or _named(row)}")


def _named(row: Row) -> str:
    title = str(row.given.get("title", ""))
    words = [fold(title) or title, *_authors(row)]
    return sha256("\n".join(words).encode()).hexdigest()[:32]


def _authors(row: Row) -> list[str]:
    authors = row.given.get("authors")
    return [fold(name) for name in authors] if isinstance(authors, tuple) else []


def own_ids(row: Row, user_id: str) -> list[str]:
    """The ids under which a reader may have the row's book, the surest first."""
    found = []
    if own := row.imported.get("id"):
        found.append(str(own))
    found.append(user_book_id(user_id, row_key(row)))
    if row.ident and (row.isbn or row.edition):
        # The book may have come from an older file, before its ISBN was known there.
        found.append(user_book_id(user_id, book_key(None, None, f"import {row.ident}")))
    return found


def title_key(title: str, author: str) -> tuple[str, str] | None:
    """How titles and authors are compared: the very same words; a series' number is no part."""
    bare = fold(_SERIES.sub("", title))
    return (bare, " ".join(sorted(fold(author).split()))) if bare else None


async def titles_of(world: World, user_id: str) -> Titles:
    """The reader's whole shelf by title and author; the book that was added first counts."""
    found: Titles = {}
    after: str | None = None
    query = Query(descending=False)
    while True:
        page = await world.storage.shelf(user_id, query, after, MAX_IDS)
        for row in page.rows:
            card = unpack_card(row.card)
            if key := title_key(card.title, card.authors[0] if card.authors else ""):
                found.setdefault(key, row.user_book_id)
        if page.after is None:
            return found
        after = page.after


def by_title(row: Row, titles: Titles) -> str:
    """The id of the copy with the same title and author, or an empty text."""
    authors = row.given.get("authors")
    first = authors[0] if isinstance(authors, tuple) and authors else ""
    key = title_key(str(row.given.get("title", "")), first)
    return titles.get(key, "") if key else ""


def made_id(user_id: str, key: str) -> str:
    """The id of the copy that a row's book gets where the reader has none."""
    return user_book_id(user_id, key)
