"""Open Library against a server that answers like it, in good moods and bad."""

import json
from datetime import timedelta
from time import process_time

import pytest

from booklib.adapters.open_library import COVERS_URL
from booklib.adapters.open_library_ahead import Ahead
from booklib.adapters.open_library_records import Records
from booklib.errors import CatalogueError, Refused, TryLater, Unreadable
from tests.adapters.conftest import SHARED, fixture
from tests.goodreads import isbn_of

ISBN = "9781111111113"
REAL = SHARED / "openlibrary"
RECORDS = Records(COVERS_URL)


def recorded(*patterns):
    """Real replies, where they are at hand."""
    paths = [path for pattern in patterns for path in sorted(REAL.glob(pattern))]
    return [json.loads(path.read_text()) for path in paths]


@pytest.fixture
def canned(server):
    server.canned["/api/books"] = 200, fixture("open_library/data")
    server.canned["/books/OL111M.json"] = 200, fixture("open_library/edition")
    server.canned["/works/OL11W.json"] = 200, fixture("open_library/work")
    return server


async def test_an_edition_is_put_together_from_three_answers(canned, open_library):
    found = await open_library.by_isbn(ISBN)
    assert found.isbn == ISBN
    assert found.edition == "open_library:OL111M"
    assert found.fields == {
        "title": "Tides & Ladders",
        "authors": ("Imke Varga",),
        "publisher": "Alder Press",
        "published": "2009-03-03",
        "page_count": 310,
        "language": "de",
        "categories": ("Sea stories", "Harbours"),
        "description": "A harbour, two ladders.\n\nAnd the tide.",
        "cover": "https://covers.openlibrary.org/b/id/4242-L.jpg",
    }
    assert f"bibkeys=ISBN%3A{ISBN}" in canned.asked[0]
    assert "jscmd=data" in canned.asked[0]


async def test_the_edition_s_own_description_needs_no_work(canned, open_library):
    edition = fixture("open_library/edition") | {"description": "Plain text."}
    canned.canned["/books/OL111M.json"] = 200, edition
    assert (await open_library.by_isbn(ISBN)).fields["description"] == "Plain text."
    assert not any("works" in asked for asked in canned.asked)


async def test_the_title_now_is_worth_more_than_the_description_later(canned, open_library):
    canned.canned["/books/OL111M.json"] = 503, {}
    found = await open_library.by_isbn(ISBN)
    assert found.fields["title"] == "Tides & Ladders"
    assert "description" not in found.fields


async def test_many_editions_are_asked_for_in_two_questions(server, open_library):
    isbns = [isbn_of(number) for number in range(20)]
    alone = [await open_library.by_isbn(isbn) for isbn in isbns]
    server.asked.clear()
    await open_library.expect(isbns)
    assert len(server.asked) == 2
    assert [await open_library.by_isbn(isbn) for isbn in isbns] == alone
    assert sorted(asked.split("/")[1] for asked in server.asked[2:]) == ["works"] * 20


@pytest.mark.parametrize("kind", ["data", "details"])
async def test_what_was_not_told_ahead_is_asked_for_alone(server, open_library, kind):
    """One odd record among many makes the whole of Open Library's answer empty."""
    isbns = [isbn_of(number) for number in range(3)]
    alone = [await open_library.by_isbn(isbn) for isbn in isbns]
    server.mute.add(kind)
    await open_library.expect(isbns)
    server.mute.clear()
    assert [await open_library.by_isbn(isbn) for isbn in isbns] == alone


@pytest.mark.parametrize("mode", ["503", "broken", "drop", "hang", "429"])
async def test_a_fault_is_met_by_the_question_not_ahead_of_it(server, open_library, mode):
    server.mode = mode
    await open_library.expect([isbn_of(1), isbn_of(2)])
    with pytest.raises(CatalogueError):
        await open_library.by_isbn(isbn_of(1))


async def test_what_was_told_ahead_serves_once_and_grows_old(server, clock, open_library):
    isbns = [isbn_of(number) for number in range(2)]
    await open_library.expect(isbns)
    await open_library.by_isbn(isbns[0])
    clock.advance(minutes=11)
    server.asked.clear()
    for isbn in isbns:
        await open_library.by_isbn(isbn)
    assert [asked for asked in server.asked if "jscmd" in asked] == [
        f"/api/books?bibkeys=ISBN%3A{isbn}&jscmd=data&format=json" for isbn in isbns
    ]


def test_no_more_is_kept_than_200_answers(clock):
    ahead = Ahead(clock)
    for number in range(300):
        ahead.keep([f"ISBN:{number}"], {f"ISBN:{number}": {"title": "A"}}, {})
    kept = [number for number in range(300) if ahead.take(f"ISBN:{number}")[0]]
    assert kept == list(range(100, 300))


async def test_an_answer_for_another_isbn_is_no_answer(server, open_library):
    server.mode = "other"
    assert await open_library.by_isbn(ISBN) is None


async def test_what_api_books_does_not_know_is_asked_at_isbn(canned, open_library):
    canned.canned["/api/books"] = 200, {}
    canned.canned[f"/isbn/{ISBN}.json"] = 200, fixture("open_library/edition")
    canned.canned["/authors/OL1A.json"] = 200, {"name": "Imke Varga"}
    found = await open_library.by_isbn(ISBN)
    assert found.edition == "open_library:OL111M"
    assert found.fields["authors"] == ("Imke Varga",)
    assert found.fields["published"] == "2009-03"
    assert found.fields["cover"] == "https://covers.openlibrary.org/b/id/4242-L.jpg"


