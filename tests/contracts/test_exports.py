"""Nothing is lost on the way out and in again: any library, on every storage."""

import asyncio
import json
import tempfile
import zipfile
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booklib import covers, jobs
from booklib.adapters.local_files import LocalFiles
from booklib.covers.storing import store
from booklib.models import STATUSES, CoverName, Query, Reading, UserBook
from booklib.models.folding import clean, fold
from booklib.models.ids import book_key, user_book_id
from booklib.models.shelf import place
from booklib.pictures.covers import prepare_cover
from booklib.ports import Change, World
from booklib.transfer import imports, plans
from booklib.transfer.exports import EXPORTS
from tests.contracts.conftest import EMULATED
from tests.drawn_covers import a_cover
from tests.factories import NOON, a_book, a_user, added, settle
from tests.fakes import Clock, FakePictures, FakeQueue

NASTY = [
    "=1+1",
    "'=1+1",
    "+49 30",
    "-",
    "@home",
    "'quoted'",
    'He said "no", twice',
    "a, b; c | d",
    "Ελλάδα עברית العربية",
    "🦉👩\u200d🚀",
    "!!!",
    "\u202egnirts",
    "e\u0301tude",
    "bell\x07 and \x1b[31m",
    "line\nbreak",
    "two  spaces",
    "<b>bold</b> &amp; &copy <3",
    "\ufeffmark",
    "NULL",
    "0",
    "9780441172719",
    "covers/../x",
]
SHORT = (st.sampled_from(NASTY) | st.text(max_size=20)).map(clean).filter(bool)
KEPT = [
    "Binding: Paperback",
    "Mine.\n\nRating: 3.75 of 5\nFirst published: 1965\nTimes read: 4",
    "First published: 2004\nTimes read: 1",
    "Times read: 3\n\nTimes read: 3",
    "Binding: =1+1\nBinding: again\nmore",
]
"""Notes as an import may have left them."""
LONG = (st.sampled_from(["", *NASTY, *KEPT]) | st.text(max_size=60)).map(clean)
DAYS = st.sampled_from(["", "2019", "2019-03", "2019-03-07", "1066-10-14", "2024-02-29"])
ISBNS = ["9780441172719", "9780140283297", "9791090724006", "9780306406157"]
EDITIONS = ["google_books:zyTCAlFPjgYC", "open_library:OL7353617M"]
FIELDS = {
    "title": SHORT,
    "subtitle": SHORT,
    "authors": st.lists(SHORT, min_size=1, max_size=3, unique=True).map(tuple),
    "publisher": SHORT,
    "published": st.sampled_from(["2004", "2004-05", "2004-05-11"]),
    "page_count": st.integers(1, 9999),
    "language": st.sampled_from(["en", "pt-BR"]),
    "categories": st.lists(SHORT, min_size=1, max_size=2, unique=True).map(tuple),
    "description": SHORT,
    "cover": st.just("https://covers.example/1.jpg"),
}
REST = {name: values for name, values in FIELDS.items() if name != "title"}
KNOWN = st.fixed_dictionaries({"title": SHORT}, optional=REST)
MINE = st.fixed_dictionaries(
    {},
    optional={
        "title": SHORT,
        "cover_file": st.none(),
        **{name: st.none() | values for name, values in REST.items() if name != "cover"},
    },
)
BASE = st.fixed_dictionaries(
    {},
    optional={
        "rating": st.integers(0, 10),
        "status": st.sampled_from(STATUSES),
        "tags": st.just(("sand",)),
        "readings": st.just(("2001/2002-03", "/2004")),
        "notes": st.just("0123456789abcdef"),
        "ident": st.just("goodreads:1234"),
    },
)


def distinct_tags(tags):
    return tuple({fold(tag) or tag: " ".join(tag.split()) for tag in tags}.values())


COPY = st.fixed_dictionaries(
    {
        "status": st.sampled_from(STATUSES),
        "rating": st.integers(0, 10),
        "minute": st.integers(0, 3),
        "started_on": DAYS,
        "finished_on": DAYS,
        "readings": st.lists(st.builds(Reading, DAYS, DAYS), max_size=3).map(tuple),
        "tags": st.lists(SHORT, max_size=3).map(distinct_tags),
        "mine": MINE,
        "given": KNOWN,
        "imported": BASE,
        "review": LONG,
        "notes": LONG,
        "copies": st.integers(0, 3),
        "book": st.none() | KNOWN,
    }
)
LIBRARIES = st.lists(COPY, max_size=8)


async def lay_out(storage, user, library):
    """The library in a storage: the first books have ISBNs, then editions, the rest neither."""
    copies = []
    for number, values in enumerate(library):
        values = dict(values)
        minute, fields = values.pop("minute"), values.pop("book")
        isbn = ISBNS[number] if number < 4 else None
        edition = EDITIONS[number - 4] if number in (4, 5) else None
        key = book_key(isbn, edition, f"form {number}")
        if "ident" in values["imported"]:
            values["imported"] = {**values["imported"], "ident": f"goodreads:{number}"}
        book = a_book(isbn, **fields) if isbn and fields else None
        if book:
            assert await storage.save_book(book, 0)
        copy = UserBook(
            user_book_id=user_book_id(user.user_id, key),
            user_id=user.user_id,
            book_id=book and book.book_id,
            isbn=isbn,
            edition=edition,
            added_at=NOON.replace(minute=minute, microsecond=minute * 1001),
            **values,
        )
        copies.append(place(copy, book))
    if copies:
        await added(storage, *copies)
    settle(storage)


