"""Catalogues: Calibre, Babelio, Inventaire, Tellico."""

import pytest

from booklib.transfer.formats import calibre, inventaire, tellico
from tests.transfer_files import one, opened

CALIBRE = ",".join(name for name in calibre.FORMAT.columns if not name.startswith("#"))
INVENTAIRE = ",".join(inventaire.FORMAT.columns)
TELLICO = ",".join(tellico.FORMAT.columns)
BABELIO = (
    '"ISBN";"Titre";"Auteur";"Editeur";"Date de publication";"Date d`entrée dans Babelio";'
    '"Statut";"Note"\r\n'
)


def test_calibre_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        CALIBRE,
        author_sort="Quill, Ada",
        authors="Ada Quill",
        title="The Tin Moon",
        title_sort="Tin Moon, The",
        identifiers="goodreads:39,isbn:9780804429573,mobi-asin:B00R697C86",
        isbn="9.78080E+12",
        rating="4.5",
        tags="Fiction, To keep",
        series="Moons",
        series_index="8.0",
        languages="eng, fra",
        publisher="Quay",
        pubdate="2019-03-05T01:00:00+01:00",
        timestamp="2021-01-19T22:41:16+01:00",
        comments="<p>One</p><p>Two</p>",
        formats="epub, azw3",
        library_name="Attic",
        size="1433809",
        cover="/books/eve/cover.jpg",
        id="864",
        uuid="3051",
    )
    assert (row.ident, row.isbn) == ("calibre:3051", "9780804429573")
    assert row.given == {
        "title": "The Tin Moon",
        "authors": ("Ada Quill",),
        "language": "en",
        "publisher": "Quay",
        "published": "2019-03-05",
        "description": "One\n\nTwo",
    }
    assert (row.status, row.rating, row.tags) == (None, 9, ("Fiction", "To keep"))
    assert str(row.added_at) == "2021-01-19 21:41:16+00:00"
    assert row.notes.splitlines() == [
        "Identifiers: goodreads:39, mobi-asin:B00R697C86",
        "Series: Moons, 8",
        "Further languages: fra",
        "Formats: epub, azw3",
        "Calibre library: Attic",
    ]
    assert not row.remarks


@pytest.mark.parametrize(
    ("cell", "sort", "names"),
    [
        ("Ada Quill & Ben Ito", "Quill, Ada & Ito, Ben", ("Ada Quill", "Ben Ito")),
        ("Quill, Ada & Ito, Ben", "Quill, Ada & Ito, Ben", ("Ada Quill", "Ben Ito")),
        ("Ada Quill, Ben Ito", "Quill, Ada & Ito, Ben", ("Ada Quill", "Ben Ito")),
        ("Ada Quill; Ben Ito", "", ("Ada Quill", "Ben Ito")),
        ("Quill, Ada", "Quill, Ada", ("Ada Quill",)),
        ("Le Guin, Ursula K.", "Le Guin, Ursula K.", ("Ursula K. Le Guin",)),
        ("Quill, Ada", "", ("Ada Quill",)),
    ],
)
def test_authors_of_calibre(tmp_path, cell, sort, names):
    row = one(tmp_path, CALIBRE, title="A", authors=cell, author_sort=sort)
    assert row.given["authors"] == names


@pytest.mark.parametrize(
    ("cell", "isbn", "told"),
    [
        ("9780804429573", "9780804429573", False),
        ("080442957", "9780804429573", False),
        ("9.78077E+12", None, True),
    ],
)
def test_isbns_of_calibre_have_lost_their_x(tmp_path, cell, isbn, told):
    row = one(tmp_path, CALIBRE, title="A", isbn=cell)
    assert (row.isbn, bool(row.remarks)) == (isbn, told)


@pytest.mark.parametrize("day", ["0100-12-31T19:00:00-05:00", "0101-01-01T00:00:00-05:50:36"])
def test_the_year_100_is_how_calibre_writes_unknown(tmp_path, day):
    row = one(tmp_path, CALIBRE, title="A", pubdate=day, timestamp="2021-01-19T22:41:16-05:50:36")
    assert ("published" in row.given, row.notes, row.remarks) == (False, "", ())
    assert row.added_at.day == 20


@pytest.mark.parametrize(
    ("column", "cell", "status"),
    [
        ("#read", "TRUE", "read"),
        ("#read", "FALSE", "to-read"),
        ("#status", "Reading", "reading"),
        ("#date_read", "2020-02-01", "read"),
    ],
)
def test_columns_that_a_reader_of_calibre_has_made(tmp_path, column, cell, status):
    header = f"{column},#rating,#formats,{CALIBRE}"
    cells = {column.replace("#", "_"): cell, "_rating": "great", "_formats": "EPUB"}
    row = one(tmp_path, header, title="A", authors="B", rating="4", formats="epub", **cells)
    assert (row.status, row.rating) == (status, 8)
    assert row.notes.splitlines() == ["Formats: epub", "#rating: great", "#formats: EPUB"]


def test_few_columns_are_enough_for_calibre_and_its_own_catalogue_is_told(tmp_path):
    header = "author_sort,authors,tags,title"
    row = one(tmp_path, header, title="My Books", authors="calibre", tags="Catalog")
    assert not row.broken
    assert row.remarks == ("This looks like a catalogue that calibre made itself, and no book.",)


