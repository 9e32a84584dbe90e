"""Photos: every code told for what it is, one's own library only, and nothing lost on the way."""

import asyncio
import re
from urllib.parse import urlencode

import pytest

from booklib import library
from booklib.errors import Busy
from booklib.models import Code, Query, Scan
from booklib.models.ids import book_key, user_book_id
from booklib.models.scans import Place
from booklib.web.limits import MAX_BODY
from booklib.web.scan import A_MINUTE
from booklib.web.scanned import MAX_CARDS
from booklib.web.uploads import MAX_PICTURE, MAX_UPLOAD
from tests.fakes import FakePictures
from tests.goodreads import isbn_of
from tests.web.conftest import HX, Site, page_of

DUNE, RINGS, EMMA = "9780441172719", "9780261103573", "9780141439587"
HERE = Place(0.1, 0.1, 0.2, 0.1)
FROM_LIST = HX | {"HX-Target": "section#scan-results"}
BOUNDARY = "a-line-between-parts"
KIND = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def book(isbn, crop=b"a crop"):
    return Code("book", isbn, isbn, HERE, crop)


def photo(*codes, advice=""):
    return Scan(4000, 3000, codes, advice)


def multipart(*pictures, **fields):
    """A body as browsers send it; a picture is its bytes, or a name and its bytes."""
    parts = []
    for number, picture in enumerate(pictures):
        name, data = picture if isinstance(picture, tuple) else (f"IMG_{number}.jpg", picture)
        head = f'Content-Disposition: form-data; name="image"; filename="{name}"\r\n'
        parts.append(head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + data)
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'
            parts.append(head.encode() + value.encode())
    line = f"--{BOUNDARY}".encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


async def send(client, *pictures, headers=None, **fields):
    body = multipart(*pictures, **fields)
    return await client.post("/scan", data=body, headers=KIND | (headers or {}))


