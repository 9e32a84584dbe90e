"""Photos of books: every code in them, and which of them can be added."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from quart import Blueprint, Response, request
from quart_rate_limiter import rate_limit
from werkzeug.datastructures import MultiDict

from booklib import isbn as isbn_rules
from booklib.errors import BadPicture, Busy, Invalid
from booklib.models import Code
from booklib.models.folding import clean
from booklib.ports import Pictures
from booklib.web import scanned, uploads
from booklib.web.context import current_user, site, world
from booklib.web.respond import render, wants_fragment
from booklib.web.scanned import Note, Row, Shot
from booklib.web.uploads import MAX_PICTURE, MAX_PICTURES, Part
from booklib.wording import STATUS_WORDS, count_in_words

blueprint = Blueprint("scan", __name__)

A_MINUTE: Final = 60
"""Requests with pictures from one reader."""

HELD_AT_ONCE: Final = 2
"""Pictures of one request that are in memory: looked into, or arriving meanwhile."""

MAX_CODE: Final = 60
"""Characters of a code that a form sends."""

NO_PICTURE: Final = "Please take a photo or choose a picture first."
PICTURE_TOO_LARGE: Final = (
    f"This picture is larger than {MAX_PICTURE // 1024 // 1024} MB. "
    "Sending it in a smaller size would help."
)


class Sent(NamedTuple):
    """What a form brought."""

    shots: Sequence[Shot]
    left_out: int
    """Pictures behind the first MAX_PICTURES."""
    seen: Sequence[Code]
    doubtful: Sequence[Code]
    """What earlier pictures of the same page gave."""
    typed: str
    confirmed: str
    """The doubtful code in whose place a number was typed."""


@blueprint.get("/scan")
async def page() -> Response:
    """Two buttons, for a photo and for pictures."""
    return await _answer(200, [])


@blueprint.post("/scan")
@rate_limit(A_MINUTE, timedelta(minutes=1))
async def scan() -> Response:
    """Read pictures, or a number that was typed because none could be read."""
    try:
        sent = await _sent()
    except Invalid as error:
        return await _answer(422, [], problem=error.problems["image"])
    if sent.shots and all(shot.busy for shot in sent.shots):
        raise Busy(uploads.WAITING)
    return await _told(sent)


async def _told(sent: Sent) -> Response:
    codes = [*sent.seen, *(code for shot in sent.shots if shot.scan for code in shot.scan.codes)]
    notes = [shot.note() for shot in sent.shots]
    if sent.left_out:
        notes.append(_left_out(sent.left_out))
    if not (sent.shots or sent.typed):
        return await _answer(422, [*codes, *sent.doubtful], problem=NO_PICTURE)
    try:
        codes += [scanned.typed(isbn_rules.parse(sent.typed))] if sent.typed else []
    except isbn_rules.IsbnError as error:
        return await _answer(
            422, [*codes, *sent.doubtful], notes=notes, typed=sent.typed, code_problem=str(error)
        )
    codes += [code for code in sent.doubtful if code.text != sent.confirmed]
    unread = not sent.typed and all(shot.scan is None for shot in sent.shots)
    return await _answer(422 if unread else 200, codes, notes=notes)


async def _answer(
    status: int,
    codes: Sequence[Code],
    *,
    notes: Sequence[Note] = (),
    problem: str = "",
    typed: str = "",
    code_problem: str = "",
) -> Response:
    if problem and wants_fragment():
        notes = [Note("", problem, True), *notes]
    rows: list[Row] = await scanned.rows(world(), current_user(), codes)
    response = await render(
        "scan/page.html",
        "scan/_results.html",
        status=status,
        rows=rows,
        seen=[row.isbn for row in rows if row.state in ("new", "yours")],
        doubtful=[row.isbn for row in rows if row.state == "doubtful"],
        notes=notes,
        problem=problem,
        typed=typed,
        code_problem=code_problem,
        asked=request.method == "POST",
        summary=scanned.summary(rows),
        new=sum(row.state == "new" for row in rows),
        statuses=STATUS_WORDS,
        most=MAX_PICTURES,
        together=uploads.whole_megabytes(site().max_upload),
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _left_out(number: int) -> Note:
    pictures = count_in_words(number, "picture")
    return Note(
        "",
        f"Up to {MAX_PICTURES} pictures are read at once: the last {pictures} "
        f"{'was' if number == 1 else 'were'} left out. Please send "
        f"{'it' if number == 1 else 'them'} next.",
        False,
    )


async def _sent() -> Sent:
    """The form, whether it brings pictures or not. Raises Invalid, Busy, 408 and 413."""
    if request.mimetype != "multipart/form-data":
        return _with_fields((), 0, await request.form)
    async with uploads.turn():
        return await _received(world().pictures)


async def _received(pictures: Pictures) -> Sent:
    """Look into each picture while the next one arrives."""
    free = asyncio.Semaphore(HELD_AT_ONCE)
    fields: MultiDict[str, str] = MultiDict()
    reading: list[asyncio.Task[Shot]] = []
    left_out = 0
    try:
        await free.acquire()
        async for part in uploads.parts():
            if part.filename is None:
                fields.add(part.name, part.data.decode("utf-8", "replace"))
            elif part.name == "image" and (part.filename or part.data):
                if len(reading) == MAX_PICTURES:
                    left_out += 1
                    continue
                reading.append(asyncio.create_task(_shot(pictures, part, free)))
                await free.acquire()
        return _with_fields(await asyncio.gather(*reading), left_out, fields)
    finally:
        for task in reading:
            task.cancel()


async def _shot(pictures: Pictures, part: Part, free: asyncio.Semaphore) -> Shot:
    """One picture, looked into; its place is free again then."""
    name = clean(part.filename or "")[:80]
    try:
        if part.too_large:
            return Shot(name, None, PICTURE_TOO_LARGE)
        return Shot(name, await pictures.scan(part.data))
    except BadPicture as error:
        return Shot(name, None, str(error))
    except Busy as error:
        return Shot(name, None, str(error), busy=True)
    finally:
        free.release()


def _with_fields(shots: Sequence[Shot], left_out: int, fields: MultiDict[str, str]) -> Sent:
    doubtful = _carried(fields, "doubtful", scanned.MAX_DOUBTFUL)
    return Sent(
        shots=shots,
        left_out=left_out,
        seen=[scanned.typed(isbn) for isbn in _isbns(_carried(fields, "seen", scanned.MAX_ROWS))],
        doubtful=[scanned.doubted(text) for text in doubtful],
        typed=clean(fields.get("code", ""))[:MAX_CODE].strip(),
        confirmed=clean(fields.get("was", ""))[:MAX_CODE],
    )


def _carried(fields: MultiDict[str, str], name: str, most: int) -> list[str]:
    """The codes that a page carries along; it may be anything."""
    words = " ".join(fields.getlist(name)[:most]).split(maxsplit=most)[:most]
    return [clean(word)[:MAX_CODE] for word in words]


def _isbns(texts: Sequence[str]) -> list[str]:
    """The ISBN-13s among them."""
    found = isbn_rules.find_all("\n".join(texts))
    return [finding.isbn for finding in found if finding.isbn]
