"""The book's page and what is changed on it: status, rating, notes, texts, delete and undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quart import Blueprint, Response, request

from booklib import covers, library, metadata
from booklib.errors import AlreadyOwned, Invalid, Moved, Stale
from booklib.library import Entry
from booklib.web import answers, bookview, cards, editing, forms
from booklib.web.answers import Toast
from booklib.web.context import current_user, world
from booklib.web.respond import back, render, render_to_text, see_other, wants_fragment
from booklib.web.security import parts_of

blueprint = Blueprint("books", __name__)

NOTES = "books/_notes.html"

POLL_WAITS = (1, 1, 2, 3, 5, 8, 13, 20, 30, 30, 30, 30, 60, 60, 60, 60)
"""Seconds between two looks at a pending look-up; after the last one the reader asks."""


@blueprint.errorhandler(Moved)
async def lead_on(error: Moved) -> Response:
    """An old address leads on to the new one; 307 lets a form keep its method and its values.

    htmx follows both by itself, so a piece of the old page becomes the same piece of the new one.
    """
    old = (request.view_args or {})["ident"]
    url = request.full_path.rstrip("?").replace(old, error.user_book_id, 1)
    status = 303 if request.method in ("GET", "HEAD") else 307
    return Response(status=status, headers={"Location": url})


@blueprint.get("/books/<ident>")
async def page(ident: str) -> Response:
    """One book with all that is known of it; as a fragment, what a look-up changes of it."""
    context = await _page_context(await _entry(ident))
    return await render("books/page.html", "books/_arrived.html", **context)


@blueprint.get("/books/<ident>/card")
async def card(ident: str) -> Response:
    """The card alone: what a pending book polls."""
    wait = request.args.get("wait", 0, type=int)
    entry = await _entry(ident)
    patient = wait < cards.LONGEST_WAIT
    coming = patient and (await covers.state_of(world(), entry)).coming
    return answers.fragment(cards.card_of(entry.user_book, wait, coming=coming))


@blueprint.post("/books/<ident>/status")
async def set_status(ident: str) -> Response:
    """Move the book to another status, or mend its dates."""
    form = await request.form
    try:
        status = forms.read_status(form.get("status", ""))
        changed = await library.set_status(world(), current_user(), ident, status, **_days(form))
    except Invalid as error:
        return await refused_panel(ident, error)
    return await changed_panel(changed, answers.status_toast(changed, undone=answers.UNDO in form))


@blueprint.post("/books/<ident>/rating")
async def set_rating(ident: str) -> Response:
    """Rate the book, or take its rating away."""
    form = await request.form
    try:
        rating = forms.read_rating(form.get("rating", ""))
    except Invalid as error:
        return await refused_panel(ident, error)
    changed = await library.set_rating(world(), current_user().user_id, ident, rating)
    return await changed_panel(changed, answers.rating_toast(changed, undone=answers.UNDO in form))


@blueprint.post("/books/<ident>/notes")
async def set_notes(ident: str) -> Response:
    """Store the reader's private notes."""
    form = await request.form
    typed = form.get("notes", "")
    try:
        edit = forms.read_edit(form)
        changed = await library.set_notes(world(), current_user().user_id, ident, typed, edit)
    except Invalid as error:
        return await piece(ident, NOTES, 422, notes=typed, problems=error.problems)
    except Stale:
        return await piece(ident, NOTES, 409, notes=typed, notes_stale=True)
    if wants_fragment():
        return await piece(ident, NOTES, 200, answers.edit_of("review", changed), saved=True)
    await answers.tell(Toast(message="Your notes are saved."))
    return back(f"/books/{ident}")


@blueprint.get("/books/<ident>/edit")
async def edit_form(ident: str) -> Response:
    """The form for the reader's own texts."""
    entry = await _entry(ident)
    if entry.user_book.deleted_at:
        return see_other(f"/books/{ident}")
    return await editing.form(entry)


@blueprint.post("/books/<ident>/edit")
async def edit(ident: str) -> Response:
    """Lay the reader's own texts over the book; another ISBN moves it to another address."""
    form = await request.form
    try:
        changed = await library.edit(
            world(),
            current_user().user_id,
            ident,
            forms.read_fields(form),
            isbn=editing.read_isbn(form),
            copies=editing.read_copies(form),
            edit=forms.read_edit(form),
        )
    except (Invalid, AlreadyOwned, Stale) as error:
        return await editing.refused(await _entry(ident), form, error)
    return await editing.saved(changed)


