"""DynamoDB's bad days, which no emulator shows: throttled, in conflict, unreachable, cut off."""

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from aiobotocore.awsrequest import AioAWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, NoCredentialsError

from booklib.adapters.dynamodb import DynamoStorage, Tables
from booklib.errors import Busy, EmailTaken, NameTaken, StorageDown
from booklib.models import Query
from booklib.ports import Change
from tests.aws import emulators
from tests.contracts.conftest import MotoPlace
from tests.factories import a_book, a_copy, a_job, a_user, added
from tests.fakes import Clock
from tests.processes import free_port

pytestmark = pytest.mark.slow

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
TABLES = Tables("Users", "Books", "UserBooks", "Jobs")


@pytest.fixture
async def where(moto):
    place = MotoPlace(moto, Path(), Clock(), config=ONCE)
    yield place
    await place.close()


@pytest.fixture
async def storage(where):
    storage = await where.open()
    await storage.add_user(a_user("alice"))
    return storage


class Answer:
    """The body of an answer that nobody sent."""

    def __init__(self, data):
        self._data = data

    async def read(self):
        return self._data


def answered(status, code, **more):
    """An error as DynamoDB words it."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "injected", **more}
    headers = {"content-type": "application/x-amz-json-1.0"}
    return AioAWSResponse("http://fault", status, headers, Answer(json.dumps(body).encode()))


def throttled():
    return answered(400, "ProvisionedThroughputExceededException")


def in_conflict(*codes):
    reasons = [{"Code": code} for code in codes or ("TransactionConflict", "None")]
    return answered(400, "TransactionCanceledException", CancellationReasons=reasons)


class Injected:
    """Gives the first `times` calls of an operation another answer, or raises instead."""

    def __init__(self, client, operation, make, times=10**9, *, carried_out=False):
        self._client, self._make, self._left = client, make, times
        self._carried_out = carried_out
        self.calls = 0
        client.meta.events.register(f"before-send.dynamodb.{operation}", self)

    async def __call__(self, request, **_):
        self.calls += 1
        if self._left <= 0:
            return None
        self._left -= 1
        if self._carried_out:
            response = await self._client._endpoint.http_session.send(request)
            await response.content
        made = self._make()
        if isinstance(made, Exception):
            raise made
        return made


def cut():
    return ConnectionClosedError(endpoint_url="http://fault")


@pytest.fixture
async def hasty(storage, where):
    """The same storage, which gives up after a moment."""
    return await where.open(patience_s=0.2)


@pytest.mark.parametrize(
    "fault",
    [
        throttled,
        cut,
        lambda: answered(400, "RequestLimitExceeded"),
        lambda: answered(400, "ThrottlingException"),
        lambda: answered(400, "TransactionConflictException"),
        lambda: answered(500, "InternalServerError"),
        lambda: answered(503, "ServiceUnavailable"),
    ],
    ids=["throttled", "cut", "limited", "slowed", "in conflict", "500", "503"],
)
async def test_a_passing_fault_is_tried_again(storage, where, fault):
    for operation, work in (
        ("GetItem", lambda: storage.user("id-alice")),
        ("BatchGetItem", lambda: storage.owned("id-alice", ["x"])),
        ("Query", lambda: storage.shelf("id-alice", Query(), None, 5)),
        ("UpdateItem", lambda: storage.hit("key", 60)),
        ("PutItem", lambda: storage.save_book(a_book(), 0)),
        ("TransactWriteItems", lambda: storage.apply("id-alice", [Change(None, a_copy())])),
    ):
        injected = Injected(where.client, operation, fault, times=2)
        assert await work() not in (False, None)
        assert injected.calls > 2
    assert (await storage.user("id-alice")).counts == {"to-read": 1}


@pytest.mark.parametrize(
    "codes",
    [
        ("TransactionConflict", "None"),
        ("None", "TransactionConflict"),
        ("ThrottlingError", "None"),
        ("None", "ProvisionedThroughputExceeded"),
    ],
)
async def test_a_transaction_in_conflict_is_tried_again(storage, where, codes):
    injected = Injected(where.client, "TransactWriteItems", lambda: in_conflict(*codes), times=3)
    await added(storage, a_copy())
    await storage.add_user(a_user("bob"))
    assert injected.calls == 5


@pytest.mark.parametrize("fault", [throttled, in_conflict], ids=["throttled", "in conflict"])
async def test_what_lasts_is_told_as_busy(hasty, where, fault):
    Injected(where.client, "TransactWriteItems", fault)
    with pytest.raises(Busy):
        await hasty.apply("id-alice", [Change(None, a_copy())])
    with pytest.raises(Busy):
        await hasty.add_user(a_user("bob"))


async def test_waiting_for_a_throttle_takes_about_three_seconds(storage, where):
    injected = Injected(where.client, "GetItem", throttled)
    loop = asyncio.get_running_loop()
    since = loop.time()
    with pytest.raises(Busy):
        await storage.user("id-alice")
    assert 2.5 < loop.time() - since < 15
    assert 5 < injected.calls < 60


async def test_a_server_that_stays_broken_is_told_as_down(hasty, where):
    Injected(where.client, "GetItem", lambda: answered(500, "InternalServerError"))
    with pytest.raises(StorageDown):
        await hasty.user("id-alice")


async def test_an_endpoint_that_nobody_listens_at_is_down_at_once(caplog):
    url = f"http://127.0.0.1:{free_port()}"
    async with emulators.client("dynamodb", url, config=ONCE) as client:
        storage = DynamoStorage(client, TABLES)
        loop = asyncio.get_running_loop()
        since = loop.time()
        with pytest.raises(StorageDown):
            await storage.ping()
        assert loop.time() - since < 10
    assert "AWS_ENDPOINT_URL" in caplog.text


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (lambda: answered(400, "ResourceNotFoundException"), "deploy.sh"),
        (lambda: answered(400, "ExpiredTokenException"), "get-caller-identity"),
        (lambda: answered(400, "UnrecognizedClientException"), "get-caller-identity"),
        (lambda: answered(403, "InvalidSignatureException"), "clock"),
        (lambda: answered(400, "AccessDeniedException"), "deploy"),
        (lambda: answered(418, "SomethingNew"), "health"),
        (NoCredentialsError, "credentials"),
    ],
)
async def test_what_the_owner_must_mend_is_down_at_once_and_says_how(
    storage, where, caplog, fault, hint
):
    injected = Injected(where.client, "GetItem", fault)
    with caplog.at_level(logging.ERROR), pytest.raises(StorageDown):
        await storage.user("id-alice")
    assert injected.calls == 1
    assert hint in caplog.text


# Answers that were lost on their way


def lost(where, operation, times=1):
    """The work is done, and nobody hears of it."""
    return Injected(where.client, operation, cut, times, carried_out=True)


async def test_a_change_whose_answer_was_lost_is_done_once(storage, where):
    copy = await added(storage, a_copy())
    for after in (replace(copy, rating=5), replace(copy, rev=2, notes="n"), None):
        before = copy if after is None or after.rev == 1 else replace(copy, rev=2, rating=5)
        if after is None:
            before = replace(copy, rev=3, notes="n")
        lost(where, "TransactWriteItems")
        assert await storage.apply("id-alice", [Change(before, after)])
    user = await storage.user("id-alice")
    assert (user.counts, user.shelf_version) == ({}, 4)


async def test_an_addition_whose_answer_was_lost_is_done_once_with_its_job(storage, where):
    lost(where, "TransactWriteItems")
    assert await storage.apply("id-alice", [Change(None, a_copy())], a_job())
    user = await storage.user("id-alice")
    assert (user.counts, user.shelf_version) == ({"to-read": 1}, 1)
    assert await storage.job(a_job().job_id) == a_job()


async def test_another_s_change_is_not_taken_for_the_lost_one(storage, where):
    copy = await added(storage, a_copy())
    assert await storage.apply("id-alice", [Change(copy, replace(copy, notes="theirs"))])
    Injected(where.client, "TransactWriteItems", cut, times=1)
    assert not await storage.apply("id-alice", [Change(copy, replace(copy, notes="mine"))])


async def test_a_registration_whose_answer_was_lost_is_done_once(storage, where):
    lost(where, "TransactWriteItems")
    await storage.add_user(a_user("bob"))
    assert await storage.user_by_login("bob") == a_user("bob")
    assert await storage.faults() == []


async def test_a_name_taken_by_another_stays_taken_when_an_answer_is_lost(storage, where):
    for user, error in (
        (a_user("Alice", user_id="other", email="other@example.org"), NameTaken),
        (a_user("other", email="alice@example.org"), EmailTaken),
    ):
        Injected(where.client, "TransactWriteItems", cut, times=1)
        with pytest.raises(error):
            await storage.add_user(user)


async def test_a_saved_profile_whose_answer_was_lost_is_saved(storage, where):
    alice = await storage.user("id-alice")
    lost(where, "UpdateItem")
    assert await storage.save_user(alice, replace(alice, view="list"))
    lost(where, "TransactWriteItems")
    renamed = replace(alice, rev=2, view="list", username="alina")
    assert await storage.save_user(replace(alice, rev=2, view="list"), renamed)
    assert await storage.user_by_login("alina") == replace(renamed, rev=3)
    assert await storage.faults() == []


async def test_a_book_whose_answer_was_lost_is_saved(storage, where):
    lost(where, "PutItem")
    assert await storage.save_book(a_book(), 0)
    lost(where, "PutItem")
    assert await storage.save_book(a_book(version=2, title="Second"), 1)
    Injected(where.client, "PutItem", cut, times=1)
    assert not await storage.save_book(a_book(version=2, title="Late"), 1)


# Half an answer


class Unprocessed:
    """Lets a batch do the first of its items only, as a table that is written too fast does.

    With `told` as 0 it says that even that one was left.
    """

    def __init__(self, client, operation, asked, left, times, told=1):
        self._asked, self._left, self._times = asked, left, times
        self._told = told
        self.calls = 0
        client.meta.events.register(f"before-parameter-build.dynamodb.{operation}", self.cut)
        client.meta.events.register(f"after-call.dynamodb.{operation}", self.tell)

    def cut(self, params, **_):
        self.calls += 1
        self._rest = {}
        if self._times > 0:
            self._times -= 1
            [(table, wanted)] = params["RequestItems"].items()
            keys = wanted["Keys"] if isinstance(wanted, dict) else wanted
            some, rest = keys[:1], keys[self._told :]
            whole = isinstance(wanted, dict)
            params["RequestItems"] = {table: {**wanted, "Keys": some} if whole else some}
            self._rest = {table: {**wanted, "Keys": rest} if whole else rest} if rest else {}

    def tell(self, parsed, **_):
        parsed[self._left] = self._rest


async def test_what_a_batch_left_over_is_read_after_all(storage, where):
    books = await added(storage, *(a_copy(f"Book {n}") for n in range(12)))
    batch = Unprocessed(where.client, "BatchGetItem", "Keys", "UnprocessedKeys", times=4)
    ids = [book.user_book_id for book in books]
    assert set(await storage.owned("id-alice", ids)) == set(ids)
    assert batch.calls == 5


async def test_what_a_batch_left_over_is_removed_after_all(storage, where):
    books = await added(storage, *(a_copy(f"Book {n}") for n in range(30)))
    batch = Unprocessed(where.client, "BatchWriteItem", "Items", "UnprocessedItems", times=4)
    await storage.remove_user("id-alice")
    assert batch.calls > 4
    assert await storage.owned("id-alice", [book.user_book_id for book in books]) == {}
    assert await storage.faults() == []


async def test_what_a_batch_left_over_is_stored_after_all(storage, where):
    batch = Unprocessed(where.client, "BatchWriteItem", "Items", "UnprocessedItems", times=30)
    copies = {one.user_book_id: one for one in (a_copy(f"Book {n}") for n in range(50))}
    await storage.put_copies(list(copies.values()))
    assert batch.calls == 31
    assert await storage.copies(list(copies)) == copies


async def test_a_write_that_comes_no_further_is_told_as_busy(hasty, where):
    Unprocessed(where.client, "BatchWriteItem", "Items", "UnprocessedItems", times=999, told=0)
    with pytest.raises(Busy):
        await hasty.put_copies([a_copy("Dune"), a_copy("Emma")])


async def test_a_batch_that_stays_unprocessed_is_told_as_busy(hasty, where):
    books = await added(hasty, *(a_copy(f"Book {n}") for n in range(100)))
    Unprocessed(where.client, "BatchGetItem", "Keys", "UnprocessedKeys", times=99)
    with pytest.raises(Busy):
        await hasty.owned("id-alice", [book.user_book_id for book in books])
