"""SQS, S3 and Secrets Manager: what arrives, what counts, what is said when they are down."""

import asyncio
import base64
import json
import logging

import httpx
import pytest

from booklib.adapters.aws_clients import clients, read_secret
from booklib.adapters.s3_files import S3Files
from booklib.adapters.sqs_queue import SqsQueue, job_of
from booklib.errors import StorageDown
from tests.aws import emulators
from tests.aws.fixtures import moto
from tests.processes import free_port

__all__ = ["moto"]
pytestmark = pytest.mark.slow


@pytest.fixture
async def sqs(moto):
    async with emulators.client("sqs", moto) as client:
        yield client


@pytest.fixture
async def secrets(moto):
    async with emulators.client("secretsmanager", moto) as client:
        yield client


@pytest.fixture
async def s3(moto):
    async with emulators.client("s3", moto) as client:
        yield client


@pytest.fixture
async def bucket(s3):
    return await emulators.a_bucket(s3)


async def a_queue(sqs, name):
    return (await sqs.create_queue(QueueName=name))["QueueUrl"]


async def test_a_ring_arrives_as_a_message(sqs):
    url = await a_queue(sqs, "rings")
    await SqsQueue(sqs, url).ring("lookup:b1")
    [message] = (await sqs.receive_message(QueueUrl=url))["Messages"]
    assert job_of(message["Body"]) == "lookup:b1"


async def test_a_ring_for_later_waits_and_never_longer_than_sqs_knows(sqs):
    url = await a_queue(sqs, "later")
    await SqsQueue(sqs, url).ring("lookup:b1", 5_000)
    assert "Messages" not in await sqs.receive_message(QueueUrl=url)
    asked = await sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert asked["Attributes"] == {"ApproximateNumberOfMessagesDelayed": "1"}


async def test_a_ring_that_is_lost_fails_nobody(sqs, caplog):
    url = (await a_queue(sqs, "lost")) + "-and-gone"
    await SqsQueue(sqs, url).ring("lookup:b1")
    assert "lookup:b1" in caplog.text


async def test_the_current_secret_signs_and_the_one_before_it_counts(secrets):
    made = await secrets.create_secret(Name="key", SecretString="first")
    assert await read_secret(secrets, made["ARN"]) == ("first",)
    await secrets.put_secret_value(SecretId=made["ARN"], SecretString="second")
    assert await read_secret(secrets, made["ARN"]) == ("second", "first")


async def test_a_secret_that_is_missing_is_named_in_the_log(secrets, caplog):
    with pytest.raises(StorageDown):
        await read_secret(secrets, "no-such-secret")
    assert "no-such-secret" in caplog.text


async def test_files_in_a_bucket_that_is_missing_are_a_fault_with_words(moto, caplog):
    async with emulators.client("s3", moto) as s3:
        files = S3Files(s3, "nobody-made-this-one")
        for call in (files.get("a"), files.put("a", b""), files.remove_all("a")):
            with pytest.raises(StorageDown):
                await call
    assert "NoSuchBucket" in caplog.text


async def test_where_nobody_listens_a_ring_is_lost_and_files_are_down(caplog):
    caplog.set_level(logging.WARNING)
    nobody = f"http://127.0.0.1:{free_port()}"
    options = {"config": emulators.HURRIED}
    async with emulators.client("sqs", nobody, **options) as sqs:
        await SqsQueue(sqs, f"{nobody}/queue").ring("lookup:b1")
    async with emulators.client("s3", nobody, **options) as s3:
        with pytest.raises(StorageDown):
            await S3Files(s3, "files").get("a")


async def test_a_picture_that_breaks_off_is_a_fault_with_words(caplog):
    async def breaks_off(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nRIFF")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(breaks_off, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with emulators.client("s3", url, config=emulators.HURRIED) as s3:
            with pytest.raises(StorageDown):
                await S3Files(s3, "files").get("a")
    assert "S3 cannot be used" in caplog.text


async def test_without_a_region_it_is_said_at_once(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with pytest.raises(StorageDown, match="region"):
        async with clients("dynamodb"):
            pass


async def test_clients_come_in_the_order_of_their_names(monkeypatch, moto):
    for name, value in emulators.environment(AWS_ENDPOINT_URL=moto).items():
        monkeypatch.setenv(name, value)
    async with clients("s3", "sqs") as (s3, sqs):
        names = [client.meta.service_model.service_name for client in (s3, sqs)]
        assert names == ["s3", "sqs"]
        assert "Buckets" in await s3.list_buckets()


THEN = "http://127.0.0.1:9/import/uploaded?id=i"


async def test_a_browser_sends_a_file_to_the_bucket_and_is_led_on(s3, bucket):
    files = S3Files(s3, bucket)
    form = await files.upload_form("imports/u/i/upload", 100, THEN)
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(form.url, data=form.fields, files={"file": ("b.csv", b"Title")})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{THEN}&")
    assert await files.get("imports/u/i/upload") == b"Title"


async def test_the_forms_policy_names_one_file_and_a_size(s3, bucket):
    form = await S3Files(s3, bucket).upload_form("imports/u/i/upload", 100, THEN)
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert ["content-length-range", 1, 100] in policy["conditions"]
    assert {"key": "imports/u/i/upload"} in policy["conditions"]
    assert {"success_action_redirect": THEN} in policy["conditions"]


async def test_a_browser_fetches_a_file_by_a_link_under_its_name(s3, bucket):
    files = S3Files(s3, bucket)
    await files.put("exports/u/e", b"whole")
    address = await files.link("exports/u/e", "library.json")
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(address)
    assert answer.content == b"whole"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="library.json"'


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
async def test_a_browser_is_sent_to_the_buckets_own_region(region, monkeypatch):
    for name, value in {
        "DEFAULT_REGION": region,
        "ACCESS_KEY_ID": "a",
        "SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    async with clients("s3") as (client,):
        form = await S3Files(client, "shelf").upload_form("imports/u/i/upload", 1, THEN)
        link = await S3Files(client, "shelf").link("exports/u/e", "library.json")
    place = (
        "shelf.s3.amazonaws.com" if region == "us-east-1" else f"shelf.s3.{region}.amazonaws.com"
    )
    assert form.url == f"https://{place}/"
    assert form.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert link.startswith(f"https://{place}/exports/u/e?")
