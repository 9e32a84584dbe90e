"""Getting books in: the box that takes ISBNs or words, the form by hand, the providers' results."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from quart_rate_limiter import rate_limit

from booklib import isbn as isbn_rules
from booklib import library, metadata
from booklib.errors import Invalid
from booklib.library import Added
from booklib.models import Status, User
from booklib.models.folding import clean
from booklib.models.ids import new_id
from booklib.ports import World
from booklib.web import added, answers, finding, forms, scanned
from booklib.web.answers import Toast
from booklib.web.context import current_user, world
from booklib.web.respond import render, render_to_text, see_other, wants_fragment
from booklib.wording import STATUS_WORDS, count_in_words, language_names

blueprint = Blueprint("adding", __name__)

MAX_PASTED: Final = 500
MAX_TEXT: Final = 50_000
"""Characters of a pasted text."""
LONGEST: Final = timedelta(seconds=15)
"""After which the rest of a list comes back in the box: API Gateway waits for 30 seconds."""
NO_TIME: Final = "Not added yet, this takes long just now: please add it once more."
SEARCHES_A_MINUTE: Final = 30

OUTCOME: Final = "add/_outcome.html"

_under_way: set[asyncio.Task[list[added.Line]]] = set()
"""The event loop itself holds its tasks too weakly to keep one that nobody waits for."""

_EDITION = re.compile(r"[a-z0-9_]{1,40}:\S{1,200}")
_NONCE = re.compile(r"[\w-]{1,64}", re.ASCII)


@blueprint.get("/books/new")
async def new() -> Response:
    """The box, and a form for what no provider knows."""
    return await _new_page(200)


@blueprint.post("/books")
async def add() -> Response:
    """Add by ISBN, one or many, by a search result, or by hand; words go to the search."""
    form = await request.form
    try:
        status = forms.read_status(form.get("status") or "to-read")
        if form.get("edition"):
            return await _by_edition(form, status)
        if "title" in form:
            return await _by_hand(form, status)
        return await _by_box(clean("\n".join(form.getlist("isbn"))), status)
    except Invalid as error:
        return await _refused(form, error.problems)


async def _is_only_a_page() -> bool:
    return not (wants_fragment() or "wait" in request.args)


@blueprint.get("/find")
@rate_limit(SEARCHES_A_MINUTE, timedelta(minutes=1), skip_function=_is_only_a_page)
async def find() -> Response:
    """Title and author search at the providers; the page comes first, the results follow."""
    words = " ".join(clean(request.args.get("q", "")).split())[: metadata.MAX_WORDS]
    asked = bool(words) and (wants_fragment() or "wait" in request.args)
    context = await finding.results(world(), current_user(), words) if asked else {}
    url = f"/find?{urlencode({'q': words, 'wait': 1})}"
    return await render(
        "add/find.html", "add/_found.html", q=words, asked=asked, wait_url=url, **context
    )


async def _by_edition(form: Mapping[str, str], status: Status) -> Response:
    edition = form["edition"].strip()
    if not _EDITION.fullmatch(edition):
        raise Invalid.at("isbn", "That result cannot be added. Please search again.")
    given = {name: value for name, value in forms.read_fields(form).items() if value}
    owner, isbn = current_user(), forms.read_isbn(form.get("isbn", ""))
    if isbn:
        return await _one(await library.add_isbn(world(), owner, isbn, status, given))
    return await _one(await library.add_edition(world(), owner, edition, given, status))


async def _by_hand(form: Mapping[str, str], status: Status) -> Response:
    problems: dict[str, str] = {}
    try:
        typed = {name: value for name, value in forms.read_fields(form).items() if value}
    except Invalid as error:
        problems.update(error.problems)
    if not clean(form["title"]).strip():
        problems["title"] = "A book needs a title."
    try:
        isbn = forms.read_isbn(form.get("isbn", ""))
    except Invalid as error:
        problems.update(error.problems)
    if problems:
        raise Invalid(problems)
    done = await library.add_by_hand(
        world(), current_user(), typed, nonce=_nonce(form), isbn=isbn, status=status
    )
    return await _one(done)


async def _by_box(text: str, status: Status) -> Response:
    if not text:
        raise Invalid.at("isbn", "Type an ISBN, several of them, or some words of a title.")
    if len(text) > MAX_TEXT:
        raise Invalid.at(
            "isbn",
            f"That is {len(text):,} characters long; at most {MAX_TEXT:,} fit. "
            "Please add it in parts.",
        )
    # A long text costs up to a second, which others should not have to wait.
    findings = await asyncio.to_thread(_isbns_in, text)
    if findings is None:
        return _search_for(" ".join(text.split()))
    if len(findings) > MAX_PASTED:
        raise Invalid.at(
            "isbn",
            f"That is {count_in_words(len(findings), 'ISBN')}; "
            f"at most {MAX_PASTED} fit in one go. Please add them in parts.",
        )
    if len(findings) == 1 and findings[0].isbn is None:
        raise Invalid.at("isbn", findings[0].problem)
    lines = await _all(findings, status)
    if scanned.asks_to_add():
        return scanned.after_adding(lines)
    return await _many(lines) if len(lines) > 1 else await _one_line(lines[0])


def _isbns_in(text: str) -> list[isbn_rules.Finding] | None:
    """The ISBNs of a text, right and wrong ones; None where it is words instead."""
    return isbn_rules.find_all(text) if isbn_rules.looks_like_isbns(text) else None


def _search_for(words: str) -> Response:
    if len(words) > metadata.MAX_WORDS:
        raise Invalid.at(
            "isbn",
            "There is no ISBN in this. To look for a title, type at most "
            f"{metadata.MAX_WORDS} characters.",
        )
    return see_other(f"/find?{urlencode({'q': words})}")


async def _all(findings: list[isbn_rules.Finding], status: Status) -> list[added.Line]:
    """Add what can be added; goes on to the last one if the browser leaves in the meantime."""
    owner, there = current_user(), world()

    until = there.now() + LONGEST

    async def work() -> list[added.Line]:
        return [
            await _line(there, owner, finding, status)
            if there.now() < until
            else added.Line(finding.text, finding.problem or NO_TIME, None)
            for finding in findings
        ]

    task = asyncio.create_task(work())
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)


async def _line(
    there: World, owner: User, finding: isbn_rules.Finding, status: Status
) -> added.Line:
    if finding.isbn is None:
        return added.Line(finding.text, finding.problem, None)
    done = await library.add_isbn(there, owner, finding.isbn, status)
    return added.Line(finding.text, "", done)


async def _one_line(line: added.Line) -> Response:
    assert line.done is not None  # noqa: S101  # a single bad line was refused before
    return await _one(line.done)


async def _one(done: Added) -> Response:
    """The answer to one addition: the card and a fresh box, or the next page."""
    told = added.toast_of(done)
    if not wants_fragment():
        await answers.tell(told)
        return see_other("/library")
    if _found_row():
        piece = render_to_text("add/_done.html", target=_found_row(), done=done)
        return answers.fragment(piece, answers.toast(told))
    return added.fragment([done], told, _box(many=answers.adds_only()))


async def _many(lines: list[added.Line]) -> Response:
    """The answer to a list: what could be added is, what could not comes back in the box."""
    bad = "\n".join(line.text for line in lines if line.done is None)
    outcome = added.Outcome.of(lines)
    told = Toast(message=outcome.sentence)
    if wants_fragment():
        box = _box(typed=bad, many=len(outcome.bad) > 1 or answers.adds_only())
        done = [line.done for line in lines if line.done]
        if outcome.is_plain:
            return added.fragment(done, told, box)
        return added.fragment(done, None, box + render_to_text(OUTCOME, outcome=outcome))
    if outcome.bad:
        return await _new_page(422, box={"typed": bad, "many": True}, outcome=outcome)
    await answers.tell(told)
    return see_other("/library")


def _found_row() -> str:
    """The id of the search result that asks, empty where something else does."""
    target = request.headers.get("HX-Target", "").partition("#")[2]
    return target if target.startswith("found-") else ""


def _box(**context: Any) -> str:
    return render_to_text("add/_box.html", **context)


async def _refused(form: Mapping[str, str], problems: Mapping[str, str]) -> Response:
    """Bad input comes back as it was typed, with a sentence at the field."""
    if "title" in form and not form.get("edition"):
        return await _new_page(422, typed=form, problems=problems, nonce=_nonce(form))
    sentence = problems.get("isbn") or next(iter(problems.values()))
    if _found_row() or scanned.asks_to_add():
        return answers.fragment(answers.toast(Toast(message=sentence, kind="error")), status=422)
    box: dict[str, Any] = {"typed": form.get("isbn", ""), "problem": sentence}
    box["many"] = "\n" in box["typed"].strip() or answers.adds_only()
    if wants_fragment():
        return added.fragment([], None, _box(**box), status=422)
    return await _new_page(422, box=box)


def _nonce(form: Mapping[str, str]) -> str:
    nonce = form.get("nonce", "")
    return nonce if _NONCE.fullmatch(nonce) else new_id()


async def _new_page(status: int, **more: Any) -> Response:
    problems = more.get("problems", {})
    typed = dict.fromkeys((*forms.EDITABLE, "isbn"), "") | dict(more.pop("typed", {}))
    context = {
        "box": {},
        "outcome": None,
        "problems": problems,
        "first_problem": next((name for name in typed if name in problems), ""),
        "was": None,
        "nonce": new_id(),
        "statuses": STATUS_WORDS,
        "languages": language_names(),
        **more,
    }
    return await render("add/new.html", "add/_by_hand.html", status=status, typed=typed, **context)
