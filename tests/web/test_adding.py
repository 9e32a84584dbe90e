"""Adding by the box, by hand and from search results: nothing waits, nothing typed is lost."""

import asyncio
import html
import re

import pytest

from booklib import library
from booklib.models import Query
from tests.fakes import Clock, MemoryStorage
from tests.web.conftest import HX, Site, page_of

DUNE, RINGS = "9780441172719", "9780261103573"
ON_SHELF = HX | {"HX-Current-URL": "http://localhost/library", "HX-Target": "form#add-box"}


async def rows(site, shelf=None):
    user = await site.user()
    return (await site.storage.shelf(user.user_id, Query(shelf=shelf), None, 600)).rows


async def test_the_page_offers_the_box_and_a_form_by_hand(client):
    page = await page_of(await client.get("/books/new"))
    assert 'id="add-isbn"' in page
    assert 'name="nonce"' in page
    assert 'name="title"' in page


@pytest.mark.parametrize(
    "text",
    [
        DUNE,
        "0-441-17271-7",
        "ISBN 978-0-441-17271-9",
        "urn:isbn:9780441172719",
        "０４４１１７２７１７",
    ],
)
async def test_one_isbn_in_any_spelling_is_on_the_shelf_at_once(client, site, text):
    answer = await client.post("/books", form={"isbn": text})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/library")
    assert [DUNE in row.card for row in await rows(site)] == [True]
    assert site.queue.rung
    assert site.catalogue.asked == []


async def test_the_next_page_says_what_was_added(client):
    await client.post("/books", form={"isbn": DUNE})
    shelf = await page_of(await client.get("/library"))
    assert "Added <a href=" in shelf
    assert "978-0-441-17271-9" in shelf


async def test_in_place_the_card_comes_first_with_counts_and_a_fresh_box(client):
    page = await page_of(await client.post("/books", form={"isbn": DUNE}, headers=ON_SHELF))
    assert page.startswith('<form id="add-box"')
    assert f'value="{DUNE}"' not in page
    assert '<hx-partial hx-target="#shelf-cards" hx-swap="afterbegin"><li class="book"' in page
    assert '<span class="count" id="count-all" hx-swap-oob="true">1</span>' in page
    assert "Added" in page


@pytest.mark.parametrize("query", ["?status=read", "?q=dune", "?sort=title", "?rating=5"])
async def test_a_shelf_that_shows_something_else_is_left_alone(client, query):
    headers = ON_SHELF | {"HX-Current-URL": f"http://localhost/library{query}"}
    page = await page_of(await client.post("/books", form={"isbn": DUNE}, headers=headers))
    assert "#shelf-cards" not in page
    assert "Added" in page


async def test_what_one_has_is_not_added_again(client, site):
    await client.post("/books", form={"isbn": DUNE})
    page = await page_of(await client.post("/books", form={"isbn": "0441172717"}, headers=ON_SHELF))
    assert "You already have" in page
    assert "#shelf-cards" not in page
    assert len(await rows(site)) == 1


async def test_what_was_deleted_comes_back_with_everything_it_had(client, site):
    done = await library.add_isbn(site.world, await site.user(), DUNE, "read")
    ident = done.user_book.user_book_id
    await client.delete(f"/books/{ident}")
    page = await page_of(await client.post("/books", form={"isbn": DUNE}, headers=ON_SHELF))
    assert "was in the trash and is back" in page
    assert '<span class="count" id="count-read" hx-swap-oob="true">1</span>' in page
    assert [row.status for row in await rows(site)] == ["read"]


async def test_a_status_may_be_chosen(client, site):
    await client.post("/books", form={"isbn": DUNE, "status": "reading"})
    assert [row.status for row in await rows(site)] == ["reading"]
    assert (await client.post("/books", form={"isbn": RINGS, "status": "x"})).status_code == 422


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("9780441172710", "should be 9"),
        ("9790260000438", "music"),
        ("9771234567003", "magazine"),
        ("4006381333931", "begins with 978 or 979"),
        ("", "Type an ISBN"),
        ("   ", "Type an ISBN"),
    ],
)
async def test_a_wrong_number_is_told_and_comes_back(client, site, text, words):
    for headers in ({}, ON_SHELF):
        answer = await client.post("/books", form={"isbn": text}, headers=headers)
        page = await page_of(answer)
        assert answer.status_code == 422
        assert words in page
        assert text.strip() in page
        assert 'aria-invalid="true"' in page
    assert await rows(site) == ()


