"""Whatever JSON a provider sends, no adapter stumbles: it is read, or it is no answer."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booklib.adapters import google_books
from booklib.adapters.google_books import GoogleBooks
from booklib.adapters.open_library import OpenLibrary
from booklib.adapters.open_library_records import Records
from booklib.adapters.provider_fields import MAX_DESCRIPTION
from booklib.models import FIELD_NAMES

NAMES = (
    "title subtitle authors author name key publisher publishers publishedDate publish_date "
    "pageCount number_of_pages language languages categories subjects description value "
    "imageLinks large cover covers cover_i industryIdentifiers identifier isbn isbn_13 isbn_10 "
    "editions docs edition_key author_name works items volumeInfo id error errors reason"
)
KEYS = st.sampled_from(NAMES.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2004-05", "9781111111113", "http://[x", "/books/OL1M", "<p>", "OL1M"])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=30
)
OBJECTS = st.dictionaries(KEYS, JSON)


def check(found):
    fields = found.fields if found else {}
    assert set(fields) <= set(FIELD_NAMES)
    assert all(fields.values())
    assert len(str(fields.get("description", ""))) <= MAX_DESCRIPTION
    json.dumps(dict(fields)).encode()


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(JSON)
def test_google_books_reads_any_json(reply):
    check(google_books._found({"volumeInfo": reply}))
    check(google_books._found(reply))
    for volume in google_books._items(reply):
        check(google_books._found(volume))


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(OBJECTS)
def test_open_library_reads_any_json(reply):
    records = Records("https://covers.example")
    fields = {**records.edition(reply), **records.data(reply), **records.work(reply)}
    assert set(fields) <= set(FIELD_NAMES)
    check(records.hit(reply))


async def test_a_catalogue_can_be_closed_unused():
    for catalogue in (OpenLibrary(), GoogleBooks("key")):
        await catalogue.aclose()
