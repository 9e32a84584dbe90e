"""Tags, earlier readings, review, copies and vague dates: as forms, as fragments, and undone."""

from html import unescape

import pytest

from booklib.models import Reading
from tests.factories import a_copy, added
from tests.web.conftest import HX, page_of

PANEL = HX | {"HX-Target": "section#book-panel"}
READ = {"status": "read", "started_on": "2026-03-01", "finished_on": "2026-03-09"}


@pytest.fixture
async def keep(site):
    """Put a book of alice's on the shelf; the answer is its address."""

    async def keep(**values):
        book = await added(site.storage, a_copy(user_id=(await site.user()).user_id, **values))
        return f"/books/{book.user_book_id}"

    return keep


@pytest.fixture
def stored(site):
    async def stored(url):
        ident = url.removeprefix("/books/")
        return (await site.storage.owned((await site.user()).user_id, [ident]))[ident]

    return stored


# Tags


async def test_tags_are_saved_by_a_plain_form(client, keep, stored):
    url = await keep()
    answer = await client.post(f"{url}/tags", form={"tags": "Été, to lend\r\nsand , ,ete"})
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert (await stored(url)).tags == ("Été", "to lend", "sand")
    page = await page_of(await client.get(url))
    assert "Tags saved." in page
    assert '<a href="/library?q=to%20lend"><bdi>to lend</bdi></a>' in page
    assert ">\nÉté, to lend, sand</textarea>" in page


async def test_tags_are_saved_in_place_and_undone(client, keep, stored):
    url = await keep(tags=("sand", "with, comma"))
    form = {"was-tags": "sand\nwith, comma", "tags": "sand\nwith, comma\nnew, newer"}
    page = await page_of(await client.post(f"{url}/tags", form=form, headers=HX))
    assert page.startswith('<section class="book-tags" id="book-tags"')
    assert (await stored(url)).tags == ("sand", "with, comma", "new", "newer")
    assert 'hx-target="#book-tags"' in page
    await client.post(f"{url}/tags", form={"was-tags": form["tags"], "tags": ""})
    undo = {"tags": "with, comma\nnew", "was-tags": "", "undo": "1"}
    page = await page_of(await client.post(f"{url}/tags", form=undo, headers=HX))
    assert {"with, comma", "new"} <= {*(await stored(url)).tags}
    assert "Undone." in page


async def test_tags_that_another_window_added_stay(client, keep, stored):
    url = await keep(tags=("sand",))
    await client.post(f"{url}/tags", form={"was-tags": "sand", "tags": "sand, first"})
    await client.post(f"{url}/tags", form={"was-tags": "sand", "tags": "second"})
    assert (await stored(url)).tags == ("second", "first")


@pytest.mark.parametrize("tags", ["x" * 101, ",".join(f"t{n}" for n in range(101))])
async def test_tags_that_do_not_fit_come_back(client, keep, stored, tags):
    url = await keep(tags=("sand",))
    for headers in ({}, HX):
        answer = await client.post(f"{url}/tags", form={"tags": tags}, headers=headers)
        page = await page_of(answer)
        assert answer.status_code == 422
        assert "101" in page
        assert f">\n{tags}</textarea>" in page
    assert (await stored(url)).tags == ("sand",)


async def test_a_tag_finds_its_books(client, keep):
    url = await keep()
    await client.post(f"{url}/tags", form={"tags": "Böhmisches Dorf"})
    shelf = await page_of(await client.get("/library?q=bohmisch"))
    assert url in shelf
    await client.post(f"{url}/tags", form={"tags": ""}, headers=HX)
    assert url not in await page_of(await client.get("/library?q=bohmisch"))


async def test_markup_in_a_tag_and_a_review_is_only_text(client, keep):
    url = await keep()
    nasty = "</textarea><script>alert(1)</script>"
    await client.post(f"{url}/tags", form={"tags": f"{nasty}\n\"'><b>"})
    await client.post(f"{url}/review", form={"review": nasty})
    page = await page_of(await client.get(url))
    assert "<script>alert" not in page
    assert "'><b>" not in page


