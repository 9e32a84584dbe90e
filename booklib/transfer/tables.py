"""Tables of text: CSV, TSV and their kin as a header and records, whatever their quotation marks.

The reader of the standard library takes a quotation mark that is never closed for a cell that
goes on to the end of the file. Here such a mark costs no row: the lines that it would have
swallowed are read again, one by one.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from booklib.errors import BadFile
from booklib.models.folding import clean
from booklib.transfer import encodings
from booklib.transfer.cells import as_it_was
from booklib.transfer.headings import told
from booklib.transfer.kinds import EMPTY
from booklib.transfer.reading import Record

MAX_ABOVE = 10
"""Lines among which a header is looked for."""
MAX_COLUMNS = 1_000
MAX_CELL = 131_072
"""Characters; also the limit of the csv module."""

TOO_WIDE = f"This file has more than {MAX_COLUMNS:,} columns, so it is no table of books."
NAMELESS = "The first line of this file should name its columns, and it names none."
LONG_CELL = (
    f"Row {{number}} has a cell of more than {MAX_CELL:,} characters. "
    "Please shorten it and try again."
)
SURPLUS = "This row has more cells than the header: what is left over was put into the notes."
LACKING = "This row has fewer cells than the header: the last columns are empty."
LOOSE_QUOTES = "The quotation marks of this row do not match: it was read as it stands."

_MAX_RECORD_LINES = 2_000
_MAX_RECORD = 2_000_000
_PATIENCE = 1_000_000
"""Lines that are given back in one file, before its quotation marks are no longer minded."""
_MARKS = frozenset("='")


class Line(NamedTuple):
    """One record as it stands in a file; the first is number 1."""

    number: int
    cells: list[str]
    loose: bool = False
    """Its quotation marks did not match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of any make. A header's names are distinct."""

    header: tuple[str, ...]
    lines: Callable[[], Iterator[Line]]
    """Reads the file from its beginning."""
    start: int
    """Number of the line that is the header."""
    remarks: tuple[str, ...] = ()
    day_first: bool = False
    """What its make hints at, where no date can tell."""

    def records(self) -> Iterator[Record]:
        """The records below the header that are not blank, by column."""
        for line in self.lines():
            if line.number > self.start:
                cells = [as_it_was(cell) if cell[:1] in _MARKS else cell for cell in line.cells]
                if any(cells) and any(not cell.isspace() for cell in cells if cell):
                    yield _record(self.header, line, cells)

    def without_first(self) -> Table:
        """The same table without its first column."""
        return replace(self, header=self.header[1:], lines=partial(_shortened, self.lines))

    def headless(self) -> Table:
        """The same table where the first line is a book already: its columns are numbered."""
        names = tuple(f"Column {place}" for place in range(1, len(self.header) + 1))
        return replace(self, header=names, start=self.start - 1)


def _shortened(lines: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    return (line._replace(cells=line.cells[1:]) for line in lines())


def read_table(path: Path) -> Table:
    """A file of text as a table; raises BadFile."""
    letters = encodings.letters(path)
    separator, above = _separator(path, letters.encoding)
    header = _header(_lines(path, letters.encoding, separator, 0), above)
    width = len(header.cells)
    read = _lines
    if separator == "\t" and _is_plain(path, letters.encoding, width):
        read = _plain_lines
    return Table(
        header=distinct(header.cells),
        lines=partial(read, path, letters.encoding, separator, width),
        start=header.number,
        remarks=(letters.remark,) if letters.remark else (),
        day_first=separator == ";",
    )


def distinct(header: Iterable[str]) -> tuple[str, ...]:
    """The names of a header: without outer quotes and spaces, numbered where one comes again."""
    bare = (clean(as_it_was(cell)).strip(" '\"\ufeff") for cell in header)
    cells = [" ".join(cell.split())[:200].strip() for cell in bare]
    while cells and not cells[-1]:
        cells.pop()
    if not cells:
        raise BadFile(NAMELESS)
    if len(cells) > MAX_COLUMNS:
        raise BadFile(TOO_WIDE)
    names: dict[str, None] = {}
    for place, cell in enumerate(cells, 1):
        name = cell or f"Column {place}"
        again = 2
        while name in names:
            name = f"{cell or 'Column'} ({again})"
            again += 1
        names[name] = None
    return tuple(names)


def _separator(path: Path, encoding: str) -> tuple[str, int]:
    """What separates the cells, told from the first line; and the lines above the header."""
    for number, line in enumerate(encodings.lines(path, encoding)):
        if number == 0 and line[:4].lower() == "sep=" and len(line.strip()) == 5:
            return line[4], 1
        if line.strip():
            counts = {mark: _width(line, mark) for mark in "\t;,|"}
            best = max(counts, key=lambda mark: counts[mark])
            return (best if counts[best] > 1 else ","), 0
    return ",", 0


def _width(line: str, mark: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=mark), []))
    except csv.Error:
        return 0


