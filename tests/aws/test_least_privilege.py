"""Each function may do what it does and nothing else: every use case under its role."""

import html
import re
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from io import BytesIO
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from botocore.exceptions import ClientError
from quart.datastructures import FileStorage

from booklib.adapters.aws_clients import read_secret
from booklib.adapters.dynamodb import DynamoStorage, Tables
from booklib.adapters.s3_files import S3Files
from booklib.adapters.sqs_queue import SqsQueue, job_of
from booklib.aws.messages import sweep, work
from booklib.errors import StorageDown
from booklib.models import CoverName, CoverPictures, Query
from tests.aws import emulators, templates
from tests.aws.fixtures import moto
from tests.aws.guard import BY_LAMBDA_ITSELF, BY_S3_ITSELF, Guard
from tests.goodreads import goodreads_csv
from tests.web.conftest import PASSWORD, Site, page_of
from tests.web.test_covers import ADDRESS, DUNE, ISBN, NAME, OWN
from tests.web.test_refresh import version_of

__all__ = ["moto"]
pytestmark = pytest.mark.slow

OTHER = "9780306406157"
PICTURES = {
    b"sent": CoverPictures(b"large", b"small", 560, 840),
    b"mine": CoverPictures(b"own large", b"own small", 500, 500),
    b"later": CoverPictures(b"later large", b"later small", 500, 500),
}


class Account:
    """What both stacks make, and a world for each function under the guard of its role."""

    def __init__(self, moto, stack):
        self._moto = moto
        self._stack = stack
        self.name = f"t{uuid4().hex[:12]}"

    async def make(self):
        sqs = await self._client("sqs")
        self.url = (await sqs.create_queue(QueueName=f"BookLibrary-Metadata-{self.name}"))[
            "QueueUrl"
        ]
        self.bucket = await emulators.a_bucket(await self._client("s3"))
        self.tables = Tables(
            *await templates.create_tables(await self._client("dynamodb"), self.name)
        )
        secrets = await self._client("secretsmanager")
        arn = await sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.template = templates.Template(
            "app.yaml",
            {
                "Environment": self.name,
                "FilesBucket": self.bucket,
                "SecretKey": (await secrets.create_secret(Name=self.name, SecretString="s"))["ARN"],
            },
            {"Queue": self.url, "Queue.Arn": arn["Attributes"]["QueueArn"]},
        )
        self.rings = sqs

    async def _client(self, service):
        return await self._stack.enter_async_context(emulators.client(service, self._moto))

    async def parts(self, guard, now):
        """Storage, queue and files of whoever may do what the guard lets through."""
        clients = {service: await self._client(service) for service in ("dynamodb", "sqs", "s3")}
        for client in clients.values():
            guard.watch(client)
        return {
            "storage": DynamoStorage(clients["dynamodb"], self.tables, now=now),
            "queue": SqsQueue(clients["sqs"], self.url),
            "files": S3Files(clients["s3"], self.bucket),
        }, clients

    async def start(self, guard):
        """What the function that serves pages does before its first."""
        client = await self._client("secretsmanager")
        guard.watch(client)
        assert await read_secret(client, self.template.values["SecretKey"]) == ("s",)

    async def messages(self):
        """What rang, as the event that the worker gets for it."""
        found = []
        while got := (
            await self.rings.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        ).get("Messages"):
            found += [{"messageId": each["MessageId"], "body": each["Body"]} for each in got]
        return found


@pytest.fixture
async def account(moto):
    async with AsyncExitStack() as stack:
        account = Account(moto, stack)
        await account.make()
        yield account


class Evening:
    """A reader at work on the site; the worker does what follows from it."""

    def __init__(self, account, site, worker, s3, s3_of_worker):
        self.account, self.site, self.worker = account, site, worker
        self.s3, self.s3_of_worker = s3, s3_of_worker
        self.client = site.visitor()
        self.kinds = set()

    async def post(self, path, files=None, **form):
        kind = {"form": form} if files is None else {"files": files, "form": form}
        answer = await self.client.post(path, **kind)
        assert answer.status_code in (200, 303), (path, answer.status_code, await page_of(answer))
        return answer

    async def get(self, path, status=200):
        answer = await self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        return await page_of(answer)

    async def work(self):
        """Let the worker do what rang; covers that follow ring too."""
        while records := await self.account.messages():
            self.kinds |= {job_of(record["body"]).partition(":")[0] for record in records}
            assert await work(self.worker, records, 30) == {"batchItemFailures": []}

    async def mine(self, isbn=ISBN):
        """The id of the copy with an ISBN."""
        page = await self.site.storage.shelf(await self.user_id(), Query(words=(isbn,)), None, 5)
        return page.rows[0].user_book_id

    async def user_id(self):
        return (await self.site.user("ann")).user_id


@pytest.fixture
async def evening(account):
    api, worker = (Guard(account.template.statements(role)) for role in ("ApiRole", "WorkerRole"))
    site = Site()
    await account.start(api)
    of_api, clients = await account.parts(api, site.clock)
    site = Site(clock=site.clock, **of_api)
    site.catalogue.editions = [
        DUNE,
        DUNE._replace(isbn=OTHER, edition="open_library:OL2M"),
    ]
    site.catalogue.pictures = {ADDRESS: b"sent"}
    site.pictures.covers = PICTURES
    of_worker, clients_of_worker = await account.parts(worker, site.clock)
    world = replace(site.world, **of_worker)
    async with site.app.test_app():
        s3, s3_of_worker = clients["s3"], clients_of_worker["s3"]
        yield Evening(account, site, world, s3, s3_of_worker), api, worker


