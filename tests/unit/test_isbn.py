"""What is an ISBN: every spelling in, every wrong input told in a sentence."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from booklib.isbn import (
    MAGAZINE,
    MUSIC,
    NOT_AN_ISBN,
    OTHER_GOODS,
    IsbnError,
    find_all,
    hyphenated,
    isbn10,
    looks_like_isbns,
    parse,
)

SHANNON = "9780306406157"


@pytest.mark.parametrize(
    "text",
    [
        "9780306406157",
        "978-0-306-40615-7",
        "978 0 306 40615 7",
        "978 0-306-40615-7",
        "978.0.306.40615.7",
        "978 - 0 - 306 - 40615 - 7",
        "978–0–306–40615–7",
        "978\u20110\u2011306\u201140615\u20117",
        "978−0−306−40615−7",
        "978\u00a00\u2009306\u300040615\u00a07",
        "９７８０３０６４０６１５７",
        "٩٧٨٠٣٠٦٤٠٦١٥٧",
        "  9780306406157\r\n",
        "0306406152",
        "0-306-40615-2",
        "0 306 40615 2",
        "306406152",
        "ISBN 0306406152",
        "ISBN:9780306406157",
        "isbn 978-0-306-40615-7",
        "ISBN-13: 978-0306406157",
        "ISBN-10: 0306406152",
        "ISBN10 0306406152",
        "ISBN13:9780306406157",
        "urn:isbn:9780306406157",
        "URN:ISBN:0-306-40615-2",
        "EAN 9780306406157",
        "ISBN-10 \u200f : \u200e 0306406152 ISBN-13 \u200f : \u200e 978-0306406157",
        "https://books.example/dp/0306406152/ref=sr_1_1?keywords=shannon",
        "https://books.example/?isbn13=9780306406157&page=2",
        "Signals and Noise (1981), hardcover, 978-0-306-40615-7, 412 pages",
        "Signals 1981 978-0-306-40615-7",
        "9780306406157 51995",
        "978030640615751995",
        "9780306406157 12",
        "978030640615712",
    ],
)
def test_every_spelling_is_understood(text: str) -> None:
    assert parse(text) == SHANNON


@pytest.mark.parametrize("text", ["080442957X", "080442957x", "0-8044-2957-X", "0 8044 2957 x"])
def test_an_x_at_the_end_is_a_check_digit(text: str) -> None:
    assert parse(text) == "9780804429573"
    assert isbn10("9780804429573") == "080442957X"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Please type an ISBN"),
        (" - ", "Please type an ISBN"),
        ("ISBN", "Please type an ISBN"),
        ("9780306406153", "The last digit should be 7, not 3"),
        ("978-0-306-40615-2", "The last digit should be 7, not 2"),
        ("978 0 306 40615 2", "The last digit should be 7, not 2"),
        ("978030640615351995", "The last digit should be 7, not 3"),
        ("0306406153", "The last digit should be 2, not 3"),
        ("0804429570", "The last digit should be X, not 0"),
        ("030640615X", "The last digit should be 2, not X"),
        ("978030640615X", "An X may only end"),
        ("08X4429571", "an X may only stand at the very end"),
        ("97803064O6157", "“O” does not belong"),
        ("9790260000438", MUSIC),
        ("979-0-2600-0043-8", MUSIC),
        ("9771144875007", MAGAZINE),
        ("977114487500712", MAGAZINE),
        ("2049-3630", MAGAZINE),
        ("5012345678900", OTHER_GOODS),
        ("036000291452", OTHER_GOODS),
        ("03600029145200799", OTHER_GOODS),
        ("96385074", OTHER_GOODS),
        ("5012345678901", NOT_AN_ISBN),
        ("306406153", "too short for an ISBN: it has 9 digits"),
        ("978030640615", "too short for an ISBN: it has 12 digits"),
        ("978 0 306 4061 7", "too short for an ISBN: it has 12 digits"),
        ("03064061522", "too long for an ISBN: it has 11 digits"),
        ("97803064061577", "too long for an ISBN: it has 14 digits"),
        ("1984", "too short for an ISBN: it has 4 digits"),
        ("Nineteen Eighty-Four", NOT_AN_ISBN),
        ("Dune 2", NOT_AN_ISBN),
        ("9780306406157 9780441013593", "2 different ISBNs"),
        ("😀", NOT_AN_ISBN),
        ("9" * 10_000, "too long for an ISBN"),
    ],
)
def test_a_wrong_number_is_told_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(IsbnError) as error:
        parse(text)
    assert said in str(error.value)
    assert str(error.value).endswith(".")


def test_several_pasted_isbns_are_found_in_their_order_and_once() -> None:
    text = """978 0 306 40615 7
    0441013597; 9780441013593\t0-8044-2957-X

    9780306406158, ISBN 978-0-14-143951-8 (paperback), 9.99
    no number here
    """
    assert [(finding.isbn, finding.text) for finding in find_all(text)] == [
        ("9780306406157", "978 0 306 40615 7"),
        ("9780441013593", "0441013597"),
        ("9780804429573", "0-8044-2957-X"),
        (None, "9780306406158"),
        ("9780141439518", "978-0-14-143951-8"),
        (None, "no number here"),
    ]


def test_isbns_in_one_line_between_spaces_are_told_apart() -> None:
    text = "9780306406157 51995 0306406152 978 0 441 01359 3 0-8044-2957-X 080442957X 9790260000438"
    assert [finding.isbn for finding in find_all(text)] == [
        "9780306406157",
        "9780441013593",
        "9780804429573",
        None,
    ]


def test_a_wrong_number_beside_a_right_one_is_not_swallowed() -> None:
    findings = find_all("0-306-40615-3 0-441-01359-7")
    assert [finding.isbn for finding in findings] == [None, "9780441013593"]
    assert "should be 2, not 3" in findings[0].problem


def test_a_row_of_a_table_gives_its_isbn_only() -> None:
    text = "1,Dune,Frank Herbert,9780441013593,1965,5"
    assert [finding.isbn for finding in find_all(text)] == ["9780441013593"]


@pytest.mark.parametrize(
    ("text", "isbns"),
    [
        ("0306406152", True),
        ("9780306406158", True),
        ("978 0 306 40615 8", True),
        ("97803064O6157", True),
        ("ISBN 12345", True),
        ("978030640615", True),
        ("9780306406158, 9780306406159", True),
        ("Dune 9780441013593", True),
        ("0306406152\n0441013597", True),
        ("1984", False),
        ("2001 a space odyssey", False),
        ("1984 2001", False),
        ("isbn", False),
        ("", False),
        ("dune", False),
        ("1Q84", False),
    ],
)
def test_isbns_and_words_are_told_apart(text: str, isbns: bool) -> None:
    assert looks_like_isbns(text) is isbns


def test_an_isbn_of_979_has_no_ten_digits() -> None:
    assert parse("979-10-90724-19-8") == "9791090724198"
    assert isbn10("9791090724198") is None
    assert hyphenated("9791090724198") == "979-10-90724-19-8"


STEMS = st.sampled_from(["978", "9791", "9798"]).flatmap(
    lambda prefix: st.text("0123456789", min_size=12 - len(prefix), max_size=12 - len(prefix)).map(
        lambda rest: prefix + rest
    )
)
ISBNS = STEMS.map(lambda stem: stem + ean.calc_check_digit(stem))


@given(ISBNS)
def test_every_isbn_survives_every_conversion(isbn: str) -> None:
    assert parse(isbn) == isbn
    assert parse(hyphenated(isbn)) == isbn
    assert parse(" ".join(hyphenated(isbn).split("-"))) == isbn
    assert parse(f"ISBN-13: {isbn} 51995") == isbn
    assert find_all(f"{isbn}\n{hyphenated(isbn)}")[0].isbn == isbn
    assert looks_like_isbns(isbn)
    short = isbn10(isbn)
    if short is not None:
        assert parse(short) == parse(f"urn:isbn:{short.lower()}") == isbn


@given(ISBNS, st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_caught(isbn: str, place: int, shift: int) -> None:
    wrong = isbn[:place] + str((int(isbn[place]) + shift) % 10) + isbn[place + 1 :]
    for spelling in (wrong, hyphenated(isbn)[:3] + " " + wrong[3:] if place > 2 else wrong):
        with pytest.raises(IsbnError) as error:
            parse(spelling)
    if place > 2 and not wrong.startswith("9790"):
        expected = ean.calc_check_digit(wrong[:12])
        assert f"should be {expected}, not {wrong[12]}" in str(error.value)


@given(ISBNS.filter(lambda isbn: isbn.startswith("978")), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_of_ten_is_always_caught(isbn: str, place: int, shift: int) -> None:
    right = isbn10(isbn) or ""
    wrong = right[:place] + str((int(right[place]) + shift) % 10) + right[place + 1 :]
    with pytest.raises(IsbnError, match=r"The last digit should be [0-9X], not"):
        parse(wrong)


@given(st.lists(ISBNS, max_size=30, unique=True), st.sampled_from(["\n", ", ", ";", "\t", " "]))
def test_a_pasted_list_comes_back_whole(isbns: list[str], between: str) -> None:
    assert [finding.isbn for finding in find_all(between.join(isbns))] == isbns


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    for finding in find_all(text):
        assert (finding.isbn is None) == bool(finding.problem)
    looks_like_isbns(text)


@pytest.mark.parametrize(
    "text",
    ["1 " * 25_000 + "1a", "1" + " " * 50_000 + "2", "1" + " ." * 25_000 + "2", "isbn " * 10_000],
    ids=lambda text: text[:5],
)
def test_no_text_costs_more_than_its_length(text: str) -> None:
    start = process_time()
    find_all(text)
    assert process_time() - start < 2  # it was ten seconds, in which nobody else was served
