"""A way to an emulator that lets through only what a role may do, whoever the caller is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

import httpx

from tests.aws.guard import Guard
from tests.aws.small_http import Answer, Request, serving

_TARGETS = {
    "DynamoDB_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "secretsmanager": "secretsmanager",
}
_OBJECT = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_OWN_LINE = {"connection", "content-length", "host", "transfer-encoding"}

Call = tuple[str, str, dict[str, Any]]


@contextlib.asynccontextmanager
async def guarded(endpoint: str, guard: Guard) -> AsyncIterator[str]:
    """The address that stands for the emulator until the block ends."""
    async with httpx.AsyncClient(base_url=endpoint, timeout=60) as beyond:

        async def answer(request: Request) -> Answer:
            headers = dict(request.headers)
            lacking = guard.missing(*call_of(request, headers))
            if lacking:
                return refused(headers, lacking)
            reply = await beyond.request(
                request.method,
                request.target,
                content=request.body,
                headers=[pair for pair in request.headers if pair[0] not in _OWN_LINE]
                + [("host", headers.get("host", ""))],
            )
            kept = [pair for pair in reply.headers.multi_items() if pair[0] not in _OWN_LINE]
            return Answer(reply.status_code, kept, reply.content)

        async with serving(answer) as port:
            # By number: then S3's buckets are asked for in the path.
            yield f"http://127.0.0.1:{port}"


def call_of(request: Request, headers: dict[str, str]) -> Call:
    """Service, operation and parameters of a request on the wire."""
    target = headers.get("x-amz-target", "")
    if target:
        prefix, _, operation = target.partition(".")
        return _TARGETS[prefix], operation, json.loads(request.body or b"{}")
    path, _, query = request.target.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    asked = parse_qs(query, keep_blank_values=True)
    if key:
        return "s3", _OBJECT[request.method], {"Bucket": bucket, "Key": key}
    if request.method == "POST" and "delete" in asked:
        keys = [
            {"Key": node.text}
            for node in ElementTree.fromstring(request.body or b"").iter()
            if node.tag.endswith("Key")
        ]
        return "s3", "DeleteObjects", {"Bucket": bucket, "Delete": {"Objects": keys}}
    if request.method == "GET" and "list-type" in asked:
        return "s3", "ListObjectsV2", {"Bucket": bucket}
    raise LookupError(f"{request.method} {request.target}")


def refused(headers: dict[str, str], lacking: str) -> Answer:
    """What the services say of what is not allowed."""
    if "x-amz-target" in headers:
        told = {"__type": "AccessDeniedException", "Message": f"not authorized: {lacking}"}
        rows = [("content-type", "application/x-amz-json-1.0")]
        return Answer(403, rows, json.dumps(told).encode())
    body = f"<Error><Code>AccessDenied</Code><Message>{lacking}</Message></Error>"
    return Answer(403, [("content-type", "application/xml")], body.encode())
