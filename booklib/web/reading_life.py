"""What the reader keeps of a book on its page: tags, earlier readings, a review."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from quart import Blueprint, Response, request

from booklib import library
from booklib.errors import Invalid, Moved, Stale
from booklib.library import Changed
from booklib.models import Reading, UserBook
from booklib.web import answers, forms
from booklib.web.answers import Toast
from booklib.web.books import changed_panel, lead_on, piece, refused_panel
from booklib.web.context import current_user, world
from booklib.web.respond import back, wants_fragment
from booklib.wording import times_in_words

blueprint = Blueprint("reading_life", __name__)
blueprint.register_error_handler(Moved, lead_on)

TAGS: Final = "books/_tags.html"
READINGS: Final = "books/_readings.html"
REVIEW: Final = "books/_review.html"


@blueprint.post("/books/<ident>/tags")
async def set_tags(ident: str) -> Response:
    """Give the book these tags; from a form, only what the reader changed of those it showed."""
    form = await request.form
    undone = answers.UNDO in form
    tags = forms.read_tags(form, lines=undone)
    was = forms.shown_tags(form) if "was-tags" in form else None
    try:
        changed = await library.set_tags(world(), current_user().user_id, ident, tags, was)
    except Invalid as error:
        typed = {"tags_text": form.get("tags", ""), "tags_problem": _sentence(error)}
        return await piece(ident, TAGS, 422, **typed)
    fields = {"tags": _lines(changed.before), "was-tags": _lines(changed.after)}
    told = _told("Tags saved.", changed, "tags", "#book-tags", fields, undone=undone)
    return await _changed(TAGS, changed, told)


@blueprint.post("/books/<ident>/readings")
async def add_reading(ident: str) -> Response:
    """Add an earlier reading."""
    form = await request.form
    try:
        reading = _reading(form)
        changed = await library.add_reading(world(), current_user().user_id, ident, *reading)
    except Invalid as error:
        typed = {name: form.get(name, "") for name in Reading._fields}
        problems = {"earlier": typed, "reading_problems": error.problems}
        return await piece(ident, READINGS, 422, **problems)
    return await _readings(changed, "readings/remove", "Reading added.", reading)


@blueprint.post("/books/<ident>/readings/remove")
async def remove_reading(ident: str) -> Response:
    """Take an earlier reading away."""
    form = await request.form
    reading = Reading(form.get("started", ""), form.get("finished", ""))
    changed = await library.remove_reading(world(), current_user().user_id, ident, *reading)
    return await _readings(changed, "readings", "Reading removed.", reading)


@blueprint.post("/books/<ident>/read-again")
async def read_again(ident: str) -> Response:
    """Begin the book anew; what was its latest reading joins the earlier ones."""
    form = await request.form
    undone = answers.UNDO in form
    try:
        changed = await (_undo_read_again(ident, form) if undone else _read_again(ident))
    except Invalid as error:
        return await refused_panel(ident, error)
    return await changed_panel(changed, answers.again_toast(changed, undone=undone))


@blueprint.post("/books/<ident>/review")
async def set_review(ident: str) -> Response:
    """Store the reader's review."""
    form = await request.form
    typed = form.get("review", "")
    try:
        edit = forms.read_edit(form)
        changed = await library.set_review(world(), current_user().user_id, ident, typed, edit)
    except Invalid as error:
        return await piece(ident, REVIEW, 422, review=typed, review_problem=_sentence(error))
    except Stale:
        return await piece(ident, REVIEW, 409, review=typed, review_stale=True)
    told = Toast(message="Your review is saved.")
    return await _changed(REVIEW, changed, told, answers.edit_of("notes", changed))


async def _read_again(ident: str) -> Changed:
    return await library.read_again(world(), current_user(), ident)


async def _undo_read_again(ident: str, form: Mapping[str, str]) -> Changed:
    status = forms.read_status(form.get("status", ""))
    owner = current_user().user_id
    return await library.undo_read_again(world(), owner, ident, status, *_reading(form))


def _reading(form: Mapping[str, str]) -> Reading:
    return Reading(forms.read_day(form, "started"), forms.read_day(form, "finished"))


async def _readings(changed: Changed, undo: str, message: str, reading: Reading) -> Response:
    """The answer to one reading more or less: the list, and how often the book was read."""
    undone = answers.UNDO in await request.form
    told = _told(message, changed, undo, "#book-readings", reading._asdict(), undone=undone)
    if changed.before == changed.after:
        told = Toast(message="That reading is there already." if undo != "readings" else "")
    book = changed.after
    times = times_in_words(library.times_read(book)) if book.readings else ""
    return await _changed(
        READINGS, changed, told, answers.partial("#times-read", "innerHTML", times)
    )


async def _changed(template: str, changed: Changed, told: Toast, *others: str) -> Response:
    """The answer to a change: its piece of the page with a toast, or back to the page."""
    ident = changed.after.user_book_id
    if wants_fragment():
        toast = [answers.toast(told)] if told.message else []
        return await piece(ident, template, 200, *others, *toast, just_saved=True)
    if told.message:
        await answers.tell(told)
    return back(f"/books/{ident}")


def _told(
    message: str,
    changed: Changed,
    verb: str,
    target: str,
    fields: Mapping[str, str],
    *,
    undone: bool,
) -> Toast:
    if undone or changed.before == changed.after:
        return Toast(message="Undone." if undone else message)
    return Toast(
        message=message,
        undo_url=f"/books/{changed.after.user_book_id}/{verb}",
        undo_fields={**fields, answers.UNDO: "1"},
        undo_target=target,
    )


def _lines(book: UserBook) -> str:
    return "\n".join(book.tags)


def _sentence(error: Invalid) -> str:
    return next(iter(error.problems.values()))
