"""Pictures from the providers: their largest size, their own hosts only, and never too much."""

import asyncio
import tracemalloc

import pytest

from booklib.adapters.cover_pictures import CoverClient
from booklib.adapters.google_books import COVER_HOSTS as GOOGLE_HOSTS
from booklib.adapters.open_library import COVER_HOSTS, OpenLibrary
from booklib.adapters.provider_http import Provider
from booklib.errors import Refused, TryLater
from tests.drawn_covers import a_cover, one_colour


@pytest.fixture
async def library(server, clock):
    catalogue = OpenLibrary(url=server.url, covers_url=server.url, timeout_s=0.5, now=clock)
    yield catalogue
    await catalogue.aclose()


@pytest.fixture(params=["open_library", "google_books"])
def fetch(request, server, library, google):
    """Asks one of the two providers for cover 7."""
    if request.param == "open_library":
        return lambda: library.cover(f"{server.url}/b/id/7-L.jpg")
    return lambda: google.cover(f"{server.url}/books/content?id=7")


async def test_a_cover_is_fetched(fetch):
    assert await fetch() == a_cover(7)


async def test_open_library_is_asked_by_cover_id_and_for_no_stand_in(server, library):
    assert await library.cover("https://covers.openlibrary.org/b/id/7-L.jpg") == a_cover(7)
    assert server.asked == ["/b/id/7-L.jpg?default=false"]


@pytest.mark.parametrize("address", ["", "https://covers.openlibrary.org/b/isbn/1-L.jpg", "x:y"])
async def test_an_address_that_is_no_cover_id_is_none_of_open_library(server, library, address):
    assert await library.cover(address) is None
    assert server.asked == []


async def test_google_is_asked_for_the_largest_size(server, google):
    assert await google.cover(f"{server.url}/books/content?id=7&zoom=1") == a_cover(7)
    assert server.asked == ["/books/content?id=7&zoom=1&fife=w800"]


async def test_google_s_grey_picture_falls_back_to_the_given_size(server, google):
    server.covers = "small"
    assert await google.cover(f"{server.url}/books/content?id=7") == a_cover(7)
    assert [target.count("fife") for target in server.asked] == [1, 0]


async def test_a_stand_in_everywhere_is_left_to_who_sees_pixels(server, google):
    server.covers = "blank"
    assert await google.cover(f"{server.url}/books/content?id=7") == one_colour()


async def test_no_picture_is_none(server, fetch):
    server.covers = "none"
    assert await fetch() is None


async def test_a_page_instead_of_a_picture_is_left_to_the_decoder(server, fetch):
    server.covers = "html"
    assert (await fetch()).startswith(b"<!doctype")


@pytest.mark.parametrize(("mode", "words"), [("failed", "fault"), ("slow=9", "too long")])
async def test_a_passing_fault_is_tried_later(server, clock, mode, words):
    server.covers = mode
    client = CoverClient("The Provider", server.url, hosts=(), timeout_s=0.2, now=clock)
    with pytest.raises(TryLater, match=words):
        await client.get(f"{server.url}/b/id/7-L.jpg")
    await client.aclose()


async def test_a_cover_of_80_mb_is_refused_without_taking_the_memory(server, fetch):
    server.covers = "huge"
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="far more"):
            await fetch()
        assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    finally:
        tracemalloc.stop()


async def test_a_redirect_at_home_is_followed(server, fetch):
    server.covers = "moved"
    assert await fetch() == a_cover(7)


@pytest.mark.parametrize("mode", ["loopback", "private"])
async def test_a_redirect_to_this_machine_or_its_network_is_refused(server, fetch, mode):
    server.covers = mode
    with pytest.raises(Refused, match="not its own"):
        await fetch()


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/cover.jpg",
        "http://127.0.0.1:1/cover.jpg",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://user:secret@10.0.0.1/",
        "https://books.google.com.evil.example/x",
        "https://evilgoogleusercontent.com/x",
        "https://books.google.com:8443/x",
        "http://[bad/",
    ],
)
async def test_an_address_elsewhere_is_refused_before_anybody_is_asked(server, google, address):
    with pytest.raises(Refused):
        await google.cover(address)
    assert server.asked == []


def hop(base, hosts, address):
    client = Provider("The Provider", base, hosts=hosts)
    return str(client._next_hop(client._base, address))


@pytest.mark.parametrize(
    "address",
    [
        "https://archive.org/download/l_covers_0008/l_covers_0008_73.zip/0008739161-L.jpg",
        "https://ia800703.us.archive.org/view_archive.php?archive=/4/items/l_covers_0008.zip",
    ],
)
def test_open_library_may_lead_to_its_archive(address):
    assert hop("https://covers.openlibrary.org", COVER_HOSTS, address) == address


def test_an_http_link_becomes_https():
    for host in ("books.google.com", "lh3.googleusercontent.com"):
        asked = hop("https://www.googleapis.com/books/v1", GOOGLE_HOSTS, f"http://{host}/a?b=c")
        assert asked == f"https://{host}/a?b=c"


async def test_a_documented_host_that_resolves_to_this_machine_is_refused(server, clock):
    client = CoverClient("The Provider", server.url, hosts=("localhost",), now=clock)
    with pytest.raises(Refused, match="private"):
        await client.get("http://localhost/b/id/7-L.jpg")
    await client.aclose()


@pytest.mark.parametrize("found", ["93.184.216.34", "2606:2800:220:1::1"])
async def test_the_address_that_was_checked_is_the_one_that_is_asked(clock, found):
    client = Provider("The Provider", "https://a.example", hosts=("b.example",), now=clock)
    loop = asyncio.get_running_loop()
    looked_up = []

    async def public(host, port, **_):
        looked_up.append(host)
        return [(0, 0, 0, "", (found, port))]

    loop.getaddrinfo = public
    request = await client._request(client._base.join("https://b.example/x"))
    assert request.url.host == found
    assert request.headers["Host"] == "b.example"
    assert request.extensions["sni_hostname"] == "b.example"
    assert looked_up == ["b.example"]
    await client.aclose()
