"""The search at the providers: the page first, then the results or an honest reason."""

from html import unescape

import pytest

from booklib import library
from booklib.errors import TryLater
from booklib.models import Query
from booklib.ports import Found
from tests.web.conftest import HX, page_of

DUNE = "9780441172719"


@pytest.fixture
async def found(site):
    site.catalogue.editions[:] = [
        Found(
            DUNE,
            "fake:1",
            {
                "title": "Dune",
                "authors": ("Frank Herbert",),
                "published": "1990-09",
                "publisher": "Ace",
            },
        ),
        Found(None, "fake:2", {"title": "Dune & sand", "authors": ("Nobody",)}),
    ]


async def test_the_page_comes_before_the_results(client, site, found):
    page = await page_of(await client.get("/find?q=dune"))
    assert site.catalogue.asked == []
    assert 'hx-get="/find?q=dune&amp;wait=1"' in page
    assert 'hx-trigger="load"' in page
    assert '<meta http-equiv="refresh" content="0; url=/find?q=dune&amp;wait=1">' in page


@pytest.mark.parametrize("headers", [{}, HX])
async def test_the_results_can_be_told_apart_and_added(client, found, headers):
    page = await page_of(await client.get("/find?q=dune&wait=1", headers=headers))
    for words in (
        "Dune",
        "Frank Herbert",
        "September 1990 · Ace",
        "978-0-441-17271-9",
        "2 editions",
    ):
        assert words in page
    assert f'name="isbn" value="{DUNE}"' in page
    assert 'name="edition" value="fake:2"' in page
    assert "hx-trigger" not in page
    assert ("<html" in page) == (not headers)


async def test_what_one_has_is_marked(client, site, found):
    done = await library.add_isbn(site.world, await site.user(), DUNE)
    page = await page_of(await client.get("/find?q=dune&wait=1", headers=HX))
    assert f'<a href="/books/{done.user_book.user_book_id}">Yours already</a>' in page
    assert f'name="isbn" value="{DUNE}"' not in page


async def test_a_result_is_added_in_its_row(client, site, found):
    row = HX | {"HX-Target": "form#found-1"}
    form = {"edition": "fake:2", "title": "Dune & sand", "authors": "Nobody"}
    page = await page_of(await client.post("/books", form=form, headers=row))
    assert page.startswith('<p class="found-done" id="found-1">')
    assert ">Added</a>" in page
    user = await site.user()
    [shelf_row] = (await site.storage.shelf(user.user_id, Query(), None, 9)).rows
    book = (await site.storage.owned(user.user_id, [shelf_row.user_book_id]))[
        shelf_row.user_book_id
    ]
    assert book.edition == "fake:2"
    assert book.given["title"] == "Dune & sand"
    assert dict(book.mine) == {}
    again = await page_of(await client.post("/books", form=form, headers=row))
    assert ">Yours already</a>" in again


async def test_a_result_with_an_isbn_is_told_by_its_title(client, site, found):
    row = HX | {"HX-Target": "form#found-0"}
    form = {"isbn": DUNE, "edition": "fake:1", "title": "Dune", "authors": "Frank Herbert"}
    page = await page_of(await client.post("/books", form=form, headers=row))
    assert "“Dune”" in page
    user = await site.user()
    [shelf_row] = (await site.storage.shelf(user.user_id, Query(), None, 9)).rows
    owned = await site.storage.owned(user.user_id, [shelf_row.user_book_id])
    book = owned[shelf_row.user_book_id]
    assert (book.isbn, book.edition, dict(book.mine)) == (DUNE, None, {})


async def test_a_made_up_result_is_refused(client):
    row = HX | {"HX-Target": "form#found-1"}
    answer = await client.post("/books", form={"edition": "no provider"}, headers=row)
    assert answer.status_code == 422
    assert "search again" in await page_of(answer)


async def test_nothing_found_offers_a_way_on(client, found):
    page = await page_of(await client.get("/find?q=zzzz&wait=1"))
    assert "know no book like that" in page
    assert 'href="/books/new"' in page


async def test_a_provider_that_does_not_answer_is_not_nothing_found(client, site, found):
    site.catalogue.fault = TryLater("Fake Books did not answer in time.")
    page = unescape(await page_of(await client.get("/find?q=dune&wait=1")))
    assert "did not answer" in page
    assert "know no book like that" not in page
    assert 'href="/find?q=dune"' in page
    assert "by hand</a>" in page


async def test_words_are_shown_as_text(client):
    page = await page_of(await client.get("/find?q=<script>alert(1)</script>"))
    assert "<script>alert" not in page


@pytest.mark.parametrize("words", ["", "   ", "x" * 10_000, "\x00", "📚", "a&b=c#d"])
async def test_odd_words_do_no_harm(client, words):
    for wait in ("", "1"):
        query = {"q": words} | ({"wait": wait} if wait else {})
        assert (await client.get("/find", query_string=query)).status_code == 200


async def test_an_isbn_among_the_words_can_be_added(client):
    page = await page_of(await client.get(f"/find?q={DUNE}&wait=1"))
    assert "looks like an ISBN" in page


async def test_searching_is_bounded_and_the_page_alone_is_not(client, found):
    for _ in range(40):
        assert (await client.get("/find?q=dune")).status_code == 200
    answers = [(await client.get("/find?q=dune&wait=1")).status_code for _ in range(40)]
    assert answers[0] == 200
    assert answers[-1] == 429


async def test_who_is_signed_out_signs_in_first(visitor):
    answer = await visitor.get("/find?q=dune")
    assert answer.headers["Location"].startswith("/login?next=")