# Earlier readings


async def test_an_earlier_reading_is_added_and_removed_by_plain_forms(client, keep, stored):
    url = await keep(**READ)
    answer = await client.post(f"{url}/readings", form={"started": "2004", "finished": "2004-05"})
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert (await stored(url)).readings == (Reading("2004", "2004-05"),)
    page = await page_of(await client.get(url))
    assert "2004 to May 2004" in page
    assert "Read twice" in page
    assert "Reading added." in page
    await client.post(f"{url}/readings/remove", form={"started": "2004", "finished": "2004-05"})
    assert (await stored(url)).readings == ()


async def test_readings_change_in_place_with_an_undo(client, keep, stored):
    url = await keep(**READ, readings=(Reading("", "2003"),))
    added_ = await page_of(
        await client.post(f"{url}/readings", form={"finished": "2010-02-03"}, headers=HX)
    )
    assert added_.startswith('<section class="book-readings" id="book-readings"')
    assert "Finished 3 February 2010" in added_
    assert '<hx-partial hx-target="#times-read" hx-swap="innerHTML">Read 3 times<' in added_
    assert f'hx-post="{url}/readings/remove" hx-target="#book-readings"' in added_
    removed = await page_of(
        await client.post(f"{url}/readings/remove", form={"finished": "2010-02-03"}, headers=HX)
    )
    assert "Reading removed." in removed
    undo = {"started": "", "finished": "2010-02-03", "undo": "1"}
    page = await page_of(await client.post(f"{url}/readings", form=undo, headers=HX))
    assert "Undone." in page
    assert len((await stored(url)).readings) == 2
    twice = await page_of(
        await client.post(f"{url}/readings", form={"finished": "2010-02-03"}, headers=HX)
    )
    assert "That reading is there already." in twice
    assert len((await stored(url)).readings) == 2


@pytest.mark.parametrize(
    ("started", "finished"),
    [("", ""), ("soon", "2004"), ("", "2004-13"), ("2004-03", "2003"), ("x" * 5000, "")],
)
async def test_a_wrong_reading_is_told_and_comes_back(client, keep, stored, started, finished):
    url = await keep(**READ)
    form = {"started": started, "finished": finished}
    for headers in ({}, HX):
        answer = await client.post(f"{url}/readings", form=form, headers=headers)
        page = await page_of(answer)
        assert answer.status_code == 422
        assert page.count('class="field-error"') == 1
        assert f'name="started" value="{started}"' in page
        assert page.count("autofocus") == 1
    assert (await stored(url)).readings == ()


async def test_a_book_is_read_again(client, keep, stored):
    url = await keep(**READ, readings=(Reading("", "2003"),))
    assert f'action="{url}/read-again"' in await page_of(await client.get(url))
    answer = await client.post(f"{url}/read-again")
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    after = await stored(url)
    assert (after.status, after.started_on, after.finished_on) == ("reading", "2026-11-01", "")
    assert after.readings == (Reading("", "2003"), Reading("2026-03-01", "2026-03-09"))
    page = await page_of(await client.get(url))
    assert "Reading it again" in page
    assert "1 March 2026 to 9 March 2026" in page
    assert "Read twice" in page
    assert f'action="{url}/read-again" method="post" hx-post' in page, "the undo is in the toast"


async def test_reading_again_in_place_answers_panel_readings_counts_and_undo(client, keep, stored):
    url = await keep(**READ)
    page = await page_of(await client.post(f"{url}/read-again", headers=PANEL))
    assert 'id="book-panel"' in page
    assert '<hx-partial hx-target="#book-readings" hx-swap="outerHTML">' in page
    assert '<span class="count" id="count-reading" hx-swap-oob="true">1</span>' in page
    assert 'hx-target="#book-panel" hx-swap="outerHTML"><input type="hidden" name="status"' in page
    undo = {"status": "read", "started": "2026-03-01", "finished": "2026-03-09", "undo": "1"}
    back = await page_of(await client.post(f"{url}/read-again", form=undo, headers=PANEL))
    after = await stored(url)
    assert (after.status, after.started_on, after.finished_on) == tuple(READ.values())
    assert after.readings == ()
    assert "Undone." in back
    assert "Undo</button>" not in back