async def post(client, path, headers=None, **fields):
    """A form in which a field may come several times."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return await client.post(
        path, data=urlencode(fields, doseq=True), headers=kind | (headers or {})
    )


@pytest.fixture
def pictures(site):
    """What the photos hold, by their bytes."""
    site.pictures.scans |= {
        b"dune": photo(book(DUNE)),
        b"two": photo(book(DUNE), book(RINGS)),
        b"other": photo(
            Code("music", "9790260000438", None, HERE),
            Code("magazine", "9771234567003", None, HERE),
            Code("price", "1920093006001", None, HERE),
            Code("product", "4006381333931", None, HERE),
            Code("unknown", "<b>hello</b>", None, HERE),
        ),
        b"doubt": photo(Code("doubtful", EMMA, EMMA, HERE)),
        b"blurred": photo(advice="blurred"),
        b"nothing": photo(advice="nothing"),
    }
    return site.pictures


def states(page):
    """The state of each row, in order."""
    return [piece.partition('"')[0] for piece in page.split('data-state="')[1:]]


async def rows(site):
    user = await site.user()
    return (await site.storage.shelf(user.user_id, Query(), None, 100)).rows


async def test_the_page_takes_a_photo_or_pictures(client):
    page = await page_of(await client.get("/scan"))
    assert "<title>Scan photos · Book Library</title>" in page
    assert 'enctype="multipart/form-data"' in page
    assert 'capture="environment"' in page
    assert "multiple" in page
    assert 'name="code"' in page


@pytest.mark.parametrize("headers", [{}, HX])
async def test_a_book_is_told_with_its_crop_and_can_be_added(client, pictures, headers):
    answer = await send(client, b"two", headers=headers)
    page = await page_of(answer)
    assert answer.status_code == 200
    assert ("<html" in page) == (not headers)
    assert states(page) == ["new", "new"]
    assert "978-0-441-17271-9" in page
    assert (
        'src="data:image/jpeg;base64,YSBjcm9w" alt="The barcode read as 978-0-441-17271-9"' in page
    )
    assert f'name="isbn" value="{DUNE}" form="scan-add" checked' in page
    assert "Add 2 books" in page
    assert "2 new books" in page


async def test_the_ticked_books_are_added_together(client, site):
    answer = await post(client, "/books", isbn=[DUNE, RINGS], status="reading")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/library")
    assert [row.status for row in await rows(site)] == ["reading", "reading"]
    assert "Added 2 books." in await page_of(await client.get("/library"))


@pytest.mark.parametrize("isbns", [[DUNE], [DUNE, RINGS]])
async def test_adding_in_place_says_what_came_of_it_and_leads_on(client, site, isbns):
    answer = await post(client, "/books", FROM_LIST, isbn=isbns)
    page = await page_of(answer)
    assert page.startswith('<section id="scan-results"')
    assert f"Added {len(isbns)} book" in page
    assert "Scan more" in page
    assert 'href="/library"' in page
    assert len(await rows(site)) == len(isbns)


async def test_what_was_added_stands_there_as_on_the_shelf(client, site):
    await library.add_isbn(site.world, await site.user(), EMMA)
    isbns = [EMMA, *(isbn_of(number) for number in range(MAX_CARDS + 2))]
    page = await page_of(await post(client, "/books", FROM_LIST, isbn=isbns))
    shown = [user_book_id("id-alice", book_key(isbn)) for isbn in isbns[1 : MAX_CARDS + 1]]
    assert re.findall(r'<li class="book" id="b-([^"]+)" data-pending', page) == shown
    assert "and 2 more books on your shelf" in page
    assert "Already yours: <a" in page


async def test_adding_nothing_in_place_leaves_the_list_alone(client):
    answer = await post(client, "/books", FROM_LIST)
    page = await page_of(answer)
    assert answer.status_code == 422
    assert "scan-results" not in page
    assert "toast--error" in page


async def test_what_one_has_is_told_by_title_and_link(client, site, pictures):
    done = await library.add_by_hand(
        site.world, await site.user(), {"title": "Dune & sand"}, nonce="n", isbn=DUNE
    )
    page = await page_of(await send(client, b"two"))
    assert states(page) == ["yours", "new"]
    assert f'<a href="/books/{done.user_book.user_book_id}" dir="auto">Dune &amp; sand</a>' in page
    assert f'name="isbn" value="{DUNE}"' not in page
    assert "1 new book, 1 already yours" in page


async def test_a_strangers_library_does_not_show(client, site, pictures):
    await library.add_isbn(site.world, await site.add("mallory"), DUNE)
    assert states(await page_of(await send(client, b"dune"))) == ["new"]


async def test_what_was_deleted_can_be_added_again(client, site, pictures):
    user = await site.user()
    done = await library.add_isbn(site.world, user, DUNE)
    await library.delete(site.world, user.user_id, done.user_book.user_book_id)
    assert states(await page_of(await send(client, b"dune"))) == ["new"]
    page = await page_of(await post(client, "/books", FROM_LIST, isbn=DUNE))
    assert "1 back from the trash." in page
    assert f'id="b-{done.user_book.user_book_id}"' in page


async def test_what_is_no_book_is_named_and_cannot_be_added(client, pictures):
    page = await page_of(await send(client, b"other"))
    assert states(page) == ["other"] * 5
    for words in ("Sheet music", "A magazine", "A price code", "Another product", "Another kind"):
        assert words in page
    assert "5 other codes" in page
    assert "<b>hello" not in page
    assert 'name="isbn" value="' not in page


@pytest.mark.parametrize(
    ("picture", "words"), [(b"blurred", "Hold the phone still"), (b"nothing", "face down")]
)
async def test_a_picture_without_codes_says_what_would_help(client, pictures, picture, words):
    page = await page_of(await send(client, picture))
    assert words in page
    assert "No barcode could be read." in page
    assert 'name="code"' in page
    assert states(page) == []


async def test_the_same_book_in_two_pictures_is_shown_once(client, pictures):
    page = await page_of(await send(client, b"dune", b"two", b"dune"))
    assert page.count(f'id="code-{DUNE}"') == 1
    assert states(page) == ["new", "new"]


async def test_two_hundred_codes_in_one_picture_all_come(client, site, pictures):
    codes = [book(isbn_of(number), b"") for number in range(200)]
    pictures.scans[b"many"] = photo(*codes)
    await library.add_isbn(site.world, await site.user(), isbn_of(150))
    page = await page_of(await send(client, b"many"))
    assert "199 new books, 1 already yours" in page


# Several pictures


async def test_what_was_found_before_stays_when_another_picture_comes(client, pictures):
    page = await page_of(await send(client, b"two"))
    assert re.search(f'name="seen" value="[0-9 ]*{DUNE}', page)
    page = await page_of(await send(client, b"doubt", seen=[DUNE, RINGS, "no number"]))
    assert states(page) == ["new", "new", "doubtful"]
    page = await page_of(await send(client, b"nothing", seen=[DUNE], doubtful=[EMMA]))
    assert states(page) == ["new", "doubtful"]


async def test_a_bad_picture_does_not_spoil_the_others(client, pictures):
    answer = await send(client, ("broken <1>.jpg", b"no picture"), b"dune")
    page = await page_of(answer)
    assert answer.status_code == 200
    assert states(page) == ["new"]
    assert "This is not a picture." in page
    assert "broken &lt;1&gt;.jpg" in page


@pytest.mark.parametrize("headers", [{}, HX])
async def test_bad_input_is_told(client, pictures, headers):
    for answer, words in (
        (await send(client, headers=headers), "take a photo"),
        (await send(client, ("", b""), headers=headers), "take a photo"),
        (await client.post("/scan", headers=headers), "take a photo"),
        (await send(client, b"no picture", headers=headers), "not a picture"),
        (await client.post("/scan", data=b"xx", headers=KIND | headers), "did not arrive whole"),
        (
            await client.post(
                "/scan", data=b"xx", headers={"Content-Type": "multipart/form-data"} | headers
            ),
            "did not arrive whole",
        ),
        (
            await client.post("/scan", data=multipart(b"dune")[:-30], headers=KIND | headers),
            "did not arrive whole",
        ),
    ):
        assert answer.status_code == 422
        assert words in await page_of(answer)


async def test_of_eleven_pictures_ten_are_read_and_the_rest_is_told(client, pictures):
    for number in range(12):
        pictures.scans[b"p%d" % number] = photo(book(isbn_of(number)))
    answer = await send(client, *[b"p%d" % number for number in range(11)])
    page = await page_of(answer)
    assert answer.status_code == 200
    assert states(page) == ["new"] * 10
    assert "the last 1 picture was left out" in page
    page = await page_of(await send(client, *[b"p%d" % number for number in range(12)]))
    assert "the last 2 pictures were left out" in page


async def test_a_picture_that_is_too_large_is_told_and_the_others_go_on(client, pictures):
    large = bytes(13 * 1024 * 1024)
    page = await page_of(await send(client, ("large.png", large), b"dune"))
    assert "larger than 12 MB" in page
    assert states(page) == ["new"]
    fitting = bytes(MAX_PICTURE)
    pictures.scans[fitting] = photo(book(EMMA))
    assert states(await page_of(await send(client, fitting))) == ["new"]


async def test_a_body_over_the_limit_is_413_with_its_own_words(client):
    headers = KIND | {"Content-Length": str(MAX_UPLOAD + 1)}
    answer = await client.post("/scan", data=b"x", headers=headers)
    assert answer.status_code == 413
    assert "fewer pictures" in await page_of(answer)


async def test_other_routes_still_take_a_megabyte_only(client):
    body = multipart(bytes(MAX_BODY))
    for path in ("/books", "/account", "/login"):
        assert (await client.post(path, data=body, headers=KIND)).status_code == 413
    answer = await client.post("/scan", data=bytes(MAX_BODY + 1))
    assert answer.status_code == 413


async def test_more_than_enough_parts_or_a_head_without_end_are_refused(client):
    assert (await send(client, seen=["1"] * 2000)).status_code == 413
    endless = f"--{BOUNDARY}\r\nContent-Disposition: ".encode() + b"x" * MAX_BODY
    assert (await client.post("/scan", data=endless, headers=KIND)).status_code == 413


# Typing


async def test_a_number_that_was_not_read_can_be_typed(client, site):
    await library.add_isbn(site.world, await site.user(), RINGS)
    answer = await post(client, "/scan", code="0-441-17271-7", seen=[RINGS])
    page = await page_of(answer)
    assert answer.status_code == 200
    assert states(page) == ["yours", "new"]
    assert f'name="isbn" value="{DUNE}"' in page


async def test_a_wrong_number_comes_back_with_all_the_rest(client):
    answer = await post(client, "/scan", code="9780441172710", seen=[RINGS], doubtful=[EMMA])
    page = await page_of(answer)
    assert answer.status_code == 422
    assert "should be 9" in page
    assert 'value="9780441172710"' in page
    assert 'aria-invalid="true"' in page
    assert states(page) == ["new", "doubtful"]


async def test_a_doubtful_number_is_confirmed_or_corrected_in_its_row(client, pictures):
    page = await page_of(await send(client, b"doubt"))
    assert states(page) == ["doubtful"]
    assert f'name="code" value="{EMMA}"' in page
    assert f'name="isbn" value="{EMMA}"' not in page
    for right in (EMMA, DUNE):
        form = {"code": right, "was": EMMA, "doubtful": [EMMA], "seen": [RINGS]}
        page = await page_of(await post(client, "/scan", **form))
        assert states(page) == ["new", "new"]
        assert f'name="isbn" value="{right}"' in page


# Who, and how often


@pytest.mark.parametrize("headers", [{}, HX])
async def test_who_is_signed_out_signs_in_first_and_nothing_is_read(visitor, pictures, headers):
    answer = await send(visitor, b"dune", headers=headers)
    assert answer.status_code == (401 if headers else 303)
    address = answer.headers["HX-Redirect" if headers else "Location"]
    assert address.startswith("/login?next=")


async def test_scanning_is_bounded(client, pictures):
    answers = [await send(client, b"dune") for _ in range(A_MINUTE + 30)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert "Too many" in await page_of(answers[-1])


class SlowPictures(FakePictures):
    """Counts how many pictures are looked into at the same time."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0

    async def scan(self, picture):
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(20):
            await asyncio.sleep(0)
        self.now -= 1
        return await super().scan(picture)


