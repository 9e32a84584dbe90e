"""Calls of DynamoDB: each is tried again while its fault passes, and ends in one of our errors."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from booklib.adapters.dynamodb.codec import typed
from booklib.adapters.dynamodb.faults import TOO_MUCH, Patience, Refused, fault_of
from booklib.adapters.dynamodb.schema import (
    READ_AT_ONCE,
    WRITTEN_AT_ONCE,
    Item,
    Request,
    Tables,
    usable,
)
from booklib.errors import Busy

log = logging.getLogger(__name__)


class Dynamo:
    """An open low-level client and the names of the tables. It neither opens nor closes it."""

    def __init__(self, client: Any, tables: Tables, patience_s: float) -> None:
        self._client = client
        self.tables = tables
        self._patience_s = patience_s

    def patience(self) -> Patience:
        """How long one request is tried again, from now on."""
        return Patience(self._patience_s)

    async def call(
        self, operation: str, request: Request, patience: Patience | None = None
    ) -> dict[str, Any]:
        """The answer to one call. Raises Refused, Busy and StorageDown.

        A write that was carried out though its answer was lost is tried again like any other, and
        then refused by its own condition. Botocore's own retries carry a transaction's
        ClientRequestToken, which it makes, and are told apart by DynamoDB; ours are new requests,
        and `Refused.unsure` says that the caller has to look.
        """
        patience = patience or self.patience()
        unsure = False
        while True:
            try:
                answer: dict[str, Any] = await getattr(self._client, operation)(**request)
                return answer
            except (ClientError, BotoCoreError) as error:
                fault = fault_of(error)
                unsure = unsure or fault.unsure
                if fault.refused is not None:
                    raise Refused(fault.refused, unsure) from error
                if fault.passing and await patience.wait():
                    continue
                if fault.passing:
                    log.warning("DynamoDB was asked in vain: %s", error)
                raise fault.said from error

    async def get(self, table: str, **key: str) -> Item | None:
        """One item as of now."""
        if not all(map(usable, key.values())):
            return None
        names = {name: typed(value) for name, value in key.items()}
        answer = await self.call(
            "get_item", {"TableName": table, "Key": names, "ConsistentRead": True}
        )
        found: Item | None = answer.get("Item")
        return found

    async def get_many(self, table: str, key: str, ids: Sequence[str]) -> list[Item]:
        """Items as of now, in no order; those that there are not are left out."""
        wanted = [{key: typed(ident)} for ident in dict.fromkeys(ids) if usable(ident)]
        found: list[Item] = []
        patience = self.patience()
        while wanted:
            some, wanted = wanted[:READ_AT_ONCE], wanted[READ_AT_ONCE:]
            request = {"RequestItems": {table: {"Keys": some, "ConsistentRead": True}}}
            answer = await self.call("batch_get_item", request, patience)
            found += answer["Responses"].get(table, ())
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if left and not await patience.wait():
                raise Busy(TOO_MUCH)
            wanted = left + wanted
        return found

    async def remove_many(self, table: str, key: str, ids: Sequence[str]) -> None:
        """Remove items by their keys, whatever is in them."""
        await self._write_many(
            table,
            [{"DeleteRequest": {"Key": {key: typed(ident)}}} for ident in dict.fromkeys(ids)],
        )

    async def put_many(self, table: str, items: Sequence[Item]) -> None:
        """Put items, whatever is there."""
        await self._write_many(table, [{"PutRequest": {"Item": one}} for one in items])

    async def _write_many(self, table: str, wanted: list[Request]) -> None:
        patience = self.patience()
        while wanted:
            some, wanted = wanted[:WRITTEN_AT_ONCE], wanted[WRITTEN_AT_ONCE:]
            answer = await self.call("batch_write_item", {"RequestItems": {table: some}}, patience)
            left = answer.get("UnprocessedItems", {}).get(table, [])
            if len(left) < len(some):
                patience = self.patience()
            if left and not await patience.wait():
                raise Busy(TOO_MUCH)
            wanted = left + wanted

    async def pages(self, operation: str, request: Request) -> AsyncIterator[list[Item]]:
        """The items of a Query or Scan, page by page: DynamoDB cuts them at 1 MB."""
        start: Request = {}
        while True:
            answer = await self.call(operation, {**request, **start})
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
