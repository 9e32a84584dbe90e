"""Static files, compression, errors, large bodies, limits, health, start and stop."""

import gzip
import hashlib
import json
import logging
import re
import struct
from datetime import UTC, datetime, timedelta

import pytest
from quart_rate_limiter import rate_limit

from booklib import errors
from booklib.app import ROOT, create_app
from booklib.settings import Settings
from booklib.web.assets import Assets
from booklib.web.limits import MAX_BODY, RecentKeys
from tests.web.conftest import HX, SECRET, Site, page_of

CSS = "/static/css/site.css"
GZIP = {"Accept-Encoding": "gzip, br"}


# Static files


async def test_a_file_under_its_version_is_kept_for_a_year(visitor):
    page = await page_of(await visitor.get("/login"))
    address = re.search(r'href="(/static/book-library\.css\?v=[0-9a-f]+)"', page).group(1)
    answer = await visitor.get(address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"


async def test_pages_load_one_style_sheet_made_of_all_parts(visitor):
    whole = await (await visitor.get("/static/book-library.css")).get_data()
    parts = sorted((ROOT / "static/css").glob("*.css"))
    assert whole.startswith((ROOT / "static/css/site.css").read_bytes())
    assert all(part.read_bytes() in whole for part in parts)
    assert len(gzip.compress(whole)) < 20_000


async def test_pages_load_one_script_whose_parts_keep_their_names_to_themselves(visitor):
    whole = await (await visitor.get("/static/book-library.js")).get_data()
    parts = [part.read_bytes() for part in sorted((ROOT / "static/js").glob("*.js"))]
    assert all(b"{\n" + part + b"}" in whole for part in parts)
    assert not any(line.startswith((b"import ", b"export ")) for line in whole.splitlines())
    assert (ROOT / "static/js/pages/scan.js").read_bytes() not in whole


async def test_the_manifest_names_pictures_that_are_there_in_their_size(visitor):
    answer = await visitor.get("/static/site.webmanifest")
    assert answer.headers["Content-Type"] == "application/manifest+json"
    for icon in json.loads(await answer.get_data())["icons"]:
        drawn = await visitor.get(f"/static/{icon['src']}")
        assert (drawn.status_code, drawn.headers["Content-Type"]) == (200, icon["type"])
        body = await drawn.get_data()
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", body[16:24])
            assert icon["sizes"] == f"{width}x{height}"
        assert len(body) < 5_000


@pytest.mark.parametrize("query", ["", "?v=0123456789ab"])
async def test_without_the_right_version_it_is_asked_for_each_time(visitor, query):
    assert (await visitor.get(CSS + query)).headers["Cache-Control"] == "public, no-cache"


async def test_a_file_is_sent_packed_to_who_takes_it(visitor):
    plain, packed = await visitor.get(CSS), await visitor.get(CSS, headers=GZIP)
    refused = await visitor.get(CSS, headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await packed.get_data()) == await plain.get_data()
    assert len(await packed.get_data()) < len(await plain.get_data()) / 2
    for answer in (plain, packed, refused):
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in refused.headers


@pytest.mark.parametrize("headers", [{}, GZIP])
async def test_an_unchanged_file_is_not_sent_again(visitor, headers):
    tag = (await visitor.get(CSS, headers=headers)).headers["ETag"]
    answer = await visitor.get(CSS, headers=headers | {"If-None-Match": tag})
    assert (answer.status_code, await answer.get_data()) == (304, b"")
    assert answer.headers["ETag"].removeprefix("W/") == tag.removeprefix("W/")
    changed = await visitor.get(CSS, headers=headers | {"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_head_tells_the_length_only(visitor):
    answer = await visitor.head(CSS)
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str((ROOT / "static/css/site.css").stat().st_size)


@pytest.mark.parametrize(
    "name",
    [
        "../pyproject.toml",
        "..%2fpyproject.toml",
        "css/../../booklib/app.py",
        "etc/passwd",
        "%2e%2e/pyproject.toml",
        "css",
        "css/",
        "",
        ".",
        "nothing.css",
        "css/site.css/",
        "css\\site.css",
    ],
)
@pytest.mark.parametrize("reload", [False, True])
async def test_only_files_of_the_folder_are_sent(visitor, name, reload):
    assert (await visitor.get(f"/static/{name}")).status_code == 404
    assets = Assets(ROOT / "static", "", reload=reload)
    assert assets.get(name) is None or name == "css/site.css/"


async def test_while_developing_a_changed_file_is_read_again(tmp_path):
    file = tmp_path / "a.css"
    file.write_text("a { color: red }")
    assets = Assets(tmp_path, "", reload=True)
    before = assets.url("a.css")
    file.write_text("a { color: green }")
    assert assets.url("a.css") != before
    assert assets.get("a.css").body == file.read_bytes()
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    assert assets.url("a.css") == f"/static/a.css?v={version}"


# Compression


async def test_pages_are_sent_packed_to_who_takes_it(client):
    plain, packed = await client.get("/account"), await client.get("/account", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(await packed.get_data()))
    assert gzip.decompress(await packed.get_data()) == await plain.get_data()
    assert "Content-Encoding" not in plain.headers
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]


async def test_small_answers_are_not_worth_it(visitor):
    assert "Content-Encoding" not in (await visitor.get("/health", headers=GZIP)).headers


async def test_an_unchanged_shelf_is_told_so_packed_or_not(client):
    tag = (await client.get("/library", headers=GZIP)).headers["ETag"]
    for headers in ({}, GZIP):
        again = await client.get("/library", headers=headers | {"If-None-Match": tag})
        assert (again.status_code, await again.get_data()) == (304, b"")
    piece = await client.get("/library", headers=HX | {"If-None-Match": tag})
    assert piece.status_code == 200


async def test_a_message_is_told_once_also_on_a_page_that_has_not_changed(client):
    tag = (await client.get("/library")).headers["ETag"]
    await client.post("/account/sessions/end")
    told = await client.get("/library", headers={"If-None-Match": tag})
    assert "other devices are signed out" in await page_of(told)
    assert "ETag" not in told.headers
    assert "other devices" not in await page_of(await client.get("/library"))
    assert "ETag" in (await client.get("/library")).headers


# Errors


class Broken(Exception):
    """What nobody expected."""


def raising(site, error):
    """Let /library raise an error."""

    async def index():
        raise error

    site.app.view_functions["shelf.index"] = index


@pytest.mark.parametrize("headers", [{}, HX])
@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (errors.Invalid.at("q", "Too many words."), 422, "Too many words."),
        (errors.NotFound("There is no such book in your library."), 404, "no such book"),
        (errors.NotFound(), 404, "nothing here"),
        (errors.Stale(), 409, "another window"),
        (errors.AlreadyOwned("x"), 409, "already have"),
        (errors.TooManyTries(61), 429, "2 minutes"),
        (errors.TooManyTries(5), 429, "1 minute "),
        (errors.StorageFull("disk I/O error"), 507, "make room"),
        (errors.StorageDown("no such table"), 503, "in a moment"),
        (errors.Busy("This book is being changed elsewhere."), 503, "changed elsewhere"),
        (errors.TryLater("Open Library is busy."), 503, "Open Library is busy."),
        (errors.RegistrationClosed("No."), 403, "No."),
    ],
)
async def test_each_error_has_its_status_and_sentence(client, site, error, status, told, headers):
    raising(site, error)
    answer = await client.get("/library", headers=headers)
    page = await page_of(answer)
    assert answer.status_code == status
    assert told in page
    assert "disk I/O" not in page
    assert "no such table" not in page
    assert ("<html" in page) == (headers != HX)
    if headers == HX:
        assert answer.headers["HX-Retarget"] == "#toasts"
        assert answer.headers["HX-Reswap"] == "beforeend"
    if status == 429:
        assert answer.headers["Retry-After"] == str(error.retry_after)


