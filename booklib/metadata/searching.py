"""Searching all catalogues by title and author at once, within a time that a person waits."""

from __future__ import annotations

import asyncio
from itertools import chain, zip_longest
from typing import NamedTuple

from booklib.errors import CatalogueError
from booklib.metadata.asking import completion
from booklib.models.folding import clean, fold
from booklib.ports import Catalogue, Found, World

DEADLINE_S = 7.5
LIMIT = 20
MAX_WORDS = 200
"""Characters of a search that are looked at."""


class SearchResult(NamedTuple):
    """What was found, best first, and why a catalogue could not say anything.

    "Nothing found" is true only where `found` and `problems` are both empty.
    """

    found: list[Found]
    problems: list[str]


async def search(world: World, words: str, deadline_s: float = DEADLINE_S) -> SearchResult:
    """Ask every catalogue; who has not answered by the deadline becomes a problem."""
    text = clean(words)[:MAX_WORDS].strip()
    if not text:
        return SearchResult([], [])
    if not world.catalogues:
        return SearchResult([], ["No catalogue is set up that could be asked."])
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(_ask(catalogue, text, deadline_s)) for catalogue in world.catalogues
        ]
    answers = [task.result() for task in asked]
    problems = [answer for answer in answers if isinstance(answer, str)]
    return SearchResult(_merged([a for a in answers if not isinstance(a, str)]), problems)


async def _ask(catalogue: Catalogue, words: str, deadline_s: float) -> list[Found] | str:
    try:
        async with asyncio.timeout(deadline_s):
            return await catalogue.search(words, LIMIT)
    except TimeoutError:
        return f"{catalogue.label} takes too long to answer."
    except CatalogueError as fault:
        return fault.reason


def _merged(answers: list[list[Found]]) -> list[Found]:
    """The best of each catalogue in turn, one edition once, completed by who else knows it."""
    merged: dict[str, Found] = {}
    for hit in chain.from_iterable(zip_longest(*answers)):
        if hit is None:
            continue
        key = hit.isbn or _same_book(hit)
        first = merged.setdefault(key, hit)
        if first is not hit:
            whole = {**first.fields, **completion(first.fields, hit.fields)}
            merged[key] = first._replace(fields=whole)
    return list(merged.values())


def _same_book(hit: Found) -> str:
    authors = hit.fields.get("authors") or ()
    names = " ".join(authors) if isinstance(authors, tuple) else ""
    return f"{fold(str(hit.fields.get('title', '')))}\t{fold(names)}"
