"""Files in a bucket of S3."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any, TypeVar

from aiohttp import ClientPayloadError
from botocore.exceptions import BotoCoreError, ClientError

from booklib.errors import StorageDown
from booklib.ports import check_file_name

log = logging.getLogger(__name__)

T = TypeVar("T")


class S3Files:
    """The Files port: the name of a file is its key."""

    def __init__(self, client: Any, bucket: str) -> None:
        """`client` is an open low-level aiobotocore client; whoever opened it closes it."""
        self._client = client
        self._bucket = bucket

    async def put(self, name: str, data: bytes) -> None:
        """Store a file. S3 shows the former one until all of it is there."""
        check_file_name(name)
        await _asked(self._client.put_object(Bucket=self._bucket, Key=name, Body=data))

    async def get(self, name: str) -> bytes | None:
        """A file, or None."""
        check_file_name(name)
        try:
            found = await _asked(self._client.get_object(Bucket=self._bucket, Key=name))
        except _Missing:
            return None
        return await _asked(_read(found["Body"]))

    async def remove(self, name: str) -> None:
        """Remove a file."""
        check_file_name(name)
        await _asked(self._client.delete_object(Bucket=self._bucket, Key=name))

    async def remove_all(self, folder: str) -> None:
        """Remove every file below a folder, a thousand at a time.

        Where the bucket keeps versions, they go by its own rule: after 30 days in infra/data.yaml,
        about when the tables can no longer be taken back to the time before.
        """
        check_file_name(folder)
        request = {"Bucket": self._bucket, "Prefix": f"{folder}/"}
        while True:
            # Each time from the start: what was listed is gone by then.
            page = await _asked(self._client.list_objects_v2(**request))
            keys = [{"Key": found["Key"]} for found in page.get("Contents", ())]
            if not keys:
                return
            removed = await _asked(
                self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True}
                )
            )
            if removed.get("Errors"):
                log.error("files could not be removed: %s", removed["Errors"][0])
                raise StorageDown("Some files could not be removed.")


class _Missing(Exception):
    """There is no such file."""


async def _asked(call: Awaitable[T]) -> T:
    """The answer of S3; raises _Missing and StorageDown."""
    try:
        return await call
    except (ClientError, BotoCoreError, ClientPayloadError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchKey":
            raise _Missing from None
        log.error("S3 cannot be used: %s", error)
        raise StorageDown("The place for files does not answer.") from None


async def _read(body: Any) -> bytes:
    """What is still to come; aiohttp's own ClientPayloadError tells that it broke off."""
    async with body:
        data: bytes = await body.read()
        return data
