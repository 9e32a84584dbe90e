"""The demo shelf: true facts, a past, the same every time."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from booklib import isbn
from booklib.demo import facts, fill, well_known
from booklib.models import Query, User, UserBook
from booklib.ports import World
from tests.fakes import FakePictures, MemoryFiles, MemoryStorage

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


class SilentQueue:
    """A queue that remembers whether it was rung."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    async def ring(self, job_id: str, delay_s: int = 0) -> None:
        self.rung.append(job_id)


async def library() -> tuple[World, User]:
    user = User(
        user_id="u" * 22,
        username="demo",
        email="demo@example.org",
        password_hash="",
        created_at=NOW,
    )
    world = World(
        storage=MemoryStorage(),
        queue=SilentQueue(),
        catalogues=(),
        files=MemoryFiles(),
        pictures=FakePictures(),
        now=lambda: NOW,
    )
    await world.storage.add_user(user)
    return world, user


async def everything(world: World, user: User) -> list[UserBook]:
    page = await world.storage.shelf(user.user_id, Query(), None, 1000)
    ids = [row.user_book_id for row in page.rows]
    found: list[UserBook] = []
    for start in range(0, len(ids), 100):
        found += (await world.storage.owned(user.user_id, ids[start : start + 100])).values()
    return found


def test_two_hundred_books_are_well_known_and_their_isbns_right() -> None:
    known = list(well_known())
    assert len(known) == 200
    assert len({fact.isbn for fact in known}) == 200
    assert len({(fact.given["title"], fact.given["authors"]) for fact in known}) == 200
    for fact in known:
        assert isbn.parse(fact.isbn) == fact.isbn
        assert fact.given["title"]
        assert all(fact.given["authors"])  # type: ignore[arg-type]
        assert 1500 < int(str(fact.given["published"])) <= NOW.year


def test_made_up_books_are_always_the_same_and_no_real_ones() -> None:
    once, twice = list(islice(facts(), 5_000)), list(islice(facts(), 5_000))
    assert once == twice
    assert len({fact.isbn for fact in once}) == 5_000
    for fact in once[200:]:
        assert isbn.parse(fact.isbn) == fact.isbn
        assert fact.isbn.startswith("9795")


async def test_a_demo_shelf_looks_like_a_life_with_books() -> None:
    world, user = await library()
    told: list[int] = []
    assert await fill(world, user, 200, told.append) == 200
    assert sum(told) == 200
    books = await everything(world, user)
    assert len(books) == 200
    statuses = [book.status for book in books]
    assert 1 <= statuses.count("reading") <= 10
    assert 60 <= statuses.count("to-read") <= 110
    for book in books:
        assert book.added_at <= NOW
        assert book.lookup == "none"
        assert not book.mine
        dates = [str(book.added_at.date()), book.started_on, book.finished_on, str(NOW.date())]
        known = [day for day in dates if day]
        assert known == sorted(known)
        assert bool(book.started_on) == (book.status != "to-read")
        assert bool(book.finished_on) == (book.status == "read")
        assert not book.rating or book.status == "read"


async def test_the_demo_asks_no_catalogue_and_rings_no_job() -> None:
    world, user = await library()
    await fill(world, user, 40, lambda _: None)
    assert isinstance(world.queue, SilentQueue)
    assert world.queue.rung == []
    assert await world.storage.due_jobs(NOW, 10) == []


async def test_a_second_run_finds_the_books_and_a_larger_one_adds_the_rest() -> None:
    world, user = await library()
    assert await fill(world, user, 100, lambda _: None) == 100
    assert await fill(world, user, 100, lambda _: None) == 0
    assert await fill(world, user, 230, lambda _: None) == 130
