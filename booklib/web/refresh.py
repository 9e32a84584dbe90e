"""Looking a book up again: what would change is shown first, and applied only when asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from quart import Blueprint, Response, request
from quart_rate_limiter import rate_limit

from booklib import library, metadata
from booklib.errors import Invalid, Moved, Stale
from booklib.metadata import FieldChange
from booklib.models.shelf import unpack_card
from booklib.web import answers, cards
from booklib.web.books import lead_on, polling
from booklib.web.context import current_user, world
from booklib.web.respond import render, see_other, wants_fragment
from booklib.wording import FIELD_WORDS, value_in_words

blueprint = Blueprint("refresh", __name__)
blueprint.register_error_handler(Moved, lead_on)

REFRESHES_A_MINUTE = 20
"""For one person: everybody's look-ups share what the providers allow."""


class Row(NamedTuple):
    """One field that would change."""

    label: str
    now: str
    new: str
    provider: str
    overridden: bool


@blueprint.get("/books/<ident>/refresh")
async def show(ident: str) -> Response:
    """How far the look-up has come, or what would change."""
    return await _page(ident)


@blueprint.post("/books/<ident>/refresh")
@rate_limit(REFRESHES_A_MINUTE, timedelta(minutes=1))
async def ask(ident: str) -> Response:
    """Ask the providers again; with a `version`, take over what was shown for it."""
    form = await request.form
    if "version" in form:
        return await _apply(ident, form["version"])
    user_id = current_user().user_id
    job = await metadata.request_refresh(world(), user_id, ident)
    if job.kind == "lookup":
        await answers.tell(answers.Toast(message="The catalogues are asked again."))
        return see_other(f"/books/{ident}")
    return await _page(ident) if wants_fragment() else see_other(f"/books/{ident}/refresh")


async def _apply(ident: str, version: str) -> Response:
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise Invalid.at("version", "The form's `version` is a whole number.")
    try:
        await metadata.apply_refresh(world(), current_user().user_id, ident, int(version))
    except Stale as error:
        return await _page(ident, status=409, problem=str(error))
    await answers.tell(answers.Toast(message="The new details are in the book now."))
    return see_other(f"/books/{ident}")


async def _page(ident: str, *, status: int = 200, problem: str = "") -> Response:
    user_id = current_user().user_id
    entry = await library.entry(world(), user_id, ident)
    found = await metadata.proposal(world(), user_id, ident)
    context: dict[str, Any] = {
        "book": entry.user_book,
        "heading": cards.heading(unpack_card(entry.user_book.card)),
        "state": found.state if found else "none",
        "message": found.message if found else "",
        "version": found.version if found else 0,
        "rows": [_row(change) for change in found.changes] if found else [],
        "problem": problem,
        "poll": polling(),
    }
    return await render("books/refresh.html", "books/_refresh.html", status=status, **context)


def _row(change: FieldChange) -> Row:
    if change.field == "cover":
        now, new = "a picture" if change.old else "none", "another picture"
    else:
        now, new = (value_in_words(change.field, value) for value in (change.old, change.new))
    return Row(FIELD_WORDS[change.field], now, new, change.provider, change.overridden)
