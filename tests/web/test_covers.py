"""Covers: on the shelf and the book's page, served for ever to who may see them, and changed."""

import asyncio
from io import BytesIO

import pytest
from quart.datastructures import FileStorage

from booklib import covers, jobs, library
from booklib.models import COVER_FILE, CoverName, CoverPictures, cover_job
from booklib.models.shelf import unpack_card
from booklib.ports import Change, Found
from booklib.web import cards
from booklib.web.photos import photo_of
from tests.factories import a_copy
from tests.web.conftest import HX, page_of

ISBN = "9780441172719"
ADDRESS = "https://covers.example/1.jpg"
DUNE = Found(
    ISBN,
    "open_library:OL1M",
    {
        "title": "Dune",
        "authors": ("Frank Herbert",),
        "publisher": "Ace",
        "published": "1990",
        "page_count": 535,
        "cover": ADDRESS,
        "description": "Sand.",
    },
)
NAME = str(CoverName.of(b"large", 560, 840, own=False))
OWN = str(CoverName.of(b"own large", 500, 500, own=True))


@pytest.fixture
async def dune(site):
    """Alice's copy, looked up, its picture still to come; the id."""
    site.catalogue.editions = [DUNE]
    site.catalogue.pictures = {ADDRESS: b"sent"}
    site.pictures.covers = {
        b"sent": CoverPictures(b"large", b"small", 560, 840),
        b"mine": CoverPictures(b"own large", b"own small", 500, 500),
    }
    added = await library.add_isbn(site.world, await site.user(), ISBN)
    await work(site, "lookup")
    return added.user_book.user_book_id


async def work(site, *kinds):
    """Run what is due, of some kinds."""
    for job in await site.storage.due_jobs(site.clock.now, 100):
        if job.kind in kinds:
            await jobs.run(site.world, job.job_id)


async def copy_of(site, ident):
    return (await site.storage.owned((await site.user()).user_id, [ident]))[ident]


async def send(client, ident, picture=b"mine", **headers):
    files = {"image": FileStorage(filename="cover.jpg", stream=BytesIO(picture))}
    return await client.post(f"/books/{ident}/cover", files=files, headers=headers)


# The pictures themselves


