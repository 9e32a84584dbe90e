"""Joining, signing in and out, the profile, the password, leaving: page and piece, good and bad."""

import asyncio

import pytest

from booklib import library
from booklib.adapters.sqlite import SqliteStorage
from booklib.settings import Settings
from tests.web.conftest import HX, PASSWORD, SECRET, Site, cookie_of, page_of

NEW = {
    "username": "Nadia",
    "email": "nadia@example.org",
    "password": "seven green bottles",
    "confirm_password": "seven green bottles",
}
PRIVATE_PAGES = ["/account", "/account/password", "/account/delete"]
WRITES = ["/logout", "/account", "/account/password", "/account/delete", "/account/sessions/end"]


def signing_in(**values):
    return {"username": "alice", "password": PASSWORD} | values


# Joining


async def test_registering_signs_in(visitor, site):
    answer = await visitor.post("/register", form=NEW)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/library")
    assert (await visitor.get("/library")).status_code == 200
    assert (await site.user("nadia")).username == "Nadia"
    assert "seven green" not in (await site.user("nadia")).password_hash


@pytest.mark.parametrize("path", ["/register", "/login", *PRIVATE_PAGES])
async def test_each_form_is_a_page_and_a_piece(site, path):
    client = site.client(await site.user()) if path in PRIVATE_PAGES else site.visitor()
    page = await page_of(await client.get(path))
    piece = await page_of(await client.get(path, headers=HX))
    assert "<html" in page
    assert "<html" not in piece
    assert f'action="{path}"' in page
    assert f'action="{path}"' in piece


@pytest.mark.parametrize("headers", [{}, HX])
@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("username", "ab", "3 to 32"),
        ("username", "n" * 33, "3 to 32"),
        ("username", "   ", "3 to 32"),
        ("username", "na@dia", "no @"),
        ("username", "na\x07dia", "cannot be seen"),
        ("username", "na\u200bdia", "cannot be seen"),
        ("username", "ＡＬＩＣＥ", "taken"),
        ("email", "nobody", "name@example.org"),
        ("email", "a b@example.org", "name@example.org"),
        ("email", "Alice@Example.org", "already"),
        ("password", "short", "at least 8"),
        ("password", "x" * 129, "at most 128"),
        ("password", "password1", "most common"),
        ("password", "aaaaaaaaaaaa", "most common"),
        ("password", "Book Library", "most common"),
        ("password", "nadia@example.org", "Your own name"),
        ("confirm_password", "seven green bottle", "differ"),
    ],
)
async def test_what_is_wrong_is_said_at_the_field(visitor, headers, field, value, told):
    form = NEW | {field: value}
    if field == "password":
        form["confirm_password"] = value
    answer = await visitor.post("/register", form=form, headers=headers)
    page = await page_of(answer)
    assert answer.status_code == 422
    problem = page.partition(f'id="{field}-error">')[2].partition("</p>")[0]
    assert told in problem
    assert ("<html" in page) == (headers != HX)
    assert "seven green" not in page
    assert 'value="nadia@example.org"' in page or field == "email"
    assert cookie_of(visitor) is None


async def test_every_problem_is_said_at_once(visitor):
    page = await page_of(await visitor.post("/register", form={}))
    assert page.count('class="field-error"') == 3


async def test_a_name_in_other_letters_is_the_same_name(visitor, site):
    await site.add("Straße")
    answer = await visitor.post("/register", form=NEW | {"username": "STRASSE"})
    assert answer.status_code == 422


@pytest.mark.parametrize("storage", ["memory", "sqlite"])
async def test_twenty_at_once_want_one_name_and_one_gets_it(tmp_path, storage):
    store = await SqliteStorage.open(tmp_path / "site.db") if storage == "sqlite" else None
    site = Site(storage=store)
    names = ["Nadia", "NADIA", "nadia", "ｎａｄｉａ"] * 5
    async with site.app.test_app():
        answers = await asyncio.gather(
            *(
                site.visitor().post(
                    "/register", form=NEW | {"username": name, "email": f"n{number}@example.org"}
                )
                for number, name in enumerate(names)
            )
        )
    if store:
        await store.close()
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [303] + [422] * 19


async def test_a_closed_library_takes_nobody():
    site = Site(Settings(secret_key=SECRET, allow_registration="closed"))
    async with site.app.test_app():
        visitor = site.visitor()
        assert "no new accounts" in await page_of(await visitor.get("/register"))
        assert (await visitor.post("/register", form=NEW)).status_code == 403
    assert await site.user("nadia") is None


