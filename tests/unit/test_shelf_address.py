from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booklib.errors import Invalid
from booklib.models import SORTS, STATUSES, Query
from booklib.web import cursors
from booklib.web.shelf_query import read_shown

KEYS = ["s3cret" * 6]
LIST = Query(shelf="read", words=("dune",))


def test_an_address_without_values_is_the_newest_first_in_the_readers_view():
    shown = read_shown({"q": "", "status": "", "rating": "", "sort": "", "dir": ""}, "list")
    assert shown.query == Query()
    assert (shown.view, shown.href()) == ("list", "/library")


def test_titles_and_authors_are_read_from_a_to_z():
    assert not read_shown({"sort": "title"}, "cards").query.descending
    assert read_shown({"sort": "title", "dir": "desc"}, "cards").query.descending
    assert read_shown({"sort": "rating"}, "cards").query.descending


@pytest.mark.parametrize(
    ("rating", "half_stars"), [("0.5", 1), ("3", 6), ("4.5", 9), ("none", 0), ("0", 0), ("", None)]
)
def test_a_rating_is_asked_for_in_halves_or_as_none(rating, half_stars):
    assert read_shown({"rating": rating}, "cards").query.rating == half_stars


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "lost"},
        {"rating": "6"},
        {"rating": "0.3"},
        {"sort": "colour"},
        {"dir": "up"},
        {"view": "spiral"},
        {"q": "x" * 201},
    ],
)
def test_a_value_that_is_none_of_ours_is_refused_at_its_field(wrong):
    with pytest.raises(Invalid) as refused:
        read_shown(wrong, "cards")
    assert set(refused.value.problems) == set(wrong)


def test_all_wrong_values_are_told_at_once():
    with pytest.raises(Invalid) as refused:
        read_shown({"status": "lost", "sort": "colour", "dir": "up"}, "cards")
    assert set(refused.value.problems) == {"status", "sort", "dir"}


def test_a_neighbouring_list_keeps_the_search_and_takes_the_usual_direction():
    shown = read_shown({"q": "dune", "status": "read", "dir": "asc"}, "cards")
    assert shown.href(sort="title") == "/library?q=dune&status=read&sort=title"
    assert shown.href(status="") == "/library?q=dune&dir=asc"
    assert shown.href(view="list") == "/library?q=dune&status=read&dir=asc&view=list"


@given(
    st.fixed_dictionaries(
        {
            "q": st.text(max_size=40),
            "status": st.sampled_from(["", "deleted", *STATUSES]),
            "rating": st.sampled_from(["", "none", "0.5", "4"]),
            "sort": st.sampled_from(SORTS),
            "dir": st.sampled_from(["", "asc", "desc"]),
            "view": st.sampled_from(["", "cards", "list"]),
        }
    )
)
def test_an_address_says_all_that_is_seen(args):
    shown = read_shown(args, "cards")
    again = {name: values[0] for name, values in parse_qs(urlsplit(shown.href()).query).items()}
    assert read_shown(again, "cards") == shown


@given(st.text(max_size=200).filter(lambda text: "\ud800" not in text))
def test_a_cursor_hides_and_returns_its_key(key):
    text = key.encode("utf-8", "ignore").decode()
    cursor = cursors.seal(KEYS, "alice", LIST, text)
    assert cursors.unseal(KEYS, "alice", LIST, cursor) == text
    assert all(letter.isalnum() or letter in "-_." for letter in cursor)


@pytest.mark.parametrize(
    ("user_id", "query"),
    [
        ("bob", LIST),
        ("alice", Query(shelf="reading", words=("dune",))),
        ("alice", Query(shelf="read", words=("dune",), rating=0)),
        ("alice", Query(shelf="read", words=("emma",))),
        ("alice", Query(shelf="read", words=("dune",), sort="title")),
        ("alice", Query(shelf="read", words=("dune",), descending=False)),
    ],
)
def test_a_cursor_fits_one_list_of_one_person(user_id, query):
    cursor = cursors.seal(KEYS, "alice", LIST, "key")
    with pytest.raises(Invalid):
        cursors.unseal(KEYS, user_id, query, cursor)


@pytest.mark.parametrize("cursor", ["", "x", "a.b", "é", "🦊.🦊", "." * 5000])
def test_nonsense_is_no_cursor(cursor):
    with pytest.raises(Invalid):
        cursors.unseal(KEYS, "alice", LIST, cursor)


def test_a_cursor_outlives_a_change_of_the_secret():
    cursor = cursors.seal(KEYS, "alice", LIST, "key")
    assert cursors.unseal([*KEYS, "new" * 10], "alice", LIST, cursor) == "key"
