"""What photos gave, as a page tells it: rows for the codes, sentences for the pictures."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from markupsafe import Markup
from quart import Response, request

from booklib import isbn as isbn_rules
from booklib import library
from booklib.models import Code, CodeKind, Scan, User, UserBook
from booklib.models.scans import Place
from booklib.models.shelf import unpack_card
from booklib.ports import World
from booklib.web import added, answers, cards
from booklib.web.photos import Photo, photo_of
from booklib.web.respond import render_to_text
from booklib.wording import count_in_words

MAX_ROWS: Final = 500
"""Rows of one page: as many ISBNs as one addition takes."""

MAX_DOUBTFUL: Final = 50
"""Rows to confirm: each holds a form, and nobody types more."""

MAX_CARDS: Final = 60
"""Books just added that are shown; a photo holds a dozen."""

TARGET: Final = "#scan-results"
"""What the answer to adding from this page replaces."""

_NOWHERE: Final = Place(0, 0, 0, 0)

State = Literal["new", "yours", "doubtful", "other"]

WHAT: Final[dict[CodeKind, tuple[str, str]]] = {
    "music": ("Sheet music", "This is an ISMN, and not a book's ISBN."),
    "magazine": ("A magazine", "This is an ISSN, the number of a magazine or a series."),
    "price": ("A price code", "Japanese books carry it below the code with the ISBN."),
    "product": (
        "Another product",
        "A book's barcode begins with 978 or 979. Look for a second one, perhaps inside the cover.",
    ),
    "unknown": ("Another kind of code", "This is not the barcode of a book."),
}

ADVICE: Final = {
    "blurred": "It is blurred. Hold the phone still, tap the barcode on its screen, and try again.",
    "dark": "It is dark. Try again near a window or under a lamp.",
    "bright": "It is too bright, or the cover shines. Try again with the light from the side.",
    "small": "The barcodes are too small in it. Go closer, or take fewer books at once.",
    "nothing": "There is no barcode to be seen. Lay the books face down, barcodes up.",
}
NOT_READ: Final = "No barcode could be read."
NO_BOOK: Final = "There is no book's barcode in it. Some books have a second one inside the cover."
CUT_SHORT: Final = "There was much to look at. If a book is missing, take it with fewer others."


class Row(NamedTuple):
    """One code."""

    key: str
    """The same for the same code in any picture; good for an HTML id."""
    state: State
    isbn: str
    printed: str
    crop: str
    """An address of the picture of the code; empty where there is none."""
    name: str
    hint: str
    url: str = ""
    binding: str = ""
    size: str = ""
    photo: Photo | None = None


class Note(NamedTuple):
    """What is told of one picture."""

    name: str
    text: str
    failed: bool
    """Whether the picture was of no use."""


class Shot(NamedTuple):
    """One picture: what was found in it, or the problem with it as a sentence."""

    name: str
    scan: Scan | None
    problem: str = ""
    busy: bool = False

    def note(self) -> Note:
        """What is told of the picture."""
        if self.scan is None:
            return Note(self.name, self.problem, True)
        books = sum(code.kind in ("book", "doubtful") for code in self.scan.codes)
        if not books:
            told = ADVICE.get(self.scan.advice, NO_BOOK if self.scan.codes else NOT_READ)
            failed = not self.scan.codes
            return Note(self.name, told if not failed else f"{NOT_READ} {told}".strip(), failed)
        told = f"{count_in_words(books, 'book')} read."
        unsure = sum(code.kind == "doubtful" for code in self.scan.codes)
        if unsure > MAX_DOUBTFUL:
            told = f"{told} {unsure} of them not for sure: go closer, with fewer in one photo."
        return Note(self.name, f"{told} {CUT_SHORT}" if self.scan.cut_short else told, False)


async def rows(world: World, user: User, codes: Iterable[Code]) -> list[Row]:
    """The codes in their order, each once; the reader's own library says which are theirs."""
    once = _once(codes)
    owned = await library.owned_isbns(world, user, [code.isbn for code in once if code.isbn])
    return [_row(code, owned.get(code.isbn or "")) for code in once]


def typed(isbn: str) -> Code:
    """A code that the reader typed, or that an earlier picture gave."""
    return Code("book", isbn, isbn, _NOWHERE)


def doubted(text: str) -> Code:
    """A code of an earlier picture that nobody has confirmed yet."""
    return Code("doubtful", text, None, _NOWHERE)


def _once(codes: Iterable[Code]) -> list[Code]:
    """Each code once; one that is sure somewhere is not doubtful elsewhere."""
    kept: dict[str, Code] = {}
    for code in codes:
        key = code.isbn or code.text
        there = kept.get(key)
        if there is None or (there.kind == "doubtful" and code.kind == "book"):
            kept[key] = code._replace(crop=code.crop or (there.crop if there else b""))
    doubtful = [key for key, code in kept.items() if code.kind == "doubtful"]
    for key in doubtful[MAX_DOUBTFUL:]:
        del kept[key]
    return list(kept.values())[:MAX_ROWS]


def _row(code: Code, mine: UserBook | None) -> Row:
    text = code.isbn or code.text
    row = Row(
        key=re.sub(r"[^0-9A-Za-z]+", "-", text)[:40],
        state="other",
        isbn=text,
        printed=isbn_rules.hyphenated(code.isbn) if code.isbn else text[:60],
        crop=f"data:image/jpeg;base64,{b64encode(code.crop).decode()}" if code.crop else "",
        name="",
        hint="",
    )
    if mine is not None:
        card = unpack_card(mine.card)
        title = cards.heading(card)
        return row._replace(
            state="yours",
            name=title,
            hint=cards.byline(card.authors),
            url=f"/books/{mine.user_book_id}",
            binding=cards.binding(mine.user_book_id),
            size=cards.title_size(title),
            photo=photo_of(card.cover),
        )
    if code.kind in ("book", "doubtful"):
        return row._replace(state="new" if code.kind == "book" else "doubtful")
    name, hint = WHAT[code.kind]
    return row._replace(name=name, hint=hint)


def summary(found: Sequence[Row]) -> str:
    """The rows in one line: `4 new books, 1 already yours, 1 other code`."""
    counts = {state: sum(row.state == state for row in found) for state in ("new", "yours")}
    doubtful = sum(row.state == "doubtful" for row in found)
    other = sum(row.state == "other" for row in found)
    parts = [
        (counts["new"], count_in_words(counts["new"], "new book")),
        (counts["yours"], f"{counts['yours']} already yours"),
        (doubtful, f"{doubtful} to confirm"),
        (other, count_in_words(other, "other code")),
    ]
    return ", ".join(words for number, words in parts if number)


def asks_to_add() -> bool:
    """Whether the request that adds books came from the list of this page."""
    return request.headers.get("HX-Target", "").endswith(TARGET)


def after_adding(lines: list[added.Line]) -> Response:
    """The answer to adding in place: the new books as on the shelf, the others in words."""
    outcome = added.Outcome.of(lines)
    fresh = [line.done.user_book for line in (*outcome.new, *outcome.restored) if line.done]
    shown = [cards.card_of(book, coming=True) for book in fresh[:MAX_CARDS]]
    return answers.fragment(
        render_to_text(
            "scan/_added.html",
            outcome=outcome,
            cards=Markup("\n").join(shown),
            more=len(fresh) - len(shown),
            count_in_words=count_in_words,
        )
    )
