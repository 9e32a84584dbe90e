"""Each error of the program said once: a status, a sentence, a page or a toast."""

from __future__ import annotations

import logging
import secrets
from typing import NamedTuple

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from booklib import errors
from booklib.web.respond import render_to_text, see_other, wants_fragment

log = logging.getLogger(__name__)


class Said(NamedTuple):
    """An error as people are told it."""

    status: int
    title: str
    message: str
    """Used where the error itself says nothing."""


SAID: dict[type[errors.BooklibError], Said] = {
    errors.Invalid: Said(422, "That cannot be right", "Please look at what you typed again."),
    errors.SignInRefused: Said(422, "Sign-in failed", "The name or the password is wrong."),
    errors.RegistrationClosed: Said(403, "No new accounts", "This library takes no new accounts."),
    errors.NotFound: Said(404, "Not found", "There is nothing here. It may have been deleted."),
    errors.AlreadyOwned: Said(409, "You have it already", "You already have this edition."),
    errors.Stale: Said(
        409, "Changed elsewhere", "This was changed in another window. Please look at it again."
    ),
    errors.TooManyTries: Said(429, "Too many tries", "Please wait a while and try again."),
    errors.StorageFull: Said(
        507, "The disk is full", "Nothing of this was saved. Please make room and try again."
    ),
    errors.StorageDown: Said(
        503, "The library is not available", "Please try again in a moment. Nothing is lost."
    ),
    errors.Busy: Said(503, "Busy", "Somebody else is changing this. Please try again."),
    errors.QuotaSpent: Said(503, "No answer", "The book catalogue's quota for today is used up."),
    errors.CatalogueError: Said(503, "No answer", "The book catalogue gave no answer."),
}
"""Looked up along the error's own classes, so the nearest one counts."""

HTTP: dict[int, Said] = {
    400: Said(400, "That did not work", "The request could not be understood."),
    403: Said(403, "Not allowed", "This is not allowed."),
    404: Said(404, "Not found", "There is nothing at this address."),
    405: Said(405, "Not possible", "This address cannot be used in that way."),
    408: Said(408, "Too slow", "The request took too long to arrive. Please try again."),
    413: Said(413, "Too large", "This is more than the library takes at once (1 MB)."),
    429: Said(429, "Too many tries", "Please wait a while and try again."),
}

KEPT = frozenset({"allow", "retry-after"})
"""Headers of an HTTP error that go with its page."""

FAULT = Said(
    500, "Something went wrong", "This is a fault of the program. It has been written to the log."
)


def set_up(app: Quart) -> None:
    """Answer every error with a page that a person can read, or a toast for htmx."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.register_error_handler(errors.BooklibError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


async def _expected(error: Exception) -> Response:
    if isinstance(error, errors.Moved):
        return see_other(f"/books/{error.user_book_id}")
    said = next((SAID[kind] for kind in type(error).__mro__ if kind in SAID), FAULT)
    if said.status >= 500:
        log.warning("%s: %s", type(error).__name__, error)
    response = _answer(said, _own_words(error) or said.message)
    if isinstance(error, errors.TooManyTries):
        response.headers["Retry-After"] = str(error.retry_after)
    elif said.status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _own_words(error: Exception) -> str:
    """What the error says to people; a wait in minutes, because nobody counts 900 seconds."""
    if isinstance(error, errors.TooManyTries):
        minutes = -(-error.retry_after // 60)
        unit = "minute" if minutes == 1 else "minutes"
        return f"That was tried too often. Please wait up to {minutes} {unit} and try again."
    if isinstance(error, (errors.StorageFull, errors.StorageDown)):
        return ""
    return str(error)


async def _http(error: Exception) -> Response | HTTPException:
    if not isinstance(error, HTTPException) or error.code is None or error.code < 400:
        return error if isinstance(error, HTTPException) else await _fault(error)
    if error.code >= 500:
        return await _fault(getattr(error, "original_exception", None) or error)
    said = HTTP.get(error.code, Said(error.code, error.name, "This did not work."))
    said_why = error.code in (403, 413) and error.description != type(error).description
    own = error.description if said_why else None
    kept = {name: value for name, value in error.get_headers() if name.lower() in KEPT}
    if error.code == 429:
        own = _short_wait(kept.get("Retry-After", ""))
    response = _answer(said, own or said.message)
    response.headers.update(kept)
    return response


def _short_wait(seconds: str) -> str:
    """How long to wait; empty where nobody said."""
    if not seconds.isdecimal():
        return ""
    number = max(int(seconds), 1)
    unit = "second" if number == 1 else "seconds"
    return f"That was very fast. Please wait {number} {unit} and try again."


async def _fault(error: Exception) -> Response:
    reference = secrets.token_hex(4)
    log.error("fault %s at %s %s", reference, request.method, request.path, exc_info=error)
    return _answer(FAULT, FAULT.message, reference)


def _answer(said: Said, message: str, reference: str = "") -> Response:
    """The page, or for htmx a toast, which leaves the rest of the page as it is."""
    if wants_fragment():
        told = f"{message} Reference: {reference}." if reference else message
        text = render_to_text("_toast.html", message=told, kind="error")
        headers = {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}
        return Response(text, said.status, headers, content_type="text/html; charset=utf-8")
    text = render_to_text(
        "pages/error.html",
        status=said.status,
        title=said.title,
        message=message,
        reference=reference,
    )
    return Response(text, said.status, content_type="text/html; charset=utf-8")
