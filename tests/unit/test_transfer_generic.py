"""Tables of nobody's make: headings in seven languages, and columns mapped by hand."""

import csv
from collections import Counter

import pytest

from booklib.transfer.formats import generic
from booklib.transfer.headings import told
from booklib.transfer.recognise import open_rows
from tests.transfer_files import SHARED, opened, plain_records, rows

LANGUAGES = {
    "en": ("Title;Author;ISBN;My rating;Status;Date read;Tags;Notes;Publisher;Year;Pages", "Read"),
    "es": (
        "Título;Autor;ISBN;Puntuación;Estado;Fecha de lectura;Etiquetas;Notas;Editorial;Año;"
        "Páginas",
        "Leído",
    ),
    "de": (
        "Titel;Autor;ISBN;Bewertung;Lesestatus;Gelesen am;Schlagworte;Notizen;Verlag;"
        "Erscheinungsjahr;Seitenzahl",
        "Gelesen",
    ),
    "fr": (
        "Titre;Auteur;ISBN;Note;Statut;Date de lecture;Étiquettes;Commentaires;Éditeur;Année;"
        "Nombre de pages",
        "Lu",
    ),
    "it": (
        "Titolo;Autore;ISBN;Voto;Stato;Data di lettura;Etichette;Note;Editore;Anno;Pagine",
        "Letto",
    ),
    "pt": (
        "Título;Autor;ISBN;Avaliação;Situação;Data de leitura;Etiquetas;Notas;Editora;Ano;Páginas",
        "Lido",
    ),
    "nl": (
        "Titel;Auteur;ISBN;Beoordeling;Leesstatus;Gelezen op;Labels;Notities;Uitgever;Jaar;"
        "Bladzijden",
        "Gelezen",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_headings_of_seven_languages_are_understood(tmp_path, language, change):
    header, read = LANGUAGES[language]
    assert told(header.split(";")).language == language
    body = f"Die Uhr;Quill, Ada;9780441172719;4,5;{read};07/03/2019;a, b;my own;Quay;2011;312"
    file = opened(tmp_path, f"{change(header)}\n{body}\n")
    assert file.name == "generic"
    assert not file.needs_mapping
    (row,) = file.rows()
    assert row.isbn == "9780441172719"
    assert row.given == {
        "title": "Die Uhr",
        "authors": ("Ada Quill",),
        "publisher": "Quay",
        "published": "2011",
        "page_count": 312,
    }
    assert (row.status, row.rating, row.finished) == ("read", 9, "2019-03-07")
    assert (row.tags, row.notes, row.remarks) == (("a", "b"), "my own", ())


def test_every_heading_means_a_field_that_there_is():
    from booklib.transfer import headings

    named = {field for fields in headings._FIELDS.values() for field in fields.values()}
    assert named <= set(generic.FIELDS)
    assert set(generic.LABELS) == {"", *generic.FIELDS}


def test_a_day_above_twelve_anywhere_decides_for_the_whole_file(tmp_path):
    body = "A,03/07/2019,\nB,05/06/2019,\nC,,25/12/2018\n"
    found = rows(tmp_path, f"Title,Date read,Date added\n{body}")
    assert [row.finished for row in found[:2]] == ["2019-07-03", "2019-06-05"]


def test_without_evidence_the_month_comes_first_and_the_reader_is_told(tmp_path):
    file = opened(tmp_path, "Title,Date read\nA,03/07/2019\nB,07/07/2019\n")
    assert [row.finished for row in file.rows()] == ["2019-03-07", "2019-07-07"]
    assert len(file.remarks) == 1
    assert "03/07/2019" in file.remarks[0]


@pytest.mark.parametrize(
    "content", ["Title;Date read\nA;03/07/2019\n", "Titel,Gelesen am,Autor\nA,03/07/2019,B\n"]
)
def test_semicolons_and_other_languages_hint_at_the_day_first(tmp_path, content):
    (row,) = rows(tmp_path, content)
    assert row.finished == "2019-07-03"


def test_columns_that_are_not_known_are_kept_in_the_notes(tmp_path):
    (row,) = rows(tmp_path, "Title,Mood,Notes,Lent to\nA,dark,mine,Eve\n")
    assert row.notes == "mine\n\nMood: dark\nLent to: Eve"


def test_a_mapping_by_hand_comes_before_the_headings(tmp_path):
    content = "Title,Shelf mark,Mood,Number\nQuill,The Tin Moon,dark,9780441172719\n"
    mapping = {"Shelf mark": "title", "Title": "authors", "Mood": "left-out"}
    file = opened(tmp_path, content, mapping)
    assert [column.field for column in file.columns] == ["authors", "title", "left-out", "isbn"]
    (row,) = file.rows()
    assert row.given == {"title": "The Tin Moon", "authors": ("Quill",)}
    assert (row.isbn, row.notes) == ("9780441172719", "")


def test_a_column_mapped_to_nothing_is_kept(tmp_path):
    (row,) = rows(tmp_path, "Title,Author\nA,Ada\n", {"Author": ""})
    assert (row.given, row.notes) == ({"title": "A"}, "Author: Ada")


def test_a_mapping_to_what_there_is_not_is_no_mapping(tmp_path):
    (row,) = rows(tmp_path, "Title,Author\nA,Ada\n", {"Author": "colour", "Gone": "isbn"})
    assert (row.given, row.notes) == ({"title": "A"}, "Author: Ada")


def test_unknown_columns_ask_for_a_mapping(tmp_path):
    file = opened(tmp_path, "Alpha,Beta\nThe Tin Moon,Ada\nThe Tin Sun,Ada\n")
    assert file.needs_mapping
    assert [(one.name, one.examples, one.field) for one in file.columns] == [
        ("Alpha", ("The Tin Moon", "The Tin Sun"), ""),
        ("Beta", ("Ada",), ""),
    ]
    again = opened(tmp_path, "ALPHA, beta\nx,y\n")
    assert again.signature == file.signature
    assert opened(tmp_path, "Alpha,Gamma\nx,y\n").signature != file.signature


def test_a_list_of_isbns_needs_no_header(tmp_path):
    found = rows(tmp_path, "9780441172719\n080442957X\nnonsense\n")
    assert [row.isbn for row in found] == ["9780441172719", "9780804429573", None]
    assert [row.number for row in found] == [1, 2, 3]
    assert [bool(row.broken) for row in found] == [False, False, True]


def test_ratings_beyond_five_are_of_ten_where_they_are_many(tmp_path):
    file = opened(tmp_path, "Title,Rating\nA,8\nB,9\nC,10\nD,4\n")
    assert [row.rating for row in file.rows()] == [8, 9, 10, 4]
    assert file.remarks == (generic.OUT_OF_TEN,)


def test_one_rating_of_seven_is_a_slip(tmp_path):
    found = rows(tmp_path, "Title,Rating\nA,7\nB,5\nC,3\n")
    assert [row.rating for row in found] == [None, 10, 6]


@pytest.mark.parametrize(
    ("cell", "status", "finished"),
    [
        ("yes", "read", ""),
        ("x", "read", ""),
        ("no", "to-read", ""),
        ("2019", "read", "2019"),
        ("abandoned", "did-not-finish", ""),
    ],
)
def test_a_column_read_says_whether_or_when(tmp_path, cell, status, finished):
    (row,) = rows(tmp_path, f"Title,Read\nA,{cell}\n")
    assert (row.status, row.finished) == (status, finished)


def test_dates_and_shelves_among_the_tags_tell_the_status(tmp_path):
    content = (
        "Title,Started,Finished,Shelves\nA,2019,,\nB,2019,2020,\nC,,,to-read; space\nD,,,space\n"
    )
    found = rows(tmp_path, content)
    assert [row.status for row in found] == ["reading", "read", "to-read", None]
    assert [row.tags for row in found[2:]] == [("space",), ("space",)]


def test_the_first_column_that_says_something_fills_a_field(tmp_path):
    content = "Title,Publisher,Imprint\nA,,Quay\nB,Quay,Key\n"
    first, second = rows(tmp_path, content)
    assert first.given["publisher"] == "Quay"
    assert (second.given["publisher"], second.notes) == ("Quay", "Imprint: Key")


@pytest.mark.parametrize(
    ("name", "title", "isbn", "rating"),
    [
        ("bookwyrm_generic.csv", "title", "ISBN13", "rating"),
        ("mybibliotheca_sample_books.csv", "Title", "ISBN", "My Rating"),
        ("inventaire_tellico_sample.csv", "Titre", "ISBN#", "Note"),
    ],
)
def test_a_real_table_is_read_whole(name, title, isbn, rating):
    path = SHARED / "other" / name
    if not path.exists():
        return
    records = plain_records(path)
    found = list(open_rows(path, name).rows())
    assert [row.given.get("title") for row in found] == [record[title] for record in records]
    assert [bool(row.isbn) for row in found] == [bool(record[isbn]) for record in records]
    assert [row.rating or 0 for row in found] == [
        2 * int(record[rating] or 0) for record in records
    ]


def test_the_real_list_of_ten_thousand_isbns_is_read_whole():
    path = SHARED / "isbnlists" / "goodbooks10k_clean.csv"
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    found = list(open_rows(path, "").rows())
    assert [row.isbn or "" for row in found] == [record["isbn13"] for record in records]
    counted = Counter(bool(record["title"]) for record in records)
    assert Counter("title" in row.given for row in found) == counted
    assert not any(row.broken for row in found)


def test_a_real_list_with_wrong_numbers_tells_which():
    path = SHARED / "other" / "mybibliotheca_bulk_upcs.csv"
    if path.exists():
        found = list(open_rows(path, "").rows())
        assert len(found) == 5
        assert [bool(row.isbn) for row in found] == [not row.broken for row in found]
