"""Card and sort keys: what both storages show and sort by."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from booklib.models import Book, UserBook, details
from booklib.models.shelf import (
    card_words,
    count_changes,
    isbn_spellings,
    place,
    rekey,
    sort_key,
    stamp,
    unpack_card,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def copy(ident="c1", **values):
    return UserBook(
        **{"user_book_id": ident, "user_id": "u1", "added_at": NOON, "mine": {}} | values
    )


@pytest.mark.parametrize("year", [1, 999, 1999, 9999])
def test_a_stamp_is_as_wide_in_every_year_and_read_back(year):
    moment = datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert stamp(moment) == f"{year:04d}-02-03T04:05:06.000000Z"
    assert datetime.fromisoformat(stamp(moment)) == moment


def titled(title, author="Ann Author", **values):
    return place(copy(mine={"title": title, "authors": (author,)}, **values), None)


def test_the_reader_is_shown_first_then_the_book_then_the_file():
    book = Book(book_id="b", isbn=None, fields={"title": "World", "publisher": "P"})
    mine = copy(mine={"title": "Mine"}, given={"title": "File", "language": "de"})
    shown = details(mine, book)
    assert (shown.title, shown.publisher, shown.language) == ("Mine", "P", "de")


def test_an_override_with_nothing_hides_the_book_s_value():
    book = Book(book_id="b", isbn=None, fields={"subtitle": "A Novel"})
    assert details(copy(mine={"subtitle": None}), book).subtitle == ""


def test_a_title_that_begins_another_sorts_before_it():
    titles = ["Dune Messiah", "Dune", "The Dunes", "dune!"]
    keys = sorted(titled(t, ident=f"i{n}").keys.title for n, t in enumerate(titles))
    assert [key.split("\t")[0] for key in keys] == ["dune", "dune", "dune messiah", "dunes"]


def test_the_card_holds_what_the_shelf_shows():
    book = Book(book_id="b", isbn=None, fields={"title": "Dune", "published": "1965-08-01"})
    card = unpack_card(place(copy(isbn="9780441172719", lookup="found"), book).card)
    assert (card.title, card.year, card.isbn, card.lookup) == (
        "Dune",
        "1965",
        "9780441172719",
        "found",
    )


def test_a_book_is_found_by_either_spelling_of_its_isbn():
    words = card_words(place(copy(isbn="9780441172719"), None).card)
    assert {"9780441172719", "0441172717"} <= set(words)
    assert isbn_spellings("9791090636071") == ("9791090636071",)
    assert isbn_spellings("9780804429573")[1] == "080442957X"


def test_a_deleted_book_is_in_no_order_but_the_trash_s():
    gone = rekey(replace(titled("Dune"), deleted_at=NOON))
    assert gone.keys[:3] == (None, None, None)
    assert gone.keys.status == f"deleted#{stamp(NOON)}\tc1"
    with pytest.raises(ValueError, match="place"):
        rekey(replace(gone, deleted_at=None))


def test_a_change_of_status_moves_only_the_status_key():
    before = titled("Dune")
    after = rekey(replace(before, status="read"))
    assert after.keys[:3] == before.keys[:3]
    assert after.keys.status.startswith("read#")


def test_stamps_sort_in_time_whatever_the_zone():
    earlier = datetime(2026, 11, 1, 13, tzinfo=timezone(timedelta(hours=2)))
    assert stamp(earlier) < stamp(NOON)
    assert len(stamp(NOON)) == len(stamp(NOON + timedelta(microseconds=7)))


def test_every_order_has_a_key_that_ends_in_the_id():
    book = replace(titled("Dune"), rating=7, finished_on="2026-01-02")
    keys = [sort_key(book, sort) for sort in ("added", "title", "author", "rating", "finished")]
    assert all(key.endswith("\tc1") for key in keys)
    assert keys[3].startswith("07\t")
    assert keys[4].startswith("2026-01-02\t")


def test_counts_move_with_a_change_and_not_without_one():
    unread, read = titled("Dune"), rekey(replace(titled("Dune"), status="read"))
    assert count_changes([(unread, read), (None, unread), (read, read)]) == {"read": 1}
    assert count_changes([(read, None)]) == {"read": -1}
    assert count_changes([(read, replace(read, deleted_at=NOON))]) == {"read": -1, "deleted": 1}
