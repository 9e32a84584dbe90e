"""Goodreads' CSV: every layout, and nothing of it lost."""

import re
from collections import Counter
from datetime import UTC, datetime
from time import process_time

import pytest

from booklib.models import Reading
from booklib.transfer.recognise import open_rows
from tests.transfer_files import GOODREADS, lent, line, one, opened, plain_records

OLD = GOODREADS.replace(
    "Read Count,Owned Copies",
    "Read Count,Recommended For,Recommended By,Owned Copies,Original Purchase Date,"
    "Original Purchase Location,Condition,Condition Description,BCID",
)


def test_a_row_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        OLD,
        Book_Id="11",
        Title="The Tin Moon (Moons, #1)",
        Author="Ada  Quill",
        Author_l_f="Quill, Ada",
        Additional_Authors="Ben Ito, Ада Перо",
        ISBN='="080442957X"',
        ISBN13='="9780804429573"',
        My_Rating="4",
        Average_Rating="3.9",
        Publisher="Quay, The",
        Binding="Paperback",
        Number_of_Pages="312",
        Year_Published="2011",
        Original_Publication_Year="-50",
        Date_Read="2019/03/07",
        Date_Added="2019/01/02",
        Bookshelves="space, to-keep, 2015, read",
        Exclusive_Shelf="read",
        My_Review="Fine.<br/><br/>Really <i>fine</i> &amp; short.",
        Spoiler="true",
        Private_Notes="lent by Eve",
        Read_Count="3",
        Recommended_By="Eve",
        Owned_Copies="2",
        BCID="123-456",
    )
    assert row.number == 2
    assert row.ident == "goodreads:11"
    assert row.isbn == "9780804429573"
    assert row.given == {
        "title": "The Tin Moon (Moons, #1)",
        "authors": ("Ada Quill", "Ben Ito", "Ада Перо"),
        "publisher": "Quay, The",
        "page_count": 312,
        "published": "2011",
    }
    assert (row.status, row.rating, row.copies) == ("read", 8, 2)
    assert (row.started, row.finished) == ("", "2019-03-07")
    assert row.added_at == datetime(2019, 1, 2, 12, tzinfo=UTC)
    assert row.tags == ("space", "to-keep", "2015")
    assert row.review == "Fine.\n\nReally fine & short."
    assert row.notes.splitlines() == [
        "lent by Eve",
        "",
        "Binding: Paperback",
        "First published: -50",
        "Spoiler: true",
        "Times read: 3",
        "Recommended by: Eve",
        "BookCrossing number: 123-456",
    ]
    assert not row.remarks
    assert not row.broken


@pytest.mark.parametrize(
    ("shelf", "status", "tags"),
    [
        ("to-read", "to-read", ()),
        ("currently-reading", "reading", ()),
        ("read", "read", ()),
        ("did-not-finish", "did-not-finish", ()),
        ("abandoned", "did-not-finish", ("abandoned",)),
        ("dnf", "did-not-finish", ("dnf",)),
        ("waiting", None, ("waiting",)),
        ("avec-espace", None, ("avec-espace",)),
    ],
)
def test_a_shelf_of_the_readers_own_is_a_tag_and_never_read(tmp_path, shelf, status, tags):
    row = one(tmp_path, GOODREADS, Title="A", Bookshelves=shelf, Exclusive_Shelf=shelf)
    assert (row.status, row.tags) == (status, tags)


def test_a_book_being_read_again_was_finished_earlier(tmp_path):
    row = one(
        tmp_path,
        GOODREADS,
        Title="A",
        Date_Read="2019/03/07",
        Exclusive_Shelf="currently-reading",
    )
    assert (row.status, row.finished) == ("reading", "")
    assert row.readings == (Reading("", "2019-03-07"),)


@pytest.mark.parametrize(
    ("isbn", "isbn13", "meant"),
    [
        ('="0804429577"', '="9780804429573"', "9780804429573"),
        ("080442957x", "", "9780804429573"),
        ("", "9780804429573", "9780804429573"),
        ('=""', '=""', None),
        ("", "6221102019422", None),
        ("80442957", "", "9780804429573"),
        ("140143505", "9.78014E+12", "9780140143508"),
        ("", "9791032300824", "9791032300824"),
    ],
)
def test_isbns_of_every_spelling_are_one(tmp_path, isbn, isbn13, meant):
    row = one(tmp_path, GOODREADS, Title="A", ISBN=isbn, ISBN13=isbn13)
    assert row.isbn == meant


