"""The rows that an import left out, as a file that can be mended and imported again."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping

from booklib.models import User
from booklib.ports import World
from booklib.transfer import plans
from booklib.transfer.cells import defused
from booklib.transfer.plans import Judged

PROBLEM = "Problem"
UNSURE = "Perhaps this book of yours: {candidate}"
_FALLBACK = ("Title", "Author", "ISBN")


async def rows_left(world: World, user: User, import_id: str) -> AsyncIterator[bytes]:
    """The rows that were not imported, as CSV: the file's own columns behind `Problem`.

    UTF-8 with a byte order mark, by which spreadsheets know it; formulas are defused.
    """
    folder = plans.folder(user.user_id, import_id)
    seen = await plans.kept(world, f"{folder}/preview.json") or {}
    applied = await world.storage.job(f"import:{user.user_id}:{import_id}")
    asked = dict(applied.payload) if applied else {}
    columns = [name for name, _, _ in seen.get("columns", ())] or list(_FALLBACK)
    yield b"\xef\xbb\xbf" + _lines([[PROBLEM, *columns]])
    for chunk in range(int(seen.get("chunks", 0))):
        rows = await plans.kept_rows(world, folder, chunk)
        refused = await plans.kept(world, plans.refused_name(folder, chunk)) or {}
        found = [(one, problem) for one in rows if (problem := _problem(one, asked, refused))]
        if found:
            yield _lines([problem, *_cells(one, columns)] for one, problem in found)


def is_left(one: Judged, asked: Mapping[str, object]) -> bool:
    """Whether a row stays out by what it is, or by the reader's wish."""
    choices = asked.get("choices")
    chosen = choices.get(str(one.row.number)) if isinstance(choices, Mapping) else None
    wish = chosen or asked.get("doubtful", "skip")
    return one.kind == "broken" or (one.kind == "doubtful" and wish == "skip")


def _problem(one: Judged, asked: Mapping[str, object], refused: Mapping[str, str]) -> str:
    if str(one.row.number) in refused:
        return refused[str(one.row.number)]
    return one.reason if is_left(one, asked) else ""


def _cells(one: Judged, columns: list[str]) -> list[str]:
    if one.row.cells:
        return [str(one.row.cells.get(name, "")) for name in columns]
    given = one.row.given
    authors = given.get("authors")
    told = {
        "title": str(given.get("title", "")),
        "author": "; ".join(authors) if isinstance(authors, tuple) else "",
        "isbn": one.row.isbn or "",
    }
    return [told.get(name.casefold(), "") for name in columns]


def _lines(rows: Iterable[list[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([defused(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8", errors="replace")