async def test_two_scans_at_once_both_answer_and_others_wait(settings):
    site = Site(settings, pictures=SlowPictures())
    await site.add("alice")
    for number in range(6):
        site.pictures.scans[b"p%d" % number] = photo(book(isbn_of(number)))
    async with site.app.test_app(), asyncio.timeout(20):
        client = site.client(await site.user())
        all_of_them = [b"p%d" % number for number in range(6)]
        answers = await asyncio.gather(*[send(client, *all_of_them) for _ in range(5)])
        for answer in answers:
            page = await page_of(answer)
            assert [isbn_of(n) in page for n in range(6)] == [True] * 6
            assert page.index(isbn_of(0)) < page.index(isbn_of(5))
    assert 2 <= site.pictures.most <= 4


class StuckPictures(FakePictures):
    """Does not come back from one picture before it may."""

    def __init__(self):
        super().__init__()
        self.begun, self.free = asyncio.Event(), asyncio.Event()

    async def scan(self, picture):
        if picture == b"stuck":
            self.begun.set()
            await self.free.wait()
        return await super().scan(picture)


async def test_who_sends_much_keeps_nobody_else_waiting(settings):
    site = Site(settings, pictures=StuckPictures())
    await site.add("alice")
    site.pictures.scans = {b"stuck": photo(book(DUNE)), b"quick": photo(book(RINGS))}
    async with site.app.test_app(), asyncio.timeout(20):
        hers = site.client(await site.user())
        much = [asyncio.create_task(send(hers, b"stuck")) for _ in range(3)]
        await site.pictures.begun.wait()
        other = await send(site.client(await site.stranger()), b"quick")
        assert RINGS in await page_of(other)
        site.pictures.free.set()
        for answer in await asyncio.gather(*much):
            assert DUNE in await page_of(answer)