# Several


async def test_many_are_added_and_the_shelf_follows(client, site):
    answer = await client.post("/books", form={"isbn": f"{DUNE}\r\n{RINGS}, 0140449132"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/library")
    assert len(await rows(site)) == 3


async def test_the_good_ones_are_added_and_the_bad_ones_come_back(client, site):
    await client.post("/books", form={"isbn": RINGS})
    text = f"{DUNE}\n{RINGS}\n9780441172710\n9771234567003"
    answer = await client.post("/books", form={"isbn": text})
    page = await page_of(answer)
    assert answer.status_code == 422
    assert "Added 1 book, 1 already yours, 2 not added." in page
    box = re.search(r'<textarea id="add-isbn".*?>\n?(.*?)</textarea>', page, re.DOTALL)[1]
    assert box.split() == ["9780441172710", "9771234567003"]
    assert "should be 9" in page
    assert "magazine" in page
    assert len(await rows(site)) == 2


async def test_several_in_place(client, site):
    text = f"{DUNE} {RINGS} 9780441172710"
    answer = await client.post("/books", form={"isbn": text}, headers=ON_SHELF)
    page = await page_of(answer)
    assert answer.status_code == 200
    assert page.count('hx-target="#shelf-cards"') == 2
    assert 'id="add-outcome"' in page
    assert '<span class="count" id="count-all" hx-swap-oob="true">2</span>' in page
    assert len(await rows(site)) == 2


@pytest.mark.parametrize(
    "text", [DUNE, f"{DUNE} {RINGS}", f"{DUNE} 9780441172710", "9780441172710"]
)
async def test_the_page_for_adding_keeps_its_box_of_several_lines(client, text):
    on_its_page = HX | {"HX-Current-URL": "http://localhost/books/new"}
    page = await page_of(await client.post("/books", form={"isbn": text}, headers=on_its_page))
    assert '<textarea id="add-isbn"' in page


async def test_the_page_for_adding_shows_what_was_just_added(client, site):
    assert 'id="just-added"' in await page_of(await client.get("/books/new"))
    on_its_page = HX | {"HX-Current-URL": "http://localhost/books/new"}
    for text, shown in ((f"{DUNE} {RINGS}", 2), (DUNE, 0)):
        page = await page_of(await client.post("/books", form={"isbn": text}, headers=on_its_page))
        assert page.count('hx-target="#just-added" hx-swap="afterbegin"') == shown


async def test_five_hundred_fit_and_more_are_told(client, site):
    numbers = [isbn(n) for n in range(501)]
    answer = await client.post("/books", form={"isbn": "\n".join(numbers)})
    page = await page_of(answer)
    assert answer.status_code == 422
    assert "501" in page
    assert numbers[500] in page
    assert await rows(site) == ()
    assert (await client.post("/books", form={"isbn": " ".join(numbers[:500])})).status_code == 303
    assert len(await rows(site)) == 500


def isbn(number):
    digits = f"978{number:09d}"
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


@pytest.mark.parametrize("text", ["1 2 " * 10_000, "1 2 " * 200_000, "no number here " * 100])
async def test_a_long_text_comes_back_soon(client, site, text):
    async with asyncio.timeout(5):
        answer = await client.post("/books", form={"isbn": text})
    assert answer.status_code == 422
    assert text.strip() in await page_of(answer)
    assert await rows(site) == ()


async def test_words_are_looked_for(client):
    answer = await client.post("/books", form={"isbn": "dune  herbert & sons"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/find?q=dune+herbert+%26+sons"
    in_place = await client.post("/books", form={"isbn": "dune"}, headers=ON_SHELF)
    assert in_place.headers["HX-Redirect"] == "/find?q=dune"


# By hand


async def test_a_double_click_adds_a_book_by_hand_once(client, site):
    form = {"title": "Grandmother's recipes", "authors": "Anna\nBert", "nonce": "n1"}
    for _ in range(2):
        answer = await client.post("/books", form=form)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/library")
    assert len(await rows(site)) == 1
    await client.post("/books", form=form | {"nonce": "n2"})
    assert len(await rows(site)) == 2


async def test_a_book_by_hand_may_have_an_isbn_and_all_the_rest(client, site):
    form = {
        "title": "שר הטבעות 📚",
        "authors": "J. R. R. Tolkien",
        "isbn": "0-261-10357-1",
        "published": "2004-05",
        "page_count": "1178",
        "language": "Hebrew",
        "status": "read",
        "nonce": "n1",
    }
    assert (await client.post("/books", form=form)).status_code == 303
    [row] = await rows(site)
    book = (await site.storage.owned((await site.user()).user_id, [row.user_book_id]))[
        row.user_book_id
    ]
    assert book.isbn == RINGS
    assert book.mine["language"] == "he"
    assert book.mine["page_count"] == 1178
    assert book.status == "read"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"title": "", "authors": "Typed already"}, "needs a title"),
        ({"title": "x" * 10_000}, "10,000"),
        ({"title": "T", "published": "1st of May", "isbn": "123"}, "2004-05"),
        ({"title": " ", "published": "1st of May"}, "needs a title"),
        ({"title": " ", "published": "1st of May"}, "2004-05"),
    ],
)
async def test_a_wrong_form_comes_back_as_it_was_typed(client, site, form, words):
    answer = await client.post("/books", form=form | {"nonce": "n1", "status": "reading"})
    page = await page_of(answer)
    assert answer.status_code == 422
    assert words in page
    assert all(text in page for text in form.values())
    assert 'name="nonce" value="n1"' in page
    assert '<option value="reading" selected>' in page
    assert page.count("autofocus") == 1
    assert await rows(site) == ()


