"""The shelf: a reader's books, fifty at a time."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from markupsafe import Markup
from quart import Blueprint, Response, current_app, request, session

from booklib import library
from booklib.errors import Invalid
from booklib.models import SORTS, Page, ShelfRow, User
from booklib.web import cursors
from booklib.web.cards import shelf_html
from booklib.web.context import current_user, world
from booklib.web.forms import rating_text
from booklib.web.respond import mark, not_modified, render, render_to_text, wants_fragment
from booklib.web.shelf_query import DELETED, UNRATED, Shown, read_shown
from booklib.web.wording import STATUS_WORDS, stars_in_words

blueprint = Blueprint("shelf", __name__)

SORT_WORDS: Final = {
    "added": ("Date added", "newest first", "oldest first"),
    "title": ("Title", "Z to A", "A to Z"),
    "author": ("Author", "Z to A", "A to Z"),
    "rating": ("Rating", "best first", "lowest first"),
    "finished": ("Date finished", "latest first", "earliest first"),
}
"""For each order its name, and what descending and ascending mean."""

SORT_CHOICES: Final = tuple((sort, SORT_WORDS[sort][0]) for sort in SORTS)

RATING_CHOICES: Final = (
    *((rating_text(half), stars_in_words(half)) for half in range(10, 0, -1)),
    (UNRATED, "Not rated"),
)


BOOKS_GO_HERE: Final = "<!--books-->"
"""Where the frame's template leaves room for the cards, which are kept ready-made."""


@blueprint.get("/library")
async def index() -> Response:
    """A page of the shelf; the address says which."""
    user = current_user()
    tag = "" if "_flashes" in session else _tag(user)
    if tag and (same := not_modified(tag)):
        return same
    try:
        shown = read_shown(request.args, user.view)
        after = _after(user, shown)
    except Invalid as error:
        return await render(
            "shelf/unknown.html", "shelf/_unknown.html", status=422, problems=error.problems
        )
    page = await library.shelf(world(), user.user_id, shown.query, after)
    answer = _addressed(_drawn(user, shown, page, after), shown)
    return mark(answer, tag) if tag else answer


def _drawn(user: User, shown: Shown, page: Page[ShelfRow], after: str | None) -> Response:
    """The shelf, its frame without the books, or on scrolling further the books alone."""
    context: dict[str, Any] = {"shown": shown, "next_url": _next_url(user, shown, page)}
    if not wants_fragment():
        frame = render_to_text("shelf/index.html", **context, **_frame(user, shown, page))
    elif after is None:
        frame = render_to_text("shelf/_answer.html", **context, **_frame(user, shown, page))
    else:
        frame = render_to_text("shelf/_more.html", **context)
    # What the reader typed is escaped in the frame, so the mark is the template's own.
    head, _, tail = frame.partition(BOOKS_GO_HERE)
    body = b"".join((head.encode(), shelf_html(page.rows), tail.encode()))
    return Response(body, content_type="text/html; charset=utf-8")


def _frame(user: User, shown: Shown, page: Page[ShelfRow]) -> dict[str, Any]:
    """What stands around the books."""
    return {
        "counts": user.counts,
        "total": user.total,
        "statuses": STATUS_WORDS,
        "order": SORT_WORDS[shown.sort],
        "sort_options": _options(SORT_CHOICES, shown.sort),
        "rating_options": _options(RATING_CHOICES, shown.rating),
        "found": len(page.rows),
        "more": page.after is not None,
        "continued": "cursor" in request.args,
        "deleted": DELETED,
    }


@lru_cache(maxsize=32)
def _options(choices: tuple[tuple[str, str], ...], chosen: str) -> Markup:
    """The options of a select: few, and the same on every page, so they are written once."""
    option = Markup('<option value="{}"{}>{}</option>')
    selected = {chosen: Markup(" selected")}
    return Markup().join(
        option.format(value, selected.get(value, ""), words) for value, words in choices
    )


def _next_url(user: User, shown: Shown, page: Page[ShelfRow]) -> str | None:
    if page.after is None:
        return None
    return shown.next_href(cursors.seal(_secrets(), user.user_id, shown.query, page.after))


def _after(user: User, shown: Shown) -> str | None:
    cursor = request.args.get("cursor", "")
    return cursors.unseal(_secrets(), user.user_id, shown.query, cursor) if cursor else None


def _secrets() -> list[str]:
    """The keys for signing; the last one signs, the others are still good for reading."""
    return [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]


def _tag(user: User) -> str:
    """All that the page depends on, but for the program itself: who, their books, the address."""
    version = f"{user.user_id} {user.rev} {user.shelf_version} ".encode()
    return sha256(version + request.query_string).hexdigest()[:24]


def _addressed(response: Response, shown: Shown) -> Response:
    """Tell htmx what the address bar says now: while one types it is replaced, else pushed."""
    response.headers["Cache-Control"] = "private, no-cache"
    if wants_fragment() and "cursor" not in request.args:
        typing = request.headers.get("HX-Source") == "input#search"
        response.headers["HX-Replace-Url" if typing else "HX-Push-Url"] = shown.href()
    return response
