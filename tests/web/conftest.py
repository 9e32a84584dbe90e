"""The whole app over a storage in memory: `client` is signed in as alice, `visitor` is nobody."""

from dataclasses import dataclass, field

import pytest
from argon2 import PasswordHasher

from booklib.app import create_app
from booklib.ports import World
from booklib.settings import Settings
from booklib.web.sessions import COOKIE, Session
from tests.factories import a_user
from tests.fakes import Clock, FakeCatalogue, FakePictures, FakeQueue, MemoryFiles, MemoryStorage

HX = {"HX-Request": "true"}
PASSWORD = "correct horse battery"
HASH = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(PASSWORD)
SECRET = "a secret that only these tests use"


def a_catalogue():
    return FakeCatalogue(name="open_library", label="Open Library")


@dataclass
class Site:
    """An app with everything around it, as a test wants to see it."""

    settings: Settings = field(default_factory=lambda: Settings(secret_key=SECRET))
    clock: Clock = field(default_factory=Clock)
    queue: FakeQueue = field(default_factory=FakeQueue)
    catalogue: FakeCatalogue = field(default_factory=a_catalogue)
    storage: MemoryStorage = None
    files: MemoryFiles = field(default_factory=MemoryFiles)
    pictures: FakePictures = field(default_factory=FakePictures)
    backups: object = None

    def __post_init__(self):
        self.storage = self.storage or MemoryStorage(self.clock)
        self.world = World(
            storage=self.storage,
            queue=self.queue,
            catalogues=(self.catalogue,),
            files=self.files,
            pictures=self.pictures,
            backups=self.backups,
            now=self.clock,
        )
        self.app = create_app(self.settings, self.world)

    async def add(self, name):
        """A new user whose password is PASSWORD."""
        await self.storage.add_user(a_user(name, password_hash=HASH))
        return await self.user(name)

    async def user(self, name="alice"):
        """A user as stored now."""
        return await self.storage.user_by_login(name)

    async def stranger(self):
        """Somebody else with an account."""
        return await self.user("mallory") or await self.add("mallory")

    def visitor(self):
        """A browser that is not signed in."""
        return self.app.test_client()

    def client(self, user, *, kept=False, session_id="first-session"):
        """A browser that is signed in, without the time that a password takes."""
        client = self.visitor()
        session = Session(user.user_id, user.session_epoch, session_id, kept)
        signer = self.app.extensions["QUART_AUTH"][0]
        token = signer.dump_token(session.packed(), app=self.app)
        client.set_cookie("localhost", COOKIE, token)
        return client


@pytest.fixture
def settings():
    return Settings(secret_key=SECRET)


@pytest.fixture
async def site(settings):
    site = Site(settings)
    await site.add("alice")
    async with site.app.test_app():
        yield site


@pytest.fixture
async def client(site):
    return site.client(await site.user())


@pytest.fixture
def visitor(site):
    return site.visitor()


async def page_of(answer):
    """The text of an answer."""
    return await answer.get_data(as_text=True)


def cookie_of(client):
    """The session cookie that a client holds, or None."""
    held = {cookie.name: cookie.value for cookie in client.cookie_jar}
    return held.get(COOKIE)