@pytest.mark.parametrize("storage", ["memory", "sqlite"])
async def test_only_the_first_may_join_when_only_the_first_may(tmp_path, storage):
    store = await SqliteStorage.open(tmp_path / "site.db") if storage == "sqlite" else None
    site = Site(Settings(secret_key=SECRET, allow_registration="first"), storage=store)
    async with site.app.test_app():
        assert (await site.visitor().get("/register")).status_code == 200
        answers = await asyncio.gather(
            *(
                site.visitor().post(
                    "/register",
                    form=NEW | {"username": f"reader {n}", "email": f"n{n}@example.org"},
                )
                for n in range(5)
            )
        )
        assert (await site.visitor().get("/register")).status_code == 403
    if store:
        await store.close()
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403, 403]


# Signing in


@pytest.mark.parametrize("login", ["alice", "ALICE", " alice ", "Alice@Example.Org"])
async def test_name_and_email_sign_in(visitor, login):
    answer = await visitor.post("/login", form=signing_in(username=login))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/library")
    assert (await visitor.get("/library")).status_code == 200


@pytest.mark.parametrize("headers", [{}, HX])
async def test_unknown_user_and_wrong_password_look_the_same(visitor, headers):
    said = []
    for form in (signing_in(password="wrong horse"), signing_in(username="nobody")):
        answer = await visitor.post("/login", form=form, headers=headers)
        assert answer.status_code == 422
        page = await page_of(answer)
        assert "horse" not in page
        said.append(page.replace("nobody", "alice"))
    assert said[0] == said[1]


@pytest.mark.parametrize("form", [{}, {"username": "x" * 5000, "password": "y" * 100_000}])
async def test_odd_sign_ins_are_wrong_sign_ins(visitor, form):
    assert (await visitor.post("/login", form=form)).status_code == 422


async def test_htmx_is_sent_on_by_a_header(visitor):
    answer = await visitor.post("/login", form=signing_in(), headers=HX)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/library")


@pytest.mark.parametrize(("remember", "kept"), [({}, False), ({"remember": "1"}, True)])
async def test_remember_keeps_the_cookie_for_a_year(visitor, remember, kept):
    answer = await visitor.post("/login", form=signing_in(**remember))
    cookie = answer.headers["Set-Cookie"]
    assert ("Max-Age=31536000" in cookie) == kept
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


async def test_a_kept_cookie_is_renewed_now_and_then(site):
    client = site.client(await site.user(), kept=True)
    assert "Set-Cookie" not in (await client.get("/library")).headers
    site.clock.advance(days=365)
    assert "Max-Age=31536000" in (await client.get("/library")).headers["Set-Cookie"]


@pytest.mark.parametrize("path", ["/login", "/register"])
async def test_who_is_signed_in_has_no_use_for_the_door(client, path):
    assert (await client.get(path)).headers["Location"] == "/library"


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/library?q=dune", "/library?q=dune"),
        ("/books/new", "/books/new"),
        ("//evil.example", "/library"),
        ("/\\evil.example", "/library"),
        ("\\\\evil.example", "/library"),
        ("/\t/evil.example", "/library"),
        ("/\n/evil.example", "/library"),
        ("https://evil.example/", "/library"),
        ("https:evil.example", "/library"),
        ("javascript:alert(1)", "/library"),
        (" /library", "/library"),
        ("evil", "/library"),
        ("/library?q=日本", "/library?q=%E6%97%A5%E6%9C%AC"),
    ],
)
async def test_next_stays_here(visitor, wanted, goes_to):
    answer = await visitor.post("/login", form=signing_in(next=wanted))
    assert answer.headers["Location"] == goes_to


async def test_signed_out_one_comes_back_to_the_page_asked_for(visitor):
    door = (await visitor.get("/library?q=a%20b&sort=title")).headers["Location"]
    page = await page_of(await visitor.get(door))
    assert 'name="next" value="/library?q=a%20b&amp;sort=title"' in page


@pytest.mark.parametrize("login", ["alice", "nobody"])
async def test_ten_wrong_tries_are_enough_for_a_quarter_of_an_hour(site, login):
    visitor = site.visitor()
    for _ in range(10):
        answer = await visitor.post("/login", form=signing_in(username=login, password="wrong"))
        assert answer.status_code == 422
    answer = await visitor.post("/login", form=signing_in(username=login))
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert "15 minutes" in await page_of(answer)
    site.clock.advance(minutes=16)
    expected = 303 if login == "alice" else 422
    assert (await visitor.post("/login", form=signing_in(username=login))).status_code == expected