async def test_a_picture_is_served_for_ever_and_privately(client, site, dune):
    await work(site, "cover")
    for size, body in (("large", b"large"), ("small", b"small")):
        answer = await client.get(
            f"/covers/{size}/{NAME}.webp", headers={"Accept-Encoding": "gzip"}
        )
        assert answer.status_code == 200
        assert await answer.get_data() == body
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for name in ("Vary", "Set-Cookie", "Content-Encoding"):
            assert name not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        f"large/{NAME}x.webp",
        "large/none.webp",
        "huge/" + NAME + ".webp",
        "large/own/" + "a" * 22 + "-1x1.webp",
        "large/..%2F..%2Fsite.db.webp",
        "large/own/..%2Fx.webp",
        "large/%00.webp",
        f"large/{'a' * 22}-50x50.webp",
    ],
)
async def test_no_such_picture_is_a_404_that_nobody_keeps(client, dune, path):
    answer = await client.get(f"/covers/{path}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["Cache-Control"]
    assert "<h1" in await page_of(answer)


async def test_an_own_picture_is_its_owner_s_alone(client, visitor, site, dune):
    assert (await send(client, dune)).status_code == 303
    assert await (await client.get(f"/covers/small/{OWN}.webp")).get_data() == b"own small"
    stranger = site.client(await site.stranger())
    assert (await stranger.get(f"/covers/small/{OWN}.webp")).status_code == 404
    assert (await visitor.get(f"/covers/small/{OWN}.webp")).status_code == 303
    assert (await visitor.get(f"/covers/small/{NAME}.webp")).status_code == 303


async def test_fifty_covers_come_at_once(client, site, dune):
    await work(site, "cover")
    answers = await asyncio.gather(*(client.get(f"/covers/small/{NAME}.webp") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}


# On the shelf


async def test_the_shelf_shows_the_picture_over_the_drawn_cover(client, site, dune):
    await work(site, "cover")
    page = await page_of(await client.get("/library"))
    assert f'src="/covers/small/{NAME}.webp"' in page
    assert f"/covers/small/{NAME}.webp 320w, /covers/large/{NAME}.webp 560w" in page
    assert 'width="320" height="480"' in page
    assert "shape-27" in page
    assert "covers.example" not in page


async def test_only_pictures_below_the_first_row_wait(site, client):
    user = await site.user()
    copies = [
        a_copy(
            f"Book {n}", minute=n, user_id=user.user_id, mine={"title": f"{n}", COVER_FILE: NAME}
        )
        for n in range(10)
    ]
    assert await site.storage.apply(user.user_id, [Change(None, copy) for copy in copies])
    page = await page_of(await client.get("/library"))
    assert page.count("<img src=") == 10
    assert page.count('loading="lazy"') == 10 - cards.FIRST_ROW


@pytest.mark.parametrize("name", ["", ADDRESS, "own/", "../x", "a-1x1"])
def test_what_names_no_stored_picture_shows_the_drawn_cover(name):
    assert photo_of(name) is None


@pytest.mark.parametrize(
    ("width", "height", "shape", "small"),
    [
        (560, 840, "shape-27", (320, 480)),
        (560, 560, "shape-40", (320, 320)),
        (560, 400, "shape-56", (320, 229)),
        (560, 300, "shape-60", (320, 171)),
        (300, 900, "shape-22", (300, 900)),
        (128, 200, "shape-26", (128, 200)),
    ],
)
def test_a_picture_keeps_its_place(width, height, shape, small):
    photo = photo_of(str(CoverName.of(b"x", width, height, own=False)))
    assert photo.shape == shape
    assert (photo.width, photo.height) == small


async def test_a_card_asks_until_its_picture_is_there_and_then_no_more(client, site, dune):
    url = f"/books/{dune}/card?wait=4"
    waiting = await page_of(await client.get(url, headers=HX))
    assert "hx-get" in waiting
    assert "<img" not in waiting
    await work(site, "cover")
    card = await page_of(await client.get(url, headers=HX))
    assert "data-pending" not in card
    assert NAME in card


async def test_a_picture_that_comes_while_the_card_is_drawn_is_asked_for_once_more(
    client, site, dune
):
    user = await site.user()
    before = await library.entry(site.world, user.user_id, dune)
    await work(site, "cover")
    assert (await covers.state_of(site.world, before)).coming
    after = await library.entry(site.world, user.user_id, dune)
    stale = after._replace(user_book=before.user_book)
    assert (await covers.state_of(site.world, stale)).coming
    assert not (await covers.state_of(site.world, after)).coming


async def test_a_card_does_not_ask_for_ever(client, dune):
    card = await page_of(await client.get(f"/books/{dune}/card?wait=60", headers=HX))
    assert "data-pending" not in card


async def test_the_shelf_itself_does_not_ask(client, dune):
    assert "data-pending" not in await page_of(await client.get("/library"))


# On the book's page


async def test_the_page_says_whose_picture_it_is(client, site, dune):
    await work(site, "cover")
    page = await page_of(await client.get(f"/books/{dune}"))
    assert "Cover from Open Library" in page
    assert f'src="/covers/large/{NAME}.webp" width="560" height="840"' in page
    assert "cover-poll" not in page


async def test_the_page_gets_its_picture_by_itself(client, site, dune):
    page = await page_of(await client.get(f"/books/{dune}"))
    assert "The cover is on its way." in page
    assert f'hx-get="/books/{dune}/cover?poll=1"' in page
    piece = await page_of(await client.get(f"/books/{dune}/cover?poll=1", headers=HX))
    assert f"/books/{dune}/cover?poll=2" in piece
    assert "cover-photo" not in piece
    await work(site, "cover")
    piece = await page_of(await client.get(f"/books/{dune}/cover?poll=2", headers=HX))
    assert "hx-get" not in piece
    assert NAME in piece
    assert "<form" not in piece
    assert (await client.get(f"/books/{dune}/cover")).status_code == 303


async def test_the_page_says_why_there_is_no_picture_and_looks_again_when_asked(client, site, dune):
    site.catalogue.pictures = {}
    await work(site, "cover")
    page = await page_of(await client.get(f"/books/{dune}"))
    assert "Open Library has no picture of this book after all." in page
    assert "Look for a picture again" in page
    site.catalogue.pictures = {ADDRESS: b"sent"}
    await client.post(f"/books/{dune}/cover/restore")
    await work(site, "cover")
    assert NAME in await page_of(await client.get(f"/books/{dune}"))


# The reader's own


async def test_an_upload_is_a_plain_form(client, site, dune):
    answer = await send(client, dune, Referer=f"http://localhost/books/{dune}")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/books/{dune}"
    page = await page_of(await client.get(f"/books/{dune}"))
    assert "Your own picture" in page
    assert "Your picture is the cover now." in page
    assert OWN in page


async def test_an_upload_by_htmx_answers_the_cover_and_a_toast_with_undo(client, site, dune):
    await work(site, "cover")
    piece = await page_of(await send(client, dune, **HX))
    assert piece.lstrip().startswith("<figure")
    assert f"/covers/large/{OWN}.webp" in piece
    assert f'action="/books/{dune}/cover/restore?undo=1"' in piece
    undone = await client.post(f"/books/{dune}/cover/restore?undo=1", headers=HX)
    piece = await page_of(undone)
    assert NAME in piece
    assert "Undone." in piece


async def test_removing_an_own_picture_is_undone_by_its_name(client, site, dune):
    await send(client, dune)
    piece = await page_of(await client.post(f"/books/{dune}/cover/remove", headers=HX))
    assert "<img" not in piece
    assert f'name="name" value="{OWN}"' in piece
    answer = await client.post(f"/books/{dune}/cover?undo=1", form={"name": OWN}, headers=HX)
    assert OWN in await page_of(answer)


async def test_an_own_picture_can_be_removed_once_where_no_provider_has_another(client, site):
    typed = {"title": "Mine"}
    added = await library.add_by_hand(site.world, await site.user(), typed, nonce="n")
    ident = added.user_book.user_book_id
    site.pictures.covers = {b"mine": CoverPictures(b"own large", b"own small", 500, 500)}
    await send(client, ident)
    page = await page_of(await client.get(f"/books/{ident}"))
    assert "Remove my picture" in page
    assert "Show the drawn cover" not in page


async def test_no_picture_is_undone_to_no_picture(client, site, dune):
    await client.post(f"/books/{dune}/cover/remove")
    piece = await page_of(await client.post(f"/books/{dune}/cover/restore", headers=HX))
    assert f'action="/books/{dune}/cover/remove?undo=1"' in piece


async def test_the_own_picture_stays_when_the_provider_s_comes(client, site, dune):
    await send(client, dune)
    await work(site, "cover")
    assert unpack_card((await copy_of(site, dune)).card).cover == OWN


@pytest.mark.parametrize("headers", [{}, HX])
@pytest.mark.parametrize("picture", [b"<svg>", b"GIF89a", b""])
async def test_what_is_no_picture_is_refused_at_the_field(client, site, dune, headers, picture):
    answer = await send(client, dune, picture, **headers)
    assert answer.status_code == 422
    page = await page_of(answer)
    assert 'id="image-error"' in page
    assert 'aria-describedby="image-error"' in page
    assert ("<!doctype" in page.lower()) is not bool(headers)
    assert COVER_FILE not in (await copy_of(site, dune)).mine
    assert site.files.kept == {}


async def test_a_form_without_a_file_says_what_is_missing(client, dune):
    answer = await client.post(f"/books/{dune}/cover", form={})
    assert answer.status_code == 422
    assert "Choose a picture first" in await page_of(answer)


async def test_a_picture_of_five_megabytes_arrives(client, site, dune):
    large = b"x" * 5 * 2**20
    site.pictures.covers[large] = CoverPictures(b"own large", b"own small", 500, 500)
    assert (await send(client, dune, large)).status_code == 303


async def test_a_picture_over_12_mb_is_refused_with_its_limit(client, dune):
    answer = await send(client, dune, b"x" * (12 * 2**20 + 1))
    assert answer.status_code == 422
    assert "12 MB" in await page_of(answer)


async def test_a_stranger_s_book_takes_no_picture(site, dune):
    stranger = site.client(await site.stranger())
    assert (await send(stranger, dune)).status_code == 404
    assert site.files.kept == {}


async def test_who_is_signed_out_sends_nothing(visitor, site, dune):
    answer = await send(visitor, dune)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login")
    assert site.files.kept == {}


async def test_a_card_drawn_before_the_cover_job_is_known_is_harmless(client, site, dune):
    book = (await site.storage.books([(await copy_of(site, dune)).book_id])).popitem()[1]
    del site.storage._jobs[cover_job(book, site.clock.now).job_id]
    entry = await library.entry(site.world, (await site.user()).user_id, dune)
    assert await covers.state_of(site.world, entry) == (False, "")
