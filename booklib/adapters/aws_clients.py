"""Clients of AWS: one session, each client opened once and closed by whoever opened it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

from booklib.adapters.no_certificates import no_certificates

with no_certificates():
    import aioboto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from booklib.errors import StorageDown

log = logging.getLogger(__name__)
for chatty in ("aiobotocore", "botocore"):  # which tell where they found each of their settings
    logging.getLogger(chatty).setLevel(logging.WARNING)

Service = Literal["dynamodb", "s3", "secretsmanager", "sqs"]

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    # The storage tries again by itself, and knows better for how long.
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=25,
    tcp_keepalive=True,
)
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4"))
_REGIONAL = _S3_CONFIG.merge(Config(s3={"addressing_style": "virtual"}))
"""For the addresses that are given to browsers: of the bucket's own region, because the global one
leads elsewhere for a day after a bucket was made."""


@asynccontextmanager
async def clients(*services: Service) -> AsyncIterator[tuple[Any, ...]]:
    """Open low-level clients, in the order of their names, until the block ends.

    Region, credentials and AWS_ENDPOINT_URL are the SDK's own business. Raises StorageDown where
    there is no region or no usable profile; missing credentials show at the first call.
    """
    async with AsyncExitStack() as opened:
        try:
            session = aioboto3.Session()
            found = [await _opened(session, service, opened) for service in services]
        except (BotoCoreError, ValueError) as error:
            log.error("AWS cannot be used: %s", error)
            raise StorageDown(f"AWS cannot be used: {error}") from None
        yield tuple(found)


async def _opened(session: Any, service: Service, opened: AsyncExitStack) -> Any:
    if service != "s3":
        return await opened.enter_async_context(session.client(service, config=_CONFIG))
    client = await opened.enter_async_context(session.client(service, config=_S3_CONFIG))
    if not client.meta.endpoint_url.endswith(".amazonaws.com"):
        return client  # which may have no names of hosts for its buckets
    return await opened.enter_async_context(session.client(service, config=_REGIONAL))


@asynccontextmanager
async def later(service: Service) -> AsyncIterator[Any]:
    """A client that its first call opens: for what most starts of a function do without.

    The call raises as `clients` does.
    """
    async with AsyncExitStack() as opened:
        yield _Later(service, opened)


class _Later:
    """Has the operations of the client that it opens, and nothing else of it."""

    def __init__(self, service: Service, opened: AsyncExitStack) -> None:
        self._service = service
        self._opened = opened
        self._turn = asyncio.Lock()
        self._found: Any = None

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        async def call(**request: Any) -> Any:
            return await getattr(await self._client(), operation)(**request)

        return call

    async def _client(self) -> Any:
        async with self._turn:
            if self._found is None:
                (self._found,) = await self._opened.enter_async_context(clients(self._service))
        return self._found


async def read_secret(client: Any, arn: str) -> tuple[str, ...]:
    """The values of a secret (text) that count, the current one first, then the one before it.

    So a new value signs nobody out: Secrets Manager keeps the former one as AWSPREVIOUS. Raises
    StorageDown where there is no current one.
    """
    try:
        current = await client.get_secret_value(SecretId=arn, VersionStage=CURRENT)
    except (ClientError, BotoCoreError) as error:
        log.error("The secret key cannot be read from %s: %s", arn, error)
        raise StorageDown("The secret key cannot be read.") from None
    try:
        previous = await client.get_secret_value(SecretId=arn, VersionStage=PREVIOUS)
    except (ClientError, BotoCoreError) as error:
        if not _is_missing(error):
            log.warning("The former secret key cannot be read from %s: %s", arn, error)
        return (str(current["SecretString"]),)
    return str(current["SecretString"]), str(previous["SecretString"])


def _is_missing(error: ClientError | BotoCoreError) -> bool:
    """Whether the secret never had another value."""
    if not isinstance(error, ClientError):
        return False
    return bool(error.response["Error"]["Code"] == "ResourceNotFoundException")
