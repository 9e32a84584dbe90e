"""The shelf as a page and as fragments: what it shows, its address, its cursors, its entity tag."""

import re
from dataclasses import replace
from html import unescape

import pytest

from booklib import library
from tests.factories import a_copy, added
from tests.web.conftest import HX, page_of


@pytest.fixture
async def alice(site):
    return await site.user()


@pytest.fixture
async def three(site, alice):
    """Dune (rated 4, read), Emma (to read) and a book without an author (reading)."""
    user_id = alice.user_id
    return await added(
        site.storage,
        a_copy("Dune", user_id=user_id, minute=1, status="read", rating=8),
        a_copy("Emma", "Jane Austen", user_id=user_id, minute=2),
        a_copy("Beowulf", "", user_id=user_id, minute=3, status="reading"),
    )


async def many(site, alice, number=120):
    """Books 0 to `number`, of which the last was added last."""
    await added(
        site.storage,
        *(a_copy(f"Book {n:03d}", user_id=alice.user_id, minute=n) for n in range(number)),
    )


def titles(page):
    return [unescape(title) for title in re.findall(r"<h2><a href=\"/books[^>]*>([^<]*)<", page)]


def next_link(page):
    found = re.search(r'id="more"><a class="button" href="([^"]*)"', page)
    return unescape(found[1]) if found else None


async def test_the_newest_book_stands_first(client, three):
    assert titles(await page_of(await client.get("/library"))) == ["Beowulf", "Emma", "Dune"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=D%C3%9BN", ["Dune"]),
        ("q=austen", ["Emma"]),
        ("status=reading", ["Beowulf"]),
        ("rating=4", ["Dune"]),
        ("rating=none", ["Beowulf", "Emma"]),
        ("rating=0", ["Beowulf", "Emma"]),
        ("sort=title", ["Beowulf", "Dune", "Emma"]),
        ("sort=title&dir=desc", ["Emma", "Dune", "Beowulf"]),
        ("sort=rating", ["Dune", "Beowulf", "Emma"]),
        ("q=&status=&rating=&sort=&dir=&cursor=", ["Beowulf", "Emma", "Dune"]),
    ],
)
async def test_the_address_says_what_is_shown(client, three, query, expected):
    for headers in ({}, HX):
        page = await page_of(await client.get(f"/library?{query}", headers=headers))
        assert sorted(titles(page)) == sorted(expected)
        assert titles(page)[0] == expected[0]


async def test_the_tabs_count_what_there_is(client, site, alice, three):
    page = await page_of(await client.get("/library"))
    for name, number in (("all", 3), ("to-read", 1), ("reading", 1), ("read", 1)):
        assert f'id="count-{name}">{number}<' in page
    assert re.search(r'<li id="tab-deleted" hidden>', page)
    await library.delete(site.world, alice.user_id, three[0].user_book_id)
    page = await page_of(await client.get("/library"))
    assert 'id="count-all">2<' in page
    assert '<li id="tab-deleted"><a' in page


async def test_the_trash_offers_to_restore(client, site, alice, three):
    await library.delete(site.world, alice.user_id, three[0].user_book_id)
    page = await page_of(await client.get("/library?status=deleted"))
    assert titles(page) == ["Dune"]
    assert f'action="/books/{three[0].user_book_id}/undo"' in page
    assert "/rating" not in page


async def test_every_page_of_a_long_shelf_is_reached_by_links(client, site, alice):
    await many(site, alice)
    seen, url = [], "/library"
    while url:
        page = await page_of(await client.get(url))
        seen += titles(page)
        url = next_link(page)
    assert seen == [f"Book {n:03d}" for n in reversed(range(120))]
    assert '<a href="/library">Back to the first page</a>' in page


async def test_scrolling_on_brings_the_next_books_alone(client, site, alice):
    await many(site, alice)
    url = next_link(await page_of(await client.get("/library?sort=title")))
    more = await client.get(url, headers=HX)
    page = await page_of(more)
    assert titles(page)[0] == "Book 050"
    assert page.lstrip().startswith('<li class="book"')
    assert next_link(page) != url
    assert not {"HX-Push-Url", "HX-Replace-Url"} & set(more.headers.keys())


async def test_a_cursor_of_another_list_or_person_is_refused(client, site, alice):
    await many(site, alice)
    cursor = next_link(await page_of(await client.get("/library"))).partition("cursor=")[2]
    stranger = site.client(await site.stranger())
    for who, url in (
        (client, f"/library?sort=title&cursor={cursor}"),
        (client, f"/library?cursor={cursor}x"),
        (client, "/library?cursor=nonsense"),
        (stranger, f"/library?cursor={cursor}"),
    ):
        answer = await who.get(url)
        assert answer.status_code == 422
        assert 'id="problem-cursor"' in await page_of(answer)


@pytest.mark.parametrize("query", ["status=lost", "rating=9", "sort=colour", "dir=up", "view=x"])
async def test_a_list_that_there_is_not_is_told_with_a_way_back(client, query):
    for headers in ({}, HX):
        answer = await client.get(f"/library?{query}", headers=headers)
        page = await page_of(answer)
        assert answer.status_code == 422
        assert f'id="problem-{query.partition("=")[0]}"' in page
        assert 'href="/library"' in page
        assert ("<html" in page) is (not headers)


