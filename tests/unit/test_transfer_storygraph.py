"""The StoryGraph's CSV: quarter stars, several readings in a cell, ids that are no ISBN."""

from collections import Counter

import pytest

from booklib.models import Reading
from booklib.transfer.recognise import open_rows
from tests.transfer_files import STORYGRAPH, lent, one, plain_records


def test_a_row_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        STORYGRAPH,
        Title="The Tin Moon",
        Authors="Ada Quill, Ben Ito",
        Contributors="Cy Roe (Narrator)",
        ISBN_UID="9780804429573",
        Format="audio",
        Read_Status="read",
        Date_Added="2021/05/03",
        Last_Date_Read="2022/01/03",
        Dates_Read="2020/10/21-2020/10/25, 2022/01/03",
        Read_Count="2",
        Moods="dark, tense",
        Pace="fast",
        Flawed_Characters_="Yes",
        Star_Rating="3.75",
        Review="<div>Fine.</div>",
        Content_Warnings="Death",
        Tags="space, to keep",
        Owned_="Yes",
    )
    assert row.isbn == "9780804429573"
    assert row.given == {"title": "The Tin Moon", "authors": ("Ada Quill", "Ben Ito")}
    assert (row.status, row.rating, row.copies) == ("read", 8, 1)
    assert (row.started, row.finished) == ("", "2022-01-03")
    assert row.readings == (Reading("2020-10-21", "2020-10-25"),)
    assert row.tags == ("space", "to keep")
    assert row.review == "Fine."
    assert row.notes.splitlines() == [
        "Contributors: Cy Roe (Narrator)",
        "Format: audio",
        "Moods: dark, tense",
        "Pace: fast",
        "Flawed characters: Yes",
        "Rating: 3.75 of 5",
        "Content warnings: Death",
    ]
    assert not row.remarks


@pytest.mark.parametrize(
    ("cell", "half_stars"),
    [("4.25", 9), ("3.75", 8), ("0.25", 1), ("4.5", 9), ("5.0", 10), ("0.0", 0), ("", None)],
)
def test_quarter_stars_are_rounded_half_up(tmp_path, cell, half_stars):
    row = one(tmp_path, STORYGRAPH, Title="A", Star_Rating=cell)
    assert row.rating == half_stars
    assert ("Rating: " in row.notes) == cell.endswith(("25", "75"))


@pytest.mark.parametrize(
    ("cell", "started", "finished", "earlier"),
    [
        ("", "", "", ()),
        ("2020/10/25", "", "2020-10-25", ()),
        ("2020/10/21-2020/10/25", "2020-10-21", "2020-10-25", ()),
        ("2020/10/21-", "2020-10-21", "", ()),
        ("2022/1/3, 2020/10/25", "", "2022-01-03", (Reading("", "2020-10-25"),)),
        ("4/28/2024-5/2/2024", "2024-04-28", "2024-05-02", ()),
        ("2020-10-21 - 2020-10-25", "2020-10-21", "2020-10-25", ()),
    ],
)
def test_dates_of_several_readings(tmp_path, cell, started, finished, earlier):
    row = one(tmp_path, STORYGRAPH, Title="A", Read_Status="read", Dates_Read=cell)
    assert (row.started, row.finished, row.readings) == (started, finished, earlier)


def test_dates_that_are_none_are_kept(tmp_path):
    row = one(tmp_path, STORYGRAPH, Title="A", Dates_Read="last summer")
    assert "Dates read: last summer" in row.notes


@pytest.mark.parametrize(
    ("cell", "isbn", "note"),
    [
        ("38549081", "9780385490818", ""),
        ("140143505", "9780140143508", ""),
        ("B0084FWN26", None, "ASIN: B0084FWN26"),
        ("1f0a-77bc", None, "StoryGraph id: 1f0a-77bc"),
        ("9.78059E+12", None, ""),
        ("", None, ""),
    ],
)
def test_ids_that_are_no_isbn(tmp_path, cell, isbn, note):
    row = one(tmp_path, STORYGRAPH, Title="A", ISBN_UID=cell)
    assert (row.isbn, row.notes) == (isbn, note)
    assert bool(row.ident) == bool(note)
    assert bool(row.remarks) == ("E+" in cell)


@pytest.mark.parametrize(
    ("cell", "status", "tags"),
    [
        ("to-read", "to-read", ()),
        ("currently-reading", "reading", ()),
        ("read", "read", ()),
        ("did-not-finish", "did-not-finish", ()),
        ("paused", "reading", ("paused",)),
        ("", None, ()),
    ],
)
def test_every_status(tmp_path, cell, status, tags):
    row = one(tmp_path, STORYGRAPH, Title="A", Read_Status=cell)
    assert (row.status, row.tags) == (status, tags)


def test_a_book_being_read_again_was_finished_earlier(tmp_path):
    row = one(
        tmp_path,
        STORYGRAPH,
        Title="A",
        Read_Status="currently-reading",
        Last_Date_Read="2020/10/25",
        Dates_Read="2020/10/21-2020/10/25",
    )
    assert (row.started, row.finished) == ("", "")
    assert row.readings == (Reading("2020-10-21", "2020-10-25"),)


@pytest.mark.parametrize("path", lent("storygraph"))
def test_a_real_export_is_read_whole(path):
    if path is None:
        return
    records = plain_records(path)
    file = open_rows(path, path.name)
    found = list(file.rows())
    assert file.name == "storygraph"
    assert [row.given["title"] for row in found] == [record["Title"] for record in records]
    assert [(row.rating or 0) / 2 for row in found] == [
        float(record["Star Rating"] or 0) for record in records
    ]
    assert Counter(row.status for row in found) == Counter(
        record["Read Status"] or None for record in records
    )
    assert [row.finished for row in found] == [
        record["Last Date Read"].replace("/", "-") for record in records
    ]
    assert sum(bool(row.isbn) for row in found) == sum(
        record["ISBN/UID"][:1].isdigit() for record in records
    )
