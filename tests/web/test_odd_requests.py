"""Requests that no browser of ours sends: odd methods and headers, addresses that have moved on."""

import pytest

from booklib import library
from tests.web.conftest import HX, PASSWORD

FORMS = ["/login", "/register", "/account", "/account/password", "/account/delete"]
NO_ADDRESS = ["http://[bad", "//[", "http://exa\u2100mple/"]


@pytest.fixture
async def copies(site):
    """Ids of three books of alice's."""
    isbns = ("9780441172719", "9780261102217", "9780306406157")
    done = [await library.add_isbn(site.world, await site.user(), isbn) for isbn in isbns]
    return [each.user_book.user_book_id for each in done]


@pytest.mark.parametrize("path", FORMS)
async def test_asking_for_the_head_of_a_form_sends_no_form(client, visitor, site, path):
    body = f"username=eve&email=eve@example.org&confirm_password={PASSWORD}&password={PASSWORD}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for each in (client, visitor):
        answer = await each.open(path, method="HEAD", headers=headers, data=body)
        assert answer.status_code in (200, 303)
    assert await site.user("eve") is None
    assert (await site.user()).closing_at is None


@pytest.mark.parametrize("address", NO_ADDRESS)
@pytest.mark.parametrize("header", ["Referer", "HX-Current-URL"])
async def test_a_header_that_is_no_address_is_no_fault(client, visitor, copies, header, address):
    for headers in ({header: address}, HX | {header: address}):
        for verb in ("delete", "undo", "status"):
            url, form = f"/books/{copies[0]}/{verb}", {"status": "read"}
            answer = await client.post(url, headers=headers, form=form)
            assert answer.status_code in (200, 303)
            answer = await visitor.post(url, headers=headers)
            assert answer.status_code in (401, 303)
        answer = await client.post("/books", headers=headers, form={"isbn": "9780553283686"})
        assert answer.status_code in (200, 303)


async def test_what_is_merged_into_an_old_address_is_merged_into_the_new(client, site, copies):
    first, second, third = copies
    await client.post(f"/books/{first}/merge", form={"into": second})
    answer = await client.post(f"/books/{third}/merge", form={"into": first})
    assert answer.headers["Location"] == f"/books/{second}"
    assert (await client.get(f"/books/{third}")).headers["Location"] == f"/books/{second}"
    assert (await site.user()).counts == {"to-read": 1, "moved": 2}


async def test_no_book_is_merged_into_itself_by_its_old_address(client, copies):
    first, second, _ = copies
    await client.post(f"/books/{first}/merge", form={"into": second})
    answer = await client.post(f"/books/{second}/merge", form={"into": first})
    assert answer.status_code == 404


@pytest.mark.parametrize(("verb", "form"), [("status", {"status": "?"}), ("rating", {"rating": 9})])
async def test_a_stranger_is_not_told_what_is_wrong(client, copies, site, verb, form):
    eve = site.client(await site.stranger())
    for headers in ({}, HX, HX | {"HX-Target": "section#book-panel"}):
        url = f"/books/{copies[0]}/{verb}"
        assert (await eve.post(url, form=form, headers=headers)).status_code == 404
        assert (await client.post(url, form=form, headers=headers)).status_code == 422


@pytest.mark.parametrize("path", ["/", "/library", "/nowhere"])
async def test_no_route_speaks_websocket(site, path):
    said = []

    async def send(message):
        said.append(message)

    async def receive():
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": path, "headers": [], "query_string": b"", "scheme": "ws"}
    await site.app.asgi_app(scope, receive, send)
    assert [each["type"] for each in said] == ["websocket.close"]