async def test_a_fragment_is_the_shelf_with_its_title_and_its_address(client, three):
    answer = await client.get("/library?q=dune&status=&rating=", headers=HX)
    page = await page_of(answer)
    assert answer.headers["HX-Push-Url"] == "/library?q=dune"
    assert "<html" not in page
    assert "<title>“dune” · Book Library</title>" in page
    assert '<section id="shelf"' in page
    assert ">1 book</hx-partial>" in page
    typing = HX | {"HX-Source": "input#search"}
    answer = await client.get("/library?q=dun", headers=typing)
    assert answer.headers["HX-Replace-Url"] == "/library?q=dun"


async def test_markup_in_a_search_or_a_title_is_only_text(client, site, alice):
    evil = "<b>bold</b><!--books-->"
    await added(site.storage, a_copy(evil, evil, user_id=alice.user_id))
    page = await page_of(await client.get("/library", query_string={"q": "bold"}))
    assert titles(page) == [evil]
    page = await page_of(await client.get("/library", query_string={"q": evil}))
    assert "<b>bold" not in page
    assert 'value="&lt;b&gt;bold' in page


async def test_an_empty_shelf_tells_how_to_begin(client):
    page = await page_of(await client.get("/library"))
    assert 'id="add-isbn"' in page
    assert "booklib demo" in page
    assert 'href="/books/new"' in page


async def test_a_search_without_a_hit_leads_on(client, three):
    page = await page_of(await client.get("/library?q=zebra+crossing&sort=title"))
    assert 'href="/find?q=zebra%20crossing"' in page
    assert 'href="/library?sort=title"' in page


async def test_an_empty_tab_and_an_empty_trash_say_so(client, site, alice):
    await added(site.storage, a_copy("Dune", user_id=alice.user_id))
    assert "You are between books" in await page_of(await client.get("/library?status=reading"))
    assert "The trash is empty" in await page_of(await client.get("/library?status=deleted"))


async def test_the_view_is_the_address_or_else_the_readers_habit(client, site, alice, three):
    assert "books--cards" in await page_of(await client.get("/library"))
    assert "books--list" in await page_of(await client.get("/library?view=list"))
    user = await site.user()
    await site.storage.save_user(user, replace(user, view="list"))
    assert "books--list" in await page_of(await client.get("/library"))
    assert "books--cards" in await page_of(await client.get("/library?view=cards"))


async def test_an_unchanged_shelf_is_not_sent_again(client, site, alice, three):
    first = await client.get("/library")
    headers = {"If-None-Match": first.headers["ETag"]}
    assert (await client.get("/library", headers=headers)).status_code == 304
    assert (await client.get("/library?q=dune", headers=headers)).status_code == 200
    assert (await client.get("/library", headers=headers | HX)).status_code == 200
    await library.set_rating(site.world, alice.user_id, three[1].user_book_id, 10)
    assert (await client.get("/library", headers=headers)).status_code == 200


async def test_a_change_of_the_profile_is_seen_at_once(client, site, three):
    first = await client.get("/library")
    user = await site.user()
    await site.storage.save_user(user, replace(user, shortcuts=False))
    again = await client.get("/library", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert "data-shortcuts" not in await page_of(again)


async def test_a_message_that_waited_is_shown_once(client, three):
    await client.post(f"/books/{three[0].user_book_id}/delete")
    page = await client.get("/library")
    assert "Deleted “Dune”" in await page_of(page)
    assert "ETag" not in page.headers
    again = await client.get("/library")
    assert "Deleted “Dune”" not in await page_of(again)
    assert "ETag" in again.headers


async def test_a_strangers_books_are_not_on_the_shelf(client, site, three):
    stranger = site.client(await site.stranger())
    assert titles(await page_of(await stranger.get("/library"))) == []


async def test_signed_out_readers_are_asked_who_they_are(visitor):
    answer = await visitor.get("/library?q=dune")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=")


async def test_a_card_works_without_scripts(client, three):
    dune = three[0]
    page = await page_of(await client.get("/library?q=dune"))
    for verb in ("status", "rating"):
        url = f"/books/{dune.user_book_id}/{verb}"
        assert f'action="{url}" method="post" hx-post="{url}"' in page
    assert 'aria-label="Rate Dune 4 stars"' in page
    pressed = re.findall(r'value="([^"]*)" id="([^"]*)" aria-pressed="true"', page)
    ident = f"b-{dune.user_book_id}"
    assert pressed == [("read", f"{ident}-status-read"), ("", f"{ident}-rating-4")]


async def test_the_title_tells_which_list_it_is_and_how_long(client, site, alice):
    await added(site.storage, *(a_copy(f"Book {n}", user_id=alice.user_id) for n in range(3)))
    for address, title in (
        ("/library", "All books (3)"),
        ("/library?status=to-read", "To read (3)"),
        ("/library?status=reading", "Reading"),
        ("/library?rating=5", "All books"),
        ("/library?status=to-read&q=book", "“book” · To read"),
    ):
        page = await page_of(await client.get(address))
        assert f"<title>{title} · Book Library</title>" in page


async def test_only_a_pending_card_asks_again(client, site, alice):
    waiting = replace(
        a_copy("", "", user_id=alice.user_id, isbn="9780140283297", lookup="pending"), mine={}
    )
    found = a_copy("Emma", user_id=alice.user_id, minute=2, lookup="found")
    missing = a_copy("Ulysses", user_id=alice.user_id, minute=3, lookup="not-found")
    await added(site.storage, waiting, found, missing)
    page = await page_of(await client.get("/library"))
    assert page.count("load delay") == 1
    assert f'hx-get="/books/{waiting.user_book_id}/card?wait=4"' in page
    assert "Details will follow" in page
    assert "No details found" in page
