"""Google Books against a server that answers like it, in good moods and bad."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from booklib.adapters import google_books
from booklib.errors import QuotaSpent, Refused, TryLater, Unreadable
from tests.adapters.conftest import SHARED, fixture

ISBN = "9781111111113"
VOLUMES = "/books/v1/volumes"
REAL = SHARED / "googlebooks"
REAL_VOLUMES = (
    (REAL / "volumes_distinct.jsonl").read_text().splitlines()
    if (REAL / "volumes_distinct.jsonl").exists()
    else []
)


@pytest.fixture
def canned(server):
    server.canned[VOLUMES] = 200, fixture("google_books/search_by_isbn")
    server.canned[f"{VOLUMES}/rightBook001"] = 200, fixture("google_books/volume")
    return server


async def test_the_volume_that_carries_the_isbn_is_taken_and_completed_by_its_id(canned, google):
    found = await google.by_isbn(ISBN)
    assert found.isbn == ISBN
    assert found.edition == "google_books:rightBook001"
    assert found.fields == {
        "title": "Tides & Ladders",
        "subtitle": "A Harbour Almanac",
        "authors": ("Imke Varga", "Tomás Ruiz"),
        "publisher": "Alder Press",
        "published": "2004-05-11",
        "page_count": 312,
        "language": "pt-BR",
        "categories": ("Fiction", "Sea Stories"),
        "description": 'First paragraph, with "quotes".\nSecond line.\n\nNext one.',
        "cover": "https://books.google.com/books/content?id=rightBook001&zoom=1",
    }


async def test_every_question_names_key_and_country_and_the_program(canned, google):
    await google.by_isbn(ISBN)
    assert all("key=key-of-tests" in asked for asked in canned.asked)
    assert all("country=US" in asked for asked in canned.asked)
    assert f"q=isbn%3A{ISBN}" in canned.asked[0]
    assert canned.agents[0].startswith("booklibrary/")


async def test_a_completion_that_fails_leaves_the_thin_answer(canned, google):
    canned.canned[f"{VOLUMES}/rightBook001"] = 403, fixture("google_books/error_unknown_location")
    found = await google.by_isbn(ISBN)
    assert found.fields["title"] == "Tides & Ladders"
    assert found.fields["published"] == "2004"
    assert "description" not in found.fields


async def test_a_completion_about_another_book_is_left_alone(canned, google):
    other = fixture("google_books/volume")
    other["volumeInfo"]["industryIdentifiers"][0]["identifier"] = "9780000000002"
    canned.canned[f"{VOLUMES}/rightBook001"] = 200, other
    assert (await google.by_isbn(ISBN)).fields["published"] == "2004"


async def test_an_answer_for_another_isbn_is_no_answer(server, google):
    server.mode = "other"
    assert await google.by_isbn(ISBN) is None


async def test_no_items_means_not_found(server, google):
    server.mode = "none"
    assert await google.by_isbn(ISBN) is None
    server.canned[VOLUMES] = 200, {"kind": "books#volumes", "totalItems": 0}
    assert await google.by_isbn(ISBN) is None


async def test_an_edition_is_found_by_its_id(canned, google):
    found = await google.by_edition("google_books:rightBook001")
    assert found.isbn == ISBN
    assert await google.by_edition("open_library:OL1M") is None


async def test_a_search_keeps_books_without_an_isbn(canned, google):
    reply = fixture("google_books/search_by_isbn")
    reply["items"][0]["volumeInfo"]["industryIdentifiers"] = [{"type": "OTHER", "identifier": "X"}]
    canned.canned[VOLUMES] = 200, reply
    found = await google.search("tides", 10)
    assert [(hit.isbn, hit.edition) for hit in found] == [
        (None, "google_books:wrongBook001"),
        (ISBN, "google_books:rightBook001"),
    ]
    assert "q=tides" in canned.asked[0]


@pytest.mark.parametrize(
    ("status", "name"), [(429, "error_quota"), (403, "error_daily_limit"), (429, "short")]
)
async def test_a_spent_quota_waits_for_midnight_in_california(server, google, clock, status, name):
    reply = fixture(f"google_books/{'error_quota' if name == 'short' else name}")
    if name == "short":
        del reply["error"]["details"]
    server.canned[VOLUMES] = status, reply
    with pytest.raises(QuotaSpent) as caught:
        await google.by_isbn(ISBN)
    assert caught.value.at == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert caught.value.reason == "The day's quota of Google Books is used up."


async def test_a_spent_quota_is_not_asked_again_before_its_time(server, google, clock):
    server.mode = "quota"
    for _ in range(3):
        with pytest.raises(QuotaSpent):
            await google.by_isbn(ISBN)
    assert len(server.asked) == 1
    server.mode = "fast"
    clock.advance(days=1)
    assert await google.by_isbn(ISBN)


def test_midnight_in_california_follows_summer_time():
    assert google_books.next_reset(datetime(2026, 7, 1, 6, 59, tzinfo=UTC)) == datetime(
        2026, 7, 1, 7, tzinfo=UTC
    )
    assert google_books.next_reset(datetime(2026, 7, 1, 7, tzinfo=UTC)) == datetime(
        2026, 7, 2, 7, tzinfo=UTC
    )


async def test_a_backend_fault_is_asked_again_at_once_and_then_later(server, google):
    server.mode = "503"
    with pytest.raises(TryLater) as caught:
        await google.by_isbn(ISBN)
    assert len(server.asked) == 3
    assert caught.value.at is None


async def test_a_bad_key_is_refused_with_a_reason(server, google):
    server.canned[VOLUMES] = 400, fixture("google_books/error_key")
    with pytest.raises(Refused, match="does not accept the key"):
        await google.by_isbn(ISBN)


async def test_a_refusal_says_what_google_said(server, google):
    server.canned[VOLUMES] = 403, fixture("google_books/error_unknown_location")
    with pytest.raises(Refused, match="Cannot determine user location"):
        await google.by_isbn(ISBN)


async def test_too_many_requests_a_minute_is_no_spent_quota(server, google, clock):
    server.mode = "429=7"
    with pytest.raises(TryLater) as caught:
        await google.by_isbn(ISBN)
    assert not isinstance(caught.value, QuotaSpent)
    assert caught.value.at == clock.now + timedelta(seconds=7)


async def test_broken_json_is_told_apart(server, google):
    server.mode = "broken"
    with pytest.raises(Unreadable):
        await google.by_isbn(ISBN)


@pytest.mark.parametrize("nonsense", [[], "text", {"items": "no"}, {"items": [None, 3, {}]}])
async def test_json_of_another_shape_is_not_found(server, google, nonsense):
    server.canned[VOLUMES] = 200, nonsense
    assert await google.by_isbn(ISBN) is None
    assert await google.search("x", 5) == []


@pytest.mark.parametrize("ident", ["\ud800", "..", "x" * 50_000, None, {"a": 1}])
async def test_an_id_that_is_none_is_not_asked_for(server, google, ident):
    codes = [{"type": "ISBN_13", "identifier": ISBN}]
    known = {"id": ident, "volumeInfo": {"title": "A", "industryIdentifiers": codes}}
    nameless = {"id": ident, "volumeInfo": {"title": "B"}}
    server.canned[VOLUMES] = 200, {"items": [known, nameless]}
    found = await google.by_isbn(ISBN)
    assert (found.edition, found.fields) == ("", {"title": "A"})
    assert await google.search("x", 5) == [found]
    if isinstance(ident, str):
        assert await google.by_edition(f"google_books:{ident}") is None
    assert not [path for path in server.asked if path.startswith(f"{VOLUMES}/")]


@pytest.mark.parametrize(
    "address", ["http://[x", "http://x/\ud800", "http://x/" + "y" * 5_000, "x:y"]
)
def test_a_cover_s_address_is_one(address):
    volume = {"volumeInfo": {"title": "A", "imageLinks": {"large": address}}}
    assert "cover" not in google_books._found(volume).fields


def test_every_recorded_volume_can_be_read():
    for text in REAL_VOLUMES:
        volume = json.loads(text)
        found = google_books._found(volume)
        assert found.fields["title"]
        assert found.fields.get("cover", "https://").startswith("https://")
        said = volume["volumeInfo"].get("publishedDate", "")
        assert found.fields.get("published", "") == said


async def test_recorded_quota_answers_are_recognised(server, google):
    for path in sorted(REAL.glob("error_429*.json")):
        server.canned[VOLUMES] = 429, json.loads(path.read_text())
        with pytest.raises(QuotaSpent):
            await google.by_isbn(ISBN)


async def test_recorded_searches_give_a_hit_for_every_item(server, google):
    for path in sorted(REAL.glob("zeantsoi_*_200.json")):
        reply = json.loads(path.read_text())
        server.canned[VOLUMES] = 200, reply
        assert len(await google.search("words", 40)) == len(reply["items"])