def _header(lines: Iterator[Line], above: int) -> Line:
    filled = (line for line in lines if line.number > above and _cells(line))
    first = next(filled, None)
    if first is None:
        raise BadFile(EMPTY)
    return header_among([first, *islice(filled, MAX_ABOVE)]) if len(first.cells) > 1 else first


def header_among(lines: Sequence[Line]) -> Line:
    """The first line; where it only names the list, the next one with several cells."""
    first = _cells(lines[0])
    if len(first) > 1 or told(first).fields:
        return lines[0]
    return next((line for line in lines if len(_cells(line)) > 1), lines[0])


def _cells(line: Line) -> list[str]:
    return [cell for cell in line.cells if cell and not cell.isspace()]


def _record(names: tuple[str, ...], line: Line, cells: list[str]) -> Record:
    found = dict(zip(names, cells, strict=False))
    if len(cells) == len(names) and not line.loose:
        return Record(line.number, found)
    remarks = [LOOSE_QUOTES] if line.loose else []
    if len(cells) < len(names):
        remarks.append(LACKING)
    for place, cell in enumerate(cells[len(names) :], len(names) + 1):
        if cell.strip():
            name = f"Column {place}"
            found[name if name not in found else f"{name}, without a header"] = cell
    if len(found) > len(names):
        remarks.append(SURPLUS)
    return Record(line.number, found, tuple(remarks))


def _is_plain(path: Path, encoding: str, width: int) -> bool:
    """Whether every line is a whole record, so that quotation marks are letters like any other."""
    return all(
        line.count("\t") == width - 1
        for line in encodings.lines(path, encoding)
        if not line.isspace()
    )


def _plain_lines(path: Path, encoding: str, separator: str, width: int) -> Iterator[Line]:
    for number, line in enumerate(encodings.lines(path, encoding), 1):
        cells = [_unquoted(cell) for cell in line.rstrip("\r\n").split(separator)]
        _expect_short(cells, number)
        yield Line(number, cells)


def _lines(path: Path, encoding: str, separator: str, width: int) -> Iterator[Line]:
    """The records of a text with `width` columns (0: not known yet)."""
    supply = _Supply(encodings.lines(path, encoding))
    number = 0
    more = True
    while more:
        more = False
        try:
            for cells in csv.reader(supply, delimiter=separator, strict=True):
                if len(supply.taken) > 1 and _has_swallowed(supply.taken, cells, separator, width):
                    more = True
                    break
                number += 1
                supply.taken.clear()
                yield Line(number, cells)
        except csv.Error:
            more = True
        if more:
            number += 1
            yield Line(number, _alone(supply.first_again(), separator, width, number), True)


class _Supply:
    """The lines of a text; those of a record that came out wrong can be had again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._back: deque[str] = deque()
        self._patience = _PATIENCE
        self._size = 0
        self.taken: list[str] = []
        """The lines of the record that is being read."""

    def __iter__(self) -> _Supply:
        return self

    def __next__(self) -> str:
        self._size = self._size + len(self.taken[-1]) if self.taken else 0
        most = _MAX_RECORD_LINES if self._patience > 0 else 1
        if len(self.taken) >= most or self._size > _MAX_RECORD:
            raise csv.Error("too long for one record")
        line = self._back.popleft() if self._back else next(self._lines)
        self.taken.append(line)
        return line

    def first_again(self) -> str:
        """The record's first line; those after it come again."""
        first, *rest = self.taken
        self._patience -= len(rest)
        self._back.extendleft(reversed(rest))
        self.taken.clear()
        return first


def _has_swallowed(lines: list[str], cells: list[str], separator: str, width: int) -> bool:
    """Whether a quotation mark has joined several rows: one of the lines is a whole row itself."""
    if width < 3 or len(cells) == width:
        return False
    return any(_width(line, separator) == width for line in lines[1:])


def _alone(line: str, separator: str, width: int, number: int) -> list[str]:
    """The cells of a line whose quotation marks do not match."""
    bare = line.rstrip("\r\n")
    literal = [_unquoted(cell) for cell in bare.split(separator)]
    try:
        lenient = next(csv.reader([bare], delimiter=separator), [])
    except csv.Error:
        raise BadFile(LONG_CELL.format(number=number)) from None
    best = min(literal, lenient, key=lambda cells: abs(len(cells) - width)) if width else literal
    _expect_short(best, number)
    return best


def _expect_short(cells: list[str], number: int) -> None:
    if any(len(cell) > MAX_CELL for cell in cells):
        raise BadFile(LONG_CELL.format(number=number))


def _unquoted(cell: str) -> str:
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if quoted else cell
