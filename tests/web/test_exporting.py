"""Taking the library out: the page, the files, and files that are made ahead by a job."""

import csv
import io
import json
import zipfile
from dataclasses import replace

import pytest

from booklib import jobs
from booklib.app import create_app
from booklib.transfer import exporting
from tests.factories import a_copy, a_user, added
from tests.web.conftest import HX, page_of

FILES = {
    "library.json": ("application/json", "book-library-2026-11-01.json"),
    "library.zip": ("application/zip", "book-library-2026-11-01.zip"),
    "goodreads.csv": ("text/csv; charset=utf-8", "book-library-2026-11-01.csv"),
}


@pytest.fixture
async def books(site):
    alice = (await site.user()).user_id
    await added(
        site.storage,
        a_copy("=1+1", user_id=alice, tags=("to lend",)),
        a_copy("Dune", user_id=alice, minute=1, rating=9),
        a_copy("Gone", user_id=alice, minute=2, deleted_at=site.clock()),
    )
    mallory = (await site.stranger()).user_id
    await added(site.storage, a_copy("Another reader's", user_id=mallory))


async def test_the_page_says_what_each_file_is_for(client, books):
    page = await page_of(await client.get("/export"))
    for file in FILES:
        assert f'href="/export/{file}" download' in page
    assert "holds your 2 books" in page
    assert "books in the trash stay here" in page
    assert 'href="/import"' in page


@pytest.mark.parametrize("file", FILES)
async def test_a_file_is_sent_as_an_attachment_that_names_the_day(client, books, file):
    answer = await client.get(f"/export/{file}")
    assert answer.status_code == 200
    kind, name = FILES[file]
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Content-Encoding" not in answer.headers


async def test_the_files_hold_the_readers_own_books_and_nobody_elses(client, books):
    told = json.loads(await page_of(await client.get("/export/library.json")))
    assert [book["mine"]["title"] for book in told["books"]] == ["=1+1", "Dune"]
    table = io.StringIO(await page_of(await client.get("/export/goodreads.csv")))
    rows = list(csv.DictReader(table))
    assert [row["Title"] for row in rows] == ["'=1+1", "Dune"]
    assert [row["My Rating"] for row in rows] == ["0", "4.5"]
    archive = await (await client.get("/export/library.zip")).get_data(as_text=False)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert json.loads(opened.read("library.json")) == told


async def test_the_file_names_the_day_where_the_reader_is(client, site, books):
    await client.post("/account", form={"time_zone": "Pacific/Kiritimati", "view": "cards"})
    answer = await client.get("/export/library.json")
    assert "2026-11-02.json" in answer.headers["Content-Disposition"]


async def test_an_empty_library_can_be_taken_out_too(client):
    answer = await client.get("/export/library.json")
    assert json.loads(await page_of(answer))["books"] == []


async def test_another_file_is_not_found(client):
    assert (await client.get("/export/everything.exe")).status_code == 404
    assert (await client.post("/export/everything.exe")).status_code == 404


class Linking:
    """Files with addresses of their own, as a bucket has."""

    def __init__(self, files):
        self._files = files

    def __getattr__(self, name):
        return getattr(self._files, name)

    async def link(self, name, file_name):
        return f"https://files.example/{name}?as={file_name}"


@pytest.fixture
async def ahead(site, books):
    """The same site where answers cannot be streamed."""
    site.world = replace(site.world, files=Linking(site.files))
    site.app = create_app(site.settings, site.world, streams=False)
    async with site.app.test_app():
        yield site


async def test_a_file_that_cannot_be_streamed_is_made_by_a_job_and_then_linked(ahead):
    client = ahead.client(await ahead.user())
    assert (await client.get("/export/library.json")).headers["Location"] == "/export"
    answer = await client.post("/export/library.json")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/export")
    page = await page_of(await client.get("/export"))
    assert "It is being made." in page
    assert 'hx-get="/export?poll=1"' in page
    job_id = f"export:{(await ahead.user()).user_id}:json"
    assert ahead.queue.rung == [job_id]
    assert await jobs.run(ahead.world, job_id)
    piece = await page_of(await client.get("/export?poll=1", headers=HX))
    assert "hx-get" not in piece
    assert 'href="/export/library.json"' in piece
    answer = await client.get("/export/library.json")
    assert answer.status_code == 303
    address = answer.headers["Location"]
    assert address.startswith(f"https://files.example/exports/{(await ahead.user()).user_id}/")
    assert address.endswith("book-library-2026-11-01.json?as=book-library-2026-11-01.json")
    (name,) = (name for name in ahead.files.kept if name.startswith("exports/"))
    assert len(json.loads(ahead.files.kept[name])["books"]) == 2


async def test_a_new_export_takes_the_place_of_the_one_before(ahead):
    client = ahead.client(await ahead.user())
    job_id = f"export:{(await ahead.user()).user_id}:zip"
    kept = []
    for _ in range(2):
        await client.post("/export/library.zip")
        await client.post("/export/library.zip")
        assert await jobs.run(ahead.world, job_id)
        kept.append([name for name in ahead.files.kept if name.startswith("exports/")])
    assert len(kept[0]) == len(kept[1]) == 1
    assert kept[0] != kept[1]


async def test_a_strangers_export_is_not_to_be_had(ahead):
    client = ahead.client(await ahead.user())
    await client.post("/export/library.json")
    await jobs.run(ahead.world, f"export:{(await ahead.user()).user_id}:json")
    mallory = ahead.client(await ahead.stranger())
    answer = await mallory.get("/export/library.json")
    assert answer.headers["Location"] == "/export"


async def test_an_export_that_never_comes_to_its_end_is_given_up_with_what_would_help(ahead):
    alice = await ahead.user()
    client = ahead.client(alice)
    await client.post("/export/library.json")
    job_id = f"export:{alice.user_id}:json"
    stored = await ahead.storage.job(job_id)
    assert await ahead.storage.save_job(
        stored, replace(stored, payload={**stored.payload, "begun": 3})
    )
    await jobs.run(ahead.world, job_id)
    page = await page_of(await client.get("/export"))
    assert "booklib export" in page
    assert "Make it anew" in page


async def test_nothing_is_kept_of_an_account_that_closes_meanwhile(ahead):
    await ahead.storage.add_user(a_user("leaving", closing_at=ahead.clock()))
    leaving = await ahead.user("leaving")
    await exporting.ask_for(ahead.world, leaving, "json")
    await jobs.run(ahead.world, f"export:{leaving.user_id}:json")
    assert not [name for name in ahead.files.kept if name.startswith("exports/")]
