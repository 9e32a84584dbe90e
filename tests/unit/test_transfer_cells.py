"""Single cells: ISBNs, ratings, dates, names, titles, statuses."""

from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booklib.models import Reading
from booklib.transfer import cells, columns, days
from booklib.transfer.drafts import Draft


@pytest.mark.parametrize(
    ("cell", "isbn"),
    [
        ("0441172717", "9780441172719"),
        ("9780441172719", "9780441172719"),
        ("978-0-441-17271-9", "9780441172719"),
        ("441172717", "9780441172719"),
        ("80442957", "9780804429573"),
        ("080442957", "9780804429573"),
        ("080442957x", "9780804429573"),
        ("[0441172717]", "9780441172719"),
        ("0441172717, 9780441172719", "9780441172719"),
        ("9780441172719.0", "9780441172719"),
        ("9.78059E+12", None),
        ("9,78059E+12", None),
        ("B0084FWN26", None),
        ("6221102019422", None),
        ("9780441172718", None),
        ("9790060115615", None),
        ("none", None),
        ("0", None),
        ("", None),
    ],
)
def test_an_isbn_in_a_cell(cell, isbn):
    assert cells.isbn(cell).isbn == isbn


@given(st.integers(1, 10**8 - 1))
def test_every_isbn_is_found_though_zeros_are_lost(number):
    stem = f"0{number:08d}"
    check = -sum((10 - place) * int(digit) for place, digit in enumerate(stem)) % 11
    whole = stem + ("X" if check == 10 else str(check))
    meant = cells.isbn(whole).isbn
    assert meant
    assert meant[3:12] == stem
    assert cells.isbn(whole.lower()).isbn == meant
    short = whole.lstrip("0")
    if len(short) == 9 and short.isdigit():
        assert cells.isbn(short).isbn == meant


def test_two_ways_to_lengthen_eight_digits_are_told_and_not_guessed():
    both = next(
        text
        for number in range(10_000_000, 10_100_000)
        if len(cells._lengthened(text := str(number))) == 2
    )
    found = cells.isbn(both)
    assert (found.isbn, found.rest) == (None, (("ISBN", both),))


@pytest.mark.parametrize(
    ("cell", "half_stars", "exact", "wrong"),
    [
        ("0", 0, "", False),
        ("3", 6, "", False),
        ("4,5", 9, "", False),
        ("3.75", 8, "3.75", False),
        ("4.25", 9, "4.25", False),
        ("4/5", 8, "", False),
        ("8/10", 8, "", False),
        ("8 of 10", 8, "", False),
        ("80%", 8, "", False),
        ("★★★★", 8, "", False),
        ("***", 6, "", False),
        ("★★★½", 7, "", False),
        ("★★★☆☆", 6, "", False),
        ("4 stars", 8, "", False),
        ("7", None, "7", True),
        ("-1", None, "-1", True),
        ("5/0", None, "5/0", True),
        ("good", None, "good", True),
        ("-", None, "", False),
        ("not rated", None, "", False),
    ],
)
def test_a_rating(cell, half_stars, exact, wrong):
    assert cells.stars(cell) == (half_stars, exact, wrong)


def test_a_rating_out_of_ten():
    assert cells.stars("7", 10) == (7, "", False)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("2019/03/07", "2019-03-07"),
        ("2019-3-7", "2019-03-07"),
        ("20190307", "2019-03-07"),
        ("2019", "2019"),
        ("2019-03", "2019-03"),
        ("03/2019", "2019-03"),
        ("Mar 2019", "2019-03"),
        ("March 7, 2019", "2019-03-07"),
        ("7th of March 2019", "2019-03-07"),
        ("7 März 2019", "2019-03-07"),
        ("7. März 2019", "2019-03-07"),
        ("7 de marzo de 2019", "2019-03-07"),
        ("7 mars 2019", "2019-03-07"),
        ("1er août 2019", "2019-08-01"),
        ("7 marzo 2019", "2019-03-07"),
        ("7 de março de 2019", "2019-03-07"),
        ("7 maart 2019", "2019-03-07"),
        ("set 2019", "2019-09"),
        ("7-Mar-19", "2019-03-07"),
        ("Mar-19", "2019-03"),
        ("13/03/2019", "2019-03-13"),
        ("03/13/2019", "2019-03-13"),
        ("4/28/2024", "2024-04-28"),
        ("07.03.2019", "2019-03-07"),
        ("07.03.19", "2019-03-07"),
        ("[2011-05-03]", "2011-05-03"),
        ("2019-03-07T23:59:59.123+02:00", "2019-03-07"),
        ("2024-03-01T13:01:12.937", "2024-03-01"),
        ("12/10/2015 14:05", "2015-12-10"),
        ("Thu Mar 07 2019 10:00:00 GMT+0100", "2019-03-07"),
        ("43531", "2019-03-07"),
        ("43531.25", "2019-03-07"),
        ("2019年3月7日", "2019-03-07"),
        ("2019-00-00", "2019"),
        ("0000-00-00", ""),
        ("0100-12-31T19:00:00-05:50:36", ""),
        ("0101-01-01T00:00:00+00:00", ""),
        ("?", ""),
        ("pas de date", ""),
        ("n.d.", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_a_date(cell, text):
    assert days.day(cell) == (text, True)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("2019-02-30", "2019-02"),
        ("2019-13-01", "2019"),
        ("31/04/2019", "2019-04"),
        ("summer 2019", "2019"),
        ("yesterday", ""),
        ("99/99/9999", ""),
        ("1" * 100_000, ""),
    ],
)
def test_a_date_that_there_is_not_is_taken_as_far_as_it_goes(cell, text):
    assert days.day(cell) == (text, False)