async def test_many_doubtful_codes_are_a_bounded_page(client, pictures):
    unsure = [Code("doubtful", isbn_of(n), isbn_of(n), HERE) for n in range(300)]
    pictures.scans[b"shelf"] = photo(*unsure)
    page = await page_of(await send(client, b"shelf"))
    assert states(page).count("doubtful") == 50
    assert "300 of them not for sure: go closer" in page
    assert len(page) < 200_000


async def test_fields_that_are_no_pictures_are_bounded_in_all(client):
    answer = await send(client, note=["x" * 60_000] * 6)
    assert answer.status_code == 413
    assert "MB). Please send fewer pictures" in await page_of(answer)


class BusyPictures(FakePictures):
    """Has too many pictures waiting for all but the good one."""

    async def scan(self, picture):
        if picture == b"dune":
            return await super().scan(picture)
        raise Busy("Many pictures are being read just now.")


async def test_a_busy_reader_is_told_and_spoils_nothing(settings):
    site = Site(settings, pictures=BusyPictures())
    await site.add("alice")
    site.pictures.scans[b"dune"] = photo(book(DUNE))
    async with site.app.test_app():
        client = site.client(await site.user())
        answer = await send(client, b"x")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        page = await page_of(await send(client, b"x", b"dune"))
        assert states(page) == ["new"]
        assert "Many pictures are being read" in page
