"""Goodreads' CSV: each column as Goodreads writes it, and as the import reads it."""

import csv
import io
import tracemalloc
from datetime import timedelta

import pytest

from booklib import jobs
from booklib.models import Page, Reading, ShelfRow
from booklib.models.shelf import place
from booklib.ports import World
from booklib.transfer import imports, plans
from booklib.transfer.exports import EXPORTS
from booklib.transfer.goodreads_csv import COLUMNS, line
from booklib.transfer.shelf_lines import Kept
from tests.factories import NOON, a_book, a_copy, a_user
from tests.fakes import Clock, FakePictures, FakeQueue, MemoryFiles, MemoryStorage


def cells(copy, book=None):
    """One line by column, as a spreadsheet shows it."""
    (row,) = csv.reader(io.StringIO(line(Kept(copy, book)).decode()))
    return dict(zip(COLUMNS, row, strict=True))


def told(column, **values):
    return cells(a_copy(**values))[column]


def test_a_book_as_goodreads_writes_it():
    book = a_book(publisher="Chilton", published="1965-08-01", subtitle="A Novel")
    copy = place(
        a_copy(
            isbn=book.isbn,
            book_id=book.book_id,
            mine={},
            status="read",
            rating=9,
            finished_on="2019-03-07",
            readings=(Reading("2001", "2002"),),
            tags=("Science Fiction", "to lend"),
            review="Sand.\nMore sand.",
            notes="Lent, to <Anna> & Bob",
            copies=2,
            imported={"ident": "goodreads:234225"},
        ),
        book,
    )
    assert line(Kept(copy, book)).decode() == (
        '234225,Dune: A Novel,Frank Herbert,"Herbert, Frank",,"=""0441172717""",'
        '"=""9780441172719""",4.5,,Chilton,,412,1965,,2019/03/07,2026/11/01,'
        '"Science-Fiction, to-lend",,read,Sand.<br/>More sand.,,'
        '"Lent, to &lt;Anna&gt; &amp; Bob",2,2\n'
    )


def test_a_book_about_which_little_is_known():
    assert cells(a_copy("Dune", "")) == {
        **dict.fromkeys(COLUMNS, ""),
        "Title": "Dune",
        "ISBN": '=""',
        "ISBN13": '=""',
        "My Rating": "0",
        "Date Added": "2026/11/01",
        "Bookshelves": "to-read",
        "Exclusive Shelf": "to-read",
        "Read Count": "0",
        "Owned Copies": "0",
    }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "'=", "''+"])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(start):
    text = f"{start}1+1"
    assert told("Title", title=text) == f"'{text}"
    assert told("Author", author=text) == f"'{text}"
    assert told("My Review", review=text) == f"'{text}"
    assert told("Private Notes", notes=text) == f"'{text}"
    assert told("Bookshelves", tags=(text,), status="read") == f"'{text}"


@pytest.mark.parametrize(
    ("status", "shelf", "bookshelves"),
    [
        ("to-read", "to-read", "sand, to-read"),
        ("reading", "currently-reading", "sand, currently-reading"),
        ("read", "read", "sand"),
        ("did-not-finish", "did-not-finish", "sand, did-not-finish"),
    ],
)
def test_the_status_is_a_shelf(status, shelf, bookshelves):
    assert told("Exclusive Shelf", status=status) == shelf
    assert told("Bookshelves", status=status, tags=("sand",)) == bookshelves


@pytest.mark.parametrize(
    ("day", "told_day"),
    [("2019", "2019"), ("2019-03", "2019/03"), ("2019-03-07", "2019/03/07"), ("0800", "")],
)
def test_a_date_is_as_precise_as_known(day, told_day):
    assert told("Date Read", status="read", finished_on=day) == told_day


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ({"status": "to-read"}, "0"),
        ({"status": "reading"}, "0"),
        ({"status": "read"}, "1"),
        ({"status": "read", "readings": (Reading("", ""), Reading("2001", "2002"))}, "3"),
        ({"status": "reading", "readings": (Reading("", "2001"), Reading("", "2002"))}, "2"),
        ({"status": "read", "notes": "Mine.\n\nTimes read: 7"}, "7"),
        ({"status": "read", "notes": "Times read: often"}, "1"),
    ],
)
def test_how_often_a_book_was_read(values, count):
    assert told("Read Count", **values) == count


