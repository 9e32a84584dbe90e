"""LibraryThing: tables of all years, and JSON."""

import json

import pytest

from booklib.models import Reading
from booklib.transfer.formats import librarything
from tests.transfer_files import one, opened, rows

TABLE = ",".join(
    name for name in librarything.FORMAT.columns if name not in ("Author (first, last)", "Series")
)


def tabbed(**cells):
    """A file as LibraryThing writes it: tabs, and no quotation marks that mean anything."""
    names = TABLE.split(",")
    told = {name.replace(" ", "_"): name for name in names}
    line = {told[name]: value for name, value in cells.items()}
    return "\t".join(names) + "\n" + "\t".join(line.get(name, "") for name in names) + "\n"


def test_a_row_is_read_whole(tmp_path):
    content = tabbed(
        Book_Id="11",
        Title='The "Tin" Moon',
        Primary_Author="Quill, Ada",
        Secondary_Author="Ito, Ben|Roe, Cy|Quill, A. da",
        Secondary_Author_Roles="|Illustrator|",
        Publication="Quay Press (2011), Paperback",
        Date="2011",
        Review="Fine.",
        Rating="3.5",
        Comment="from the fair",
        Private_Comment="lent by Eve",
        Media="Paperback",
        Dimensions="7 x 5 x 1 inches",
        Page_Count="312 ",
        Acquired="[2019-01-01]",
        Date_Started="[2019-02-01]",
        Date_Read="[2019-03-07]",
        Tags="space, to keep",
        Copies="2",
        Collections="Your library, Winter reading",
        Languages="English",
        Original_Languages="French",
        ISBN="[080442957X]",
        ISBNs="080442957X, 9780804429573, 9782070612758",
        Subjects="Moon > Fiction|Tin",
        Entry_Date="[2019-01-02]",
        From_Where="The fair",
        Lending_Patron="Eve",
    )
    file = opened(tmp_path, content.encode("utf-8"))
    (row,) = file.rows()
    assert (file.name, row.ident, row.isbn) == ("librarything", "librarything:11", "9780804429573")
    assert row.given == {
        "title": 'The "Tin" Moon',
        "authors": ("Ada Quill", "Ben Ito"),
        "publisher": "Quay Press",
        "published": "2011",
        "page_count": 312,
        "language": "en",
        "categories": ("Moon > Fiction", "Tin"),
    }
    assert (row.status, row.rating, row.copies) == ("read", 7, 2)
    assert (row.started, row.finished) == ("2019-02-01", "2019-03-07")
    assert str(row.added_at) == "2019-01-02 12:00:00+00:00"
    assert (row.tags, row.review) == (("space", "to keep", "Winter reading"), "Fine.")
    assert row.notes.splitlines() == [
        "lent by Eve",
        "",
        "Illustrator: Cy Roe",
        "Publication: Quay Press (2011), Paperback",
        "Comment: from the fair",
        "Format: Paperback",
        "Dimensions: 7 x 5 x 1 inches",
        "Acquired on: 2019-01-01",
        "Original language: French",
        "Other ISBNs: 9782070612758",
        "Bought at: The fair",
        "Lent to: Eve",
    ]
    assert not row.remarks


@pytest.mark.parametrize(
    ("collections", "read", "status", "tags", "copies"),
    [
        ("Your library", "", None, (), 1),
        ("Your library, To read", "", "to-read", (), 1),
        ("Currently reading", "", "reading", (), None),
        ("Read but unowned", "", "read", (), None),
        ("Wishlist", "", "to-read", ("Wishlist",), None),
        ("Your library, Favorites", "2019", "read", ("Favorites",), 1),
        ("Votre bibliothèque, À lire", "", "to-read", (), 1),
        ("DNF", "", "did-not-finish", (), None),
        ("To read, Currently reading", "", "reading", (), None),
        ("", "2019", "read", (), 1),
    ],
)
def test_collections_tell_status_and_ownership(tmp_path, collections, read, status, tags, copies):
    content = tabbed(Title="A", Collections=collections, Copies="1", Date_Read=read)
    (row,) = rows(tmp_path, content)
    assert (row.status, row.tags, row.copies) == (status, tags, copies)


def test_a_book_being_read_again_was_finished_earlier(tmp_path):
    content = tabbed(Title="A", Collections="Currently reading", Date_Read="2019-03-07")
    (row,) = rows(tmp_path, content)
    assert (row.status, row.finished) == ("reading", "")
    assert row.readings == (Reading("", "2019-03-07"),)


@pytest.mark.parametrize("date", ["?", "pas de date", "n.d.", ""])
def test_a_date_that_is_not_known_is_none(tmp_path, date):
    (row,) = rows(tmp_path, tabbed(Title="A", Date=date))
    assert ("published" in row.given, row.notes, row.remarks) == (False, "", ())


def test_a_few_bytes_of_another_encoding_spoil_no_other_letter(tmp_path):
    content = tabbed(Title="Été", Review="Ça\u2060").encode() + b"Moi"
    content = content.replace("\u2060".encode(), b"\xe2")
    first, second = opened(tmp_path, content).rows()
    assert (first.given["title"], first.review) == ("Été", "Ça�")
    assert (second.given, second.cells["Book Id"]) == ({}, "Moi")


