"""Files in a bucket of S3."""

from __future__ import annotations

import errno
import logging
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import ClientPayloadError
from botocore.exceptions import BotoCoreError, ClientError

from booklib.errors import StorageDown, StorageFull
from booklib.ports import UploadForm, check_file_name

log = logging.getLogger(__name__)

T = TypeVar("T")

FORM_S, LINK_S = 3600, 600
_PIECE = 256 * 1024
_NOT_THERE = frozenset({"NoSuchKey", "404"})
"""What S3 answers to a Get and to a Head."""


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

    async def has(self, name: str) -> bool:
        """Whether there is such a file, without its bytes."""
        check_file_name(name)
        try:
            await _asked(self._client.head_object(Bucket=self._bucket, Key=name))
        except _Missing:
            return False
        return True

    async def names(self, folder: str) -> AsyncIterator[str]:
        """The names of all files below a folder, a thousand by one request."""
        check_file_name(folder)
        request = {"Bucket": self._bucket, "Prefix": f"{folder}/"}
        while True:
            page = await _asked(self._client.list_objects_v2(**request))
            for found in page.get("Contents", ()):
                yield found["Key"]
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    async def store(self, name: str, source: Path) -> None:
        """Store a file in one request: at most 5 GB, S3's own bound for that."""
        check_file_name(name)
        with source.open("rb") as file:
            await _asked(self._client.put_object(Bucket=self._bucket, Key=name, Body=file))

    async def fetch(self, name: str, to: Path) -> bool:
        """Copy a file to this machine, piece by piece."""
        check_file_name(name)
        try:
            found = await _asked(self._client.get_object(Bucket=self._bucket, Key=name))
        except _Missing:
            return False
        await _asked(_write(found["Body"], to))
        return True

    async def upload_form(self, name: str, most: int, then: str) -> UploadForm | None:
        """A signed policy: this name alone, no more bytes than that, for an hour."""
        check_file_name(name)
        fields = {"success_action_redirect": then}
        form = await _asked(
            self._client.generate_presigned_post(
                Bucket=self._bucket,
                Key=name,
                Fields=fields,
                Conditions=[fields, ["content-length-range", 1, most]],
                ExpiresIn=FORM_S,
            )
        )
        return UploadForm(form["url"], form["fields"])

    async def link(self, name: str, file_name: str) -> str | None:
        """A signed address that counts for ten minutes."""
        check_file_name(name)
        request = {
            "Bucket": self._bucket,
            "Key": name,
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
        }
        address: str = await _asked(
            self._client.generate_presigned_url(
                ClientMethod="get_object", Params=request, ExpiresIn=LINK_S
            )
        )
        return address

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
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in _NOT_THERE:
            raise _Missing from None
        log.error("S3 cannot be used: %s", error)
        raise StorageDown("The place for files does not answer.") from None


async def _read(body: Any) -> bytes:
    """What is still to come; aiohttp's own ClientPayloadError tells that it broke off."""
    async with body:
        data: bytes = await body.read()
        return data


async def _write(body: Any, to: Path) -> None:
    """Raises StorageFull where this machine's disk is full."""
    async with body:
        with to.open("wb") as file:
            while piece := await body.read(_PIECE):
                try:
                    file.write(piece)
                except OSError as error:
                    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                        raise
                    raise StorageFull("The disk is full.") from error