def test_babelio_is_read_whole(tmp_path):
    content = BABELIO + (
        '9780804429573;"L\'été; la nuit";Quill Ada;Quai;07/03/2009;13/10/2015 14:05;Lu;4\r\n'
        "978B0092G4TD5;B;Ito Ben ;;0000-00-00;12/10/2015 14:04;Pense-bête;0\r\n"
        "SIE108407_142;C;Hergé;;1989-00-00;11/10/2015 14:04;A lire;0\r\n"
        "9782070612758;D;;;01/02/1990;10/10/2015 14:04;En cours;5\r\n"
    )
    file = opened(tmp_path, content.encode("cp1252"))
    first, second, third, fourth = file.rows()
    assert file.name == "babelio"
    assert (first.isbn, first.given["title"]) == ("9780804429573", "L'été; la nuit")
    assert (first.given["published"], first.rating) == ("2009-03-07", 8)
    assert str(first.added_at) == "2015-10-13 14:05:00+00:00"
    assert [row.status for row in (first, second, third, fourth)] == [
        "read",
        "to-read",
        "to-read",
        "reading",
    ]
    assert (second.isbn, second.notes, second.rating) == (None, "ASIN: B0092G4TD5", 0)
    assert (second.tags, second.given["authors"]) == (("Pense-bête",), ("Ito Ben",))
    assert (third.ident, third.notes) == (
        "babelio:SIE108407_142",
        "Number at Babelio: SIE108407_142",
    )
    assert (third.given["published"], third.tags) == ("1989", ())
    assert not any(row.remarks for row in (first, second, third, fourth))


def test_who_reviewed_a_book_of_babelio_has_read_it(tmp_path):
    content = (
        '"ISBN";"Titre";"Auteur";"Critique";"Date d`entrée dans Babelio"\r\n'
        '"9780804429573";"A";"Quill Ada";"Très<br/>bien.";"2022-02-05 08:02:29"\r\n'
    )
    (row,) = opened(tmp_path, content.encode("latin-1")).rows()
    assert (row.status, row.review) == ("read", "Très\nbien.")


def test_inventaire_is_read_whole(tmp_path):
    row = one(
        tmp_path,
        INVENTAIRE,
        Item_URL="https://inventaire.io/items/93",
        Item_details="Fine.",
        Item_notes="lent by Eve",
        Item_visibility="public",
        Item_transaction="giving",
        Item_created="2019-03-26T16:37:23.629Z",
        Shelves="Attic, To keep",
        Edition_ISBN_13="978-0-8044-2957-3",
        Edition_ISBN_10="0-8044-2957-X",
        Edition_title="The Tin Moon",
        Edition_publication_date="2000-12-01",
        Edition_number_of_pages="312",
        Edition_language="English",
        Works_labels="La Lune",
        Original_language="French",
        Works_Series_ordinals="2",
        Authors_labels="Ada Quill, Ben Ito",
        Translators_labels="Cy Roe",
        Series_labels="Moons",
        Genres_labels="tale",
        Subjects_labels="moon, tin",
        Publisher_label="Quay",
    )
    assert (row.ident, row.isbn) == ("inventaire:https://inventaire.io/items/93", "9780804429573")
    assert row.given == {
        "title": "The Tin Moon",
        "authors": ("Ada Quill", "Ben Ito"),
        "published": "2000-12-01",
        "page_count": 312,
        "language": "en",
        "categories": ("tale", "moon", "tin"),
        "publisher": "Quay",
    }
    assert (row.status, row.copies, row.tags) == (None, 1, ("Attic", "To keep"))
    assert row.review == "Fine."
    assert row.notes.splitlines() == [
        "lent by Eve",
        "",
        "Offered for: giving",
        "Original language: French",
        "Translator: Cy Roe",
        "Series: Moons, 2",
    ]
    assert not row.remarks


def test_an_edition_of_inventaire_without_title_has_that_of_the_work(tmp_path):
    row = one(tmp_path, INVENTAIRE, Works_labels="La Lune", Item_transaction="inventorying")
    assert (row.given["title"], row.notes, row.copies) == ("La Lune", "", 1)


def test_tellico_is_read_whole_in_two_languages(tmp_path):
    cells = {
        "Title": "Tin Moon, The",
        "Author": "Quill, Ada; Ben Ito",
        "Editor": "Cy Roe",
        "Binding": "Paperback",
        "Publisher": "Quay",
        "Copyright Year": "2010",
        "Publication Year": "2011",
        "ISBN#": "0-8044-2957-X",
        "Language": "fr",
        "Genre": "tale",
        "Keywords": "moon; tin",
        "Series": "Moons",
        "Series Number": "2",
        "Read": "true",
        "Signed": "0",
        "Loaned": "true",
        "Rating": "4",
        "Plot Summary": "Of tin",
        "Comments": "<p>mine</p>",
        "Created Date": "2024-01-08",
    }
    foreign = {own: alias for alias, own in tellico.FORMAT.aliases.items()}
    body = ",".join(f'"{cells.get(name, "")}"' for name in tellico.FORMAT.columns)
    (row,) = opened(tmp_path, f"{TELLICO}\n{body}\n").rows()
    french = ",".join(foreign.get(name, name) for name in tellico.FORMAT.columns)
    file = opened(tmp_path, f"{french}\n{body}\n")
    (same,) = file.rows()
    assert file.name == "tellico"
    assert row.given == {
        "title": "The Tin Moon",
        "authors": ("Ada Quill", "Ben Ito"),
        "publisher": "Quay",
        "published": "2011",
        "language": "fr",
        "description": "Of tin",
    }
    assert (row.isbn, row.status, row.rating) == ("9780804429573", "read", 8)
    assert row.tags == ("tale", "moon", "tin")
    assert row.notes.splitlines() == [
        "mine",
        "",
        "Editor: Cy Roe",
        "Binding: Paperback",
        "Copyright: 2010",
        "Series: Moons, 2",
        "Lent: true",
    ]
    assert (same.given, same.tags, same.status) == (row.given, row.tags, row.status)
    assert same.notes == row.notes
