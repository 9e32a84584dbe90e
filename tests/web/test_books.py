"""The book's page and every change on it, as a form, as a fragment, and by a stranger."""

from html import unescape

import pytest

from booklib import library
from booklib.models import Query
from tests.factories import a_book, a_copy, added
from tests.web.conftest import HX, page_of

ISBN = "9780441172719"
PANEL = HX | {"HX-Target": "section#book-panel"}


@pytest.fixture
async def dune(site):
    """A copy of a Book that a provider knows; its `ident` is the id."""
    await site.storage.save_book(
        a_book(
            ISBN,
            subtitle="A novel",
            publisher="Ace",
            published="1990-09",
            language="en",
            categories=("Science fiction",),
            description="Sand.\n\nMore sand.",
        ),
        0,
    )
    done = await library.add_isbn(site.world, await site.user(), ISBN)
    return done.user_book


async def stored(site, ident):
    return (await site.storage.owned((await site.user()).user_id, [ident]))[ident]


async def test_the_page_tells_all_that_is_known(client, dune):
    page = await page_of(await client.get(f"/books/{dune.user_book_id}"))
    assert "<title>Dune · Book Library</title>" in page
    for words in (
        "A novel",
        '<a href="/library?q=Frank%20Herbert">',
        "September 1990",
        "English",
        "978-0-441-17271-9",
        "0441172717",
        "Science fiction",
        "<p>Sand.</p>",
        "<p>More sand.</p>",
        "Title from Open Library, 1 November 2026",
    ):
        assert words in page


async def test_a_book_with_no_more_than_an_isbn_has_a_page(client, site):
    done = await library.add_isbn(site.world, await site.user(), ISBN)
    page = await page_of(await client.get(f"/books/{done.user_book.user_book_id}"))
    assert "978-0-441-17271-9" in page
    assert "book-poll" in page


async def test_a_pending_page_asks_ever_more_slowly_and_stops_by_itself(client, site):
    done = await library.add_isbn(site.world, await site.user(), ISBN)
    url = f"/books/{done.user_book.user_book_id}"
    first = await page_of(await client.get(url, headers=HX))
    later = await page_of(await client.get(f"{url}?poll=9", headers=HX))
    last = await page_of(await client.get(f"{url}?poll=99", headers=HX))
    assert "load delay:1s" in first
    assert "load delay:30s" in later
    assert "hx-get" not in last
    assert f'href="{url}"' in last
    assert "book-panel" not in first
    await site.storage.save_book(a_book(ISBN), 0)
    arrived = await page_of(await client.get(f"{url}?poll=3", headers=HX))
    assert "hx-trigger" not in arrived
    assert "Frank Herbert" in arrived
    assert "<title>Dune" in arrived


async def test_the_card_is_one_piece(client, dune):
    card = await page_of(await client.get(f"/books/{dune.user_book_id}/card", headers=HX))
    assert card.startswith(f'<li class="book" id="b-{dune.user_book_id}"')
    assert "<html" not in card


# Status and dates


