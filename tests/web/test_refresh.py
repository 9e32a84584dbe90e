"""Looking a book up again: shown before it is applied, and nothing of the reader's is touched."""

from html import unescape

import pytest

from booklib import jobs, library
from booklib.errors import Refused, TryLater
from booklib.ports import Found
from tests.factories import a_book, a_copy, added
from tests.web.conftest import HX, page_of

ISBN = "9780441172719"


@pytest.fixture
async def dune(site):
    """A copy of a Book that the catalogue would tell differently by now."""
    await site.storage.save_book(a_book(ISBN, publisher="Ace"), 0)
    site.catalogue.editions[:] = [
        Found(
            ISBN,
            "open_library:1",
            {
                "title": "Dune: the novel",
                "authors": ("Frank Herbert",),
                "publisher": "Ace",
                "page_count": 535,
            },
        )
    ]
    return (await library.add_isbn(site.world, await site.user(), ISBN)).user_book


async def asked(client, site, dune):
    """The answer to asking, and the page after the job has run."""
    url = f"/books/{dune.user_book_id}/refresh"
    answer = await client.post(url)
    pending = await page_of(await client.get(url))
    for job_id in site.queue.rung:
        await jobs.run(site.world, job_id)
    return answer, pending, unescape(await page_of(await client.get(url)))


async def version_of(page):
    return page.partition('name="version" value="')[2].partition('"')[0]


async def title_of(client, dune):
    page = await page_of(await client.get(f"/books/{dune.user_book_id}"))
    return page.partition("<title>")[2].partition(" · ")[0]


async def test_what_would_change_is_shown_and_then_applied(client, site, dune):
    answer, pending, page = await asked(client, site, dune)
    url = f"/books/{dune.user_book_id}"
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{url}/refresh")
    assert "Asking the catalogues" in pending
    assert "hx-trigger" in pending
    assert "hx-trigger" not in page
    for words in ("2 fields would change", "Dune: the novel", "412", "535", "Open Library"):
        assert words in page
    assert "Frank Herbert" not in page
    assert await title_of(client, dune) == "Dune"
    applied = await client.post(f"{url}/refresh", form={"version": await version_of(page)})
    assert (applied.status_code, applied.headers["Location"]) == (303, url)
    assert await title_of(client, dune) == "Dune: the novel"


async def test_what_the_reader_wrote_stays(client, site, dune):
    url = f"/books/{dune.user_book_id}"
    await client.post(f"{url}/edit", form={"title": "My own Dune"})
    _, _, page = await asked(client, site, dune)
    assert "yours stays" in page
    await client.post(f"{url}/refresh", form={"version": await version_of(page)})
    assert await title_of(client, dune) == "My own Dune"
    await client.post(f"{url}/edit", form={"title": ""})
    assert await title_of(client, dune) == "Dune: the novel"


async def test_a_proposal_that_was_overtaken_is_not_applied(client, site, dune):
    url = f"/books/{dune.user_book_id}/refresh"
    _, _, page = await asked(client, site, dune)
    version = await version_of(page)
    await client.post(url, form={"version": version})
    late = await client.post(url, form={"version": version})
    assert late.status_code == 409
    assert "has changed since" in await page_of(late)


async def test_nothing_new_is_said_so(client, site, dune):
    site.catalogue.editions[:] = [Found(ISBN, "open_library:1", {"title": "Dune"})]
    _, _, page = await asked(client, site, dune)
    assert "say nothing new" in page


async def test_a_catalogue_that_is_away_is_told_with_the_next_try(client, site, dune):
    site.catalogue.fault = TryLater("Open Library did not answer.")
    _, _, page = await asked(client, site, dune)
    assert "Open Library did not answer." in page
    assert "Next try" in page
    assert "hx-trigger" not in page


async def test_a_catalogue_that_refuses_is_told(client, site, dune):
    site.catalogue.fault = Refused("Open Library refuses to answer.")
    _, _, page = await asked(client, site, dune)
    assert "Open Library refuses to answer." in page
    assert "Look up again" in page


async def test_a_pending_piece_replaces_itself_until_there_is_an_answer(client, site, dune):
    url = f"/books/{dune.user_book_id}/refresh"
    first = await page_of(await client.post(url, headers=HX))
    assert first.strip().startswith('<section id="refresh"')
    assert "<html" not in first
    assert "<noscript><p><a" in first
    last = await page_of(await client.get(f"{url}?poll=99", headers=HX))
    assert "hx-get" not in last
    assert "Look again" in last
    assert "<noscript>" not in last
    for job_id in site.queue.rung:
        await jobs.run(site.world, job_id)
    done = await page_of(await client.get(f"{url}?poll=2", headers=HX))
    assert "Apply" in done
    assert "hx-get" not in done


async def test_a_book_that_nobody_found_is_looked_up_again_on_its_own_page(client, site):
    done = await library.add_isbn(site.world, await site.user(), ISBN)
    url = f"/books/{done.user_book.user_book_id}"
    for job_id in list(site.queue.rung):
        await jobs.run(site.world, job_id)
    page = await page_of(await client.get(url))
    assert "book-poll" not in page
    answer = await client.post(f"{url}/refresh")
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert "book-poll" in await page_of(await client.get(url))


async def test_a_book_by_hand_has_nobody_to_ask(client, site):
    copy = await added(site.storage, a_copy())
    url = f"/books/{copy.user_book_id}"
    assert "Look up again" not in await page_of(await client.get(url))
    assert (await client.post(f"{url}/refresh")).status_code == 422


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 50, "1.0"])
async def test_a_wrong_version_is_told(client, site, dune, version):
    answer = await client.post(f"/books/{dune.user_book_id}/refresh", form={"version": version})
    assert answer.status_code == 422


async def test_without_a_look_up_the_page_offers_one(client, dune):
    page = await page_of(await client.get(f"/books/{dune.user_book_id}/refresh"))
    assert "Nothing has been looked up of late" in page


async def test_a_reader_cannot_spend_what_the_providers_allow_everybody(client, dune):
    url = f"/books/{dune.user_book_id}/refresh"
    answers = [await client.post(url) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [303] * 20 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_a_book_that_is_still_looked_up_is_asked_for_at_once(client, site):
    book = (await library.add_isbn(site.world, await site.user(), "9780261103573")).user_book
    url = f"/books/{book.user_book_id}"
    answer = await client.post(f"{url}/refresh")
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert "The catalogues are asked again." in await page_of(await client.get(url))
