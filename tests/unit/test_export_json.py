"""Our own JSON: what is written of a book, and what is read of a file."""

import json
from datetime import UTC, datetime

import pytest

from booklib.errors import BadFile
from booklib.models import Reading
from booklib.models.shelf import place
from booklib.ports import World
from booklib.transfer import library_json
from booklib.transfer.json_members import MAX_MEMBER
from booklib.transfer.recognise import open_rows
from booklib.transfer.shelf_lines import Kept
from tests.factories import a_book, a_copy, a_user, added
from tests.fakes import Clock, FakePictures, FakeQueue, MemoryFiles, MemoryStorage


@pytest.fixture
async def world():
    clock = Clock()
    storage = MemoryStorage(clock)
    await storage.add_user(a_user("alice"))
    return World(
        storage=storage,
        queue=FakeQueue(),
        catalogues=(),
        files=MemoryFiles(),
        pictures=FakePictures(),
        now=clock,
    )


async def exported(world):
    return b"".join([piece async for piece in library_json.stream(world, "id-alice")])


WHEN = '{"known": {"title": "A"}, "status": "read", "added_at": "%s"}'


def a_full_copy():
    book = a_book(publisher="Chilton")
    copy = a_copy(
        isbn=book.isbn,
        book_id=book.book_id,
        status="read",
        rating=9,
        started_on="2019-03",
        finished_on="2019-03-07",
        readings=(Reading("2001", ""),),
        tags=("sand", "to lend"),
        review="Spice & <sand>",
        notes="Line one\nline two",
        copies=2,
        mine={"title": "Dune, mine", "subtitle": None},
        given={"title": "DUNE", "language": "en"},
        imported={"rating": 8, "tags": ("sand",)},
    )
    return place(copy, book), book


def test_a_book_says_every_field_that_there_is():
    assert json.loads(library_json.line(Kept(*a_full_copy()))) == {
        "added_at": "2026-11-01T12:00:00.000000Z",
        "copies": 2,
        "finished": "2019-03-07",
        "imported": {"rating": 8, "tags": ["sand"]},
        "isbn": "9780441172719",
        "known": {
            "authors": ["Frank Herbert"],
            "language": "en",
            "page_count": 412,
            "publisher": "Chilton",
            "title": "Dune",
        },
        "mine": {"subtitle": None, "title": "Dune, mine"},
        "notes": "Line one\nline two",
        "rating": 4.5,
        "readings": [{"finished": "", "started": "2001"}],
        "review": "Spice & <sand>",
        "started": "2019-03",
        "status": "read",
        "tags": ["sand", "to lend"],
    }


async def test_the_file_has_one_line_for_each_book_oldest_first(world):
    await added(world.storage, a_copy("Last", minute=2), a_copy("First", minute=1))
    lines = (await exported(world)).decode().split("\n")
    assert lines[0] == '{"format": "book-library", "version": 1, "books": ['
    assert ["First" in lines[1], "Last" in lines[2]] == [True, True]
    assert lines[3:] == ["]}", ""]


async def test_books_of_one_moment_stand_in_the_order_of_their_lines_and_not_of_their_ids(world):
    titles = [f"Book {number:03d}" for number in range(250)]
    await added(
        world.storage, *(a_copy(title, isbn=None, imported={"id": title[5:]}) for title in titles)
    )
    books = json.loads(await exported(world))["books"]
    assert [book["mine"]["title"] for book in books] == titles


async def test_an_empty_library_is_a_whole_file_too(world):
    assert json.loads(await exported(world))["books"] == []


async def test_deleted_books_stay_behind(world):
    await added(world.storage, a_copy("Kept"), a_copy("Gone", deleted_at=world.now(), minute=1))
    assert [book["mine"]["title"] for book in json.loads(await exported(world))["books"]] == [
        "Kept"
    ]


def test_a_file_is_read_as_it_was_written(tmp_path):
    copy, book = a_full_copy()
    path = tmp_path / "whatever.bin"
    path.write_bytes(library_json.HEAD + b"\n" + library_json.line(Kept(copy, book)) + b"\n]}\n")
    opened = open_rows(path, "whatever.bin")
    assert (opened.name, opened.label, opened.columns) == ("book-library", "Book Library", ())
    (row,) = opened.rows()
    assert row.broken == ""
    assert row.exact
    assert (row.isbn, row.status, row.rating, row.copies) == (copy.isbn, "read", 9, 2)
    assert row.added_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert (row.started, row.finished, row.readings) == ("2019-03", "2019-03-07", copy.readings)
    assert (row.tags, row.review, row.notes) == (copy.tags, copy.review, copy.notes)
    assert (row.mine, row.imported) == (copy.mine, copy.imported)
    assert row.given == {**book.fields, "language": "en"}


def opened(tmp_path, text):
    path = tmp_path / "file.json"
    path.write_text(text, encoding="utf-8")
    return open_rows(path, path.name)


@pytest.mark.parametrize("version", ["0", "true", "1.0", '"1"', "null"])
def test_what_is_no_version_is_damage(tmp_path, version):
    with pytest.raises(BadFile, match="damaged"):
        opened(tmp_path, f'{{"format": "book-library", "version": {version}, "books": []}}')


def test_a_newer_version_is_refused_with_what_would_help(tmp_path):
    with pytest.raises(BadFile, match="newer version"):
        opened(tmp_path, '{"format": "book-library", "version": 2, "books": []}')