async def test_a_status_form_goes_back_to_its_page(client, site, dune):
    answer = await client.post(
        f"/books/{dune.user_book_id}/status",
        form={"status": "reading"},
        headers={"Referer": "http://localhost/library?status=to-read"},
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/library?status=to-read"
    after = await stored(site, dune.user_book_id)
    assert (after.status, after.started_on) == ("reading", "2026-11-01")
    page = await page_of(await client.get(answer.headers["Location"]))
    assert "Moved to Reading." in page
    assert f'<form action="/books/{dune.user_book_id}/status" method="post"' in page
    assert ">Undo</button>" in page


async def test_a_status_change_answers_card_counts_and_an_undo(client, dune):
    answer = await client.post(
        f"/books/{dune.user_book_id}/status", form={"status": "read"}, headers=HX
    )
    page = await page_of(answer)
    assert f'id="b-{dune.user_book_id}"' in page
    assert '<span class="count" id="count-read" hx-swap-oob="true">1</span>' in page
    assert '<span class="count" id="count-to-read" hx-swap-oob="true">0</span>' in page
    assert "Moved to Read." in page
    assert f'hx-target="#b-{dune.user_book_id}"' in page


async def test_undo_restores_status_and_both_dates(client, site, dune):
    url = f"/books/{dune.user_book_id}/status"
    await client.post(url, form={"status": "reading", "started": "2026-05-01"})
    await client.post(url, form={"status": "read"})
    undo = {"status": "reading", "started": "2026-05-01", "finished": "", "undo": "1"}
    page = await page_of(await client.post(url, form=undo, headers=HX))
    after = await stored(site, dune.user_book_id)
    assert (after.status, after.started_on, after.finished_on) == (
        "reading",
        "2026-05-01",
        "",
    )
    assert "Undone." in page
    assert "Undo</button>" not in page


async def test_the_books_own_page_gets_its_panel_back(client, dune):
    for verb, form in (("status", {"status": "read"}), ("rating", {"rating": "4.5"})):
        page = await page_of(
            await client.post(f"/books/{dune.user_book_id}/{verb}", form=form, headers=PANEL)
        )
        assert 'id="book-panel"' in page
        assert f'id="b-{dune.user_book_id}"' not in page
        assert 'hx-target="#book-panel" hx-swap="outerHTML"><input type="hidden"' in page
    assert "4½ stars" in page


@pytest.mark.parametrize("status", ["", "owned", "READ", "x" * 10_000])
async def test_a_status_outside_the_list_is_told(client, site, dune, status):
    url = f"/books/{dune.user_book_id}/status"
    for headers in ({}, HX, PANEL):
        answer = await client.post(url, form={"status": status}, headers=headers)
        assert answer.status_code == 422
        assert "to-read" in await page_of(answer)
    assert (await stored(site, dune.user_book_id)).status == "to-read"


@pytest.mark.parametrize(
    ("started", "finished"), [("2026-05-02", "2026-05-01"), ("soon", ""), ("", "2026-02-30")]
)
async def test_wrong_dates_are_told_at_their_field(client, site, dune, started, finished):
    form = {"status": "read", "started": started, "finished": finished}
    answer = await client.post(f"/books/{dune.user_book_id}/status", form=form, headers=PANEL)
    page = await page_of(answer)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in page
    assert f'name="finished" value="{finished}"' in page
    assert (await stored(site, dune.user_book_id)).status == "to-read"


# Rating


@pytest.mark.parametrize(("text", "half_stars"), [("0.5", 1), ("3", 6), ("4.5", 9), ("5", 10)])
async def test_a_rating_is_stored_in_half_stars(client, site, dune, text, half_stars):
    answer = await client.post(f"/books/{dune.user_book_id}/rating", form={"rating": text})
    assert answer.status_code == 303
    assert (await stored(site, dune.user_book_id)).rating == half_stars


async def test_an_empty_rating_clears_and_can_be_undone(client, site, dune):
    url = f"/books/{dune.user_book_id}/rating"
    await client.post(url, form={"rating": "3.5"})
    page = await page_of(await client.post(url, form={"rating": ""}, headers=HX))
    assert (await stored(site, dune.user_book_id)).rating == 0
    assert '<input type="hidden" name="rating" value="3.5">' in page


@pytest.mark.parametrize("rating", ["0", "5.5", "-1", "many", "3.25", "9" * 5000])
async def test_a_rating_outside_the_list_is_told(client, site, dune, rating):
    for headers in ({}, HX, PANEL):
        answer = await client.post(
            f"/books/{dune.user_book_id}/rating", form={"rating": rating}, headers=headers
        )
        assert answer.status_code == 422
        assert "0.5 to 5" in await page_of(answer)
    assert (await stored(site, dune.user_book_id)).rating == 0


# Notes


async def test_a_note_is_saved_in_place(client, site, dune):
    url = f"/books/{dune.user_book_id}/notes"
    form = {"notes": "Lent to Tom\r\nאבג 📚", "edit": str(dune.edit)}
    page = await page_of(await client.post(url, form=form, headers=HX))
    assert "Saved." in page
    assert (await stored(site, dune.user_book_id)).notes == "Lent to Tom\nאבג 📚"
    assert f'name="edit" value="{dune.edit + 1}"' in page
    again = await client.post(url, form={"notes": "From a script"})
    assert again.status_code == 303
    assert (await stored(site, dune.user_book_id)).notes == "From a script"
    assert "Your notes are saved." in await page_of(await client.get(f"/books/{dune.user_book_id}"))


async def test_a_stale_note_is_told_and_neither_text_is_lost(client, site, dune):
    url = f"/books/{dune.user_book_id}/notes"
    await client.post(url, form={"notes": "The first window", "edit": "1"})
    for headers in ({}, HX):
        answer = await client.post(
            url, form={"notes": "The second window", "edit": "1"}, headers=headers
        )
        page = await page_of(answer)
        assert answer.status_code == 409
        assert "The first window" in page
        assert "The second window" in page
        assert "Save mine anyway" in page
    assert (await stored(site, dune.user_book_id)).notes == "The first window"
    await client.post(url, form={"notes": "The second window", "edit": "2"})
    assert (await stored(site, dune.user_book_id)).notes == "The second window"


async def test_a_note_that_is_too_long_comes_back(client, site, dune):
    for headers in ({}, HX):
        answer = await client.post(
            f"/books/{dune.user_book_id}/notes", form={"notes": "x" * 20_001}, headers=headers
        )
        page = await page_of(answer)
        assert answer.status_code == 422
        assert "20,001" in page
        assert "x" * 20_001 in page
    assert (await stored(site, dune.user_book_id)).notes == ""


async def test_markup_in_a_note_is_only_text(client, dune):
    await client.post(
        f"/books/{dune.user_book_id}/notes", form={"notes": "</textarea><script>alert(1)</script>"}
    )
    page = await page_of(await client.get(f"/books/{dune.user_book_id}"))
    assert "<script>alert" not in page


# Editing


def edit_form(page):
    """What a browser would send from the edit form of a page, unchanged."""
    from html.parser import HTMLParser

    class Fields(HTMLParser):
        def __init__(self):
            super().__init__()
            self.form, self.values, self.area = False, {}, None

        def handle_starttag(self, tag, attributes):
            named = dict(attributes)
            if tag == "form":
                self.form = named.get("action", "").endswith("/edit")
            elif self.form and tag == "input":
                self.values[named["name"]] = named.get("value", "")
            elif self.form and tag == "textarea":
                self.area = named["name"]
                self.values[self.area] = ""

        def handle_data(self, data):
            if self.area:
                self.values[self.area] += data

        def handle_endtag(self, tag):
            if tag == "textarea":
                self.values[self.area] = self.values[self.area].removeprefix("\n")
                self.area = None

    fields = Fields()
    fields.feed(page)
    return fields.values


async def test_an_unchanged_form_makes_nothing_the_readers_own(client, site, dune):
    url = f"/books/{dune.user_book_id}/edit"
    form = edit_form(await page_of(await client.get(url)))
    assert form["authors"] == "Frank Herbert"
    assert form["description"] == "Sand.\n\nMore sand."
    answer = await client.post(url, form=form)
    assert answer.status_code == 303
    assert dict((await stored(site, dune.user_book_id)).mine) == {}


async def test_only_changed_fields_become_the_readers_own(client, site, dune):
    url = f"/books/{dune.user_book_id}/edit"
    form = edit_form(await page_of(await client.get(url)))
    form |= {"title": "Der Wüstenplanet", "authors": "A\nB; C", "subtitle": ""}
    answer = await client.post(url, form=form)
    assert answer.headers["Location"] == f"/books/{dune.user_book_id}"
    assert dict((await stored(site, dune.user_book_id)).mine) == {
        "title": "Der Wüstenplanet",
        "authors": ("A", "B", "C"),
        "subtitle": None,
    }
    page = await page_of(await client.get(f"/books/{dune.user_book_id}"))
    assert "Der Wüstenplanet" in page
    assert "hidden by you" in page
    assert "Open Library says" in page


async def test_one_click_takes_the_providers_value_back(client, site, dune):
    url = f"/books/{dune.user_book_id}/edit"
    await client.post(url, form={"title": "Mine", "authors": "", "page_count": "99"})
    page = await page_of(await client.get(f"/books/{dune.user_book_id}"))
    assert '<input type="hidden" name="title" value="Dune">' in page
    assert '<input type="hidden" name="authors" value="Frank Herbert">' in page
    await client.post(url, form={"title": "Dune"})
    await client.post(url, form={"authors": "Frank Herbert"})
    assert dict((await stored(site, dune.user_book_id)).mine) == {"page_count": 99}
    await client.post(url, form={"title": "Mine"})
    await client.post(url, form={"title": "", "page_count": "412"})
    assert dict((await stored(site, dune.user_book_id)).mine) == {}


async def test_two_windows_on_one_book_lose_nothing(client, site, dune):
    url = f"/books/{dune.user_book_id}/edit"
    first = edit_form(await page_of(await client.get(url)))
    second = dict(first)
    await client.post(url, form=first | {"title": "The first window"})
    answer = await client.post(
        url, form=second | {"title": "The second window", "publisher": "Second Press"}
    )
    page = await page_of(answer)
    assert answer.status_code == 409
    for text in ("The first window", "The second window", "Second Press", "Save mine anyway"):
        assert text in page
    assert 'name="subtitle"' not in page
    saved = await client.post(url, form=edit_form(page))
    assert saved.status_code == 303
    assert dict((await stored(site, dune.user_book_id)).mine) == {
        "title": "The second window",
        "publisher": "Second Press",
    }


async def test_metadata_that_arrives_is_no_conflict(client, site, dune):
    url = f"/books/{dune.user_book_id}/edit"
    form = edit_form(await page_of(await client.get(url)))
    await client.post(f"/books/{dune.user_book_id}/status", form={"status": "read"})
    assert (await client.post(url, form=form | {"title": "Mine"})).status_code == 303


async def test_every_wrong_field_is_told_and_typed_text_comes_back(client, site, dune):
    form = {
        "title": "x" * 10_000,
        "published": "soon",
        "page_count": "0",
        "isbn": "9780441172710",
        "publisher": "Kept while the rest is wrong",
        "edit": "1",
    }
    answer = await client.post(f"/books/{dune.user_book_id}/edit", form=form)
    page = await page_of(answer)
    assert answer.status_code == 422
    assert "10,000" in page
    assert "2004-05" in page
    assert "99,999" in page
    assert "x" * 10_000 in page
    assert "Kept while the rest is wrong" in page
    assert page.count("autofocus") == 1
    assert dict((await stored(site, dune.user_book_id)).mine) == {}


async def test_a_wrong_isbn_says_which_digit_was_expected(client, dune):
    answer = await client.post(f"/books/{dune.user_book_id}/edit", form={"isbn": "9780441172710"})
    assert answer.status_code == 422
    assert "should be 9" in await page_of(answer)


async def test_another_isbn_moves_the_book_and_old_addresses_lead_on(client, site, dune):
    old = dune.user_book_id
    await client.post(f"/books/{old}/notes", form={"notes": "Keep me"})
    moved = await client.post(f"/books/{old}/edit", form={"isbn": "0-261-10357-1"})
    new = moved.headers["Location"].removeprefix("/books/")
    assert moved.status_code == 303
    assert new != old
    assert "Saved." in await page_of(await client.get(moved.headers["Location"]))
    assert (await stored(site, new)).notes == "Keep me"
    for path, headers in (("", {}), ("/edit", {}), ("/card", HX)):
        answer = await client.get(f"/books/{old}{path}", headers=headers)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/books/{new}{path}")
    late = await client.post(f"/books/{old}/rating", form={"rating": "4"})
    assert (late.status_code, late.headers["Location"]) == (307, f"/books/{new}/rating")


async def test_an_isbn_that_is_there_already_offers_to_make_one_of_two(client, site, dune):
    other = (await library.add_isbn(site.world, await site.user(), "9780261103573")).user_book
    await client.post(f"/books/{dune.user_book_id}/notes", form={"notes": "From the first"})
    answer = await client.post(f"/books/{dune.user_book_id}/edit", form={"isbn": "9780261103573"})
    page = await page_of(answer)
    assert answer.status_code == 422
    assert f'href="/books/{other.user_book_id}"' in page
    merged = await client.post(
        f"/books/{dune.user_book_id}/merge", form={"into": other.user_book_id}
    )
    assert merged.headers["Location"] == f"/books/{other.user_book_id}"
    assert "one book now" in await page_of(await client.get(merged.headers["Location"]))
    assert (await stored(site, other.user_book_id)).notes == "From the first"


async def test_an_isbn_is_not_taken_away(client, site, dune):
    url = f"/books/{dune.user_book_id}/edit"
    form = edit_form(await page_of(await client.get(url)))
    assert (await client.post(url, form=form | {"isbn": ""})).status_code == 422


# Delete and undo


@pytest.mark.parametrize("method", ["delete", "post"])
async def test_a_deleted_book_leaves_every_list_and_comes_back(client, site, dune, method):
    ident = dune.user_book_id
    url = f"/books/{ident}" if method == "delete" else f"/books/{ident}/delete"
    answer = await getattr(client, method)(
        url, headers={"Referer": f"http://localhost/books/{ident}"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/library")
    shelf = await page_of(await client.get("/library"))
    assert "Deleted “Dune”." in unescape(shelf)
    assert f'action="/books/{ident}/undo"' in shelf
    assert not (await site.storage.shelf((await site.user()).user_id, Query(), None, 9)).rows
    page = await page_of(await client.get(f"/books/{ident}"))
    assert "You deleted this book on 1 November 2026" in page
    assert "until 1 December 2026" in page
    back = await client.post(f"/books/{ident}/undo")
    assert back.status_code == 303
    assert (await site.storage.shelf((await site.user()).user_id, Query(), None, 9)).rows


async def test_deleting_and_undoing_in_place(client, dune):
    ident = dune.user_book_id
    on_shelf = HX | {"HX-Current-URL": "http://localhost/library"}
    in_trash = HX | {"HX-Current-URL": "http://localhost/library?status=deleted"}
    gone = await page_of(await client.delete(f"/books/{ident}", headers=on_shelf))
    assert f'<hx-partial hx-target="#b-{ident}" hx-swap="delete">' in gone
    assert '<span class="count" id="count-all" hx-swap-oob="true">0</span>' in gone
    back = await page_of(await client.post(f"/books/{ident}/undo", headers=on_shelf))
    assert '<hx-partial hx-target="#shelf-cards" hx-swap="afterbegin">' in back
    await client.delete(f"/books/{ident}", headers=on_shelf)
    off_trash = await page_of(await client.post(f"/books/{ident}/undo", headers=in_trash))
    assert f'<hx-partial hx-target="#b-{ident}" hx-swap="delete">' in off_trash


async def test_a_deleted_book_takes_no_changes_until_it_is_back(client, dune):
    ident = dune.user_book_id
    await client.delete(f"/books/{ident}")
    for verb, form in (
        ("status", {"status": "read"}),
        ("rating", {"rating": "1"}),
        ("notes", {"notes": "x"}),
        ("review", {"review": "x"}),
        ("tags", {"tags": "x"}),
        ("readings", {"finished": "2020"}),
        ("readings/remove", {"finished": "2020"}),
        ("read-again", {}),
        ("edit", {"title": "x"}),
    ):
        assert (await client.post(f"/books/{ident}/{verb}", form=form)).status_code == 404


# Everybody else


ROUTES = [
    ("get", ""),
    ("get", "/card"),
    ("get", "/cover"),
    ("get", "/edit"),
    ("get", "/refresh"),
    ("post", "/status"),
    ("post", "/rating"),
    ("post", "/notes"),
    ("post", "/tags"),
    ("post", "/readings"),
    ("post", "/readings/remove"),
    ("post", "/read-again"),
    ("post", "/review"),
    ("post", "/edit"),
    ("post", "/merge"),
    ("post", "/cover"),
    ("post", "/cover/remove"),
    ("post", "/cover/restore"),
    ("post", "/refresh"),
    ("post", "/delete"),
    ("post", "/undo"),
    ("delete", ""),
]
FORM = {
    "status": "read",
    "rating": "3",
    "notes": "n",
    "title": "t",
    "into": "x",
    "name": "n",
    "tags": "t",
    "review": "r",
    "finished": "2020",
}


async def test_every_route_of_a_book_is_asked(site):
    rules = [
        rule for rule in site.app.url_map.iter_rules() if rule.rule.startswith("/books/<ident>")
    ]
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    asked = {(method.upper(), f"/books/<ident>{path}") for method, path in ROUTES}
    assert asked == {(method, rule.rule) for rule in rules for method in rule.methods & methods}


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("headers", [{}, HX])
async def test_a_stranger_gets_404(client, site, method, path, headers):
    theirs = await added(site.storage, a_copy(user_id=(await site.stranger()).user_id))
    for ident in (theirs.user_book_id, "no-such-book"):
        url = f"/books/{ident}{path}"
        form = {"form": FORM} if method == "post" else {}
        answer = await getattr(client, method)(url, headers=headers, **form)
        assert answer.status_code == 404
    kept = (await site.storage.owned(theirs.user_id, [theirs.user_book_id])).values()
    assert list(kept) == [theirs]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_who_is_signed_out_signs_in_first(visitor, dune, method, path):
    url = f"/books/{dune.user_book_id}{path}"
    plain = await getattr(visitor, method)(url)
    assert plain.status_code == 303
    assert plain.headers["Location"].startswith("/login?next=")
    assert (await getattr(visitor, method)(url, headers=HX)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("put", ""), ("patch", ""), ("get", "/status"), ("delete", "/notes")]
)
async def test_another_method_is_refused(client, dune, method, path):
    answer = await getattr(client, method)(f"/books/{dune.user_book_id}{path}")
    assert answer.status_code == 405