async def test_tries_at_once_are_counted_too(visitor):
    wrong = signing_in(password="wrong")
    answers = await asyncio.gather(*(visitor.post("/login", form=wrong) for _ in range(15)))
    assert [answer.status_code for answer in answers].count(422) == 10


async def test_right_passwords_are_not_counted(visitor):
    for _ in range(12):
        assert (await visitor.post("/login", form=signing_in())).status_code == 303


async def test_a_stranger_elsewhere_does_not_lock_the_owner_out(site):
    for _ in range(12):
        await site.visitor().post(
            "/login",
            form=signing_in(password="wrong"),
            scope_base={"client": ("198.51.100.7", 1)},
        )
    answer = await site.visitor().post(
        "/login", form=signing_in(), scope_base={"client": ("192.0.2.4", 1)}
    )
    assert answer.status_code == 303


@pytest.mark.slow
async def test_many_names_from_one_address_are_too_many(site):
    codes = []
    for number in range(101):
        form = signing_in(username=f"guess{number // 5}", password="")
        codes.append((await site.visitor().post("/login", form=form)).status_code)
    assert codes == [422] * 100 + [429]


async def test_an_old_hash_is_made_anew(site, visitor):
    from dataclasses import replace

    from argon2 import PasswordHasher

    user = await site.user()
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    await site.storage.save_user(user, replace(user, password_hash=old))
    await visitor.post("/login", form=signing_in())
    assert "m=19456,t=2,p=1" in (await site.user()).password_hash
    assert (await visitor.get("/library")).status_code == 200


# Signing out


