"""Apps and sites that readers keep their books in: Openreads, Libib, Jelu and their like."""

import pytest

from booklib.models import Reading
from booklib.transfer.formats import (
    book_catalogue,
    bookwyrm,
    jelu,
    libib,
    mybibliotheca,
    openreads,
)
from tests.transfer_files import one, opened, rows

OPENREADS = ",".join(openreads.FORMAT.columns)
BOOKWYRM = ",".join(bookwyrm.FORMAT.columns)
LIBIB = ",".join(libib.FORMAT.columns)
JELU = ",".join(jelu.FORMAT.columns)
BOOK_CATALOGUE = ",".join(book_catalogue.FORMAT.columns)
READING_LOG = "Work Id,Edition Id,Bookshelf"
MYBIBLIOTHECA = ",".join(mybibliotheca.FORMAT.columns)


def test_openreads_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        OPENREADS,
        title="The Tin Moon",
        subtitle="A tale",
        author="Quill, Ada",
        description="One.\n\nTwo.",
        status="finished",
        favourite="true",
        deleted="false",
        rating="4.5",
        pages="312",
        publication_year="2011",
        isbn="9780804429573",
        olid="OL1M",
        tags="space|||||to keep",
        my_review="Fine.",
        notes="lent by Eve",
        book_format="paperback",
        readings="2020-01-01T00:00:00.000|2020-02-01T00:00:00.000|5400000;"
        "|2023-11-28T00:00:00.000|",
        date_added="2024-03-01T13:01:12.937",
        date_modified="2024-03-01T13:01:12.937",
    )
    assert (row.ident, row.isbn) == ("openlibrary:OL1M", "9780804429573")
    assert row.given == {
        "title": "The Tin Moon",
        "subtitle": "A tale",
        "authors": ("Ada Quill",),
        "description": "One.\n\nTwo.",
        "page_count": 312,
        "published": "2011",
    }
    assert (row.status, row.rating) == ("read", 9)
    assert (row.started, row.finished) == ("", "2023-11-28")
    assert row.readings == (Reading("2020-01-01", "2020-02-01"),)
    assert row.tags == ("favourite", "space", "to keep")
    assert (row.review, str(row.added_at)) == ("Fine.", "2024-03-01 13:01:12+00:00")
    assert row.notes == "lent by Eve\n\nFormat: paperback\nReading time: 90 minutes"
    assert not row.remarks


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("finished", "read"),
        ("in_progress", "reading"),
        ("in-progress", "reading"),
        ("reading", "reading"),
        ("planned", "to-read"),
        ("for_later", "to-read"),
        ("later", "to-read"),
        ("abandoned", "did-not-finish"),
        ("unfinished", "did-not-finish"),
        ("unknown", None),
        ("", None),
    ],
)
def test_every_status_of_openreads(tmp_path, cell, status):
    row = one(tmp_path, OPENREADS, title="A", status=cell)
    assert (row.status, row.tags) == (status, ())


def test_a_book_deleted_in_openreads_is_told_apart_and_not_lost(tmp_path):
    row = one(tmp_path, OPENREADS, title="A", deleted="true")
    assert row.tags == ("deleted in Openreads",)


def test_several_authors_of_openreads_are_not_one_turned_round(tmp_path):
    row = one(tmp_path, OPENREADS, title="A", author="Ada Quill, Ben Ito")
    assert row.given["authors"] == ("Ada Quill", "Ben Ito")


def test_bookwyrm_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        BOOKWYRM,
        title="我的书",
        author_text="Ada Quill, Ben Ito",
        remote_id="https://books.example/book/2",
        openlibrary_key="OL1M",
        isbn_10="080442957X",
        isbn_13="9780804429573",
        start_date="2022-08-10",
        finish_date="2022-10-10",
        rating="4",
        review_name="Too much",
        review_cw="death",
        review_content="...of it",
        review_published="2022-11-10",
        shelf="cooking-9",
        shelf_name="Cooking",
        shelf_date="2024-08-10",
    )
    assert (row.ident, row.isbn) == ("bookwyrm:https://books.example/book/2", "9780804429573")
    assert row.given == {"title": "我的书", "authors": ("Ada Quill", "Ben Ito")}
    assert (row.status, row.rating, row.tags) == ("read", 8, ("Cooking",))
    assert (row.started, row.finished) == ("2022-08-10", "2022-10-10")
    assert row.review == "Too much\n\n...of it"
    assert row.notes == "Content warning: death\nReviewed on: 2022-11-10"
    assert str(row.added_at) == "2024-08-10 12:00:00+00:00"
    assert not row.remarks


