"""Covers: the pictures themselves, and the reader's own picture of a book."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from quart import Blueprint, Response, request
from quart_rate_limiter import rate_limit

from booklib import covers, library
from booklib.errors import BadPicture, Invalid, Moved, NotFound
from booklib.library import Changed
from booklib.models import COVER_FILE
from booklib.models.covers import COVER_SIZES, OWN
from booklib.web import answers, bookview, uploads
from booklib.web.answers import Toast
from booklib.web.books import lead_on, polling
from booklib.web.context import current_user, world
from booklib.web.respond import back, render, render_to_text, see_other, wants_fragment

blueprint = Blueprint("covers", __name__)
blueprint.register_error_handler(Moved, lead_on)

FOREVER: Final = "private, max-age=31536000, immutable"
"""A name tells its content, so what it names never changes."""

CHANGES_A_MINUTE: Final = 30

NO_PICTURE: Final = "Choose a picture first: a photo of the cover, or a file."
TOO_LARGE: Final = "This picture is larger than 12 MB. A smaller one will look the same here."


@blueprint.get("/covers/<size>/<name>.webp")
async def shared(size: str, name: str) -> Response:
    """A provider's picture, the same for everybody who is signed in."""
    return await _picture(size, name)


@blueprint.get("/covers/<size>/own/<name>.webp")
async def own(size: str, name: str) -> Response:
    """The reader's own picture; nobody else's."""
    return await _picture(size, f"{OWN}{name}")


@blueprint.get("/books/<ident>/cover")
async def arrived(ident: str) -> Response:
    """What a book's page polls while its picture is still to come."""
    context = await _context(ident)
    if not wants_fragment():
        return see_other(f"/books/{ident}")
    return answers.fragment(render_to_text("books/_cover_arrived.html", **context))


@blueprint.post("/books/<ident>/cover")
@rate_limit(CHANGES_A_MINUTE, timedelta(minutes=1))
async def upload(ident: str) -> Response:
    """Show the picture that was sent; `name` shows one again that was sent before."""
    try:
        changed, message = await _taken(ident)
    except (Invalid, BadPicture) as error:
        return await _refused(ident, error)
    return await _changed(changed, message)


@blueprint.post("/books/<ident>/cover/remove")
async def remove(ident: str) -> Response:
    """Show the drawn cover only."""
    changed = await covers.remove(world(), current_user().user_id, ident)
    return await _changed(changed, "No picture is shown.")


@blueprint.post("/books/<ident>/cover/restore")
@rate_limit(CHANGES_A_MINUTE, timedelta(minutes=1))
async def restore(ident: str) -> Response:
    """Show the provider's picture again, or look for it anew."""
    changed = await covers.restore(world(), current_user().user_id, ident)
    return await _changed(changed, "The catalogue's picture is the cover again.")


async def _picture(size: str, name: str) -> Response:
    known = next((one for one in COVER_SIZES if one == size), None)
    if known is None:
        raise NotFound("There is no such picture.")
    found = await covers.picture(world(), current_user().user_id, name, known)
    return Response(found, 200, {"Cache-Control": FOREVER}, content_type="image/webp")


async def _taken(ident: str) -> tuple[Changed, str]:
    """What the form asks for, done. Raises Invalid, BadPicture, NotFound, Moved and Busy."""
    user_id = current_user().user_id
    if name := (await request.form).get("name", ""):
        return await covers.take_back(world(), user_id, ident, name), "Undone."
    async with uploads.turn():
        picture = await _sent()
        changed = await covers.upload(world(), user_id, ident, picture)
    return changed, "Your picture is the cover now."


async def _sent() -> bytes:
    async for part in uploads.parts():
        if part.name != "image":
            continue
        if part.too_large:
            raise Invalid.at("image", TOO_LARGE)
        if part.data:
            return part.data
    raise Invalid.at("image", NO_PICTURE)


async def _context(ident: str, **more: Any) -> dict[str, Any]:
    entry = await library.entry(world(), current_user().user_id, ident)
    return {
        "book": entry.user_book,
        "cover": bookview.Cover.of(entry, world().catalogues),
        "cover_state": await covers.state_of(world(), entry),
        "poll": polling(),
        **more,
    }


async def _changed(changed: Changed, message: str) -> Response:
    ident = changed.after.user_book_id
    told = _toast(changed, message)
    if not wants_fragment():
        if changed.before != changed.after:
            await answers.tell(told)
        return back(f"/books/{ident}")
    piece = render_to_text("books/_cover.html", **await _context(ident, cover_open=True))
    pieces = [piece] if changed.before == changed.after else [piece, answers.toast(told)]
    return answers.fragment(*pieces)


def _toast(changed: Changed, message: str) -> Toast:
    """What a change of the cover says; its undo brings back what was there before."""
    if answers.UNDO in request.args:
        return Toast(message="Undone.")
    before = changed.before.mine
    url = f"/books/{changed.after.user_book_id}/cover"
    name = before.get(COVER_FILE)
    if COVER_FILE not in before:
        url += "/restore"
    elif name is None:
        url += "/remove"
    return Toast(
        message=message,
        undo_url=f"{url}?{answers.UNDO}=1",
        undo_fields={"name": str(name)} if name else {},
        undo_target="#book-picture",
    )


async def _refused(ident: str, error: Invalid | BadPicture) -> Response:
    problem = error.problems["image"] if isinstance(error, Invalid) else str(error)
    context = await _context(ident, cover_open=True, cover_problem=problem)
    return await render("books/cover.html", "books/_cover.html", status=422, **context)