def test_an_export_without_books_says_so(tmp_path):
    with pytest.raises(BadFile, match="no books"):
        opened(tmp_path, '{"format": "book-library", "version": 1, "books": []}')


def test_a_file_that_was_cut_off_is_damaged(tmp_path):
    copy, book = a_full_copy()
    half = library_json.HEAD + library_json.line(Kept(copy, book)) + b",\n{"
    found = opened(tmp_path, half.decode())
    with pytest.raises(BadFile, match="damaged"):
        list(found.rows())


def test_members_may_stand_in_any_order(tmp_path):
    books = '{"books": [{"status": "read", "known": {"title": "Dune"}}]'
    text = f'{books}, "version": 1, "format": "book-library"}}'
    (row,) = opened(tmp_path, text).rows()
    assert (row.given, row.rating, row.broken) == ({"title": "Dune"}, 0, "")


@pytest.mark.parametrize(
    ("book", "why"),
    [
        ("7", "no book"),
        ("{}", "neither a title nor an ISBN"),
        ('{"isbn": "9780441172718", "status": "read"}', "9780441172718 is none"),
        ('{"isbn": 9780441172719, "status": "read"}', "“isbn” is not"),
        ('{"known": {"title": "A"}}', "“status” is not"),
        ('{"known": {"title": "A"}, "status": "burnt"}', "“status” is not"),
        ('{"known": {"title": "A"}, "status": "read", "rating": 7}', "rating"),
        ('{"known": {"title": "A"}, "status": "read", "rating": 1e300}', "rating"),
        ('{"known": {"title": "A"}, "status": "read", "rating": 4.25}', "rating"),
        ('{"known": {"title": "A"}, "status": "read", "rating": true}', "rating"),
        ('{"known": {"title": "A"}, "status": "read", "finished": "2019-02-30"}', "2019-02-30"),
        ('{"known": {"title": "A"}, "status": "read", "added_at": "2019-02-03"}', "added_at"),
        ('{"known": {"title": "A"}, "status": "read", "added_at": 7}', "added_at"),
        ('{"known": {"title": ["A"]}, "status": "read"}', "title"),
        ('{"known": {"title": "A", "authors": "B"}, "status": "read"}', "authors"),
        ('{"known": {"title": "A"}, "status": "read", "tags": [7]}', "tags"),
        ('{"known": {"title": "A"}, "status": "read", "readings": ["2001"]}', "readings"),
        ('{"known": {"title": "A"}, "status": "read", "copies": -1}', "copies"),
        ('{"known": {"title": "A"}, "status": "read", "mine": {"cover_file": "own/x"}}', "mine"),
        ('{"known": {"title": "A"}, "status": "read", "cover": "../../etc/passwd"}', "cover"),
        ('{"known": {"title": "A"}, "status": "read", "cover": "covers/../x"}', "cover"),
        ('{"known": {"title": "A"}, "status": "read", "edition": "/etc/passwd"}', "edition"),
        ('{"known": {"title": "A"}, "status": "read", "id": "\\u0000"}', "id"),
        ('{"known": {"title": "A"}, "status": "read", "imported": {"a": {}}}', "imported"),
        (WHEN % "0001-01-01T00:00:00Z", "added_at"),
        (WHEN % "0001-01-01T00:00:00+14:00", "added_at"),
        (WHEN % "9999-12-31T23:59:59-14:00", "added_at"),
    ],
)
def test_a_book_that_is_wrong_is_told_and_the_others_are_read(tmp_path, book, why):
    good = '{"known": {"title": "Good"}, "status": "read"}'
    head = library_json.HEAD.decode()
    first, second = opened(tmp_path, f"{head}{book},{good}]}}").rows()
    assert why in first.broken
    assert (second.given, second.number) == ({"title": "Good"}, 2)


def test_one_endless_book_is_refused_before_it_fills_the_memory(tmp_path):
    head = library_json.HEAD.decode()
    with pytest.raises(BadFile, match="too large"):
        opened(tmp_path, head + '{"notes": "' + "a" * (MAX_MEMBER + 100_000))


@pytest.mark.parametrize(
    "number",
    ["9" * 70_000, "9" * 5_000, "9" * 30, "1e" + "9" * 70_000, "1e99999999999999999999", "1e999"],
    ids=["70,000 digits", "5,000 digits", "30 digits", "long exponent", "exponent", "infinite"],
)
def test_a_number_that_nothing_can_hold_is_refused_as_often_as_it_comes(tmp_path, number):
    book = f'{{"known": {{"title": "A"}}, "status": "read", "copies": {number}}}'
    for _ in range(3):
        with pytest.raises(BadFile, match="damaged"):
            opened(tmp_path, f"{library_json.HEAD.decode()}{book}]}}")


def test_brackets_without_end_are_refused(tmp_path):
    for brackets in ("[" * 3_000_000, '{"a":' * 1_000_000):
        with pytest.raises(BadFile, match="none of a list of books"):
            opened(tmp_path, library_json.HEAD.decode() + brackets)


def test_a_text_is_cleaned_like_any_other(tmp_path):
    book = '{"known": {"title": " A\\u0000B "}, "status": "read", "tags": [" x  y ", "X Y"]}'
    (row,) = opened(tmp_path, f"{library_json.HEAD.decode()}{book}]}}").rows()
    assert (row.given["title"], row.tags) == ("AB", ("x y",))
