"""Real files through a whole import: the shelf holds what a plain count finds in the file."""

import csv
import math
from collections import Counter

import pytest

from tests.transfer_files import SHARED
from tests.unit import transfer_counts as counts
from tests.unit.test_import_flow import imported, library
from tests.unit.test_transfer_formats_real import real_files

SHELVES = {"to-read": "to-read", "currently-reading": "reading", "read": "read"}
STORYGRAPH = SHELVES | {"did-not-finish": "did-not-finish"}
TWICE = {"jelu_export_expected.csv"}
"""Files in which two rows are one book, by their ISBN."""


def _counted(path, rating, status, words):
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.DictReader(file))
    stars = [math.floor(float(record[rating] or 0) * 2 + 0.5) / 2 for record in records]
    return counts.Counts(
        len(records),
        Counter(star for star in stars if star),
        Counter(words.get(record[status]) for record in records),
    )


def goodreads(path):
    return _counted(path, "My Rating", "Exclusive Shelf", SHELVES)


def storygraph(path):
    return _counted(path, "Star Rating", "Read Status", STORYGRAPH)


def every_file():
    found = [
        pytest.param(path, count, id=f"{path.parent.name}-{path.name}")
        for folder, count in (("goodreads", goodreads), ("storygraph", storygraph))
        for path in sorted(SHARED.glob(f"{folder}/*.csv"))
    ]
    found += [
        pytest.param(one.values[0], one.values[2], id=one.id)
        for one in real_files()
        if one.values[0] is not None
    ]
    return found or [pytest.param(None, None, id="none")]


@pytest.mark.parametrize(("path", "count"), every_file())
async def test_every_row_is_on_the_shelf_or_among_those_left(stage, alice, path, count):
    if path is None:
        return
    data, expected = path.read_bytes(), count(path)
    state = await imported(stage, alice, data)
    books = (await library(stage, alice)).values()
    assert state.stage == "done"
    assert state.rows == expected.rows
    assert state.counts["new"] == len(books)
    assert sum(state.counts.values()) == expected.rows
    assert state.left == state.counts["broken"]
    if path.name not in TWICE:
        assert state.counts["new"] + state.left == expected.rows
        assert Counter(book.rating / 2 for book in books if book.rating) == expected.ratings
    if not state.left and path.name not in TWICE:
        statuses = Counter(status or "to-read" for status in expected.statuses.elements())
        assert Counter(book.status for book in books) == statuses

    again = await imported(stage, alice, data)
    assert (again.counts["new"], again.counts["changed"], again.counts["doubtful"]) == (0, 0, 0)