def test_an_editor_who_comes_first_keeps_the_role(tmp_path):
    (row,) = rows(
        tmp_path, tabbed(Title="A", Primary_Author="Quill, Ada", Primary_Author_Role="Editor")
    )
    assert (row.given["authors"], row.notes) == (("Ada Quill",), "Editor: Ada Quill")


def test_the_table_of_early_years_has_names_in_apostrophes(tmp_path):
    names = [
        "'TITLE'",
        "'AUTHOR (first, last)'",
        "'AUTHOR (last, first)'",
        "'DATE'",
        "'ISBN'",
        "'STARS'",
        "'ENTRY DATE'",
        "'Odd'",
    ]
    cells = ["A", "Ada Quill", "Quill, Ada", "2011", "[080442957X]", "4", "Aug 9, 2006", "x"]
    content = (
        ",".join(f'"{name}"' for name in names)
        + "\n"
        + ",".join(f'"{cell}"' for cell in cells)
        + "\n"
    )
    file = opened(tmp_path, content)
    (row,) = file.rows()
    assert (file.name, row.given["authors"]) == ("librarything", ("Ada Quill",))
    assert (row.isbn, row.rating, row.added_at.year) == ("9780804429573", 8, 2006)
    assert row.notes == "Odd: x"


BOOK = {
    "books_id": "11",
    "title": "The Tin Moon &amp; I",
    "primaryauthor": "Quill, Ada",
    "secondaryauthor": "Quill, A.da|P&eacute;rez, Eva",
    "secondaryauthorroles": "|Illustrator",
    "authors": [{"lf": "Quill, Ada", "fl": "Ada Quill"}],
    "collections": ["Your library", "Currently reading"],
    "collections_idA": [1, 2],
    "originalisbn": "080442957X",
    "isbn": {"0": "080442957X", "2": "9780804429573"},
    "asin": "B0084FWN26",
    "rating": 4.5,
    "date": "?",
    "pages": "278 ",
    "language": ["English"],
    "ddc": {"code": ["823.914"], "wording": ["Fiction"]},
    "subject": {"0": ["Children\\'s stories"], "2": ["Moon", "Fiction"], "5": [None, "Tin"]},
    "genre": ["Fantasy"],
    "format": [{"code": "1.1.1", "text": "Paperback"}],
    "tags": ["space", "to keep"],
    "series": ["Moons", "Tins"],
    "review": "Fine &lt;3",
    "privatecomment": "lent by Eve",
    "entrydate": "2014-10-11",
    "datestarted": "2014-10-12",
    "copies": "1",
    "never seen": {"a": [1, {"b": 2}]},
}


def listed(folder, *books):
    return opened(folder, json.dumps({str(place): book for place, book in enumerate(books)}))


def test_a_book_of_json_is_read_whole(tmp_path):
    file = listed(tmp_path, BOOK)
    (row,) = file.rows()
    assert (file.name, row.number, row.ident) == ("librarything_json", 1, "librarything:11")
    assert (row.isbn, row.status, row.rating, row.copies) == ("9780804429573", "reading", 9, 1)
    assert row.given == {
        "title": "The Tin Moon & I",
        "authors": ("Ada Quill",),
        "page_count": 278,
        "language": "en",
        "categories": ("Children's stories", "Moon > Fiction", "Tin", "Fantasy"),
    }
    assert (row.started, row.tags) == ("2014-10-12", ("space", "to keep"))
    assert (row.review, str(row.added_at)) == ("Fine <3", "2014-10-11 12:00:00+00:00")
    assert row.notes.splitlines() == [
        "lent by Eve",
        "",
        "Illustrator: Eva Pérez",
        "Format: Paperback",
        "Dewey: 823.914",
        "Series: Moons, Tins",
        "ASIN: B0084FWN26",
        "never seen: 1, 2",
    ]


@pytest.mark.parametrize(
    ("isbn", "meant"),
    [
        ({"0": "080442957X", "2": "9780804429573"}, "9780804429573"),
        (["080442957X"], "9780804429573"),
        ("9780804429573", "9780804429573"),
        ({"0": "B0084FWN26"}, None),
        ([], None),
        (None, None),
    ],
)
def test_isbns_come_in_every_shape(tmp_path, isbn, meant):
    (row,) = listed(tmp_path, {"books_id": "1", "title": "A", "isbn": isbn}).rows()
    assert row.isbn == meant


def test_authors_of_a_book_without_a_first_one_are_those_of_the_list(tmp_path):
    book = {"books_id": "1", "title": "A", "authors": [{"lf": "Quill, Ada"}, {"fl": "Ben Ito"}]}
    first, second = listed(tmp_path, book, {"books_id": "2", "title": "B", "authors": [[]]}).rows()
    assert first.given["authors"] == ("Ada Quill", "Ben Ito")
    assert second.given == {"title": "B"}


def test_what_is_no_book_is_broken_and_what_was_left_out_can_be_imported_as_a_table(tmp_path):
    file = listed(tmp_path, {"books_id": "1", "primaryauthor": "Quill, Ada"}, 7)
    assert [bool(row.broken) for row in file.rows()] == [True, True]
    first = next(file.rows())
    assert first.cells["Primary Author"] == "Quill, Ada"
    header = "Title,Primary Author,Entry Date"
    mended = one(tmp_path, header, Title="A", Primary_Author=first.cells["Primary Author"])
    assert mended.given == {"title": "A", "authors": ("Ada Quill",)}