@pytest.mark.parametrize("undo", [{"status": "owned"}, {"status": "read", "started": "x"}])
async def test_a_wrong_undo_is_told(client, keep, stored, undo):
    url = await keep(**READ)
    for headers in ({}, PANEL):
        answer = await client.post(f"{url}/read-again", form=undo | {"undo": "1"}, headers=headers)
        assert answer.status_code == 422
    assert (await stored(url)).status == "read"


# Vague dates and the fourth status


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        ("", '<input type="date" min="1000-01-01" max="9999-12-31" id="started"'),
        ("2019-03-07", '<input type="date" min="1000-01-01" max="9999-12-31" id="started"'),
        ("2019-03", '<input maxlength="40" autocomplete="off" id="started"'),
        ("2019", '<input maxlength="40" autocomplete="off" id="started"'),
    ],
)
async def test_a_date_is_kept_as_precise_as_it_was(client, keep, stored, day, shown):
    url = await keep(status="reading", started_on=day)
    page = await page_of(await client.get(url))
    assert shown in page
    assert f'name="started" value="{day}"' in page
    form = {"status": "reading", "started": day, "finished": ""}
    await client.post(f"{url}/status", form=form)
    assert (await stored(url)).started_on == day


async def test_a_vague_date_can_be_asked_for(client, keep):
    url = await keep()
    assert f'href="{url}?dates=vague#book-panel"' in await page_of(await client.get(url))
    page = await page_of(await client.get(f"{url}?dates=vague"))
    assert 'type="date"' not in page
    assert "2004-05" in page


async def test_a_book_given_up_was_stopped_and_not_finished(client, keep, stored):
    url = await keep(status="reading", started_on="2026-10")
    page = await page_of(
        await client.post(f"{url}/status", form={"status": "did-not-finish"}, headers=PANEL)
    )
    after = await stored(url)
    assert (after.status, after.started_on, after.finished_on) == ("did-not-finish", "2026-10", "")
    assert "Moved to Did not finish." in page
    assert '<label for="finished">Stopped</label>' in page
    assert '<span class="count" id="count-did-not-finish" hx-swap-oob="true">1</span>' in page
    assert "Read it again" in page
    shelf = await page_of(await client.get("/library?status=did-not-finish"))
    assert url in shelf
    assert "<title>Did not finish (1) · Book Library</title>" in shelf


async def test_an_empty_list_of_books_given_up_says_so(client, keep):
    await keep()
    page = await page_of(await client.get("/library?status=did-not-finish"))
    assert "No book was given up" in page


@pytest.mark.parametrize("status", ["read", "did-not-finish"])
async def test_an_end_before_the_start_is_told(client, keep, stored, status):
    url = await keep(status=status)
    form = {"status": status, "started": "2019-03", "finished": "2018"}
    answer = await client.post(f"{url}/status", form=form, headers=PANEL)
    assert answer.status_code == 422
    assert "before it was started" in await page_of(answer)
    form = {"status": status, "started": "2019-03", "finished": "2019"}
    await client.post(f"{url}/status", form=form)
    assert (await stored(url)).finished_on == "2019"


async def test_a_form_that_was_mended_leads_back_to_its_book(client, keep):
    url = await keep(status="read")
    mended = {"Referer": f"http://localhost{url}/status"}
    answer = await client.post(f"{url}/status", form={"status": "read"}, headers=mended)
    assert (answer.status_code, answer.headers["Location"]) == (303, url)


# Review and copies


