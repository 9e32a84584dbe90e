"""The shelf: a reader's books, fifty at a time."""

from __future__ import annotations

from hashlib import sha256

from quart import Blueprint, Response, current_app, request, session

from booklib import library
from booklib.errors import Invalid
from booklib.models import Page, ShelfRow, User
from booklib.web import cursors
from booklib.web.cards import shelf_html
from booklib.web.context import current_user, world
from booklib.web.frames import around, frame_of
from booklib.web.respond import mark, not_modified, render, render_to_text, wants_fragment
from booklib.web.shelf_query import Shown, read_shown

blueprint = Blueprint("shelf", __name__)


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
    """The shelf in its frame, or on scrolling further the books alone."""
    more = render_to_text("shelf/_more.html", next_url=_next_url(user, shown, page))
    books = shelf_html(page.rows) + more.encode()
    if after is None or not wants_fragment():
        template = "shelf/_answer.html" if wants_fragment() else "shelf/index.html"
        frame = frame_of(template, user, shown, page, continued=after is not None)
        before, behind = around(frame, with_messages="_flashes" in session)
        books = b"".join((before, books, behind))
    return Response(books, content_type="text/html; charset=utf-8")


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
