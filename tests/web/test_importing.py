"""Import pages: a file is looked at before anything is written, and one click takes it all back."""

import re
from datetime import date
from html import unescape
from io import BytesIO

import pytest
from openpyxl import Workbook

from booklib import jobs
from booklib.app import create_app
from booklib.errors import TryLater
from booklib.models import Query
from booklib.models.shelf import unpack_card
from booklib.transfer.imports import job_id
from booklib.web import arriving
from booklib.web.uploads import MAX_FILE
from tests.factories import a_copy, added
from tests.goodreads import NAMELESS, goodreads_csv
from tests.web.conftest import HX, Site, page_of

BOUNDARY = "a-line-between-parts"
KIND = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
OWN_TABLE = "Titel,Kürzel,Ort\r\nDer Zauberberg,TM,oben\r\nEffi Briest,TF,unten\r\n".encode()
UNKNOWN_TABLE = b"Aa,Bb\r\nThe Magic Mountain,shelf 3\r\nEffi Briest,shelf 4\r\n"


def body_of(data, name="goodreads_library_export.csv", field="file"):
    """A form with one file, as browsers send it."""
    head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    line = f"--{BOUNDARY}"
    return (
        f"{line}\r\n{head}Content-Type: text/csv\r\n\r\n".encode()
        + data
        + (f"\r\n{line}--\r\n".encode())
    )


def workbook(*rows):
    """A table as a spreadsheet program stores it."""
    book, file = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


async def hand_in(client, data, name="goodreads_library_export.csv"):
    return await client.post("/import", data=body_of(data, name), headers=KIND)


async def work(site):
    """Do all that the queue was rung for."""
    while site.queue.rung:
        await jobs.run(site.world, site.queue.rung.pop(0))


async def previewed(site, client, data=None, name="goodreads_library_export.csv"):
    """The address of an import whose file has been read."""
    answer = await hand_in(client, goodreads_csv() if data is None else data, name)
    assert answer.status_code == 303
    await work(site)
    return answer.headers["Location"]


async def imported(site, client, data=None, **form):
    """The address of an import that is done."""
    url = await previewed(site, client, data)
    assert (await client.post(f"{url}/apply", form=form)).status_code == 303
    await work(site)
    return url


async def titles(site):
    user = await site.user()
    shelf = await site.storage.shelf(user.user_id, Query(), None, 100)
    return [row.card for row in shelf.rows]


async def test_the_page_tells_which_programs_are_known_and_takes_a_file(client):
    page = await page_of(await client.get("/import"))
    assert 'enctype="multipart/form-data"' in page
    assert "Goodreads" in page
    assert "StoryGraph" in page
    assert "At most 500 MB" in page
    assert "Your last import" not in page


async def test_a_file_is_previewed_imported_and_taken_back(site, client):
    url = await previewed(site, client)
    page = await page_of(await client.get(url))
    assert "This is what would happen" in page
    assert "Import 29 books" in page
    assert f"Row </span>{NAMELESS}" in page
    assert "goodreads_library_export.csv" in page
    assert await titles(site) == []
    assert (await client.post(f"{url}/apply")).headers["Location"] == url
    assert "<progress" in await page_of(await client.get(url))
    await work(site)
    page = await page_of(await client.get(url))
    assert "New on your shelf" in page
    assert len(await titles(site)) == 29
    overview = await page_of(await client.get("/import"))
    assert "29 new books, 0 changed." in overview
    assert (await client.post(f"{url}/undo")).headers["Location"] == url
    await work(site)
    assert "Taken back" in await page_of(await client.get(url))
    assert await titles(site) == []
    assert "It was taken back." in await page_of(await client.get("/import"))


OWN_WORDS = """Titel;Autor;Beendet am;Bewertung;Status;Schlagworte
Der Zauberberg;Thomas Mann;03.07.2019;4,5;gelesen;Berge, Liegestuhl
Effi Briest;Theodor Fontane;;;zu lesen;
;;;;;
"""


async def test_what_a_file_says_is_shown_in_all_and_row_by_row(site, client):
    url = await previewed(site, client, OWN_WORDS.encode(), "liste.csv")
    page = re.sub(r"<[^>]+>", "", await page_of(await client.get(url)))
    assert "2 rows: 1 read, 1 to read, 1 with a rating, 1 with dates, 1 with tags." in page
    assert "Read · 4½ stars · finished 3 July 2019 · tagged Berge, Liegestuhl" in page