@pytest.mark.parametrize("headers", [{}, HX])
async def test_a_fault_is_told_by_an_id_that_is_in_the_log(client, site, caplog, headers):
    raising(site, Broken("secret detail"))
    with caplog.at_level(logging.ERROR):
        answer = await client.get("/library", headers=headers)
    page = await page_of(answer)
    assert answer.status_code == 500
    assert "secret detail" not in page
    assert "Traceback" not in page
    reference = re.search(r"(?:<code>|Reference: )([0-9a-f]{8})", page).group(1)
    logged = [record for record in caplog.records if reference in record.getMessage()]
    assert len(logged) == 1
    assert "secret detail" in str(logged[0].exc_info[1])


async def test_a_moved_book_is_found_at_its_new_address(client, site):
    raising(site, errors.Moved("elsewhere"))
    answer = await client.get("/library")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/books/elsewhere")


async def test_an_unknown_address_is_a_page(client, visitor):
    for browser in (client, visitor):
        answer = await browser.get("/nowhere")
        assert answer.status_code == 404
        assert "nothing at this address" in await page_of(answer)
    assert "/logout" in await page_of(await client.get("/nowhere"))


async def test_a_wrong_method_tells_the_right_ones(client):
    answer = await client.post("/help")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "<html" in await page_of(answer)