def test_the_order_of_day_and_month_is_the_files():
    assert days.day("07/03/2019", "day-first").text == "2019-03-07"
    assert days.day("07/03/2019", "month-first").text == "2019-07-03"
    assert days.evidence("13/03/2019") == "day-first"
    assert days.evidence("03/13/2019") == "month-first"
    assert days.evidence("07.03.2019") == "day-first"
    assert days.evidence("07/03/2019") is None
    assert days.is_open("07/03/2019")
    assert not days.is_open("07/07/2019")


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2019/03/07", (2019, 3, 7, 12, 0)),
        ("2019-03-26T16:37:23.629Z", (2019, 3, 26, 16, 37, 23)),
        ("2021-01-19T22:41:16+01:00", (2021, 1, 19, 21, 41, 16)),
        ("3/26/2019 4:37 PM", (2019, 3, 26, 16, 37)),
        ("2019-03-07 25:61", (2019, 3, 7, 12, 0)),
    ],
)
def test_a_moment(cell, moment):
    assert days.moment(cell) == datetime(*moment, tzinfo=UTC)


def test_a_month_is_no_moment():
    assert days.moment("Mar 2019") is None


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Quill, Ada", ["Ada Quill"]),
        ("Ada Quill", ["Ada Quill"]),
        ("Quill, Ada|Ito, Ben", ["Ada Quill", "Ben Ito"]),
        ("Ada Quill & Ben Ito", ["Ada Quill", "Ben Ito"]),
        ("Ada Quill; Ben Ito", ["Ada Quill", "Ben Ito"]),
        ("Ada Quill, Ben Ito", ["Ada Quill", "Ben Ito"]),
        ("Ada Quill, Ben Ito, Cy Roe", ["Ada Quill", "Ben Ito", "Cy Roe"]),
        ("Roe, Cy, Jr.", ["Cy Roe Jr."]),
        ("Cy Roe, Jr.", ["Cy Roe, Jr."]),
        ("Le Guin, Ursula K.", ["Ursula K. Le Guin"]),
        ("Voltaire", ["Voltaire"]),
        (" ; , ", []),
    ],
)
def test_authors_of_unknown_make(cell, names):
    assert cells.guessed_names(cell) == names


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        ("Last Hero, The", "The Last Hero"),
        ("Next City: A Share, The", "The Next City: A Share"),
        ("Étranger, L'", "L'Étranger"),
        ("Tod in Venedig, Der", "Der Tod in Venedig"),
        ("Memory, Sorrow, and Thorn", "Memory, Sorrow, and Thorn"),
        ("The, There", "The, There"),
    ],
)
def test_a_turned_title(cell, title):
    assert cells.turned_title(cell) == title


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("Want to read", "to-read"),
        ("À lire", "to-read"),
        ("En cours", "reading"),
        ("CURRENTLY_READING", "reading"),
        ("Leído", "read"),
        ("gelesen", "read"),
        ("DNF", "did-not-finish"),
        ("Abandonné", "did-not-finish"),
        ("waiting", None),
        ("", None),
    ],
)
def test_a_status_in_many_languages(cell, status):
    assert cells.status(cell) == status


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("278 ", 278),
        ("590 p.; 7", None),
        ("590 p.", 590),
        ("1,234", 1234),
        ("12.0", 12),
        ("x", None),
    ],
)
def test_a_whole_number(cell, number):
    assert cells.whole_number(cell, 99_999) == number


@given(st.text(max_size=20) | st.text("'=+-@\t\r a", max_size=8))
def test_defusing_is_undone_exactly(text):
    safe = cells.defused(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cells.as_it_was(safe) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [('="0441172717"', "0441172717"), ('=""', ""), ('="a ""b"""', 'a "b"'), ("'tis", "'tis")],
)
def test_cells_that_goodreads_writes_as_formulas(cell, text):
    assert cells.as_it_was(cell) == text


def test_readings_come_in_order_and_once():
    draft = Draft(number=2, cells={}, finished="2020-10-25")
    columns.add_reading(draft, "2022-01", "2022-02")
    columns.add_reading(draft, "2020-10-21", "2020-10-25")
    columns.settle_readings(draft)
    assert (draft.started, draft.finished) == ("2022-01", "2022-02")
    assert draft.readings == [Reading("2020-10-21", "2020-10-25")]


def test_more_than_fits_a_field_is_kept_in_the_notes():
    draft = Draft(number=2, cells={})
    columns.title().read(draft, "a" * 700)
    columns.authors(",").read(draft, ",".join(f"Author {number}" for number in range(300)))
    columns.tags(",").read(draft, ",".join(f"tag {number}" for number in range(150)))
    columns.review().read(draft, "b" * 50_000)
    row = draft.row()
    assert len(row.given["title"]) == 500
    assert len(row.given["authors"]) == 200
    assert len(row.tags) == 100
    assert len(row.review) == 40_000
    assert "a" * 700 in row.notes
    assert "Author: Author 299" in row.notes
    assert "Tag: tag 149" in row.notes
    assert "b" * 10_000 in row.notes
    assert len(row.remarks) == 3


@pytest.mark.parametrize(
    "piece", ["1 ", "1/", "- ", "1.", "a, ", "=", "'", "9-", "  ", "★", "1,000"]
)
def test_a_long_cell_of_any_kind_is_read_at_once(piece):
    cell = piece * (131_072 // len(piece))
    start = process_time()
    cells.isbn(cell)
    cells.stars(cell)
    cells.whole_number(cell, 10)
    cells.guessed_names(cell)
    cells.names(cell, ";&|")
    cells.turned_title(cell)
    cells.as_it_was(cell)
    cells.status(cell)
    cells.yes(cell)
    days.day(cell)
    days.evidence(cell)
    days.moment(cell)
    assert process_time() - start < 2