async def test_a_workbook_is_previewed_and_imported(site, client):
    rows = [("Title", "Author", "Date Read"), ("Dune", "Frank Herbert", date(2019, 3, 7))]
    url = await previewed(site, client, workbook(*rows), "books.xlsx")
    assert "finished 7 March 2019" in await page_of(await client.get(url))
    assert (await client.post(f"{url}/apply")).status_code == 303
    await work(site)
    assert [unpack_card(card).title for card in await titles(site)] == ["Dune"]


async def test_the_report_tells_how_the_look_ups_stand(site, client):
    url = await previewed(site, client)
    await client.post(f"{url}/apply")
    site.catalogue.fault = TryLater("Open Library does not answer.")
    await work(site)
    page = await page_of(await client.get(url))
    assert "0 of 29 so far" in page
    assert "Just now: Open Library does not answer. Next try within a minute." in page
    site.catalogue.fault = None
    enrich = job_id("enrich", (await site.user()).user_id, url.rpartition("/")[2])
    for _ in range(3):
        site.clock.advance(minutes=1)
        await jobs.run(site.world, enrich)
    page = await page_of(await client.get(url))
    assert "what they know is on your shelf" in page


async def test_the_same_file_again_has_nothing_to_import(site, client):
    await imported(site, client)
    page = await page_of(await client.get(await previewed(site, client)))
    assert "There is nothing to import" in page
    assert "Import all the same" in page


async def test_the_rows_that_were_left_come_as_a_file_that_can_be_mended(site, client):
    url = await imported(site, client)
    answer = await client.get(f"{url}/left.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="books-to-mend.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = (await answer.get_data()).decode("utf-8-sig")
    assert text.startswith("Problem,Book Id,Title,")
    assert text.count("\n") == 2
    mended = text.replace(",,Ada  ", ",Now it has a title,Ada  ", 1)
    again = await previewed(site, client, mended.encode())
    assert "Import 1 book" in await page_of(await client.get(again))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (body_of(b"", name=""), arriving.NO_FILE),
        (body_of(b"", name="empty.csv"), "The file empty.csv is empty."),
        (body_of(b"Title\r\nDune\r\n")[:-40], arriving.BROKEN),
        (body_of(b"Title\r\nDune\r\n", field="picture"), arriving.NO_FILE),
        (b"", arriving.BROKEN),
    ],
    ids=["nothing chosen", "empty", "broken off", "another field", "no body"],
)
async def test_what_is_no_file_comes_back_with_a_sentence_at_the_field(client, site, body, problem):
    answer = await client.post("/import", data=body, headers=KIND)
    assert answer.status_code == 422
    page = unescape(await page_of(answer))
    assert f'role="alert">{problem}</p>' in page
    assert 'aria-invalid="true"' in page
    assert (await site.user()).last_import == ""


async def test_a_form_that_is_not_multipart_has_no_file(client):
    answer = await client.post("/import", form={"file": "books.csv"})
    assert answer.status_code == 422
    assert arriving.NO_FILE in await page_of(answer)


async def test_a_file_that_is_too_large_is_refused_at_the_field(client):
    headers = KIND | {"Content-Length": str(MAX_FILE + 1)}
    answer = await client.post("/import", data=body_of(b"x"), headers=headers)
    assert answer.status_code == 413
    assert "larger than 500 MB" in await page_of(answer)


async def test_a_platform_that_takes_less_says_so(settings):
    site = Site(settings)
    site.app = create_app(settings, site.world, max_upload=4_400 * 1024)
    alice = await site.add("alice")
    async with site.app.test_app():
        client = site.client(alice)
        assert "At most 4 MB" in await page_of(await client.get("/import"))
        answer = await hand_in(client, bytes(4_400 * 1024))
        assert answer.status_code == 413
        assert "larger than 4 MB" in await page_of(answer)


async def test_a_file_that_is_no_table_is_told_why(site, client):
    url = await previewed(site, client, b"%PDF-1.7\n\x00\x01 not a table", name="books.csv")
    page = await page_of(await client.get(url))
    assert "This file cannot be read" in page
    assert "PDF" in page
    assert "Try another file" in page
    assert "<progress" not in page


async def test_a_file_with_unknown_headings_asks_what_they_hold_and_remembers_it(site, client):
    url = await previewed(site, client, UNKNOWN_TABLE)
    page = await page_of(await client.get(url))
    assert "What do the columns hold?" in page
    assert "The Magic Mountain" in page
    wrong = await client.post(f"{url}/columns", form={"column-0": "a-field-there-is-not"})
    assert wrong.status_code == 422
    assert "A column cannot hold that" in await page_of(wrong)
    answer = await client.post(f"{url}/columns", form={"column-0": "title", "column-1": ""})
    assert answer.headers["Location"] == url
    await work(site)
    assert "Import 2 books" in await page_of(await client.get(url))
    again = await previewed(site, client, UNKNOWN_TABLE)
    assert "Import 2 books" in await page_of(await client.get(again))


