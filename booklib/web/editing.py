"""The form for the reader's own texts: as it is opened, saved, refused, or overtaken elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quart import Response

from booklib.errors import AlreadyOwned, Invalid, Stale
from booklib.library import KEEP, Changed, Entry, Keep
from booklib.web import answers, forms
from booklib.web.bookview import isbn_in_words
from booklib.web.respond import render, see_other
from booklib.wording import FIELD_WORDS, language_names


def read_isbn(form: Mapping[str, str]) -> str | Keep:
    """The ISBN-13 that the reader changed, else KEEP; raises Invalid at `isbn`."""
    if forms.untouched(form, "isbn"):
        return KEEP
    isbn = forms.read_isbn(form["isbn"])
    if isbn is None and form.get("was-isbn"):
        raise Invalid.at("isbn", "An ISBN can be corrected, but not taken away.")
    return isbn or KEEP


def read_copies(form: Mapping[str, str]) -> int | Keep:
    """The number of copies that the reader changed, else KEEP; raises Invalid at `copies`."""
    return KEEP if forms.untouched(form, "copies") else forms.read_copies(form)


def values_of(entry: Entry) -> dict[str, str]:
    """What the form shows for each of its fields."""
    return {
        **forms.form_values(entry.details),
        "isbn": isbn_in_words(entry.user_book.isbn),
        "copies": str(entry.user_book.copies or ""),
    }


async def form(entry: Entry) -> Response:
    """The form as it is opened."""
    shown = values_of(entry)
    return await _page(entry, 200, typed=shown, was=shown)


async def refused(
    entry: Entry, sent: Mapping[str, str], error: Invalid | AlreadyOwned | Stale
) -> Response:
    """The form as it was sent, with what is wrong: 422, or 409 where somebody saved meanwhile."""
    if isinstance(error, Stale):
        return await _stale(entry, sent)
    owned = error.user_book_id if isinstance(error, AlreadyOwned) else ""
    problems = error.problems if isinstance(error, Invalid) else {"isbn": str(error)}
    shown = values_of(entry)
    return await _page(
        entry,
        422,
        typed={name: sent.get(name, text) for name, text in shown.items()},
        was={name: sent.get(f"was-{name}", text) for name, text in shown.items()},
        edit=sent.get("edit", ""),
        problems=problems,
        owned=owned,
    )


async def saved(changed: Changed) -> Response:
    """Back to the book, which may have moved to another address."""
    if changed.before != changed.after:
        await answers.tell(answers.Toast(message="Saved."))
    return see_other(f"/books/{changed.after.user_book_id}")


async def _page(entry: Entry, status: int, **more: Any) -> Response:
    problems = more.get("problems", {})
    context = {
        "book": entry.user_book,
        "shown": entry.details,
        "edit": entry.user_book.edit,
        "problems": problems,
        "first_problem": next((name for name in more["typed"] if name in problems), ""),
        "languages": language_names(),
        **more,
    }
    return await render("books/edit.html", "books/_edit.html", status=status, **context)


async def _stale(entry: Entry, sent: Mapping[str, str]) -> Response:
    """Both texts side by side, of the fields that the reader changed."""
    now = values_of(entry)
    labels = {**FIELD_WORDS, "isbn": "ISBN", "copies": "Copies you own"}
    fields = [(name, labels[name]) for name in now if not forms.untouched(sent, name)]
    if not fields:
        return see_other(f"/books/{entry.user_book.user_book_id}")
    return await render(
        "books/stale.html",
        "books/stale.html",
        status=409,
        book=entry.user_book,
        shown=entry.details,
        fields=fields,
        now=now,
        typed=sent,
    )