async def test_who_is_signed_out_signs_in_first(visitor):
    for call in (visitor.get("/books/new"), visitor.post("/books", form={"isbn": DUNE})):
        answer = await call
        assert answer.headers["Location"].startswith("/login?next=")


class SlowStorage(MemoryStorage):
    """Lets others run before each change, as a disk does."""

    async def apply(self, user_id, changes, job=None):
        await asyncio.sleep(0)
        return await super().apply(user_id, changes, job)


async def test_a_browser_that_leaves_in_the_middle_loses_nothing(settings):
    site = Site(settings, storage=SlowStorage())
    await site.add("alice")
    async with site.app.test_app(), asyncio.timeout(10):
        client = site.client(await site.user())
        text = "\n".join(isbn(number) for number in range(100))
        leaving = asyncio.create_task(client.post("/books", form={"isbn": text}))
        while not await rows(site):
            await asyncio.sleep(0)
        leaving.cancel()
        assert len(await rows(site)) < 100
        while len(await rows(site)) < 100:
            await asyncio.sleep(0)


class WearyStorage(MemoryStorage):
    """Takes a second for each change."""

    def __init__(self, clock):
        super().__init__(clock)
        self.clock = clock

    async def apply(self, user_id, changes, job=None):
        self.clock.advance(seconds=1)
        return await super().apply(user_id, changes, job)


async def test_of_a_list_that_takes_long_the_rest_comes_back_in_the_box(settings):
    clock = Clock()
    site = Site(settings, clock=clock, storage=WearyStorage(clock))
    await site.add("alice")
    async with site.app.test_app():
        client = site.client(await site.user())
        text = "\n".join(["9780441172710", *(isbn(number) for number in range(40))])
        page = await page_of(await client.post("/books", form={"isbn": text}))
        assert "Added 15 books, 26 not added." in page
        assert "should be 9" in page
        assert "takes long just now" in page
        box = re.search(r'<textarea id="add-isbn".*?>\n?(.*?)</textarea>', page, re.DOTALL)
        rest = html.unescape(box[1])
        await client.post("/books", form={"isbn": rest})
        await client.post("/books", form={"isbn": rest})
        assert len(await rows(site)) == 40
