"""Tables of any make: no row is lost, or the file is refused with a sentence."""

import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from booklib.errors import BadFile
from booklib.transfer import encodings, kinds, sheets, tables, workbook_parts
from booklib.transfer.recognise import open_rows
from tests.transfer_files import GOODREADS, SHARED, line, opened, rows

PLAIN = "Title,Author,ISBN\nZwölf Bücher,Ada Quill,9780441172719\nÉté,Ben Ito,\n"


def titles(folder, content):
    return [row.given.get("title") for row in rows(folder, content)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_separator_and_line_end(tmp_path, encoding, separator, end):
    content = PLAIN.replace(",", separator).replace("\n", end).encode(encoding)
    found = rows(tmp_path, content)
    assert [row.given["title"] for row in found] == ["Zwölf Bücher", "Été"]
    assert [row.number for row in found] == [2, 3]
    assert found[0].isbn == "9780441172719"


def test_stray_bytes_spoil_only_themselves(tmp_path):
    content = PLAIN.encode() + b"Cort\xe1zar,C,\n"
    file = opened(tmp_path, content)
    assert encodings.STRAY_BYTES in file.remarks
    assert [row.given["title"] for row in file.rows()] == ["Zwölf Bücher", "Été", "Cort�zar"]


def test_a_byte_at_the_border_of_two_pieces_is_no_stray(tmp_path):
    content = "Title\n" + "a" * (encodings.CHUNK - 7) + "é\n"
    path = tmp_path / "file"
    path.write_bytes(content.encode())
    assert encodings.letters(path) == ("utf-8", "")


def test_nul_bytes_are_left_out(tmp_path):
    assert titles(tmp_path, "Title,ISBN\nA\x00 book,\nB\x00,\n") == ["A book", "B"]


def test_cells_of_several_lines_stay_whole(tmp_path):
    content = 'Title,Review\n"A","one\n\ntwo, three\r\nfour"\nB,\n'
    first, second = rows(tmp_path, content)
    assert first.review == "one\n\ntwo, three\nfour"
    assert (first.number, second.number) == (2, 3)


def test_a_quote_that_never_closes_swallows_no_row(tmp_path):
    body = "".join(f"Book {number},Ada Quill,,read\n" for number in range(3_000))
    content = f'Title,Author,ISBN,Shelf\nFirst,A,,read\n"Open,B,,read\n{body}'
    found = rows(tmp_path, content)
    assert len(found) == 3_002
    assert found[1].given["title"] == '"Open'
    assert found[1].remarks == (tables.LOOSE_QUOTES,)
    assert found[-1].given["title"] == "Book 2999"


def test_two_stray_quotes_do_not_join_the_rows_between_them(tmp_path):
    content = (
        "Title,Author,ISBN,Shelf\n"
        'A,"A. Quill,,read\nB,B. Ito,,read\nC,C. Roe,,read\nD,"D. Poe,,read\nE,E. Lee,,read\n'
    )
    assert titles(tmp_path, content) == ["A", "B", "C", "D", "E"]


def test_quotes_within_a_cell_are_letters(tmp_path):
    content = 'Title,Author\n"A" is for Apple,Ada\nSize 7" shoes,Ben\n"B ""b""",Cy\n'
    assert titles(tmp_path, content) == ['"A" is for Apple', 'Size 7" shoes', 'B "b"']


def test_a_tsv_without_quoting_takes_quotes_as_letters(tmp_path):
    content = 'Title\tAuthor\tTags\n"Open\tAda\tx\nB "b" b\tBen\ty\nC"\tCy\tz\n'
    assert titles(tmp_path, content) == ['"Open', 'B "b" b', 'C"']
    assert not any(row.remarks for row in rows(tmp_path, content))


def test_a_tsv_with_quoting_may_hold_line_ends(tmp_path):
    content = 'Title\tReview\tTags\nA\t"one\ntwo"\tx\nB\t\ty\n'
    assert [row.review for row in rows(tmp_path, content)] == ["one\ntwo", ""]


def test_cells_too_many_or_too_few_cost_no_row(tmp_path):
    content = "Title,Author,Shelf\nA,Ada,read,left,over\nB\nC,Cy,read\nD,Di,read,,\n"
    first, second, third, fourth = rows(tmp_path, content)
    assert first.notes == "Column 4: left\nColumn 5: over"
    assert first.remarks == (tables.SURPLUS,)
    assert second.given == {"title": "B"}
    assert second.remarks == (tables.LACKING,)
    assert not third.remarks
    assert not fourth.remarks


def test_columns_without_name_or_with_the_same_are_kept(tmp_path):
    content = "Title,,Title,Author,\nA,note,Other,Ada,\n"
    file = opened(tmp_path, content)
    assert [column.name for column in file.columns] == ["Title", "Column 2", "Title (2)", "Author"]
    (row,) = file.rows()
    assert row.given == {"title": "A", "authors": ("Ada",)}
    assert row.notes == "Column 2: note\nTitle (2): Other"


def test_blank_lines_count_but_are_no_rows(tmp_path):
    found = rows(tmp_path, "\n\nTitle,Author\n\nA,Ada\n,\n  , \nB,Ben\n\n")
    assert [(row.number, row.given["title"]) for row in found] == [(5, "A"), (8, "B")]


def test_the_separator_that_excel_names_is_heeded(tmp_path):
    assert titles(tmp_path, "sep=|\nTitle|Author, First\nA|Ada\n") == ["A"]


def test_cells_that_were_defused_are_as_they_were(tmp_path):
    content = "Title,Author\n'=1+1,'@ada\n'-5,''+x\n'tis,'90s\n"
    found = rows(tmp_path, content)
    assert [row.given["title"] for row in found] == ["=1+1", "-5", "'tis"]
    assert found[1].given["authors"] == ("'+x",)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf  \n", "empty"),
        (b"\x00\x00\x00", "empty"),
        (b"Title,Author\n", "no books"),
        (b"Title,Author\n,\n\n", "no books"),
        (b"'\n1\n", "name its columns"),
        (b"%PDF-1.7 \xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0 JFIF", "picture"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n<?xml version='1.0'?>", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel"),
        (b"\x1f\x8b\x08\x00rest", "compressed"),
        (b"SQLite format 3\x00", "database"),
        (bytes(range(1, 32)) * 50, "no text"),
        (b"PK\x03\x04 not really", "archive"),
        (b'{"books": 1}', "JSON"),
        (b"[]", "JSON"),
        (b"Title\n" + b"a" * 140_000 + b"\n", "131,072 characters"),
        (b'Title\n"' + b"a" * 140_000 + b'"\n', "131,072 characters"),
        (b"Title,A\n" + b"a," * 1_500_000, "2,000,000 characters"),
        (b",".join(b"c%d" % number for number in range(1_001)), "1,000 columns"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path, content, word):
    with pytest.raises(BadFile, match=word):
        rows(tmp_path, content)


def test_a_file_of_a_gigabyte_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.write(b"Title\n")
        file.truncate(1024**3)
    with pytest.raises(BadFile, match="1,024 MB"):
        open_rows(path, "big.csv")


def test_more_rows_than_anybody_has_books_are_refused(tmp_path):
    with pytest.raises(BadFile, match="200,000 rows"):
        opened(tmp_path, "Title\n" + "A\n" * 200_001)


def test_lines_that_all_open_a_quote_end_in_time(tmp_path):
    content = "a,b,c\n" + 'x,"y","z\n' * 20_000
    assert len(rows(tmp_path, content)) >= 10_000


def test_the_real_export_with_stray_separators_keeps_its_rows():
    path = SHARED / "babelio" / "inventaire_biblio_latin1.csv"
    if path.exists():
        assert len(list(open_rows(path, "").rows())) == 650


def workbook(folder, *sheets_of_rows):
    book = Workbook()
    book.remove(book.active)
    for number, sheet_rows in enumerate(sheets_of_rows, 1):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in sheet_rows:
            sheet.append(row)
    path = folder / "upload"  # as it is kept, without an ending
    book.save(path)
    return path


def test_a_workbook_is_read_like_any_table(tmp_path):
    header = ["Title", "Author", "ISBN", "Rating", "Date read", "Read", "Added"]
    path = workbook(
        tmp_path,
        [],
        [
            header,
            ["A", "Ada Quill", 9780441172719, 4.5, date(2019, 3, 7), True, datetime(2019, 1, 2, 3)],
            [],
            [1984, None, "0441172717", None, "Mar 2019"],
        ],
        [["Other"]],
    )
    file = open_rows(path, "")
    assert file.remarks == (sheets.OTHER_SHEETS.format(title="Sheet 2"),)
    first, second = file.rows()
    assert (first.isbn, first.rating, first.finished) == ("9780441172719", 9, "2019-03-07")
    assert (first.number, second.number) == (2, 4)
    assert first.status == "read"
    assert second.given == {"title": "1984"}
    assert (second.isbn, second.finished) == ("9780441172719", "2019-03")
    assert list(file.rows()) == [first, second]


def test_a_name_above_the_table_is_not_its_header(tmp_path):
    sheet = [["My books"], [], ["As of May"], ["Title", None, "Rating (1-10)"], ["A", None, 9]]
    (row,) = open_rows(workbook(tmp_path, sheet), "").rows()
    assert (row.number, row.given, row.rating) == (5, {"title": "A"}, 9)
    (same,) = opened(tmp_path, "My books;;\n;;\nAs of May;;\nTitle;;Rating (1-10)\nA;;9\n").rows()
    assert (same.number, same.given, same.rating) == (5, {"title": "A"}, 9)


def test_a_list_of_titles_alone_begins_with_its_header(tmp_path):
    book = open_rows(workbook(tmp_path, [["Title"], ["A"], ["B", "lent"]]), "")
    assert [row.given["title"] for row in book.rows()] == ["A", "B"]
    for text in ("Title,\nA,\nB,lent\n", "Title\nA\nB,lent\n"):
        assert [row.given["title"] for row in opened(tmp_path, text).rows()] == ["A", "B"]


def test_a_workbook_of_goodreads_columns_is_goodreads(tmp_path):
    path = workbook(tmp_path, [GOODREADS.split(","), ["7", "A"]])
    assert open_rows(path, "").name == "goodreads"


def bomb(folder, part, size):
    path = workbook(folder, [["Title"], ["A"]])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open(part, "w", force_zip64=True) as stream,
    ):
        for _ in range(size // 2**20):
            stream.write(b" " * 2**20)
    return path


@pytest.mark.slow
def test_a_workbook_that_unpacks_endlessly_is_refused(tmp_path):
    with pytest.raises(BadFile, match="too large when unpacked"):
        open_rows(bomb(tmp_path, "xl/worksheets/more.xml", workbook_parts.MAX_UNPACKED + 2**20), "")


def test_a_row_that_would_fill_the_memory_is_refused(tmp_path):
    with pytest.raises(BadFile, match="too large when unpacked"):
        open_rows(bomb(tmp_path, "xl/worksheets/more.xml", workbook_parts.MAX_ROW + 2**20), "")


def changed(folder, *changes):
    """A workbook with parts changed by hand: part, text in it, what stands there instead."""
    path, new = workbook(folder, [["Title"], ["A"]]), folder / "changed"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in old.infolist():
            name, content = part.filename, old.read(part).decode()
            for where, text, other in changes:
                if where == name:
                    assert text in content
                    content = content.replace(text, other, 1)
            archive.writestr(name, content)
    return new


def test_a_sheet_with_a_row_far_below_all_others_ends_in_time(tmp_path):
    far = changed(tmp_path, (SHEET, 'r="2"', 'r="999999999"'))
    with pytest.raises(BadFile, match="too large when unpacked"):
        list(open_rows(far, "").rows())


SHEET, STYLES, BOOK = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"
OTHER_STRINGS = '<Override PartName="/xl/media/a.xml" ContentType="application/sharedStrings+xml"/>'
HIDDEN_ROWS = "<!--<row/>-->" + " " * 200_000
MANY_SHEETS = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId1"/>' for n in range(2, 300))


@pytest.mark.parametrize(
    "change",
    [
        (STYLES, "<cellXfs", "<cellXfs>" + "<xf/>" * 200_000 + "</cellXfs><cellXfs"),
        (STYLES, "<cellXfs", "<!--<row/>-->" + " " * (11 << 20) + "<cellXfs"),
        (SHEET, "<row", "<row><a>" + HIDDEN_ROWS * 4 + "</a></row><row"),
        (SHEET, "<row", "<row>" + "<a>" * 200_000),
        (SHEET, "<row", "<row>" * 200_000),
        (SHEET, "<row", "<![CDATA[</row>]]><row"),
        (STYLES, "<styleSheet", '<!DOCTYPE a [<!ENTITY b "bbb">]><styleSheet'),
        ("[Content_Types].xml", "/xl/workbook.xml", "/xl/media/book.xml"),
        ("[Content_Types].xml", "<Override ", f"{OTHER_STRINGS}<Override "),
        ("xl/_rels/workbook.xml.rels", "/xl/worksheets/sheet1.xml", "/xl/theme/theme1.xml"),
        (BOOK, "</sheets>", f"{MANY_SHEETS}</sheets>"),
    ],
    ids=[
        *("styles", "large styles", "hidden rows", "deep row", "open rows", "CDATA", "entities"),
        *("another book", "other strings", "another sheet", "sheets"),
    ],
)
def test_what_would_fill_the_memory_is_refused(tmp_path, change):
    with pytest.raises(BadFile, match="workbook is"):
        list(open_rows(changed(tmp_path, change), "").rows())


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_workbook_cut_off_is_refused(tmp_path, keep):
    content = workbook(tmp_path, [["Title"], ["A"]]).read_bytes()
    with pytest.raises(BadFile):
        rows(tmp_path, content[: int(len(content) * keep)])


def test_a_document_of_another_office_program_is_refused(tmp_path):
    path = tmp_path / "books.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(BadFile, match="save it as XLSX"):
        open_rows(path, "")


def test_a_line_below_a_header_is_written_as_expected():
    assert line("A,B c", B_c='x"y') == '"","x""y"'


def test_json_in_words_is_a_table_of_one_column(tmp_path):
    path = tmp_path / "file"
    path.write_text("[2070291340]\n")
    assert kinds.kind(path) == "text"