@blueprint.post("/books/<ident>/merge")
async def merge(ident: str) -> Response:
    """Make one book of two copies: this one leads to the other from now on."""
    into = (await request.form).get("into", "")
    merged = await library.merge(world(), current_user().user_id, ident, into)
    await answers.tell(Toast(message="The two are one book now."))
    return see_other(f"/books/{merged.after.user_book_id}")


@blueprint.post("/books/<ident>/delete")
@blueprint.delete("/books/<ident>")
async def delete(ident: str) -> Response:
    """Take the book off every list; it can be brought back for 30 days."""
    changed = await library.delete(world(), current_user().user_id, ident)
    if wants_fragment():
        return answers.gone(changed)
    await answers.tell(answers.deleted_toast(changed))
    came_from = parts_of(request.headers.get("Referer", "")).path
    return see_other("/library") if came_from.startswith(f"/books/{ident}") else back("/library")


@blueprint.post("/books/<ident>/undo")
async def undo_delete(ident: str) -> Response:
    """Bring a deleted book back with everything it had."""
    changed = await library.undo_delete(world(), current_user().user_id, ident)
    if wants_fragment():
        return answers.restored(changed)
    await answers.tell(answers.restored_toast(changed))
    return back(f"/books/{ident}")


async def _entry(ident: str) -> Entry:
    return await library.entry(world(), current_user().user_id, ident)


def polling() -> dict[str, int]:
    """After how many seconds the piece asks again, 0 for never, and the number of that asking."""
    asked = request.args.get("poll", "")
    count = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    return {"wait": POLL_WAITS[count] if count < len(POLL_WAITS) else 0, "next": count + 1}


async def _page_context(entry: Entry, **more: Any) -> dict[str, Any]:
    return {
        **bookview.panel_context(entry, {}),
        **bookview.life_context(entry),
        **bookview.about_context(entry, current_user(), world().catalogues),
        "cover_state": await covers.state_of(world(), entry),
        "note": await metadata.lookup_note(world(), entry.user_book),
        "poll": polling(),
        "vague": request.args.get("dates") == "vague",
        "notes_stale": False,
        "saved": False,
        **more,
    }


async def changed_panel(changed: library.Changed, toast: Toast) -> Response:
    """The answer to a change of status, dates or rating: panel or card, counts, toast."""
    ident = changed.after.user_book_id
    if not wants_fragment():
        if changed.before != changed.after:
            await answers.tell(toast)
        return back(f"/books/{ident}")
    if answers.from_panel():
        entry = await _entry(ident)
        context = {**bookview.panel_context(entry, {}), **bookview.life_context(entry)}
        pieces = render_to_text("books/_panel.html", **context)
        if changed.before.readings != changed.after.readings:
            readings = render_to_text("books/_readings.html", **context)
            pieces = f"{pieces}{answers.partial('#book-readings', 'outerHTML', readings)}"
        return answers.changed_book(changed, toast, pieces)
    return answers.changed_book(changed, toast)


async def refused_panel(ident: str, error: Invalid) -> Response:
    """The answer to a wrong status, date or rating: the panel with a sentence at the field."""
    entry = await _entry(ident)
    if wants_fragment() and not answers.from_panel():
        raise error
    context = await _page_context(entry, problems=error.problems)
    typed = await request.form
    context["days"] = {name: typed.get(name, day) for name, day in context["days"].items()}
    return await render("books/page.html", "books/_panel.html", status=422, **context)


async def piece(ident: str, template: str, status: int, *others: str, **more: Any) -> Response:
    """A piece of the book's page, with `others` behind it, or the whole page around it."""
    context = await _page_context(await _entry(ident), **more)
    if wants_fragment():
        return answers.fragment(render_to_text(template, **context), *others, status=status)
    return await render("books/page.html", template, status=status, **context)


def _days(form: Mapping[str, str]) -> dict[str, str]:
    """The dates that a form sends; a book read again may have an older finish beside its start."""
    days = {name: forms.read_day(form, name) for name in ("started", "finished") if name in form}
    if form.get("status") in ("read", "did-not-finish") and answers.UNDO not in form:
        library.check_order(days.get("started", ""), days.get("finished", ""))
    return days
