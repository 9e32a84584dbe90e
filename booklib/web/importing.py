"""Import pages: a file is handed in, looked at, imported, and taken back with one click."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from itsdangerous import BadSignature, Signer
from quart import Blueprint, Response, current_app, request
from quart_rate_limiter import rate_limit
from werkzeug.exceptions import RequestEntityTooLarge

from booklib.errors import BadFile, BooklibError, Busy, Invalid, NotFound
from booklib.models.ids import new_id
from booklib.transfer import imports
from booklib.transfer.imports import Import
from booklib.transfer.recognise import known_formats
from booklib.web import arriving, importforms, importview, security
from booklib.web.context import current_user, site, world
from booklib.web.respond import render, see_other, wants_fragment

blueprint = Blueprint("importing", __name__)

FILES_A_MINUTE: Final = 60
LEFT_NAME: Final = "books-to-mend.csv"

_IDENT: Final = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


@blueprint.get("/import")
async def page() -> Response:
    """Where a file is handed in, how to get one, and the last import."""
    return await _page(200)


@blueprint.post("/import")
@rate_limit(FILES_A_MINUTE, timedelta(minutes=1))
async def hand_in() -> Response:
    """Keep the file and read it; nothing is imported yet."""
    ident = new_id()
    try:
        async with arriving.the_file() as file:
            await world().files.store(_upload(ident), file.path)
        await imports.begin(world(), current_user(), ident, file.name)
    except (BooklibError, RequestEntityTooLarge) as error:
        await world().files.remove(_upload(ident))
        return await _refused(error)
    return see_other(f"/import/{ident}")


@blueprint.get("/import/uploaded")
async def uploaded() -> Response:
    """Where a browser lands that has stored its file by itself."""
    ident = _opened(request.args.get("id", ""))
    await imports.begin(world(), current_user(), ident, "")
    return see_other(f"/import/{ident}")


@blueprint.get("/import/<ident>")
async def shown(ident: str) -> Response:
    """One import at its stage; what a running one's page polls."""
    return await _shown(await _state(ident))


@blueprint.post("/import/<ident>/columns")
async def columns(ident: str) -> Response:
    """Read the file again, with columns as the reader says."""
    state = await _state(ident)
    try:
        mapping = importforms.mapping(state, await request.form)
        await imports.remap(world(), current_user(), ident, mapping)
    except (Invalid, BadFile) as error:
        return await _shown(state, 422, problem=str(error))
    return see_other(f"/import/{ident}")


@blueprint.post("/import/<ident>/apply")
async def apply(ident: str) -> Response:
    """Import what the preview shows."""
    state = await _state(ident)
    form = await request.form
    try:
        wish = importforms.wish(state, form)
    except Invalid as error:
        return await _shown(state, 422, doubt_problem=error.problems["doubtful"])
    if state.stage == "preview":
        await imports.apply(world(), current_user(), ident, **wish._asdict())
    return see_other(f"/import/{ident}")


@blueprint.post("/import/<ident>/undo")
async def undo(ident: str) -> Response:
    """Take an import back."""
    await _state(ident)
    await imports.undo(world(), current_user(), ident)
    return see_other(f"/import/{ident}")


@blueprint.get("/import/<ident>/left.csv")
async def left(ident: str) -> Response:
    """The rows that were not imported, to be mended."""
    await _state(ident)
    rows = imports.rows_left(world(), current_user(), ident)
    headers = {
        "Content-Disposition": f'attachment; filename="{LEFT_NAME}"',
        "Cache-Control": "private, no-store",
    }
    response = Response(rows, 200, headers, content_type="text/csv; charset=utf-8")
    response.timeout = None
    return response


async def _state(ident: str) -> Import:
    """The reader's own import; raises NotFound."""
    if not _IDENT.fullmatch(ident):
        raise NotFound("There is no such import.")
    return await imports.look(world(), current_user(), ident)


async def _shown(state: Import, status: int = 200, **problems: str) -> Response:
    asked = request.args.get("poll", "")
    poll = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    form: Mapping[str, str] = await request.form if request.method == "POST" else {}
    response = await render(
        "import/shown.html",
        "import/_arrived.html",
        status=status,
        shown=request.args.get("stage", ""),
        typed=importforms.typed(state, form),
        fields=importforms.FIELDS,
        can_be_mapped=importforms.can_be_mapped(state),
        problem=problems.get("problem", ""),
        doubt_problem=problems.get("doubt_problem", ""),
        **importview.context(state, poll),
    )
    if not wants_fragment():
        # Back from the shelf, a page of the past would poll for nothing.
        response.headers["Cache-Control"] = "private, no-store"
    return response


async def _page(status: int, problem: str = "") -> Response:
    ident = new_id()
    most = arriving.most()
    form = await world().files.upload_form(_upload(ident), arriving.MAX_DIRECT, _landing(ident))
    if form:
        security.allow_forms_to(form.url)
        most = arriving.MAX_DIRECT
    context: dict[str, Any] = {
        "form": form,
        "field": arriving.FIELD,
        "most": most,
        "problem": problem,
        "formats": known_formats(),
        "last": await _last(),
    }
    response = await render("import/page.html", "import/page.html", status=status, **context)
    response.headers["Cache-Control"] = "private, no-store"
    return response


async def _refused(error: BooklibError | RequestEntityTooLarge) -> Response:
    """The page again with a sentence at the field; what is no fault of the file is raised."""
    if isinstance(error, Invalid):
        return await _page(422, error.problems[arriving.FIELD])
    if isinstance(error, BadFile):
        return await _page(422, str(error))
    if isinstance(error, Busy):
        return await _page(503, str(error))
    if isinstance(error, RequestEntityTooLarge):
        return await _page(413, str(error.description))
    raise error


async def _last() -> dict[str, Any] | None:
    user = current_user()
    if not user.last_import:
        return None
    try:
        state = await imports.look(world(), user, user.last_import)
    except NotFound:
        return None
    return importview.context(state, 0)


def _upload(ident: str) -> str:
    """Where an import keeps the file as it came."""
    return f"imports/{current_user().user_id}/{ident}/upload"


def _landing(ident: str) -> str:
    """The address that a browser is sent on to; signed, so that no other site can make it up."""
    origin = site().public_url or security.origin()
    return f"{origin}/import/uploaded?id={_signer().sign(ident).decode()}"


def _opened(signed: str) -> str:
    """The id in a signed one; raises NotFound."""
    try:
        return _signer().unsign(signed).decode()
    except BadSignature:
        raise NotFound("There is no such import.") from None


def _signer() -> Signer:
    return Signer(str(current_app.secret_key), salt=f"import {current_user().user_id}")
