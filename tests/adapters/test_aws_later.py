"""A client of AWS that only its first call opens."""

from __future__ import annotations

import asyncio

import pytest

from booklib.adapters.aws_clients import later
from booklib.adapters.s3_files import S3Files
from booklib.errors import StorageDown
from tests.aws import emulators
from tests.aws.fixtures import moto

__all__ = ["moto"]
pytestmark = pytest.mark.slow


async def test_the_first_calls_at_once_share_one_client(moto, monkeypatch):
    for name, value in emulators.environment(AWS_ENDPOINT_URL=moto).items():
        monkeypatch.setenv(name, value)
    async with emulators.client("s3", moto) as s3:
        files_of = await emulators.a_bucket(s3)
    async with later("s3") as client:
        files = S3Files(client, files_of)
        await asyncio.gather(*(files.put(f"{n}.txt", b"%d" % n) for n in range(5)))
        assert [await files.get(f"{n}.txt") for n in range(5)] == [b"%d" % n for n in range(5)]
        assert await files.get("none.txt") is None


async def test_a_client_that_nobody_calls_needs_no_account(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody-wrote-this-one")
    async with later("s3") as client:
        with pytest.raises(StorageDown):
            await S3Files(client, "files").get("a")
