"""Records of any format, read into rows by the format's columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from booklib.errors import BadFile
from booklib.models.folding import fold
from booklib.transfer import days
from booklib.transfer.columns import Column, Read, kept
from booklib.transfer.drafts import DayOrder, Draft
from booklib.transfer.format import Format, Opened, Seen
from booklib.transfer.rows import Row

MAX_ROWS = 200_000
EXAMPLES = 3
MAX_EXAMPLE = 80

TOO_MANY = (
    f"This file has more than {MAX_ROWS:,} rows. Please cut it into several and import them "
    "one after the other."
)
NO_ROWS = "This file has a header and no books below it."
UNSURE_DAYS = (
    "Dates such as {example} can be read in two ways; here they are read with the {first} first."
)


class Record(NamedTuple):
    """One record of a file. `cells`: by column, empty ones too."""

    number: int
    """As in `Row.number`."""
    cells: Mapping[str, str]
    remarks: tuple[str, ...] = ()


Records = Callable[[], Iterator[Record]]
"""Reads the records from the beginning of the file."""


@dataclass(slots=True)
class _Survey:
    """What only the whole file can tell."""

    count: int = 0
    orders: Counter[DayOrder] = field(default_factory=Counter)
    open_day: str = ""
    examples: dict[str, list[str]] = field(default_factory=dict)


def opened(
    form: Format,
    header: Iterable[str],
    records: Records,
    *,
    remarks: Iterable[str] = (),
    day_first: bool = False,
    signature: str = "",
    needs_mapping: bool = False,
    fields: Mapping[str, str] | None = None,
) -> Opened:
    """A file with these columns or members, read through once for what only the whole can tell.

    `day_first`: how 07/03/2019 is read where no cell decides. `fields`: what each column becomes,
    where that is not what the format says. Raises BadFile.
    """
    names = tuple(header)
    plan = planned(form, names)
    survey = _surveyed(plan, records)
    if not survey.count:
        raise BadFile(NO_ROWS)
    order, doubt = _order(survey, day_first)
    return Opened(
        name=form.name,
        label=form.label,
        columns=tuple(
            Seen(
                name,
                tuple(survey.examples.get(name, ())),
                plan[name].field if fields is None else fields.get(name, ""),
            )
            for name in names
        ),
        remarks=(*remarks, *doubt),
        rows=partial(_rows, form, plan, records, order),
        needs_mapping=needs_mapping,
        signature=signature,
    )


def planned(form: Format, header: Iterable[str]) -> dict[str, Column]:
    """The column of the format for each name of a header, in the format's order.

    Names that the format does not know, or that come twice, are kept in the notes.
    """
    known = {fold_name(name): name for name in form.columns}
    known.update({fold_name(alias): name for alias, name in form.aliases.items()})
    # A name as the format spells it goes before one that is alike: calibre's rating, #rating.
    found = {name: name for name in header if name in form.columns}
    unknown: dict[str, Column] = {}
    for name in header:
        if name in found:
            continue
        own = known.get(fold_name(name))
        if own is None or own in found:
            unknown[name] = kept(name)
        else:
            found[own] = name
    return {found[own]: form.columns[own] for own in form.columns if own in found} | unknown


def fold_name(name: str) -> str:
    """A header as headers are compared: by their letters and digits alone, without case."""
    return fold(name) or name.strip().casefold()


def _surveyed(plan: Mapping[str, Column], records: Records) -> _Survey:
    survey = _Survey()
    dated = [name for name, column in plan.items() if column.dated]
    lacking = set(plan)
    for record in records():
        survey.count += 1
        if survey.count > MAX_ROWS:
            raise BadFile(TOO_MANY)
        cells = record.cells
        for name in dated:
            if (cell := cells.get(name)) and len(cell) < 40:
                _weigh(survey, cell)
        if lacking and survey.count < 200:
            _collect(survey.examples, lacking, cells)
    return survey


def _weigh(survey: _Survey, cell: str) -> None:
    order = days.evidence(cell)
    if order:
        survey.orders[order] += 1
    elif not survey.open_day and days.is_open(cell):
        survey.open_day = cell


def _collect(examples: dict[str, list[str]], lacking: set[str], cells: Mapping[str, str]) -> None:
    for name in list(lacking):
        if cell := " ".join(cells.get(name, "")[:400].split())[:MAX_EXAMPLE]:
            found = examples.setdefault(name, [])
            if cell not in found:
                found.append(cell)
            if len(found) == EXAMPLES:
                lacking.discard(name)


def _order(survey: _Survey, day_first: bool) -> tuple[DayOrder, tuple[str, ...]]:
    ranked = survey.orders.most_common(1)
    if ranked:
        return ranked[0][0], ()
    order: DayOrder = "day-first" if day_first else "month-first"
    if not survey.open_day:
        return order, ()
    first = "day" if day_first else "month"
    return order, (UNSURE_DAYS.format(example=survey.open_day, first=first),)


def _rows(
    form: Format, plan: Mapping[str, Column], records: Records, order: DayOrder
) -> Generator[Row, None, None]:
    readers: list[tuple[str, Read]] = [(name, column.read) for name, column in plan.items()]
    known = frozenset(plan)
    for record in records():
        cells = record.cells
        draft = Draft(number=record.number, cells=cells, day_order=order)
        for name, read in readers:
            cell = cells.get(name)
            if cell and not cell.isspace():
                read(draft, cell)
        if len(cells) > len(readers):
            for name, cell in cells.items():
                if name not in known:
                    draft.keep(name, cell)
        form.finish(draft)
        for sentence in record.remarks:
            draft.remark(sentence)
        yield draft.row()