@pytest.mark.parametrize(
    ("shelf", "finished", "stopped", "status", "day"),
    [
        ("to-read", "", "", "to-read", ""),
        ("reading", "", "", "reading", ""),
        ("read", "2020-02-01", "", "read", "2020-02-01"),
        ("stopped-reading", "", "2020-02-01", "did-not-finish", "2020-02-01"),
        ("mine-1", "", "2020-02-01", "did-not-finish", "2020-02-01"),
        ("read", "2020-02-01", "2019-01-01", "read", "2020-02-01"),
        ("mine-1", "", "", None, ""),
    ],
)
def test_shelves_and_stops_of_bookwyrm(tmp_path, shelf, finished, stopped, status, day):
    row = one(
        tmp_path,
        BOOKWYRM,
        title="A",
        shelf=shelf,
        shelf_name="Mine",
        finish_date=finished,
        stopped_date=stopped,
    )
    assert (row.status, row.finished) == (status, day)
    assert row.tags == (("Mine",) if shelf == "mine-1" else ())


def test_libib_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        LIBIB,
        item_type="book",
        title="The Tin Moon",
        creators="Ada Quill, Ben Ito",
        first_name="Ada",
        last_name="Quill",
        collection="Attic",
        ean_isbn13="9780804429573",
        upc_isbn10="080442957X",
        description="A tale",
        publisher="Quay",
        publish_date="2011-05-03",
        group="Moons",
        tags="space,to keep",
        notes="lent by Eve",
        price="12.50",
        length="312",
        rating="3.5",
        review="Fine.",
        review_date="2020-02-03",
        status="Completed",
        began="2020-01-01",
        completed="2020-02-01",
        added="2019-12-31",
        copies="2",
    )
    assert row.isbn == "9780804429573"
    assert row.given == {
        "title": "The Tin Moon",
        "authors": ("Ada Quill", "Ben Ito"),
        "description": "A tale",
        "publisher": "Quay",
        "published": "2011-05-03",
        "page_count": 312,
    }
    assert (row.status, row.rating, row.copies) == ("read", 7, 2)
    assert (row.started, row.finished) == ("2020-01-01", "2020-02-01")
    assert (row.tags, row.review) == (("Attic", "space", "to keep"), "Fine.")
    assert row.notes.splitlines() == [
        "lent by Eve",
        "",
        "Series: Moons",
        "Price: 12.50",
        "Reviewed on: 2020-02-03",
    ]
    assert not row.remarks


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("Not begun", "to-read"),
        ("In progress", "reading"),
        ("Completed", "read"),
        ("Abandoned", "did-not-finish"),
        ("", None),
    ],
)
def test_every_status_of_libib(tmp_path, cell, status):
    assert one(tmp_path, LIBIB, title="A", status=cell).status == status


def test_a_film_of_libib_keeps_its_own_columns(tmp_path):
    row = one(
        tmp_path,
        LIBIB,
        item_type="movie",
        title="A",
        last_name="Roe",
        upc_isbn10="012345678905",
        length="98",
        number_of_discs="2",
    )
    assert (row.isbn, row.given["authors"]) == (None, ("Roe",))
    assert "page_count" not in row.given
    assert row.notes == "Kind: movie\nUPC: 012345678905\nLength: 98\nDiscs: 2"
    assert row.remarks == ("This is not a book in Libib: its kind was put into the notes.",)


def test_the_template_of_libib_has_other_names_for_days(tmp_path):
    header = "title,ean_isbn13,upc_isbn10,began_date,completed_date,length_of"
    row = one(
        tmp_path,
        header,
        title="A",
        began_date="2020-01-01",
        completed_date="2020-02-01",
        length_of="312",
    )
    assert (row.started, row.finished, row.given["page_count"]) == ("2020-01-01", "2020-02-01", 312)


@pytest.mark.parametrize(
    ("cells", "status", "started", "finished", "earlier", "notes"),
    [
        ({}, None, "", "", (), ""),
        ({"Shelves": "to-read"}, "to-read", "", "", (), ""),
        (
            {"read_dates": "2020/02/10,2021/02/10", "Date_Read": "2021/02/10"},
            "read",
            "",
            "2021-02-10",
            (Reading("", "2020-02-10"),),
            "",
        ),
        (
            {"read_dates": "2020/02/10", "dropped_dates": "2019/02/10,2021/02/10"},
            "did-not-finish",
            "",
            "2021-02-10",
            (Reading("", "2020-02-10"),),
            "Given up: 2019/02/10",
        ),
        (
            {"read_dates": "2021/02/10", "dropped_dates": "2020/02/10"},
            "read",
            "",
            "2021-02-10",
            (),
            "Given up: 2020/02/10",
        ),
        (
            {
                "Shelves": "currently-reading",
                "read_dates": "2019/02/10",
                "dropped_dates": "2020/02/10",
                "currently_reading": "2022/02/10",
                "Date_Read": "2022/02/10",
            },
            "reading",
            "2022-02-10",
            "",
            (Reading("", "2019-02-10"),),
            "Given up: 2020/02/10",
        ),
        ({"Date_Read": "2021/02/10"}, "read", "", "2021-02-10", (), ""),
    ],
)
def test_events_of_jelu(tmp_path, cells, status, started, finished, earlier, notes):
    row = one(tmp_path, JELU, Title="A", **cells)
    assert (row.status, row.started, row.finished) == (status, started, finished)
    assert (row.readings, row.notes) == (earlier, notes)


