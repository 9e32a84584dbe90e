"""An HTTP API without AWS: requests become events of payload format 2.0, and answers come back.

After https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
and, where that page is silent, what others have measured of the service: which bodies come in
base64 (MiniStack's pull request 766) and that the path comes decoded (Mangum's issues).
"""

from __future__ import annotations

import base64
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.aws.function_code import ACCOUNT
from tests.aws.runtime_api import Function, Told, Unfit
from tests.aws.small_http import Answer, Request, Rows, serving

LARGEST = 10 * 1024 * 1024
"""Bytes of a body that the service takes."""

READER = "203.0.113.7"
"""The address that every request comes from (RFC 5737)."""

TEXT = ("text/", "application/json", "application/xml", "application/javascript")
NOT_PASSED_ON = {"connection", "cookie", "expect", "keep-alive", "transfer-encoding"}


@contextlib.asynccontextmanager
async def front(function: Function, address: str = READER) -> AsyncIterator[str]:
    """The address at which a function answers over HTTP until the block ends."""

    async def answer(request: Request) -> Answer:
        if request.body is None:
            return _said(413, "Request Entity Too Large")
        try:
            told = await function.invoke(event_of(request, address))
        except Unfit:
            return _said(413, "Request Entity Too Large")
        return answer_of(told)

    async with serving(answer, LARGEST) as port:
        yield f"http://localhost:{port}"


def event_of(request: Request, address: str = READER) -> dict[str, Any]:
    """The event that a function gets for a request."""
    raw_path, _, query = request.target.partition("?")
    path = unquote(raw_path).partition("?")[0]  # cut there by the service itself
    headers = _joined(request.headers)
    now = datetime.now(UTC)
    host = headers.get("host", "localhost")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers
        | {
            "x-amzn-trace-id": f"Root=1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]}",
            "x-forwarded-for": ", ".join(filter(None, [headers.get("x-forwarded-for"), address])),
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "a1b2c3d4e5",
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": address,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:16],
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(1000 * now.timestamp()),
        },
        "isBase64Encoded": False,
    }
    return event | _cookies(request.headers) | _parameters(query) | _body(request, headers)


def _joined(rows: Rows) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in rows:
        if name not in NOT_PASSED_ON:
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _cookies(rows: Rows) -> dict[str, Any]:
    found = [part for name, value in rows if name == "cookie" for part in value.split("; ")]
    return {"cookies": found} if found else {}


def _parameters(query: str) -> dict[str, Any]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return {"queryStringParameters": found} if found else {}


def _body(request: Request, headers: dict[str, str]) -> dict[str, Any]:
    if not request.body:
        return {}
    if headers.get("content-type", "").lower().startswith(TEXT):
        return {"body": request.body.decode(errors="replace")}
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}


def answer_of(told: Told) -> Answer:
    """The answer to a request, from what its function gave."""
    if told.failed:
        out_of_time = b"Sandbox.Timedout" in told.payload
        return _said(503, "Service Unavailable") if out_of_time else _internal()
    answer = told.json
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Answer(200, [("content-type", "application/json")], told.payload)
    body = answer.get("body") or ""
    try:
        content = base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else None
        status = int(answer["statusCode"])
    except ValueError:
        return _internal()
    rows = [
        (str(name).lower(), str(value)) for name, value in (answer.get("headers") or {}).items()
    ]
    rows += [("set-cookie", str(cookie)) for cookie in answer.get("cookies") or []]
    rows.append(("apigw-requestid", uuid.uuid4().hex[:16]))
    return Answer(status, rows, body.encode() if content is None else content)


def _internal() -> Answer:
    return _said(500, "Internal Server Error")


def _said(status: int, message: str) -> Answer:
    body = json.dumps({"message": message}).encode()
    return Answer(status, [("content-type", "application/json")], body)