async def come_in(evening):
    await evening.get("/health")
    words = {"password": PASSWORD, "confirm_password": PASSWORD}
    await evening.post("/register", username="ann", email="ann@example.org", **words)
    await evening.post("/logout")
    await evening.post("/login", username="ann", password=PASSWORD)
    await evening.post("/account", time_zone="UTC", view="list")


async def get_books(evening):
    await evening.post("/books", isbn=ISBN)
    with without_room(evening.s3_of_worker):
        await evening.work()
    evening.site.clock.advance(hours=1)
    await sweep(evening.worker)
    await evening.work()
    await evening.post("/books", title="A diary", authors="Ann")
    await evening.get("/find?q=dune&wait=1")
    await evening.post("/books", edition="open_library:OL2M")
    for path in (
        "/library",
        "/library?sort=title&dir=desc",
        "/library?sort=author",
        "/library?sort=rating",
        "/library?status=to-read",
        "/library?q=dune",
    ):
        await evening.get(path)


async def change_a_book(evening):
    ident = await evening.mine()
    await evening.post(f"/books/{ident}/status", status="read")
    await evening.post(f"/books/{ident}/rating", rating="4.5")
    await evening.post(f"/books/{ident}/notes", notes="Read it twice.")
    await evening.post(f"/books/{ident}/edit", title="My own Dune", isbn="9780441013593")
    moved = await evening.mine("9780441013593")
    await evening.post(f"/books/{moved}/edit", title="My own Dune", isbn=ISBN)
    evening.site.catalogue.editions[0] = DUNE._replace(fields={**DUNE.fields, "page_count": 600})
    await evening.post(f"/books/{ident}/refresh")
    await evening.work()
    page = await evening.get(f"/books/{ident}/refresh")
    await evening.post(f"/books/{ident}/refresh", version=await version_of(page))
    await evening.post(f"/books/{ident}/delete")
    await evening.get("/library?status=deleted")
    await evening.post(f"/books/{ident}/undo")
    await evening.get(f"/books/{ident}/card")


def a_picture(data):
    return {"image": FileStorage(BytesIO(data), filename="cover.jpg", content_type="image/jpeg")}


async def change_its_cover(evening):
    ident = await evening.mine()
    await evening.get(f"/covers/small/{NAME}.webp")
    await evening.post(f"/books/{ident}/cover", files=a_picture(b"mine"))
    await evening.get(f"/covers/large/{OWN}.webp")
    await evening.get(f"/covers/large/{CoverName.of(b'x', 1, 1, own=True)}.webp", 404)
    await evening.post(f"/books/{ident}/cover/remove")
    await evening.post(f"/books/{ident}/cover/restore")

    with without_room(evening.s3):
        refused = await evening.client.post(f"/books/{ident}/cover", files=a_picture(b"later"))
    assert refused.status_code == 503


@contextmanager
def without_room(s3):
    """A bucket that takes small pictures only, so that half a cover has to go again."""

    def full(params, **_):
        if "/large/" in params["Key"]:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

    s3.meta.events.register("before-parameter-build.s3.PutObject", full)
    yield
    s3.meta.events.unregister("before-parameter-build.s3.PutObject", full)


async def move_in(evening):
    """A file goes to the bucket by the browser, is looked at, imported and taken back."""
    page = await evening.get("/import")
    [url] = re.findall(r'action="(http[^"]+)"', page)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    fields = {name: html.unescape(value) for name, value in fields.items()}
    async with httpx.AsyncClient() as browser:
        sent = await browser.post(url, data=fields, files={"file": ("books.csv", goodreads_csv())})
    assert sent.status_code == 303
    then = urlsplit(sent.headers["Location"])
    landed = await evening.client.get(f"{then.path}?{then.query}")
    assert landed.status_code == 303
    where = landed.headers["Location"]
    await evening.work()
    await evening.post(f"{where}/apply", doubtful="skip")
    await evening.work()
    assert "Undo" in await evening.get(where)
    await evening.post(f"{where}/undo")
    await evening.work()
    assert "Taken back" in await evening.get(where)


async def leave(evening):
    await evening.post("/account/sessions/end")
    await evening.post("/login", username="ann", password=PASSWORD)
    await evening.post("/account/delete", password=PASSWORD)
    await sweep(evening.worker)
    await evening.work()


async def test_an_evening_needs_every_grant_and_none_that_is_not_there(evening):
    evening, api, worker = evening
    await come_in(evening)
    await get_books(evening)
    await change_a_book(evening)
    await change_its_cover(evening)
    await move_in(evening)
    await leave(evening)
    assert {"lookup", "cover", "refresh", "close"} <= evening.kinds
    assert await evening.site.storage.user_by_login("ann") is None
    assert (api.refused, api.unused()) == ([], [])
    assert (worker.refused, worker.unused()) == ([], [])


def test_what_only_aws_itself_needs_is_granted_to_the_role_that_it_acts_for():
    template = templates.Template("app.yaml")
    for role, wanted in (
        ("ApiRole", {name for name in BY_LAMBDA_ITSELF if name.startswith("logs:")}),
        ("WorkerRole", set(BY_LAMBDA_ITSELF)),
    ):
        granted = {grant.action for grant in Guard(template.statements(role)).grants}
        assert granted & set(BY_LAMBDA_ITSELF) == wanted
        assert set(BY_S3_ITSELF) <= granted


async def test_a_call_without_a_grant_is_refused(moto):
    guard = Guard([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}])
    async with emulators.client("s3", moto) as client:
        guard.watch(client)
        with pytest.raises(StorageDown):
            await S3Files(client, "x").put("a", b"1")
    assert [wanted.action for wanted in guard.refused] == ["s3:PutObject"]
