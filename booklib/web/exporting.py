"""Export pages: the whole library as a file, sent while it is being made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final, NamedTuple

from quart import Blueprint, Response, request
from quart_rate_limiter import rate_limit

from booklib.errors import NotFound
from booklib.transfer import exporting
from booklib.transfer.exporting import Made
from booklib.transfer.exports import EXPORTS
from booklib.web.context import current_user, site, world
from booklib.web.respond import render, see_other
from booklib.wording import count_in_words

blueprint = Blueprint("exporting", __name__)

FILES_A_MINUTE: Final = 20
QUICK_POLLS: Final = 60
"""Pieces that are asked for every second; from then on every five."""

FILES: Final = {"library.zip": "zip", "library.json": "json", "goodreads.csv": "goodreads"}
"""The kind of each file, by the last part of its address, in the order of the page."""


class Told(NamedTuple):
    """What the page says of a file."""

    name: str
    what: str
    button: str


TOLD: Final = {
    "library.zip": Told(
        "Everything, with covers",
        "A zip archive of every field of every book and all pictures. Keep it as a backup, or "
        "import it into another Book Library: you get the same library back.",
        "Download the archive",
    ),
    "library.json": Told(
        "Everything but the pictures",
        "The same as one JSON file, a book a line, that people and programs can read. "
        "It can be imported again too.",
        "Download JSON",
    ),
    "goodreads.csv": Told(
        "For other programs",
        "A table in Goodreads’ columns, which most programs for books can import and every "
        "spreadsheet can open. What has no column there, such as when you began to read, is left "
        "out.",
        "Download CSV",
    ),
}


class Item(NamedTuple):
    """A file on the page."""

    file: str
    told: Told
    made: Made | None
    percent: int


@blueprint.get("/export")
async def page() -> Response:
    """What each file is for; with `poll`, what a page polls whose file is being made."""
    items = [await _item(file) for file in FILES]
    asked = request.args.get("poll", "")
    poll = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    context: dict[str, Any] = {
        "items": items,
        "streams": site().streams,
        "making": any(item.made and item.made.state == "making" for item in items),
        "poll": {"wait": 1 if poll < QUICK_POLLS else 5, "next": poll + 1},
        "books": count_in_words(current_user().total, "book"),
    }
    response = await render("export/page.html", "export/_files.html", **context)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.post("/export/<file>")
@rate_limit(FILES_A_MINUTE, timedelta(minutes=1))
async def make(file: str) -> Response:
    """Have a file made that cannot be sent at once."""
    await exporting.ask_for(world(), current_user(), _kind(file))
    return see_other("/export")


@blueprint.get("/export/<file>")
@rate_limit(FILES_A_MINUTE, timedelta(minutes=1))
async def download(file: str) -> Response:
    """The file, or where it is to be had."""
    kind, user = _kind(file), current_user()
    if not site().streams:
        made = await exporting.made(world(), user.user_id, kind)
        link = made and made.file and await world().files.link(made.file, made.file_name)
        return see_other(link or "/export")
    headers = {
        "Content-Disposition": f'attachment; filename="{EXPORTS[kind].file_name(world(), user)}"',
        "Cache-Control": "private, no-store",
    }
    pieces = _pieces(EXPORTS[kind].stream(world(), user.user_id))
    response = Response(pieces, 200, headers, content_type=EXPORTS[kind].media_type)
    response.timeout = None
    return response


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """What there is of a stream; a web server takes an empty piece for its end."""
    async for piece in stream:
        if piece:
            yield piece


def _kind(file: str) -> str:
    if file not in FILES:
        raise NotFound("There is no such export.")
    return FILES[file]


async def _item(file: str) -> Item:
    if site().streams:
        return Item(file, TOLD[file], None, 0)
    made = await exporting.made(world(), current_user().user_id, FILES[file])
    return Item(file, TOLD[file], made, int(made.share * 100) if made else 0)