async def test_a_shelf_whose_storage_is_down_is_not_a_fault(client, site, caplog):
    async def down(user_id):
        raise errors.StorageDown("no file")

    site.storage.user = down
    answer = await client.get("/library")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


# Bodies


@pytest.mark.parametrize("path", ["/login", "/account", "/help", "/nowhere"])
async def test_a_large_body_is_refused_wherever_it_goes(client, path):
    answer = await client.post(path, data=b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert "1 MB" in await page_of(answer)


async def test_a_body_that_just_fits_is_read(client):
    body = b"time_zone=UTC&view=list&more=".ljust(MAX_BODY, b"x")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post("/account", data=body, headers=headers)).status_code == 303


async def test_a_body_that_is_no_form_is_an_empty_form(visitor):
    headers = {"Content-Type": "application/json"}
    assert (await visitor.post("/login", data=b"{", headers=headers)).status_code == 422


async def test_strange_form_bytes_are_no_fault(visitor):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await visitor.post("/login", data=b"username=%ff%00&password=\xff", headers=headers)
    assert answer.status_code == 422


# Limits on the costly routes


async def test_a_limited_route_counts_for_each_reader(site):
    @site.app.get("/costly")
    @rate_limit(2, timedelta(minutes=1))
    async def costly():
        return "done"

    alice = site.client(await site.user())
    codes = [(await alice.get("/costly")).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    refused = await alice.get("/costly")
    assert int(refused.headers["Retry-After"]) > 0
    assert "Too many tries" in await page_of(refused)
    piece = await alice.get("/costly", headers=HX)
    assert piece.headers["HX-Retarget"] == "#toasts"
    mallory = site.client(await site.stranger())
    assert (await mallory.get("/costly")).status_code == 200


async def test_the_limiter_forgets_the_oldest():
    keys = RecentKeys(most=2)
    now = datetime.now(UTC)
    for key in ("a", "b", "a", "c"):
        await keys.set(key, now)
    epoch = datetime.fromtimestamp(0, UTC)
    assert [await keys.get(key, epoch) for key in "abc"] == [now, epoch, now]


# Health, start and stop


async def test_health_tells_that_all_is_well(visitor):
    answer = await visitor.get("/health")
    assert answer.status_code == 200
    assert (await answer.get_json())["status"] == "ok"
    assert (await answer.get_json())["storage"] == "sqlite"
    assert (await answer.get_json())["version"]


async def test_health_asks_for_no_user(client, site):
    async def never(user_id):
        raise AssertionError("the health check read a user")

    site.storage.user = never
    assert (await client.get("/health")).status_code == 200
    assert (await client.get(CSS)).status_code == 200


async def test_health_tells_when_the_storage_is_down(visitor, site):
    async def down():
        raise errors.StorageDown("no file")

    site.storage.ping = down
    answer = await visitor.get("/health")
    assert answer.status_code == 503
    assert (await answer.get_json())["status"] != "ok"


async def test_an_app_opens_its_own_storage_and_closes_it(tmp_path):
    app = create_app(Settings(secret_key=SECRET, data_dir=tmp_path))
    async with app.test_app():
        client = app.test_client()
        assert (await client.get("/health")).status_code == 200
        form = {"username": "ada", "email": "ada@example.org"}
        form |= dict.fromkeys(("password", "confirm_password"), "seven green bottles")
        assert (await client.post("/register", form=form)).status_code == 303
        assert (await client.get("/library")).status_code == 200
    assert sorted(path.name for path in tmp_path.iterdir()) == [".serving", "site.db"]


async def test_a_request_reads_the_user_once(client, site):
    read = []
    user = site.storage.user

    async def counted(user_id):
        read.append(user_id)
        return await user(user_id)

    site.storage.user = counted
    await client.get("/account")
    assert read == ["id-alice"]


async def test_two_apps_do_not_share_what_they_hold():
    one, two = Site(), Site()
    await one.add("alice")
    async with one.app.test_app(), two.app.test_app():
        alice = await one.user()
        answers = [await site.client(alice).get("/account") for site in (one, two)]
    assert [answer.status_code for answer in answers] == [200, 303]
