"""Where a request came from, who it came through, and what each answer tells the browser."""

from ipaddress import ip_network

import pytest

from booklib.settings import Settings
from tests.web.conftest import HX, PASSWORD, SECRET, Site, page_of

LOGIN = {"username": "alice", "password": PASSWORD}
WRONG = LOGIN | {"password": "wrong"}
PROXY = {"client": ("10.0.0.1", 1)}
STRANGER = {"client": ("203.0.113.9", 1)}


async def started(**settings):
    site = Site(Settings(secret_key=SECRET, **settings))
    await site.add("alice")
    await site.app.startup()
    return site


# Cross-site writes


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "anything"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, True),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://LOCALHOST:80"}, True),
        ({"Origin": "https://localhost"}, True),
        ({"Origin": "http://localhost:8080"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "http://evil.example/localhost"}, False),
        ({"Origin": "http://localhost@evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://[broken"}, False),
        ({"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"}, False),
    ],
)
async def test_writes_from_other_sites_are_refused(client, headers, allowed):
    form = {"time_zone": "UTC", "view": "cards"}
    answer = await client.post("/account", form=form, headers=headers)
    assert answer.status_code == (303 if allowed else 403)
    if not allowed:
        assert "another site" in await page_of(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_every_writing_method_is_checked(client, method):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await client.open("/account", method=method, headers=headers)).status_code == 403


async def test_links_from_other_sites_work(client):
    answer = await client.get("/library", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://books.example", True),
        ("http://books.example", False),
        ("https://evil.example", False),
    ],
)
async def test_the_public_address_is_an_own_origin(origin, allowed):
    site = await started(public_url="https://books.example")
    answer = await site.visitor().post("/login", form=LOGIN, headers={"Origin": origin})
    assert answer.status_code == (303 if allowed else 403)


# Proxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "other_peer", "other_forwarded", "same"),
    [
        (STRANGER, None, STRANGER, "198.51.100.1", True),
        (STRANGER, "198.51.100.1", STRANGER, "198.51.100.2", True),
        (PROXY, "198.51.100.1", PROXY, "198.51.100.2", False),
        (PROXY, "198.51.100.1", PROXY, "6.6.6.6, 198.51.100.1", True),
        (PROXY, "198.51.100.1", PROXY, "198.51.100.1, 10.0.0.7", True),
        (PROXY, "198.51.100.1", PROXY, "198.51.100.1:4711", True),
        (PROXY, "198.51.100.1", PROXY, "::ffff:198.51.100.1", True),
        (PROXY, "198.51.100.1", {"client": ("198.51.100.1", 1)}, None, True),
        (PROXY, "2001:db8:1:2::1", PROXY, "[2001:db8:1:2:ffff::9]:443", True),
        (PROXY, "2001:db8:1:2::1", PROXY, "2001:db8:1:3::1", False),
        (PROXY, "rubbish", PROXY, None, True),
        (PROXY, "198.51.100.1", {"client": ("::ffff:10.0.0.1", 1)}, "198.51.100.1", True),
    ],
)
async def test_tries_count_for_the_browser_behind_trusted_proxies(
    peer, forwarded, other_peer, other_forwarded, same
):
    site = await started(trusted_proxies=(ip_network("10.0.0.0/8"),))

    async def try_from(peer, forwarded, form):
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        visitor = site.visitor()
        answer = await visitor.post("/login", form=form, headers=headers, scope_base=peer)
        return answer.status_code

    for _ in range(10):
        assert await try_from(peer, forwarded, WRONG) == 422
    assert await try_from(other_peer, other_forwarded, LOGIN) == (429 if same else 303)


@pytest.mark.parametrize(
    ("peer", "headers", "secure"),
    [
        (PROXY, {"X-Forwarded-Proto": "https"}, True),
        (PROXY, {"X-Forwarded-Proto": "http"}, False),
        (PROXY, {}, False),
        (STRANGER, {"X-Forwarded-Proto": "https"}, False),
    ],
)
async def test_https_is_what_a_trusted_proxy_says(peer, headers, secure):
    site = await started(trusted_proxies=(ip_network("10.0.0.1/32"),))
    answer = await site.visitor().post("/login", form=LOGIN, headers=headers, scope_base=peer)
    assert ("Secure" in answer.headers["Set-Cookie"]) == secure
    assert ("Strict-Transport-Security" in answer.headers) == secure


@pytest.mark.parametrize(
    ("peer", "host", "allowed"),
    [(PROXY, "books.example", True), (STRANGER, "books.example", False), (PROXY, "", False)],
)
async def test_the_host_is_what_a_trusted_proxy_says(peer, host, allowed):
    site = await started(trusted_proxies=(ip_network("10.0.0.1/32"),))
    headers = {"Origin": "https://books.example", "X-Forwarded-Proto": "https"}
    if host:
        headers["X-Forwarded-Host"] = host
    answer = await site.visitor().post("/login", form=LOGIN, headers=headers, scope_base=peer)
    assert answer.status_code == (303 if allowed else 403)


async def test_a_public_https_address_makes_cookies_secure():
    site = await started(public_url="https://books.example")
    answer = await site.visitor().post("/login", form=LOGIN)
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_plain_http_on_a_home_network_lets_one_sign_in(site):
    visitor = site.visitor()
    home = {"Host": "192.168.1.5:5000", "Origin": "http://192.168.1.5:5000"}
    answer = await visitor.post("/login", form=LOGIN, headers=home)
    assert answer.status_code == 303
    assert "Secure" not in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in answer.headers


# Headers


@pytest.mark.parametrize(
    "path",
    ["/", "/help", "/login", "/health", "/library", "/account", "/nowhere", "/static/css/site.css"],
)
@pytest.mark.parametrize("signed_in", [True, False])
async def test_every_answer_carries_the_security_headers(site, path, signed_in):
    browser = site.client(await site.user()) if signed_in else site.visitor()
    headers = (await browser.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    for name in ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"):
        assert len(headers.getlist(name)) == 1


async def test_files_from_elsewhere_are_let_in_by_the_policy():
    site = await started(static_url="https://static.example/v1/")
    answer = await site.visitor().get("/login")
    assert "style-src 'self' https://static.example;" in answer.headers["Content-Security-Policy"]
    assert 'href="https://static.example/v1/book-library.css?v=' in await page_of(answer)


async def test_pages_are_private_and_differ_by_htmx(client):
    headers = (await client.get("/account")).headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert "HX-Request" in headers["Vary"]


@pytest.mark.parametrize("path", ["/static/css/site.css", "/help", "/health", "/nowhere"])
async def test_what_everybody_sees_does_not_vary_by_cookie(visitor, path):
    assert "Cookie" not in (await visitor.get(path)).headers.get("Vary", "")


# Pieces and pages


@pytest.mark.parametrize(
    "headers",
    [HX | {"HX-Boosted": "true"}, HX | {"HX-History-Restore-Request": "true"}, {"HX-Request": "1"}],
)
async def test_only_htmx_swaps_get_pieces(client, headers):
    assert "<html" in await page_of(await client.get("/account", headers=headers))