async def test_the_isbn_path_leads_to_the_edition_by_a_redirect(server, open_library):
    server.canned["/api/books"] = 200, {}
    found = await open_library.by_isbn("9780261103252")
    assert found.fields["title"] == server.book("9780261103252")["title"]


async def test_a_redirect_to_a_page_for_people_means_not_found(server, open_library):
    server.canned["/api/books"] = 200, {}
    server.canned[f"/isbn/{ISBN}.json"] = 302, {}
    server.headers["Location"] = "/books/add"
    assert await open_library.by_isbn(ISBN) is None


async def test_unknown_is_not_found(server, open_library):
    server.mode = "none"
    assert await open_library.by_isbn(ISBN) is None


async def test_an_edition_is_found_by_its_id(canned, open_library):
    reply = fixture("open_library/data")
    canned.canned["/api/books"] = 200, {"OLID:OL111M": reply[f"ISBN:{ISBN}"]}
    found = await open_library.by_edition("open_library:OL111M")
    assert found.isbn == ISBN
    assert await open_library.by_edition("google_books:x") is None
    assert await open_library.by_edition("open_library:../admin") is None


async def test_a_search_shows_the_edition_that_fits(canned, open_library):
    canned.canned["/search.json"] = 200, fixture("open_library/search")
    first, second = await open_library.search("tides ladders", 5)
    assert first.isbn == ISBN
    assert first.edition == "open_library:OL111M"
    assert first.fields["title"] == "Tides & Ladders"
    assert first.fields["published"] == "2009-03"
    assert first.fields["language"] == "de"
    assert second == (
        None,
        "open_library:OL121M",
        {"title": "A Work of Many Editions", "authors": ("Tomás Ruiz",)},
    )
    assert "editions.isbn" in canned.asked[0]


async def test_being_shut_out_is_a_passing_thing(server, open_library, clock):
    server.mode = "403"
    with pytest.raises(TryLater, match="does not let this program in") as caught:
        await open_library.by_isbn(ISBN)
    assert caught.value.at == clock.now + timedelta(hours=1)


async def test_broken_json_is_told_apart(server, open_library):
    server.mode = "broken"
    with pytest.raises(Unreadable):
        await open_library.by_isbn(ISBN)


async def test_another_fault_of_ours_is_refused(server, open_library):
    server.canned["/api/books"] = 400, {}
    with pytest.raises(Refused):
        await open_library.by_isbn(ISBN)


@pytest.mark.parametrize("nonsense", [[], "text", {f"ISBN:{ISBN}": [1]}, {"docs": [None, "x"]}])
async def test_json_of_another_shape_is_not_found(server, open_library, nonsense):
    server.canned["/api/books"] = 200, nonsense
    server.canned[f"/isbn/{ISBN}.json"] = 200, nonsense
    server.canned["/search.json"] = 200, nonsense
    assert await open_library.by_isbn(ISBN) is None
    assert await open_library.search("x", 5) == []


@pytest.mark.parametrize("number", ["9" * 5_000, 10**4_000, -1, 0, "\u0661", None, [7]])
def test_a_cover_has_a_number(number):
    assert "cover" not in RECORDS.edition({"covers": [number]})


def test_a_cover_s_number_has_an_end():
    cover = {"large": f"https://covers.openlibrary.org/b/id/{'9' * 5_000}-L.jpg"}
    assert "cover" not in RECORDS.data({"cover": cover})


@pytest.mark.parametrize(
    "piece", ["\n", "[", "- [a", "*a ", " _a*", "[a](", "[1]:", "> ", "\n \n- ["]
)
def test_no_description_costs_more_than_its_length(piece):
    start = process_time()
    RECORDS.edition({"description": piece * 200_000})
    assert process_time() - start < 1


def test_markdown_becomes_plain_text():
    text = (
        'A *very* __good__ [tale](http://x "y") of [two][1].\n\n> Said *he*.\n([source][1])\n'
        "   [1]: http://example.org\n- [Part two](/works/OL1W)\n\n  -----\n\nAlso in: all."
    )
    told = RECORDS.edition({"description": text})["description"]
    assert told == "A very good tale of two.\n\nSaid he."


async def test_recorded_isbn_answers_can_be_read(server, open_library):
    for reply in [fixture("open_library/data"), *recorded("*isbn_search.json")]:
        server.canned["/api/books"] = 200, reply
        for key, said in reply.items():
            found = await open_library.by_isbn(key.removeprefix("ISBN:"))
            assert found.fields["title"] == said["title"]
            assert found.fields["authors"] == tuple(author["name"] for author in said["authors"])


async def test_recorded_searches_give_only_hits_that_can_be_added(server, open_library):
    for reply in [fixture("open_library/search"), *recorded("*ol_search.json", "*searchR*.json")]:
        server.canned["/search.json"] = 200, reply
        found = await open_library.search("words", 40)
        assert found
        assert all(hit.fields["title"] and hit.edition for hit in found)


def test_recorded_editions_can_be_read():
    for reply in [fixture("open_library/edition"), *recorded("*_ol_edition*.json")]:
        for edition in reply.get("entries", [reply]):
            fields = RECORDS.edition(edition)
            assert fields["title"] == edition["title"]
            assert fields.get("published", "")[:4] == edition.get("publish_date", "")[-4:]