def test_what_an_import_kept_in_the_notes_goes_back_to_its_column():
    notes = "Mine.\n\nBinding: Paperback\nRating: 3.75 of 5\nFirst published: 1965\nTimes read: 4"
    found = cells(a_copy(status="read", notes=notes))
    assert found["Private Notes"] == "Mine.<br/><br/>Rating: 3.75 of 5"
    assert (found["Binding"], found["Original Publication Year"]) == ("Paperback", "1965")
    assert found["Read Count"] == "4"


@pytest.mark.parametrize(
    ("authors", "first", "others"),
    [
        (("Ursula K. Le Guin",), "Ursula K. Le Guin", ""),
        (("Good, Wise",), "Wise Good", ""),
        (("A B", "Last, First", "C, D, E", "A B"), "A B", "First Last, C D E"),
        (("", ",", "Only"), "Only", ""),
    ],
)
def test_authors_are_told_as_they_are_read_again(authors, first, others):
    found = cells(a_copy(mine={"title": "T", "authors": authors}))
    assert (found["Author"], found["Additional Authors"]) == (first, others)


def test_letters_that_are_no_letters_do_not_come_into_a_table():
    assert told("Title", title="a\x07b\x1b[31m\x85c") == "a b [31m c"


class Endless(MemoryStorage):
    """A shelf of many books with long reviews, which are made as they are asked for."""

    def __init__(self, books):
        super().__init__()
        self._many = books

    async def user(self, user_id):
        return a_user("alice", counts={"read": self._many})

    def _copy(self, number):
        return a_copy(
            f"Book {number}",
            user_book_id=f"{number:06d}",
            status="read",
            review=f"{number} " * 200,
            added_at=NOON + timedelta(seconds=number),
        )

    async def shelf(self, user_id, query, after, limit):
        start = int(after or 0)
        numbers = range(start, min(start + limit, self._many))
        rows = tuple(
            ShelfRow(f"{number:06d}", "", "read", 0, "", False, str(number)) for number in numbers
        )
        more = start + limit < self._many
        return Page(rows, str(start + limit) if more else None)

    async def owned(self, user_id, ids):
        return {ident: self._copy(int(ident)) for ident in ids}

    async def books(self, ids):
        return {}


def a_world(storage):
    return World(
        storage=storage,
        queue=FakeQueue(),
        catalogues=(),
        files=MemoryFiles(),
        pictures=FakePictures(),
        now=Clock(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", EXPORTS)
async def test_ten_thousand_books_are_never_in_memory_together(kind):
    world = a_world(Endless(10_000))
    size = largest = 0
    tracemalloc.start()
    try:
        async for piece in EXPORTS[kind].stream(world, "id-alice"):
            size += len(piece)
            largest = max(largest, len(piece))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > (100_000 if kind == "zip" else 10_000_000)
    assert largest < 400_000
    assert most < 6_000_000


async def test_what_a_goodreads_file_says_is_said_again(tmp_path):
    """Two rows in today's layout, with what has no field of its own here."""
    rows = (
        '43070,The Essential Owl (Owls #1),Anna Author,"Author, Anna",Bob B.,"=""0441172717""",'
        '"=""9780441172719""",4,4.09,Owl Press,Hardcover,472,2014,2006,2005/02/07,2021/03/22,'
        '"birds, to-lend","birds (#3), to-lend (#15)",read,One.<br/><br/>Two &amp; three.,,'
        "lent to Eve,3,1\n"
        '77,No Number,Anna Author,"Author, Anna",,"=""""","=""""",0,3.90,,kindle_edition,,,-50,,'
        "2020/08/23,to-read,to-read (#9),to-read,,,,0,0\n"
    )
    head = ",".join(COLUMNS) + "\n"
    world = a_world(MemoryStorage())
    user = a_user("alice")
    await world.storage.add_user(user)
    await world.files.put(f"{plans.folder(user.user_id, 'one')}/upload", (head + rows).encode())
    await imports.begin(world, user, "one", "export.csv")
    await jobs.run(world, f"import-read:{user.user_id}:one")
    await imports.apply(world, user, "one", overwrite=False, doubtful="skip", choices={})
    await jobs.run(world, f"import:{user.user_id}:one")
    data = b"".join([p async for p in EXPORTS["goodreads"].stream(world, user.user_id)])
    found = list(csv.DictReader(io.StringIO(data.decode())))
    wanted = list(csv.DictReader(io.StringIO(head + rows)))
    assert [row["Title"] for row in wanted] == ["The Essential Owl (Owls #1)", "No Number"]
    wanted.sort(key=lambda row: row["Date Added"])
    for row in wanted:
        row["Average Rating"] = row["Bookshelves with positions"] = ""
    assert found == wanted
