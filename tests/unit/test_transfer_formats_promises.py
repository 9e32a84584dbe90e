"""What every format promises: no column is forgotten, and no header means two programs."""

import random
from itertools import product
from time import process_time

import pytest

from booklib.transfer.reading import Record, fold_name, opened
from booklib.transfer.recognise import known_formats, recognised

TABLES = [form for form in known_formats() if form.needs]
READ = [form for form in known_formats() if form.name not in ("book-library", "generic")]
"""Our own export has members of other kinds, which its own tests read."""

CELLS = (
    "2019-03-07",
    "4",
    "1",
    "true",
    "read",
    "giving",
    "Quill, Ada",
    "9780804429573",
    "isbn:9780804429573",
    "SIE12_34",
    "B0084FWN26",
    "2019-03-07|2019-04-01|5400000",
    "space",
    "movie",
)
"""One of them at least says something in any column that is read."""


def the_only_row(form, cells):
    records = [Record(1, cells)]
    (row,) = opened(form, cells, lambda: iter(records)).rows()
    return row


def tells_something(form, column):
    for cell, title in product(CELLS, ({}, {"Title": "A", "title": "A", "item_type": "book"})):
        base = {name: value for name, value in title.items() if name in form.columns}
        if column in base:
            continue
        plain = the_only_row(form, {**base, column: ""})
        told = the_only_row(form, {**base, column: cell})
        same = ("number", "cells")
        if any(
            getattr(plain, name) != getattr(told, name)
            for name in plain.__slots__
            if name not in same
        ):
            return True
    return form.columns[column].field == "title"


@pytest.mark.parametrize("form", READ, ids=lambda form: form.name)
def test_every_column_is_used_or_kept_or_left_out_with_a_reason(form):
    for name, column in form.columns.items():
        assert column.field
        left_out = column.field.startswith("left out: ")
        assert not left_out or len(column.field) > len("left out: ")
        assert tells_something(form, name) != left_out, (name, column.field)


@pytest.mark.parametrize("form", READ, ids=lambda form: form.name)
def test_a_column_that_nobody_knows_is_kept(form):
    row = the_only_row(form, {"Never seen": "but told"})
    assert row.notes == "Never seen: but told"


@pytest.mark.parametrize("form", TABLES, ids=lambda form: form.name)
def test_no_header_is_recognised_as_two_programs(form):
    """Neither in English nor in another language, whatever the order of the columns."""
    foreign = {own: alias for alias, own in form.aliases.items()}
    for header in (tuple(form.columns), tuple(foreign.get(name, name) for name in form.columns)):
        fitting = [one for one in TABLES if recognised(header, [one])]
        assert [one.name for one in fitting] == [form.name]
    assert recognised(tuple(form.needs), known_formats()) is form
    assert recognised(tuple(name.upper() for name in form.columns), TABLES) is form


@pytest.mark.parametrize("form", TABLES, ids=lambda form: form.name)
def test_no_two_columns_of_a_program_are_called_alike(form):
    names = [fold_name(name) for name in form.columns if not name.startswith("#")]
    assert len(set(names)) == len(names)
    assert set(form.needs) <= set(form.columns)
    assert set(form.aliases.values()) <= set(form.columns)


@pytest.mark.parametrize("form", READ, ids=lambda form: form.name)
def test_no_cell_whatever_is_too_odd_for_a_column(form):
    chance = random.Random(form.name)
    odd = (
        *CELLS,
        "|||||",
        ";,;&",
        "((((1111" * 50,
        "1" * 500,
        "٣٤",
        "0000-00-00",
        "-1",
        "nan",
        "<b>&amp;",
        "isbn:",
        "9.78E+12",
        "Ж" * 300,
        "2019-03-07,,2020|x;y",
    )
    for _ in range(100):
        cells = {name: chance.choice(odd) for name in form.columns}
        row = the_only_row(form, cells)
        assert row.cells == cells
        assert row.broken or row.isbn or row.given.get("title")


@pytest.mark.slow
def test_a_cell_as_long_as_can_be_takes_no_time():
    days = [f"{year}-{month:02d}-07" for year in range(1001, 2199) for month in range(1, 13)]
    long = ("(" + "1" * 131_000, "1|" * 65_000, ",".join(days)[:131_000], "|".join(days)[:131_000])
    for form in READ:
        for cell in long:
            start = process_time()
            the_only_row(form, dict.fromkeys(form.columns, cell))
            assert process_time() - start < 5, (form.name, cell[:20])  # well below 1 s
