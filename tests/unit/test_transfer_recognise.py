"""A file is what it holds, whatever it is called."""

import pytest

from booklib.errors import BadFile
from booklib.transfer.columns import kept, title
from booklib.transfer.format import Format
from booklib.transfer.recognise import known_formats, open_rows, recognised
from tests.transfer_files import GOODREADS, STORYGRAPH, line, opened


def test_every_format_tells_what_the_help_needs():
    forms = known_formats()
    names = [form.name for form in forms]
    assert len(set(names)) == len(names)
    assert {"goodreads", "storygraph"} <= set(names)
    assert names[-1] == "generic"
    for form in forms:
        assert form.label
        assert form.where.endswith(".")
        assert form.columns
        assert all(column.field for column in form.columns.values())


@pytest.mark.parametrize(("header", "name"), [(GOODREADS, "goodreads"), (STORYGRAPH, "storygraph")])
@pytest.mark.parametrize("called", ["books.pdf", "../../etc/passwd", "", "storygraph.csv"])
def test_a_name_tells_nothing(tmp_path, header, name, called):
    path = tmp_path / "upload"
    path.write_text(f"{header}\n{line(header, Title='A')}\n")
    assert open_rows(path, called).name == name


def test_columns_in_another_order_and_some_missing_are_still_goodreads(tmp_path):
    content = "exclusive shelf, MY RATING ,'Title'\nread,4,A\n"
    file = opened(tmp_path, content)
    assert file.name == "goodreads"
    (row,) = file.rows()
    assert (row.given, row.rating, row.status) == ({"title": "A"}, 8, "read")


def test_the_columns_of_a_known_format_are_shown_in_words(tmp_path):
    file = opened(tmp_path, f"{GOODREADS},Mine\n{line(GOODREADS, Title='A', ISBN='x')},7\n")
    shown = {one.name: one for one in file.columns}
    assert shown["Title"] == ("Title", ("A",), "title")
    assert shown["Average Rating"].field == "left out: what others gave"
    assert shown["Mine"].field == "notes, labelled"


def test_a_mapping_changes_single_columns_of_a_known_format(tmp_path):
    content = f"{GOODREADS},Mine\n{line(GOODREADS, Title='A', Binding='b')},space\n"
    file = opened(tmp_path, content, {"Mine": "tags", "Binding": "left-out"})
    (row,) = file.rows()
    assert (file.name, row.tags, row.notes) == ("goodreads", ("space",), "")


def test_rows_can_be_read_again_and_side_by_side(tmp_path):
    file = opened(tmp_path, "Title\nA\nB\n")
    first, second = file.rows(), file.rows()
    assert next(first).number == 2
    assert [row.number for row in second] == [2, 3]
    assert next(first).number == 3


def test_a_row_carries_its_cells_as_they_stood(tmp_path):
    (row,) = opened(tmp_path, "Title,,Odd\n A ,x,\n").rows()
    assert row.cells == {"Title": " A ", "Column 2": "x", "Odd": ""}


def test_a_row_without_title_and_isbn_is_broken_and_says_why(tmp_path):
    first, second = opened(tmp_path, "Title,Author\n,Ada\nB,\n").rows()
    assert "neither a title nor an ISBN" in first.broken
    assert not second.broken


def test_the_format_that_needs_most_wins():
    small = _format("small", {"Title", "Mine"})
    large = _format("large", {"Title", "Mine", "Yours"})
    by_alias = _format("alias", {"Title", "Theirs"}, {"Ihres": "Theirs"})
    every = (small, large, by_alias)
    assert recognised(("mine", "TITLE", "yours", "more"), every) is large
    assert recognised(("mine", "title"), every) is small
    assert recognised(("ihres", "title"), every) is by_alias
    assert recognised(("title",), every) is None


def _format(name, needs, aliases=None):
    return Format(
        name=name,
        label=name,
        where="Nowhere.",
        needs=frozenset(needs),
        columns={"Title": title(), "Mine": kept("Mine"), "Theirs": kept("Theirs")},
        aliases=aliases or {},
    )


def test_json_that_nobody_writes_is_refused(tmp_path):
    with pytest.raises(BadFile, match="none that is known"):
        opened(tmp_path, '{"a": [1, 2, 3]}')


def test_letters_with_loose_accents_are_stored_like_all_others(tmp_path):
    loose = "E\u0301te\u0301"
    content = f"{GOODREADS},{loose}\n" + line(
        GOODREADS, Book_Id=loose, Title=loose, Author=loose, Bookshelves=loose, Private_Notes=loose
    )
    (row,) = opened(tmp_path, f"{content},{loose}\n").rows()
    assert row.given == {"title": "Été", "authors": ("Été",)}
    assert (row.ident, row.tags, row.notes) == ("goodreads:Été", ("Été",), "Été\n\nÉté: Été")


def test_rows_that_were_left_out_are_read_without_the_column_that_says_why(tmp_path):
    plain = f"{GOODREADS}\n{line(GOODREADS, Title='A', My_Rating='4')}\n"
    left = "\n".join(
        f"{first},{rest}"
        for first, rest in zip(("Problem", "Perhaps this book"), plain.splitlines(), strict=True)
    )
    whole = opened(tmp_path, plain)
    expected = list(whole.rows())
    again = opened(tmp_path, left)
    assert list(again.rows()) == expected
    assert (again.signature, again.columns) == (whole.signature, whole.columns)
