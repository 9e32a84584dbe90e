"""What went wrong with a call: to be tried again, refused by a condition, or told to people."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ParamValidationError,
)

from booklib.errors import Busy, StorageDown

log = logging.getLogger(__name__)

TOO_MUCH = "The library has very much to do. Please try again in a moment."
NO_ANSWER = "DynamoDB does not answer."

_CREDENTIALS = (
    "Amazon refuses the credentials: “aws sts get-caller-identity” shows whose they are and "
    "whether they have expired; the clock of this machine must be right too."
)
_HINTS = {
    "ResourceNotFoundException": "A table is missing: “deploy/deploy.sh ENV” makes them all; "
    "otherwise look at USERS_TABLE, BOOKS_TABLE, USER_BOOKS_TABLE, JOBS_TABLE and at the region.",
    "AccessDeniedException": "The role may not do this: deploy the stack anew.",
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "IncompleteSignatureException": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
}
_NO_WAY = "Nothing listens there: look at the network, the region and AWS_ENDPOINT_URL."
_OTHERWISE = "Look at the credentials, the region and AWS's health page."

_PASSING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_PASSING_REASONS = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_MISTAKES = frozenset(
    {"ValidationException", "SerializationException", "TransactionCanceledException"}
)


class Refused(Exception):
    """A condition did not hold. Of a transaction, `places` tells which of its items refused.

    `unsure`: an earlier try got no answer and may have been carried out, so that what refuses may
    be our own work.
    """

    def __init__(self, places: frozenset[int], unsure: bool) -> None:
        super().__init__(f"refused at {sorted(places)}")
        self.places = places
        self.unsure = unsure


class Fault(NamedTuple):
    """What became of one try."""

    said: Exception
    """What the caller is told where trying again is no use."""
    passing: bool = False
    unsure: bool = False
    """Whether the call may have been carried out, or an earlier one of botocore's own tries."""
    refused: frozenset[int] | None = None


def fault_of(error: ClientError | BotoCoreError) -> Fault:
    """What an error of botocore means; its own retries are over by then."""
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError)):
        return Fault(_down(error, _NO_WAY))
    if isinstance(error, HTTPClientError):
        return Fault(StorageDown(NO_ANSWER), passing=True, unsure=True)
    if isinstance(error, ParamValidationError):
        return Fault(error)
    return Fault(_down(error, _OTHERWISE))


def _answered(error: ClientError) -> Fault:
    code = str(error.response.get("Error", {}).get("Code", ""))
    metadata = error.response.get("ResponseMetadata", {})
    unsure = metadata.get("RetryAttempts", 0) > 0
    if code == "ConditionalCheckFailedException":
        return Fault(error, unsure=unsure, refused=frozenset({0}))
    reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", ())]
    refused = frozenset(i for i, reason in enumerate(reasons) if reason == "ConditionalCheckFailed")
    if refused:
        return Fault(error, unsure=unsure, refused=refused)
    if code in _PASSING or _PASSING_REASONS.intersection(reasons):
        return Fault(Busy(TOO_MUCH), passing=True, unsure=unsure)
    if metadata.get("HTTPStatusCode", 0) >= 500:
        return Fault(StorageDown(NO_ANSWER), passing=True, unsure=True)
    if code in _MISTAKES:
        return Fault(error)
    return Fault(_down(error, _HINTS.get(code, _OTHERWISE)))


def _down(error: Exception, hint: str) -> StorageDown:
    """The error for people, once the owner has been told what would help."""
    log.error("DynamoDB cannot be used: %s %s", error, hint)
    return StorageDown(NO_ANSWER)


class Patience:
    """How long one request is tried again, with growing, jittered waits."""

    def __init__(self, seconds: float) -> None:
        self._until = asyncio.get_running_loop().time() + seconds
        self._waits = 0

    async def wait(self) -> bool:
        """Wait for the next try; False where the time is over."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._until:
            return False
        self._waits += 1
        await asyncio.sleep(random.uniform(0.005, min(0.02 * 2**self._waits, 0.4)))  # noqa: S311
        return True
