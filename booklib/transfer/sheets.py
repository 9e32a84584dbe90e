"""Workbooks (XLSX) as tables, read row by row, and never more of them than a person could mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from warnings import filterwarnings

from booklib.errors import BadFile
from booklib.transfer.kinds import EMPTY
from booklib.transfer.tables import (
    LONG_CELL,
    MAX_ABOVE,
    MAX_CELL,
    Line,
    Table,
    distinct,
    header_among,
)
from booklib.transfer.workbook_parts import BROKEN, TOO_LARGE, expect_small, is_sheet, names

MAX_GAP = 1_100_000
"""Rows; a sheet has at most 1,048,576 (ECMA-376 part 1, 18.3.1.73)."""
MAX_CELLS = 20_000_000
MAX_SHEETS = 200

NOT_XLSX = (
    "This archive is neither an XLSX workbook nor an export of this program. "
    "If your books are inside it, unpack it and import the file with the books."
)
OTHER_OFFICE = (
    "This is a document of an office program. Please save it as XLSX or CSV and try again."
)
OTHER_SHEETS = "Only the sheet “{title}” was read; the other sheets were not."


def is_workbook(path: Path) -> bool:
    """Whether an archive has the parts of an XLSX workbook."""
    return any(name.startswith("xl/workbook") for name in names(path))


def read_workbook(path: Path) -> Table:
    """The first sheet that holds anything, as a table; raises BadFile."""
    parts = names(path)
    if not any(part.startswith("xl/workbook") for part in parts):
        office = {"mimetype", "word/document.xml", "Index.zip"} & set(parts)
        raise BadFile(OTHER_OFFICE if office else NOT_XLSX)
    expect_small(path)
    filled = _filled(path)
    if not filled:
        raise BadFile(EMPTY)
    place, title, header = filled[0]
    return Table(
        header=distinct(header.cells),
        lines=partial(_lines, path, place, len(header.cells)),
        start=header.number,
        remarks=(OTHER_SHEETS.format(title=title[:60]),) if len(filled) > 1 else (),
    )


def _filled(path: Path) -> list[tuple[int, str, Line]]:
    """The sheets that hold anything: place, title and first line."""
    try:
        with _workbook(path) as book:
            first = ((place, sheet.title, _first(sheet)) for place, sheet in enumerate(book))
            return [(place, title, line) for place, title, line in first if line]
    except BadFile:
        raise
    except Exception as error:  # see _lines
        raise BadFile(BROKEN) from error


def _first(sheet: Any) -> Line | None:
    lines = list(islice(_rows(sheet, 0), MAX_ABOVE))
    return header_among(lines) if lines else None


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    from openpyxl import load_workbook  # late: it takes longer to load than all else at the start

    filterwarnings("ignore", module="openpyxl")  # of styles and extensions, not read here anyway
    # An open file, because of a path openpyxl wants that its name ends in .xlsx.
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        with closing(book):
            paths = [sheet._worksheet_path for sheet in book.worksheets]
            if len(paths) > MAX_SHEETS:
                raise BadFile(TOO_LARGE)
            if not all(map(is_sheet, paths)):
                raise BadFile(BROKEN)
            yield book


def _lines(path: Path, place: int, width: int) -> Iterator[Line]:
    """The rows of one sheet, each of `width` cells or more; raises BadFile.

    openpyxl checks little and lets through whatever a broken file makes it stumble over.
    """
    try:
        with _workbook(path) as book:
            yield from _rows(book.worksheets[place], width)
    except BadFile:
        raise
    except Exception as error:
        raise BadFile(BROKEN) from error


def _rows(sheet: Any, width: int) -> Iterator[Line]:
    sheet.reset_dimensions()
    count = 0
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        count += len(values)
        if number > MAX_GAP or count > MAX_CELLS:
            raise BadFile(TOO_LARGE)
        cells = ["" if value is None else _text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if any(len(cell) > MAX_CELL for cell in cells):
            raise BadFile(LONG_CELL.format(number=number))
        if cells:
            yield Line(number, cells + [""] * (width - len(cells)))


def _text(value: Any) -> str:
    """A cell's value as a person reads it."""
    if isinstance(value, str):
        return "" if value in ("#N/A", "#VALUE!", "#REF!", "#NAME?", "#DIV/0!") else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)
