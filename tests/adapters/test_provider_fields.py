"""What providers write in their own ways."""

from time import process_time

import pytest

from booklib.adapters import provider_fields as fields


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2004", "2004"),
        ("2004-05", "2004-05"),
        ("2004-05-11", "2004-05-11"),
        ("2004-5-1", "2004-05-01"),
        ("2022/02/09", "2022-02-09"),
        ("2004-05-11T00:00:00+02:00", "2004-05-11"),
        ("March 2009", "2009-03"),
        ("Mar 03, 2009", "2009-03-03"),
        ("3 March 2009", "2009-03-03"),
        ("Sept. 1997", "1997-09"),
        ("September 31, 1997", "1997-09"),
        ("2004-13", "2004"),
        ("2004-13-40", "2004"),
        ("2013-06-31", "2013-06"),
        ("c1996", "1996"),
        ("[1996?]", "1996"),
        ("1999-2003", "1999"),
        ("03/05/2009", "2009"),
        ("janvier 2006", "2006"),
        ("0101-01-01", ""),
        ("19??", ""),
        ("n.d.", ""),
        ("", ""),
        (None, ""),
        (1996, ""),
    ],
)
def test_a_date_is_as_precise_as_known(said, meant):
    assert fields.published(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("eng", "en"),
        ("ger", "de"),
        ("en", "en"),
        ("pt-BR", "pt-BR"),
        ("pt_br", "pt-BR"),
        ("zh-Hant", "zh"),
        ("grc", "grc"),
        ("un", ""),
        ("und", ""),
        ("/languages/eng", ""),
        (7, ""),
    ],
)
def test_a_language_has_two_letters_where_it_can(said, meant):
    assert fields.language(said) == meant


def test_html_becomes_paragraphs_of_text():
    html = (
        "<div><p>One &amp; <i>two</i></p>\n<p>Three<br>four</p><ul><li>a</li><li>b</li></ul></div>"
    )
    assert fields.paragraphs(html) == "One & two\n\nThree\nfour\n\na\n\nb"


def test_scripts_are_no_text_and_broken_html_no_fault():
    assert fields.paragraphs("<script>x()</script>A <b>tale</i>") == "A tale"
    assert fields.paragraphs("5 < 6 & more") == "5 < 6 & more"
    assert fields.paragraphs(None) == ""


def test_what_word_processors_leave_behind_is_no_fault():
    html = "<!--[if gte mso 9]>A<![endif]--> tale<![CDATA[ of]]> two <![if !a]>cities<![<"
    assert fields.paragraphs(html).startswith("A")
    assert fields.paragraphs("<!-- hidden -->A <![endif]>tale") == "A tale"


@pytest.mark.parametrize(
    "piece", ["<a b='", "<!--", "<a", "</", "<a b='>", "<a b=\"'>", "<![", "<"]
)
def test_no_broken_html_costs_more_than_its_length(piece):
    start = process_time()
    fields.paragraphs(piece * 100_000)
    assert process_time() - start < 0.5


def test_a_very_long_description_is_cut_with_an_ellipsis():
    text = fields.paragraphs("word " * 9_000)
    assert len(text) <= fields.MAX_DESCRIPTION
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("said", "meant"),
    [(312, 312), ("312", 312), (0, None), (-3, None), (True, None), ("xii", None), (10**9, None)],
)
def test_a_number_of_pages_is_a_plausible_number(said, meant):
    assert fields.pages(said) == meant


def test_lines_are_clean_and_distinct():
    assert fields.lines([" A  B ", "A B", "", None, 7, "C\x00\ud800"]) == ("A B", "C")
    assert fields.lines("not a list") == ()
    assert fields.line("Tides &amp; Ladders") == "Tides & Ladders"


def test_an_isbn_counts_in_either_length():
    assert fields.carries(["1-111-11111-1"], "9781111111113")
    assert fields.carries(["0", "9781111111113"], "9781111111113")
    assert not fields.carries(["9780000000002", None], "9781111111113")
    assert fields.isbn13s(["1111111111", "9781111111113", "123", None]) == ("9781111111113",)