async def test_a_copied_cookie_is_dead_after_logout(client, site):
    thief = site.visitor()
    thief.set_cookie("localhost", "booklib", cookie_of(client))
    assert (await thief.get("/library")).status_code == 200
    answer = await client.post("/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert cookie_of(client) is None
    assert (await thief.get("/library")).status_code == 303


async def test_logging_out_here_leaves_other_devices_alone(client, site):
    other = site.client(await site.user(), session_id="second-session")
    await client.post("/logout")
    assert (await other.get("/library")).status_code == 200


async def test_no_old_cookie_revives_after_many_logouts(site):
    clients = [site.client(await site.user(), session_id=f"session-{n}") for n in range(21)]
    for client in clients:
        await client.post("/logout")
    for number in range(21):
        copied = site.client(await site.user(), session_id="x")
        copied.set_cookie("localhost", "booklib", _token(site, f"session-{number}"))
        assert (await copied.get("/library")).status_code == 303


def _token(site, session_id):
    signer = site.app.extensions["QUART_AUTH"][0]
    return signer.dump_token(f"id-alice:0:{session_id}:0", app=site.app)


@pytest.mark.parametrize("text", ["id-alice:0:x:0", "nobody:0:x:0", "id-alice:1:x:0", "::", "x"])
async def test_cookies_that_say_something_else_are_nobody(site, text):
    visitor = site.visitor()
    signer = site.app.extensions["QUART_AUTH"][0]
    token = signer.dump_token(text, app=site.app)
    good = text == "id-alice:0:x:0"
    visitor.set_cookie("localhost", "booklib", token)
    assert (await visitor.get("/library")).status_code == (200 if good else 303)
    visitor.set_cookie("localhost", "booklib", token[:-2] + "xx")
    assert (await visitor.get("/library")).status_code == 303


async def test_a_key_that_was_replaced_still_opens(site):
    renewed = Site(
        Settings(secret_key="another secret, the new one", secret_key_fallbacks=(SECRET,)),
        storage=site.storage,
    )
    async with renewed.app.test_app():
        visitor = renewed.visitor()
        visitor.set_cookie("localhost", "booklib", _token(site, "first-session"))
        assert (await visitor.get("/library")).status_code == 200


# Signed out


@pytest.mark.parametrize("path", PRIVATE_PAGES)
async def test_signed_out_readers_are_sent_to_the_door(visitor, path):
    answer = await visitor.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/login?next={path}")


@pytest.mark.parametrize("path", WRITES)
async def test_signed_out_writers_are_sent_to_the_door(visitor, path):
    answer = await visitor.post(path, form={})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=")


@pytest.mark.parametrize("path", WRITES)
async def test_signed_out_htmx_is_told_by_a_header(visitor, path):
    headers = HX | {"HX-Current-URL": "http://localhost/library?q=x"}
    answer = await visitor.post(path, form={}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=/library%3Fq%3Dx"


# Profile


async def test_the_profile_is_saved(client, site):
    form = {"time_zone": "Asia/Tokyo", "view": "list"}
    answer = await client.post("/account", form=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    user = await site.user()
    assert (user.time_zone, user.view, user.shortcuts) == ("Asia/Tokyo", "list", False)
    assert "Saved." in await page_of(await client.get("/account"))
    await client.post("/account", form=form | {"shortcuts": "1"})
    assert (await site.user()).shortcuts


@pytest.mark.parametrize("headers", [{}, HX])
@pytest.mark.parametrize(("field", "value"), [("time_zone", "Mars/Olympus"), ("view", "wall")])
async def test_a_wrong_profile_is_not_saved(client, site, headers, field, value):
    form = {"time_zone": "Asia/Tokyo", "view": "list", "shortcuts": "1"} | {field: value}
    answer = await client.post("/account", form=form, headers=headers)
    page = await page_of(answer)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    assert f'value="{form["time_zone"]}"' in page
    assert (await site.user()).time_zone == "UTC"


# Password

CHANGE = {
    "current_password": PASSWORD,
    "password": "a longer one than before",
    "confirm_password": "a longer one than before",
}


async def test_a_changed_password_ends_all_other_sessions(client, site):
    other = site.client(await site.user(), session_id="second-session")
    copied = cookie_of(client)
    answer = await client.post("/account/password", form=CHANGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert (await client.get("/library")).status_code == 200
    assert (await other.get("/library")).status_code == 303
    other.set_cookie("localhost", "booklib", copied)
    assert (await other.get("/library")).status_code == 303
    door = site.visitor()
    assert (await door.post("/login", form=signing_in())).status_code == 422
    new = signing_in(password=CHANGE["password"])
    assert (await door.post("/login", form=new)).status_code == 303


@pytest.mark.parametrize("headers", [{}, HX])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("current_password", "wrong horse"),
        ("password", "12345678"),
        ("password", "ALICE@example.org"),
        ("confirm_password", "wrong horse"),
    ],
)
async def test_a_wrong_change_changes_nothing(client, site, headers, field, value):
    form = CHANGE | {field: value}
    if field == "password":
        form["confirm_password"] = value
    answer = await client.post("/account/password", form=form, headers=headers)
    page = await page_of(answer)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    assert "horse" not in page
    assert (await site.user()).session_epoch == 0


async def test_a_found_open_browser_does_not_guess_the_password(client):
    form = CHANGE | {"current_password": "wrong horse"}
    for _ in range(10):
        assert (await client.post("/account/password", form=form)).status_code == 422
    assert (await client.post("/account/password", form=CHANGE)).status_code == 429


async def test_ending_all_sessions_keeps_this_one(client, site):
    other = site.client(await site.user(), session_id="second-session")
    answer = await client.post("/account/sessions/end")
    assert answer.status_code == 303
    assert (await client.get("/account")).status_code == 200
    assert (await other.get("/account")).status_code == 303


# Leaving


async def test_leaving_asks_for_the_password_and_then_it_is_over(client, site):
    other = site.client(await site.user(), session_id="second-session")
    answer = await client.post("/account/delete", form={"password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert (await client.get("/library")).status_code == 303
    assert (await other.get("/library")).status_code == 303
    assert site.queue.rung == ["close:id-alice"]
    job = await site.storage.job("close:id-alice")
    assert (job.kind, job.payload["user_id"]) == ("close", "id-alice")
    assert (await site.user()).closing_at == site.clock()
    assert (await site.visitor().post("/login", form=signing_in())).status_code == 422


async def test_leaving_says_how_many_books_go(client, site):
    for isbn, words in (("9780441172719", "your one book,"), ("9780261103573", "your 2 books,")):
        await library.add_isbn(site.world, await site.user(), isbn)
        assert words in await page_of(await client.get("/account/delete"))


@pytest.mark.parametrize("headers", [{}, HX])
async def test_leaving_with_a_wrong_password_changes_nothing(client, site, headers):
    answer = await client.post("/account/delete", form={"password": "no"}, headers=headers)
    assert answer.status_code == 422
    assert 'id="password-error"' in await page_of(answer)
    assert (await site.user()).closing_at is None
    assert site.queue.rung == []
