"""Form values: ratings, dates, lists, lengths, and what counts as changed."""

import pytest

from booklib.errors import Invalid
from booklib.library import distinct
from booklib.models import Details, Reading
from booklib.web import forms
from booklib.wording import reading_in_words, times_in_words


def problem(field, call, *args):
    with pytest.raises(Invalid) as caught:
        call(*args)
    return caught.value.problems[field]


@pytest.mark.parametrize(
    ("text", "half_stars"),
    [("", 0), ("0.5", 1), ("1", 2), ("3.5", 7), ("4.0", 8), (" 5 ", 10)],
)
def test_a_rating_is_read_in_half_stars(text, half_stars):
    assert forms.read_rating(text) == half_stars


@pytest.mark.parametrize(
    "text", ["0", "0.0", "5.5", "6", "-1", "3.2", "0.25", "nan", "inf", "five", "1e0", "٣", "3,5"]
)
def test_a_rating_outside_the_list_is_told(text):
    assert "0.5 to 5" in problem("rating", forms.read_rating, text)


def test_every_rating_survives_the_way_to_the_form_and_back():
    assert [forms.read_rating(forms.rating_text(half)) for half in range(11)] == list(range(11))


@pytest.mark.parametrize("text", ["", "owned", "Read", "to_read", "read "])
def test_a_status_outside_the_list_is_told(text):
    assert "to-read" in problem("status", forms.read_status, text)


def test_a_day_may_be_empty():
    assert forms.read_day({"started": ""}, "started") == ""


@pytest.mark.parametrize("text", ["2026-02-28", "2026-02", "2026"])
def test_a_day_is_as_precise_as_known(text):
    assert forms.read_day({"started": f" {text} "}, "started") == text


@pytest.mark.parametrize("text", ["2026-02-30", "yesterday", "28.2.2026", "2026-13-01"])
def test_a_wrong_day_is_told_at_its_field(text):
    assert "2004-05-11" in problem("finished", forms.read_day, {"finished": text}, "finished")


def test_a_list_takes_lines_and_semicolons_but_keeps_commas():
    text = "Tolkien, J. R. R.\r\n Christopher  Tolkien ;\n\n; Tolkien, J. R. R."
    assert forms.read_entries(text) == ("Tolkien, J. R. R.", "Christopher Tolkien")


def test_text_is_stored_composed_and_without_what_no_database_takes():
    values = forms.read_fields({"title": " Cafe\u0301 \x00\r\n au\tlait "})
    assert values == {"title": "Café au lait"}


def test_paragraphs_of_a_description_are_kept():
    values = forms.read_fields({"description": "One.\r\n\r\nTwo."})
    assert values == {"description": "One.\n\nTwo."}


@pytest.mark.parametrize("title", ["📚🐉", "שר הטבעות", "رواية", "نسخة 2 of Dune"])
def test_emoji_and_right_to_left_titles_are_fine(title):
    assert forms.read_fields({"title": title}) == {"title": title}


@pytest.mark.parametrize(
    ("field", "limit"),
    [("title", 500), ("subtitle", 500), ("publisher", 300), ("description", 20_000)],
)
def test_a_long_text_is_told_with_its_length_and_the_limit(field, limit):
    assert forms.read_fields({field: "x" * limit}) == {field: "x" * limit}
    sentence = problem(field, forms.read_fields, {field: "x" * (limit + 1)})
    assert f"{limit + 1:,}" in sentence
    assert f"{limit:,}" in sentence


def test_lists_are_bounded_in_number_and_length():
    assert "201" in problem(
        "authors", forms.read_fields, {"authors": ";".join(f"A{n}" for n in range(201))}
    )
    assert "201" in problem("authors", forms.read_fields, {"authors": "x" * 201})
    assert "category" in problem("categories", forms.read_fields, {"categories": "x" * 201})


@pytest.mark.parametrize("text", ["2004", "2004-05", "2004-05-11", "2024-02-29", "0868"])
def test_a_publishing_date_is_as_precise_as_known(text):
    assert forms.read_fields({"published": text}) == {"published": text}


@pytest.mark.parametrize(
    "text", ["04", "2004-5", "2004-13", "2004-02-30", "2023-02-29", "May 2004", "2004-05-", "０４"]
)
def test_a_wrong_publishing_date_is_told(text):
    assert "2004-05" in problem("published", forms.read_fields, {"published": text})