def test_a_number_that_is_no_isbn_is_kept_and_told(tmp_path):
    row = one(tmp_path, GOODREADS, Title="A", ISBN13="6221102019422")
    assert "ISBN-13: 6221102019422" in row.notes
    assert len(row.remarks) == 1


def test_a_rating_of_seven_is_not_taken_but_kept(tmp_path):
    row = one(tmp_path, GOODREADS, Title="A", My_Rating="7")
    assert row.rating is None
    assert "Rating: 7" in row.notes
    assert row.remarks == ("A rating is not a number from 0 to 5: it was put into the notes.",)


def test_a_date_that_there_is_not_is_kept(tmp_path):
    row = one(tmp_path, GOODREADS, Title="A", Date_Read="0000-00-00", Date_Added="2019/02/31")
    assert (row.finished, row.added_at) == ("", None)
    assert "Date added: 2019/02/31" in row.notes


def test_columns_of_the_readers_own_are_kept_in_the_notes(tmp_path):
    header = f"{GOODREADS},Lent to"
    assert "Lent to: Eve" in one(tmp_path, header, Title="A", Lent_to="Eve").notes


@pytest.mark.parametrize("header", [OLD, GOODREADS, GOODREADS.upper()])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_layout_is_recognised(tmp_path, header, end):
    content = f"{header}{end}{line(header, **{header.split(',')[1]: 'A'})}{end}"
    file = opened(tmp_path, content)
    assert (file.name, file.label, file.needs_mapping) == ("goodreads", "Goodreads", False)
    assert [row.given for row in file.rows()] == [{"title": "A"}]


@pytest.mark.parametrize("path", lent("goodreads"))
def test_a_real_export_is_read_whole(path):
    if path is None:
        return
    records = plain_records(path)
    file = open_rows(path, path.name)
    found = list(file.rows())
    assert file.name == "goodreads"
    assert [row.given["title"] for row in found] == [
        " ".join(record["Title"].split()) for record in records
    ]
    assert not any(row.broken for row in found)
    assert [(row.rating or 0) / 2 for row in found] == [
        int(record["My Rating"]) for record in records
    ]
    statuses = {"to-read": "to-read", "currently-reading": "reading", "read": "read"}
    assert Counter(row.status for row in found) == Counter(
        statuses.get(record["Exclusive Shelf"]) for record in records
    )
    days = [record["Date Read"].replace("/", "-") for record in records]
    assert [row.finished or (row.readings or [("", "")])[-1][1] for row in found] == days
    assert [bool(row.added_at) for row in found] == [bool(r["Date Added"]) for r in records]
    authors = [
        1 + len([name for name in r["Additional Authors"].split(",") if name]) for r in records
    ]
    assert [len(row.given["authors"]) for row in found] == authors
    for row, record in zip(found, records, strict=True):
        numbers = re.findall(r"[\dX]{9,}", record["ISBN"] + " " + record["ISBN13"])
        assert bool(numbers) == bool(row.isbn or row.remarks)
        assert all(number in row.notes for number in numbers if not row.isbn)
        assert bool(row.review) == bool(record["My Review"])


@pytest.mark.slow
def test_ten_thousand_rows_are_read_in_about_a_second(tmp_path):
    body = "\n".join(
        line(
            GOODREADS,
            Book_Id=str(number),
            Title=f"Book {number}",
            Author="Ada Quill",
            Additional_Authors="Ben Ito",
            ISBN='="080442957X"',
            ISBN13='="9780804429573"',
            My_Rating=str(number % 6),
            Publisher="Quay",
            Number_of_Pages="312",
            Year_Published="2011",
            Date_Read="2019/03/07",
            Date_Added="2019/01/02",
            Bookshelves="space, to-keep",
            Exclusive_Shelf="read",
            My_Review="Fine.<br/>Really.",
        )
        for number in range(10_000)
    )
    path = tmp_path / "upload"
    path.write_text(f"{GOODREADS}\n{body}\n")
    start = process_time()
    count = sum(1 for _ in open_rows(path, "").rows())
    assert count == 10_000
    assert process_time() - start < 3  # about 0.8 s on a machine that does nothing else
