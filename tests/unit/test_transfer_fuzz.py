"""Any bytes at all: rows, or the one documented error, and in bounded time."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booklib.errors import BadFile
from booklib.models import MAX_NOTES, MAX_REVIEW, MAX_TAG, MAX_TAGS, STATUSES
from booklib.models.folding import clean
from booklib.transfer.formats import generic
from tests.transfer_files import GOODREADS, STORYGRAPH, line, rows

pytestmark = pytest.mark.slow

REAL = (
    f"{GOODREADS}\r\n"
    + "\r\n".join(
        line(
            GOODREADS,
            Book_Id=str(number),
            Title=f'Tin "Moon", {number}',
            Author="Ada Quill",
            ISBN='="080442957X"',
            My_Rating="4",
            Date_Read="2019/03/07",
            Exclusive_Shelf="read",
            My_Review="One<br/>two\n\nthree &amp; four",
        )
        for number in range(5)
    ),
    f"{STORYGRAPH}\n"
    + line(STORYGRAPH, Title="Été", ISBN_UID="38549081", Dates_Read="2020/10/21-2020/10/25"),
    "Titre;Auteur;ISBN;Note;Lu le\nL'Été;Quill, Ada;9.78E+12;4,5;07/03/2019\n;;;;\n",
    "Title\tAuthor\tTags\n\"Open\tAda\tx\nB\t\ty\n'=1+1\t\t\n",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")
PIECES = (
    b'"',
    b"\n",
    b"\r",
    b",",
    b";",
    b"\t",
    b"\x00",
    b"\xff",
    b"=",
    b"'",
    b"<",
    b"&",
    b"[",
    b"{",
)


def check(folder, content, mapping=None):
    found, refused = [], "."
    try:
        found = rows(folder, content, mapping)
    except BadFile as error:
        refused = str(error)
    assert refused.endswith(".")
    for row in found:
        assert row.number > 0
        assert row.broken or row.isbn or row.given["title"]
        assert row.status in (None, *STATUSES)
        assert row.rating is None or 0 <= row.rating <= 10
        assert len(row.notes) <= MAX_NOTES
        assert len(row.review) <= MAX_REVIEW
        assert len(row.tags) <= MAX_TAGS
        assert all(tag == clean(tag) and 0 < len(tag) <= MAX_TAG for tag in row.tags)
        for text in (row.notes, row.review, row.ident, *row.given.get("authors", ())):
            assert text == clean(text)
        for value in row.given.values():
            assert value


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


AT_LEISURE = settings(
    deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.too_slow], max_examples=150
)


@AT_LEISURE
@given(content=st.binary(max_size=400))
def test_any_bytes(folder, content):
    check(folder, content)


@AT_LEISURE
@given(
    content=st.text(max_size=200),
    encoding=st.sampled_from(["utf-8", "utf-16"]),
    head=st.sampled_from([*(real.splitlines()[0] + "\n" for real in REAL), ""]),
)
def test_any_text_below_a_real_header(folder, content, encoding, head):
    check(folder, (head + content).encode(encoding, errors="replace"))


@AT_LEISURE
@given(
    real=st.sampled_from(REAL),
    encoding=st.sampled_from(ENCODINGS),
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.sampled_from(PIECES)), max_size=8
    ),
)
def test_real_files_with_pieces_cut_out_and_put_in(folder, real, encoding, changes):
    content = real.encode(encoding)
    for place, length, piece in changes:
        start = place % (len(content) + 1)
        content = content[:start] + piece + content[start + length :]
    check(folder, content)


@AT_LEISURE
@given(
    cells=st.lists(st.text(max_size=30) | st.sampled_from(["3/4", "07/03/2019", "9.7E+12", "★"])),
    fields=st.lists(st.sampled_from(["", "nonsense", *generic.FIELDS]), min_size=4, max_size=4),
)
def test_any_cells_under_any_mapping(folder, cells, fields):
    header = "a,b,c,d"
    lines = [
        line(header, **dict(zip("abcd", cells[start:], strict=False)))
        for start in range(0, len(cells), 4)
    ]
    content = "\n".join([header, *lines]).encode(errors="replace")
    check(folder, content, dict(zip("abcd", fields, strict=True)))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("piece", ['"', '",', '"x,', ',"', "<a ", "&#", "1/", "  ", "★", '="', "'"])
def test_much_of_the_same_ends_in_time(folder, piece, separator):
    body = "\n".join([piece.replace(",", separator) * 200] * 200)
    for header in (GOODREADS, STORYGRAPH, "Title,Author,Notes,Date read"):
        check(folder, f"{header.replace(',', separator)}\n{body}\n")


def test_a_large_file_with_thousands_of_faults_ends_in_time(folder):
    chance = random.Random(7)
    content = bytearray("\n".join([REAL[0], *REAL[0].splitlines()[1:] * 2_000]).encode())
    for _ in range(5_000):
        content[chance.randrange(len(content))] = chance.choice(b'"\n,\x00\xff')
    check(folder, bytes(content))
