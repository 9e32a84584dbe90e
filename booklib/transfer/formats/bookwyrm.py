"""BookWyrm: the CSV of any instance, with shelves of one's own and books stopped half-way."""

from __future__ import annotations

from booklib.transfer import cells
from booklib.transfer.columns import (
    Column,
    authors,
    date,
    ident,
    isbn,
    kept,
    left_out,
    rating,
    read_day,
    review,
    title,
)
from booklib.transfer.drafts import Draft
from booklib.transfer.format import Format
from booklib.transfer.further import by_dates

_ELSEWHERE = left_out("the book's number in another catalogue")


def _shelf(draft: Draft, cell: str) -> None:
    """`read`, or a shelf of one's own as `cooking-9`, whose name is in the next column."""
    draft.status = cells.status(cell)
    if not draft.status:
        draft.tag(draft.cells.get("shelf_name", "").strip() or cell)


def _stopped(draft: Draft, cell: str) -> None:
    day = read_day(draft, cell, "Stopped reading on")
    if draft.finished:
        draft.keep("Stopped reading on", day)
    elif day:
        draft.finished = day
        if draft.status in (None, "read"):
            draft.status = "did-not-finish"


FORMAT = Format(
    name="bookwyrm",
    label="BookWyrm",
    where="On your instance: Settings, Data, CSV export.",
    needs=frozenset({"title", "author_text", "remote_id", "shelf"}),
    columns={
        "title": title(turned=False),
        "author_text": authors(","),
        "remote_id": ident("bookwyrm"),
        "openlibrary_key": _ELSEWHERE,
        "inventaire_id": _ELSEWHERE,
        "librarything_key": _ELSEWHERE,
        "goodreads_key": _ELSEWHERE,
        "bnf_id": _ELSEWHERE,
        "viaf": _ELSEWHERE,
        "wikidata": _ELSEWHERE,
        "asin": kept("ASIN"),
        "aasin": kept("ASIN of the audiobook"),
        "isfdb": _ELSEWHERE,
        "isbn_13": isbn("ISBN-13"),
        "isbn_10": isbn("ISBN-10"),
        "oclc_number": _ELSEWHERE,
        "start_date": date("started"),
        "finish_date": date("finished"),
        "shelf": Column("status, or a tag", _shelf),
        "stopped_date": Column("date finished of a book not finished", _stopped, dated=True),
        "rating": rating(),
        "review_name": Column("review", review().read),
        "review_cw": kept("Content warning"),
        "review_content": review(),
        "review_published": kept("Reviewed on"),
        "shelf_name": left_out("the shelf again"),
        "shelf_date": date("added"),
    },
    finish=by_dates,
)