async def test_a_review_is_saved_in_place_and_by_a_plain_form(client, keep, stored):
    url = await keep()
    form = {"review": "Sand.\r\n\r\nMore sand.", "edit": "1"}
    page = await page_of(await client.post(f"{url}/review", form=form, headers=HX))
    assert page.startswith('<section class="book-review" id="book-review"')
    assert "<p>Sand.</p>" in page
    assert "<p>More sand.</p>" in page
    assert "Your review is saved." in page
    answer = await client.post(f"{url}/review", form={"review": "From a script"})
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert (await stored(url)).review == "From a script"
    assert "Your review is saved." in await page_of(await client.get(url))


async def test_review_and_notes_of_one_page_are_no_conflict(client, keep):
    url = await keep()
    page = await page_of(
        await client.post(f"{url}/review", form={"review": "Good", "edit": "1"}, headers=HX)
    )
    assert '<hx-partial hx-target="#notes-edit[value=&#34;1&#34;]" hx-swap="outerHTML">' in page
    assert '<input type="hidden" id="notes-edit" name="edit" value="2">' in page
    page = await page_of(
        await client.post(f"{url}/notes", form={"notes": "Lent", "edit": "2"}, headers=HX)
    )
    assert '<hx-partial hx-target="#review-edit[value=&#34;2&#34;]" hx-swap="outerHTML">' in page


async def test_a_stale_review_is_told_and_neither_text_is_lost(client, keep, stored):
    url = await keep()
    await client.post(f"{url}/review", form={"review": "The first window", "edit": "1"})
    for headers in ({}, HX):
        form = {"review": "The second window", "edit": "1"}
        answer = await client.post(f"{url}/review", form=form, headers=headers)
        page = await page_of(answer)
        assert answer.status_code == 409
        assert "<p>The first window</p>" in page
        assert ">\nThe second window</textarea>" in page
        assert "Save mine anyway" in page
    assert (await stored(url)).review == "The first window"


async def test_a_review_that_is_too_long_comes_back(client, keep, stored):
    url = await keep()
    text = "x" * 40_001
    for headers in ({}, HX):
        answer = await client.post(f"{url}/review", form={"review": text}, headers=headers)
        page = await page_of(answer)
        assert answer.status_code == 422
        assert "40,001" in page
        assert text in page
    assert (await stored(url)).review == ""


async def test_a_long_review_is_shown_from_its_beginning(client, keep):
    text = "\n\n".join(f"Paragraph {n} " + "and on " * 100 for n in range(20))
    url = await keep(review=text)
    page = unescape(await page_of(await client.get(url)))
    beginning, _, rest = page.partition("Read on")
    assert "<p>Paragraph 0 " in beginning
    assert "<p>Paragraph 19 " not in beginning
    assert "<p>Paragraph 19 " in rest


async def test_copies_are_counted_on_the_edit_form(client, keep, stored):
    url = await keep()
    form = {"title": "Dune", "copies": "2", "was-copies": ""}
    assert (await client.post(f"{url}/edit", form=form)).status_code == 303
    assert (await stored(url)).copies == 2
    assert "<dd>2 copies</dd>" in await page_of(await client.get(url))
    assert 'name="copies" value="2"' in await page_of(await client.get(f"{url}/edit"))
    await client.post(f"{url}/edit", form={"copies": "2", "was-copies": "2"})
    await client.post(f"{url}/edit", form={"copies": "", "was-copies": "2"})
    assert (await stored(url)).copies == 0


@pytest.mark.parametrize("copies", ["-1", "1000", "two", "1.5", "9" * 9000])
async def test_copies_are_a_whole_number(client, keep, stored, copies):
    url = await keep(copies=1)
    answer = await client.post(f"{url}/edit", form={"copies": copies})
    page = await page_of(answer)
    assert answer.status_code == 422
    assert 'id="copies-error"' in page
    assert f'name="copies" value="{copies}"' in page
    assert (await stored(url)).copies == 1