def a_world(storage, folder, pictures=None):
    return World(
        storage=storage,
        queue=FakeQueue(),
        catalogues=(),
        files=LocalFiles(Path(folder) / "files"),
        pictures=pictures or FakePictures(),
        now=Clock(),
    )


async def exported(world, user, kind):
    settle(world.storage)
    return b"".join([piece async for piece in EXPORTS[kind].stream(world, user.user_id)])


async def imported(world, user, data, name):
    """The file imported into the account as its owner would."""
    import_id = f"import-{name}"
    upload = f"{plans.folder(user.user_id, import_id)}/upload"
    await world.files.put(upload, data)
    user = await world.storage.user(user.user_id)
    await imports.begin(world, user, import_id, "a file")
    await jobs.run(world, f"import-read:{user.user_id}:{import_id}")
    user = await world.storage.user(user.user_id)
    seen = await imports.look(world, user, import_id)
    assert (seen.stage, seen.message, seen.counts["broken"]) == ("preview", "", 0)
    assert seen.counts["doubtful"] == 0
    await imports.apply(world, user, import_id, overwrite=False, doubtful="skip", choices={})
    await jobs.run(world, f"import:{user.user_id}:{import_id}")
    seen = await imports.look(world, user, import_id)
    assert (seen.stage, seen.left) == ("done", 0)
    return seen


@pytest.fixture
def any_library(make_place, request):
    """Calls a test with many libraries, each in a storage of its own beside an empty one."""

    def run(test, libraries):
        @settings(
            max_examples=10 if request.node.callspec.id in EMULATED else 40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(libraries)
        def with_each(library):
            asyncio.run(_tried(make_place, test, library))

        with_each()

    return run


async def _tried(make_place, test, library):
    async with AsyncExitStack() as opened:
        worlds = []
        for name in ("alice", "bob"):
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            here = make_place(folder, Clock())
            opened.push_async_callback(here.close)
            worlds.append(a_world(await here.open(), folder))
            await worlds[-1].storage.add_user(a_user(name))
        alice, bob = a_user("alice"), a_user("bob")
        await lay_out(worlds[0].storage, alice, library)
        await test(worlds[0], alice, worlds[1], bob)


@pytest.mark.slow
def test_any_library_is_the_same_after_a_way_through_json(any_library):
    async def there_and_back(here, alice, there, bob):
        first = await exported(here, alice, "json")
        if json.loads(first)["books"]:
            await imported(there, bob, first, "json")
        assert await exported(there, bob, "json") == first

    any_library(there_and_back, LIBRARIES)


class Prepared(FakePictures):
    """Makes covers as the program does, without a process of its own."""

    async def cover(self, picture):
        return prepare_cover(picture)


@cache
def pictures_of(number):
    return prepare_cover(a_cover(number, (90, 130)))


async def give_covers(world, user):
    """Every second book has a picture of the catalogue's, every third one of its reader's own."""
    page = await world.storage.shelf(user.user_id, Query(), None, 100)
    for number, row in enumerate(page.rows):
        copy = (await world.storage.owned(user.user_id, [row.user_book_id]))[row.user_book_id]
        name = await kept_cover(world, number, "")
        if copy.book_id and number % 2:
            book = (await world.storage.books([copy.book_id]))[copy.book_id]
            fields = {**book.fields, "cover_file": name}
            assert await world.storage.save_book(
                replace(book, fields=fields, version=2), book.version
            )
        elif number % 2:
            given = {**copy.given, "cover_file": await kept_cover(world, number, user.user_id)}
            assert await world.storage.apply(
                user.user_id, [Change(copy, place(replace(copy, given=given), None))]
            )
        if number % 3 == 0:
            await covers.upload(
                world, user.user_id, copy.user_book_id, a_cover(number + 2, (90, 130))
            )


async def kept_cover(world, number, user_id):
    pictures = pictures_of(number)
    name = CoverName.of(pictures.large, pictures.width, pictures.height, own=bool(user_id))
    await store(world, name, pictures, user_id)
    return str(name)


@pytest.mark.slow
def test_any_library_with_its_covers_is_the_same_after_a_way_through_an_archive(any_library):
    async def there_and_back(here, alice, there, bob):
        here, there = (replace(world, pictures=Prepared()) for world in (here, there))
        await give_covers(here, alice)
        first = await exported(here, alice, "zip")
        assert zipfile.ZipFile(BytesIO(first)).testzip() is None
        if (await exported(here, alice, "json")).count(b"\n") > 2:
            await imported(there, bob, first, "zip")
        assert await exported(there, bob, "zip") == first

    any_library(there_and_back, LIBRARIES)


def told_apart(library):
    """The same with titles that differ: without ISBN a CSV has nothing else to tell books apart."""
    for number, values in enumerate(library[4:], 4):
        title = values["mine"].get("title") or values["given"]["title"]
        values["mine"]["title"] = f"{title} no {number}"
    return library


@pytest.mark.slow
def test_any_library_makes_the_same_goodreads_file_after_a_way_through_it(any_library):
    async def there_and_back(here, alice, there, bob):
        first = await exported(here, alice, "goodreads")
        if first.count(b"\n") > 1:
            await imported(there, bob, first, "goodreads")
        assert (await exported(there, bob, "goodreads")).decode() == first.decode()

    any_library(there_and_back, LIBRARIES.map(told_apart))
