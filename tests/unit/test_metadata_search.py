"""Searching the catalogues by words."""

import asyncio
from dataclasses import replace

from booklib import metadata
from booklib.errors import TryLater
from booklib.ports import Found, World
from tests.unit.metadata_helpers import edition


class Slow:
    """A catalogue that does not come back."""

    name = "slow"
    label = "Slow Books"

    async def search(self, words, limit):
        await asyncio.Event().wait()


async def test_one_edition_known_to_two_catalogues_is_one_hit(stage):
    stage.google.editions = [
        edition(page_count=None),
        edition("9780441013593", "g:2", title="Dune"),
    ]
    stage.open_library.editions = [edition(ident="ol:1", publisher="Chilton")]
    found, problems = await metadata.search(stage.world, " dune ")
    assert [(hit.isbn, hit.edition) for hit in found] == [
        ("9780441172719", "fake:1"),
        ("9780441013593", "g:2"),
    ]
    assert found[0].fields["page_count"] == 535
    assert found[0].fields["publisher"] == "Ace"
    assert problems == []


async def test_without_an_isbn_title_and_authors_tell_a_book(stage):
    stage.google.editions = [Found(None, "g:1", {"title": "Dune", "authors": ("Frank Herbert",)})]
    stage.open_library.editions = [
        Found(None, "ol:1", {"title": "DUNE", "authors": ("Frank Herbert",), "page_count": 9}),
        Found(None, "ol:2", {"title": "Dune", "authors": ("Somebody Else",)}),
    ]
    found, _ = await metadata.search(stage.world, "dune")
    assert [hit.edition for hit in found] == ["g:1", "ol:2"]
    assert found[0].fields["page_count"] == 9


async def test_a_failed_search_is_not_nothing_found(stage):
    stage.google.fault = TryLater("Google Books does not answer.")
    assert await metadata.search(stage.world, "dune") == (
        [],
        ["Google Books does not answer."],
    )


async def test_one_slow_catalogue_keeps_nobody_waiting(stage):
    stage.google.editions = [edition()]
    world = World(
        storage=stage.storage,
        queue=stage.world.queue,
        catalogues=(Slow(), stage.google),
        files=stage.files,
        pictures=stage.pictures,
        now=stage.clock,
    )
    found, problems = await metadata.search(world, "dune", deadline_s=0.05)
    assert len(found) == 1
    assert problems == ["Slow Books takes too long to answer."]


async def test_no_words_ask_nobody(stage):
    assert await metadata.search(stage.world, " \x00 ") == ([], [])
    assert stage.google.asked == []


async def test_no_catalogue_is_a_problem(stage):
    world = replace(stage.world, catalogues=())
    found, problems = await metadata.search(world, "dune")
    assert (found, len(problems)) == ([], 1)
