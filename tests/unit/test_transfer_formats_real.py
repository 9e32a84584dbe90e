"""Real files of other programs: no row lost, and the numbers that an independent count finds."""

from collections import Counter

import pytest

from booklib.transfer.recognise import open_rows
from tests.transfer_files import SHARED
from tests.unit import transfer_counts as counts

FILES = {
    "librarything/*.tsv": ("librarything", counts.librarything),
    "librarything/*.json": ("librarything_json", counts.librarything_json),
    "openreads/*.csv": ("openreads", counts.openreads),
    "calibre/*.csv": ("calibre", counts.calibre),
    "babelio/*.csv": ("babelio", counts.babelio),
    "other/bookwyrm_bookwyrm.csv": ("bookwyrm", counts.bookwyrm),
    "other/bookwyrm_generic.csv": ("generic", counts.any_table),
    "other/bookwyrm_inventaire.csv": ("inventaire", counts.inventaire),
    "other/bookwyrm_openlibrary.csv": ("open_library_log", counts.open_library_log),
    "other/inventaire_tellico*.csv": ("tellico", counts.tellico),
    "other/jelu_*.csv": ("jelu", counts.jelu),
    "other/mybibliotheca_bulk_upcs.csv": ("generic", counts.any_table),
    "other/mybibliotheca_sample*.csv": ("mybibliotheca", counts.mybibliotheca),
    "other/nevertoomanybooks_testdata.csv": ("book_catalogue", counts.book_catalogue),
}


def real_files():
    found = [
        pytest.param(path, name, count, id=path.name)
        for pattern, (name, count) in FILES.items()
        for path in sorted(SHARED.glob(pattern))
    ]
    return found or [pytest.param(None, "", None, id="none")]


@pytest.mark.parametrize(("path", "name", "count"), real_files())
def test_a_real_file_is_read_whole(path, name, count):
    if path is None:
        return
    file = open_rows(path, "whatever")
    rows = list(file.rows())
    expected = count(path)
    assert file.name == name
    assert len(rows) == expected.rows
    assert Counter(row.rating / 2 for row in rows if row.rating) == expected.ratings
    assert Counter(row.status for row in rows) == expected.statuses
    for row in rows:
        assert row.broken or row.isbn or row.given.get("title")
        assert any(row.cells.values())


@pytest.mark.parametrize(("path", "name", "count"), real_files())
def test_only_records_that_name_no_book_are_broken(path, name, count):
    if path is None:
        return
    broken = [row for row in open_rows(path, "").rows() if row.broken]
    if name in ("open_library_log", "generic"):
        assert len(broken) == counts.nameless(path)
    else:
        assert not broken


@pytest.mark.parametrize(("path", "name", "count"), real_files())
def test_every_cell_of_a_real_file_is_somewhere_in_its_row(path, name, count):
    """Texts are compared; statuses, dates and numbers are counted elsewhere."""
    if path is None:
        return
    file = open_rows(path, "")
    whole = {"title", "subtitle", "notes", "notes, labelled", "review", "publisher"}
    texts = [one.name for one in file.columns if one.field in whole]
    for row in file.rows():
        told = _flat([*row.given.values(), row.review, row.notes])
        for cell in (row.cells.get(name, "") for name in texts):
            assert name == "book_catalogue" or "<" in cell or _flat([cell]) in told


def _flat(values):
    return " ".join(" ".join(map(str, values)).split())