def test_jelu_tells_tags_and_authors_twice(tmp_path):
    row = one(
        tmp_path,
        JELU,
        Title="A",
        Author="Ada Quill",
        authors="Ada Quill,Ben Ito",
        tags="science fiction,space",
        Bookshelves="sciencefiction space",
        isbn10="080442957X",
        isbn13="9780804429573",
        ISBN="9780804429573",
        owned="true",
    )
    assert row.given["authors"] == ("Ada Quill", "Ben Ito")
    assert (row.tags, row.isbn, row.copies) == (("science fiction", "space"), "9780804429573", 1)
    assert (row.notes, row.remarks) == ("", ())


def test_book_catalogue_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        BOOK_CATALOGUE,
        author_details="Quill, Ada|Ito, Ben:|Quill, Ada:",
        title="Tin Moon, The",
        isbn="080442957X",
        rating="3.5",
        bookshelf_id="1,2,",
        bookshelf="Default, Attic,",
        read="1",
        series_details="Moons (2)",
        notes="one\\ntwo",
        list_price="12,95",
        anthology="2",
        location="Loft",
        read_start="2020-01-01",
        read_end="2020-02-01",
        signed="1",
        loaned_to="Eve",
        genre="History / Europe",
        language="German",
        date_added="2017-12-21 16:38:57",
        goodreads_book_id="0",
        book_uuid="e97",
    )
    assert (row.ident, row.isbn) == ("book-catalogue:e97", "9780804429573")
    assert row.given == {
        "title": "The Tin Moon",
        "authors": ("Ada Quill", "Ben Ito"),
        "categories": ("History", "Europe"),
        "language": "de",
    }
    assert (row.status, row.rating, row.tags) == ("read", 7, ("Attic",))
    assert (row.started, row.finished) == ("2020-01-01", "2020-02-01")
    assert row.notes.splitlines() == [
        "one",
        "two",
        "",
        "Series: Moons (2)",
        "List price: 12,95",
        "Kind: Anthology of several authors",
        "Place: Loft",
        "Signed: 1",
        "Lent to: Eve",
    ]


@pytest.mark.parametrize(
    ("read", "start", "end", "status"),
    [
        ("0", "", "", "to-read"),
        ("0", "2020-01-01", "", "reading"),
        ("0", "2020-01-01", "2020-02-01", "read"),
        ("1", "2020-01-01", "", "read"),
        ("true", "", "", "read"),
    ],
)
def test_read_or_not_in_book_catalogue(tmp_path, read, start, end, status):
    row = one(tmp_path, BOOK_CATALOGUE, title="A", read=read, read_start=start, read_end=end)
    assert row.status == status


def test_numbers_of_open_library_name_no_book_and_the_row_says_what_to_do(tmp_path):
    file = opened(
        tmp_path, f"{READING_LOG}\nOL102749W,,Currently Reading\nOL3W,OL7M,Already Read\n"
    )
    first, second = file.rows()
    assert file.name == "open_library_log"
    assert "its number OL102749W alone" in first.broken
    assert "its number OL7M alone" in second.broken
    assert "add its ISBN in a column" in first.broken
    assert first.cells["Bookshelf"] == "Currently Reading"


def test_a_mended_row_of_open_library_is_read_with_its_shelf(tmp_path):
    content = (
        f"Problem,{READING_LOG},ISBN,Title\n"
        "Open Library names…,OL1W,,Want to Read,080442957X,\n"
        "Open Library names…,OL3W,OL7M,Already Read,,The Tin Moon\n"
    )
    first, second = rows(tmp_path, content)
    assert (first.isbn, first.status, first.broken) == ("9780804429573", "to-read", "")
    assert (second.given, second.status) == ({"title": "The Tin Moon"}, "read")
    assert second.ident == "openlibrary:OL7M"


def test_mybibliotheca_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        MYBIBLIOTHECA,
        Title="The Tin Moon",
        Author="Ada Quill",
        ISBN="9780804429573",
        My_Rating="5",
        Bookshelves="read,space",
        Date_Read="2023-06-15",
        Reading_Pace="Fast",
        Emotional_Impact="4",
        Personal_Tags="to keep,space",
    )
    assert (row.status, row.rating, row.finished) == ("read", 10, "2023-06-15")
    assert row.tags == ("space", "to keep")
    assert row.notes == "Reading pace: Fast\nEmotional impact: 4"


def test_a_table_of_bookly_is_told_by_its_headings(tmp_path):
    header = "Title,Author,ISBN,Pages,Status,Rating,Date Started,Date Finished,Reading Time"
    row = one(
        tmp_path,
        header,
        Title="The Tin Moon",
        Author="Ada Quill",
        ISBN="9780804429573",
        Pages="312",
        Status="Finished",
        Rating="4.5",
        Date_Started="2023-06-01",
        Date_Finished="2023-06-15",
        Reading_Time="7h 12m",
    )
    assert (row.status, row.rating, row.isbn) == ("read", 9, "9780804429573")
    assert (row.started, row.finished) == ("2023-06-01", "2023-06-15")
    assert row.notes == "Reading Time: 7h 12m"
