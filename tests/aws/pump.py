"""SQS and EventBridge without AWS: a worker function gets its messages, and its tick.

What succeeded is deleted, what failed comes again when its visibility ends, and the queue itself
moves what came too often to the dead-letter queue:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.aws.function_code import ACCOUNT, REGION
from tests.aws.runtime_api import Function, Told


@dataclass
class Pump:
    """Carries messages from a queue to a function, a batch at a time."""

    client: Any
    """An open SQS client."""
    queue_url: str
    function: Function
    batch: int = 10
    visible_again_s: int | None = None
    """After how long what failed comes again; None: as the queue says."""
    told: list[Told] = field(default_factory=list)

    async def turn(self, wait_s: int = 0) -> list[dict[str, Any]]:
        """One batch, if there is any within `wait_s`: carried, and what succeeded is deleted."""
        event = await self.received(wait_s)
        records: list[dict[str, Any]] = event["Records"]
        if not records:
            return []
        told = await self.function.invoke(event)
        self.told.append(told)
        failed = _failed(told, {record["messageId"] for record in records})
        for record in records:
            if record["messageId"] not in failed:
                await self.client.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=record["receiptHandle"]
                )
        return records

    async def received(self, wait_s: int = 0) -> dict[str, Any]:
        """The event of the next batch, of which nobody deletes anything yet."""
        over = {} if self.visible_again_s is None else {"VisibilityTimeout": self.visible_again_s}
        reply = await self.client.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=self.batch,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=wait_s,
            **over,
        )
        return {"Records": [self._record(message) for message in reply.get("Messages", [])]}

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": message.get("MessageAttributes", {}),
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.queue_url.split('/')[-1]}",
            "awsRegion": REGION,
        }


def _failed(told: Told, batch: set[str]) -> set[str]:
    """Which messages come again: all where the function failed, or what it said makes no sense."""
    if told.failed:
        return batch
    answer = told.json
    if not isinstance(answer, dict):
        return set()
    failed = {item.get("itemIdentifier") for item in answer.get("batchItemFailures") or []}
    return failed if failed <= batch else batch


async def tick(function: Function, event: dict[str, Any] | None = None) -> Told:
    """The scheduled event, as EventBridge sends it, or the `Input` of the schedule."""
    return await function.invoke(
        event
        or {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/sweep"],
            "detail": {},
        }
    )


@contextlib.asynccontextmanager
async def pumping(pump: Pump) -> AsyncIterator[Pump]:
    """The pump at work until the block ends."""

    async def work() -> None:
        while True:
            if not await pump.turn():
                await asyncio.sleep(0.1)

    working = asyncio.create_task(work())
    try:
        yield pump
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