async def test_headings_that_are_understood_can_still_be_mapped_otherwise(site, client):
    url = await previewed(site, client, OWN_TABLE)
    page = await page_of(await client.get(url))
    assert "A column was misunderstood?" in page
    await client.post(f"{url}/columns", form={"column-1": "tags"})
    await work(site)
    page = await page_of(await client.get(url))
    assert re.search(r'<option value="tags" selected>', page)


async def test_what_may_be_a_book_of_ones_own_is_asked(site, client):
    await added(site.storage, a_copy("Effi Briest", "Theodor Fontane"))
    table = b"Title,Author\r\nEffi Briest,Theodor Fontane\r\nDune,Frank Herbert\r\n"
    url = await previewed(site, client, table)
    page = await page_of(await client.get(url))
    assert "What about this one?" in page
    assert "They are the same books" in page
    refused = await client.post(f"{url}/apply", form={"choice-2": "skip"})
    assert refused.status_code == 422
    page = await page_of(refused)
    assert "Please say first" in page
    assert '<option value="skip" selected>' in page
    await client.post(f"{url}/apply", form={"doubtful": "add", "choice-2": "skip"})
    await work(site)
    assert len(await titles(site)) == 2
    assert "1 row of the file is not on your shelf" in await page_of(await client.get(url))


async def test_a_running_import_asks_for_its_next_piece_and_one_that_is_done_does_not(site, client):
    url = (await hand_in(client, goodreads_csv())).headers["Location"]
    page = await page_of(await client.get(url))
    assert f'hx-get="{url}?stage=reading&amp;poll=1"' in page
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
    piece = await page_of(await client.get(f"{url}?stage=reading&poll=1", headers=HX))
    assert "<html" not in piece
    assert 'hx-target="#import-progress"' in piece
    assert f'hx-get="{url}?stage=reading&amp;poll=2"' in piece
    late = await page_of(await client.get(f"{url}?stage=reading&poll=900", headers=HX))
    assert "load delay:5s" in late
    await work(site)
    piece = await page_of(await client.get(f"{url}?stage=reading&poll=2", headers=HX))
    assert 'hx-target="#import"' in piece
    assert "hx-get" not in piece


async def test_an_import_is_nobody_elses(site, client):
    url = await imported(site, client)
    mallory = site.client(await site.stranger())
    for answer in (
        await mallory.get(url),
        await mallory.get(f"{url}/left.csv"),
        await mallory.post(f"{url}/apply"),
        await mallory.post(f"{url}/columns"),
        await mallory.post(f"{url}/undo"),
        await client.get("/import/never-there"),
        await client.get("/import/AAAAAAAAAAAAAAAAAAAAAA"),
    ):
        assert answer.status_code == 404
    assert len(await titles(site)) == 29


# Where the browser stores the file by itself


async def direct(site, client):
    """Name of the file in the bucket, and the address behind it, as the form of the page says."""
    site.files.forms = "https://files.example/bucket"
    page = unescape(await page_of(await client.get("/import")))
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page))
    return fields["key"], fields["success_action_redirect"]


async def test_a_browser_may_store_the_file_itself(site, client):
    name, then = await direct(site, client)
    answer = await client.get("/import")
    page = await page_of(answer)
    assert 'action="https://files.example/bucket"' in page
    assert page.index('type="hidden"') < page.index('type="file"') < page.index("Read the file")
    policy = answer.headers.get_all("Content-Security-Policy")
    assert len(policy) == 1
    assert "form-action 'self' https://files.example;" in policy[0]
    elsewhere = (await client.get("/help")).headers["Content-Security-Policy"]
    assert "form-action 'self';" in elsewhere
    await site.files.put(name, goodreads_csv())
    assert then.startswith("http://localhost/import/uploaded?id=")
    for _ in range(2):
        landed = await client.get(f"{then}&bucket=b&key={name}&etag=e")
        assert landed.status_code == 303
        await work(site)
    url = landed.headers["Location"]
    assert name.split("/")[2] == url.removeprefix("/import/")
    assert "Import 29 books" in await page_of(await client.get(url))


async def test_nobody_else_can_make_up_where_a_browser_lands(site, client):
    _, then = await direct(site, client)
    mallory = site.client(await site.stranger())
    assert (await mallory.get(then)).status_code == 404
    assert (await client.get("/import/uploaded?id=AAAAAAAAAAAAAAAAAAAAAA")).status_code == 404
    assert (await client.get("/import/uploaded")).status_code == 404
    assert (await site.user()).last_import == ""
