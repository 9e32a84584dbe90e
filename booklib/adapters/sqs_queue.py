"""The queue on SQS: a message names a job that is due, and nothing more."""

from __future__ import annotations

import json
import logging
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger(__name__)

LONGEST_DELAY_S = 900
"""The most that SQS delays a message (Amazon SQS API Reference, SendMessage)."""


class SqsQueue:
    """Rings by message. Losing one costs time only, so a fault is logged and nobody has to wait."""

    def __init__(self, client: Any, queue_url: str) -> None:
        """`client` is an open low-level aiobotocore client; whoever opened it closes it."""
        self._client = client
        self._url = queue_url

    async def ring(self, job_id: str, delay_s: int = 0) -> None:
        """Send a message, which arrives after `delay_s` seconds, at most LONGEST_DELAY_S."""
        try:
            await self._client.send_message(
                QueueUrl=self._url,
                MessageBody=message_of(job_id),
                DelaySeconds=max(0, min(delay_s, LONGEST_DELAY_S)),
            )
        except (ClientError, BotoCoreError) as error:
            log.warning("a ring was lost, the sweep finds the job job_id=%s: %s", job_id, error)


def message_of(job_id: str) -> str:
    """The body of a message."""
    return json.dumps({"job_id": job_id})


def job_of(message: str) -> str:
    """The job that a message names; raises ValueError for what is no message of ours."""
    try:
        body = json.loads(message)
    except RecursionError:
        raise ValueError("the message is nested too deeply") from None
    job_id = body.get("job_id") if isinstance(body, dict) else None
    if not isinstance(job_id, str) or not job_id:
        raise ValueError(f"no job is named by {message[:200]!r}")
    return job_id