@pytest.mark.parametrize("text", ["0", "-3", "100000", "12.5", "many", "9" * 5000])
def test_a_wrong_page_count_is_told(text):
    assert "99,999" in problem("page_count", forms.read_fields, {"page_count": text})


def test_every_problem_is_told_at_once():
    with pytest.raises(Invalid) as caught:
        forms.read_fields({"title": "x" * 501, "published": "soon", "page_count": "0"})
    assert set(caught.value.problems) == {"title", "published", "page_count"}


def test_only_what_differs_from_what_was_shown_is_touched():
    form = {
        "title": "Dune",
        "was-title": "Dune",
        "authors": "Frank Herbert\r\n",
        "was-authors": "Frank Herbert",
        "publisher": "Ace",
        "was-publisher": "Chilton",
        "subtitle": "",
        "was-subtitle": "A novel",
    }
    assert forms.read_fields(form) == {"publisher": "Ace", "subtitle": None}


def test_a_script_that_says_nothing_of_before_sets_what_it_sends():
    assert forms.read_fields({"title": "Dune", "authors": "", "page_count": "412"}) == {
        "title": "Dune",
        "authors": None,
        "page_count": 412,
    }


def test_what_a_form_shows_is_read_back_as_it_was():
    shown = Details(
        title="Dune",
        authors=("Frank Herbert", "Brian Herbert"),
        published="1965-08",
        page_count=412,
        language="en",
        categories=("Science fiction",),
        description="Sand.\n\nMore sand.",
    )
    values = forms.read_fields(forms.form_values(shown))
    assert Details(**{name: value for name, value in values.items() if value is not None}) == shown


@pytest.mark.parametrize(
    ("text", "stored"), [("German", "de"), ("en-GB", "en-GB"), ("Klingon", "Klingon")]
)
def test_a_language_may_be_named(text, stored):
    assert forms.read_fields({"language": text}) == {"language": stored}


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 10])
def test_a_wrong_edit_number_is_told(text):
    assert "whole number" in problem("edit", forms.read_edit, {"edit": text})


def test_a_form_without_an_edit_number_overwrites():
    assert forms.read_edit({}) is None
    assert forms.read_edit({"edit": "7"}) == 7


def test_an_isbn_is_read_in_any_spelling_and_a_wrong_one_told():
    assert forms.read_isbn(" 0-441-17271-7 ") == "9780441172719"
    assert forms.read_isbn("") is None
    assert problem("isbn", forms.read_isbn, "9780441172710")


@pytest.mark.parametrize(
    "tags", [(), ("one",), ("to lend", "Été"), ("a, b", "c"), ("a,b",), (",",), ("x; y", "z")]
)
def test_tags_survive_the_way_to_the_form_and_back(tags):
    form = {"tags": forms.tags_text(tags), "was-tags": "\n".join(tags)}
    assert distinct(forms.read_tags(form)) == tags
    assert distinct(forms.read_tags({"tags": "\n".join(tags)}, lines=True)) == tags


@pytest.mark.parametrize(
    ("text", "vague"),
    [("", False), ("2019-03-07", False), ("2019-03", True), ("2019", True), ("2026-02-30", True)],
)
def test_a_date_that_no_date_field_shows_is_vague(text, vague):
    assert forms.is_vague(text) is vague


@pytest.mark.parametrize(("text", "copies"), [("", 0), ("0", 0), (" 2 ", 2), ("999", 999)])
def test_copies_are_read_as_a_number(text, copies):
    assert forms.read_copies({"copies": text}) == copies


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (("2004-05-11", "2004-06"), "11 May 2004 to June 2004"),
        (("2004", "2004"), "2004"),
        (("", "2004-05"), "Finished May 2004"),
        (("2004", ""), "Started 2004"),
        (("", ""), "At a time not known"),
    ],
)
def test_a_reading_is_told_as_far_as_it_is_known(reading, words):
    assert reading_in_words(Reading(*reading)) == words


def test_times_are_told_in_words():
    words = [times_in_words(times) for times in range(4)]
    assert words == ["", "Read once", "Read twice", "Read 3 times"]
