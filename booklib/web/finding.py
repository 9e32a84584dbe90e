"""The providers' search results as a page shows them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from booklib import isbn as isbn_rules
from booklib import metadata
from booklib.models import User
from booklib.models.ids import book_key, user_book_id
from booklib.ports import MAX_IDS, Found, World
from booklib.web import cards
from booklib.web.forms import form_value
from booklib.wording import date_in_words

GIVEN: Final = ("title", "subtitle", "authors", "publisher", "published")
"""What a result without an ISBN is added with, shown until its provider has been asked."""


class Row(NamedTuple):
    """One search result."""

    number: int
    title: str
    subtitle: str
    byline: str
    publisher: str
    published: str
    isbn: str
    printed_isbn: str
    edition: str
    given: dict[str, str]
    binding: str
    size: str
    owned: str
    """Id of the reader's copy, empty where they have none."""


async def results(world: World, user: User, words: str) -> dict[str, Any]:
    """Search, and mark what the reader has: `rows` and `problems`."""
    if isbn_rules.looks_like_isbns(words):
        return {"rows": [], "problems": [], "is_isbn": True}
    said = await metadata.search(world, words)
    found = said.found[:MAX_IDS]
    idents = [user_book_id(user.user_id, book_key(each.isbn, each.edition)) for each in found]
    owned = await world.storage.owned(user.user_id, idents)
    mine = {ident for ident, book in owned.items() if not book.deleted_at}
    rows = [
        _row(number, each, ident, ident if ident in mine else "")
        for number, (each, ident) in enumerate(zip(found, idents, strict=True))
    ]
    return {"rows": rows, "problems": said.problems}


def _row(number: int, found: Found, ident: str, owned: str) -> Row:
    fields = found.fields
    title = str(fields.get("title") or "Untitled")
    authors = fields.get("authors") or ()
    return Row(
        number=number,
        title=title,
        subtitle=str(fields.get("subtitle") or ""),
        byline=cards.byline(authors if isinstance(authors, tuple) else ()),
        publisher=str(fields.get("publisher") or ""),
        published=date_in_words(str(fields.get("published") or "")),
        isbn=found.isbn or "",
        printed_isbn=isbn_rules.hyphenated(found.isbn) if found.isbn else "",
        edition=found.edition,
        given={name: form_value(name, fields[name]) for name in GIVEN if fields.get(name)},
        binding=cards.binding(ident),
        size=cards.title_size(title),
        owned=owned,
    )
