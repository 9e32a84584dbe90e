"""A world with two catalogues, a reader or two, and a worker that runs what is due."""

from datetime import timedelta

from booklib import jobs, library
from booklib.models.ids import book_id, book_key
from booklib.ports import Found, World
from tests.factories import a_user
from tests.fakes import Clock, FakeCatalogue, FakePictures, FakeQueue, MemoryFiles, MemoryStorage

DUNE = "9780441172719"
DUNE_ID = book_id(book_key(DUNE))
LOOKUP = f"lookup:{DUNE_ID}"
REFRESH = f"refresh:{DUNE_ID}"

WHOLE = {
    "title": "Dune",
    "authors": ("Frank Herbert",),
    "publisher": "Ace",
    "published": "1990-09",
    "page_count": 535,
    "cover": "https://covers.example/1.jpg",
    "description": "Sand.",
}


def edition(isbn=DUNE, ident="fake:1", **fields):
    """What a catalogue says of an edition; a field given as None is left out."""
    said = {name: value for name, value in (WHOLE | fields).items() if value is not None}
    return Found(isbn, ident, said)


class Killed(BaseException):
    """The process is no more: nothing of ours may catch this."""


class MortalStorage(MemoryStorage):
    """Dies once, before or after one of its methods has done its work."""

    MORTAL = ("apply", "claim_job", "owners", "save_book", "save_job")

    def __init__(self, now):
        super().__init__(now)
        self.kill_before = ""
        self.kill_after = ""

    def __getattribute__(self, name):
        method = super().__getattribute__(name)
        return self._mortal(name, method) if name in MortalStorage.MORTAL else method

    def _mortal(self, name, method):
        async def lives_or_dies(*args, **values):
            if self.kill_before == name:
                self.kill_before = ""
                raise Killed
            answer = await method(*args, **values)
            if self.kill_after == name:
                self.kill_after = ""
                raise Killed
            return answer

        return lives_or_dies


class Stage:
    """The world of one test and short names for what happens in it."""

    def __init__(self):
        self.clock = Clock()
        self.storage = MortalStorage(self.clock)
        self.google = FakeCatalogue(name="google_books", label="Google Books")
        self.files = MemoryFiles()
        self.pictures = FakePictures()
        self.open_library = FakeCatalogue(name="open_library", label="Open Library")
        self.world = World(
            storage=self.storage,
            queue=FakeQueue(),
            catalogues=(self.google, self.open_library),
            files=self.files,
            pictures=self.pictures,
            now=self.clock,
        )

    async def reader(self, name="alice", **values):
        user = a_user(name, **values)
        await self.storage.add_user(user)
        return user

    async def adds(self, user, isbn=DUNE):
        """Add by ISBN; the id of the copy."""
        return (await library.add_isbn(self.world, user, isbn)).user_book.user_book_id

    async def copy(self, user, ident):
        return (await self.storage.owned(user.user_id, [ident]))[ident]

    async def book(self, ident=DUNE_ID):
        return (await self.storage.books([ident])).get(ident)

    async def job(self, ident=LOOKUP):
        return await self.storage.job(ident)

    async def work(self):
        """Run what is due, until nothing is."""
        while due := await self.storage.due_jobs(self.clock.now, 100):
            for job in due:
                await jobs.run(self.world, job.job_id)

    async def work_for(self, **time):
        """Run what becomes due while the clock goes on, hour by hour."""
        end = self.clock.now + timedelta(**time)
        while self.clock.now < end:
            await self.work()
            self.clock.advance(hours=1)
        await self.work()
