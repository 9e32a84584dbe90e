"""The function that serves the pages: events of API Gateway's HTTP API (payload 2.0) by Mangum."""

from __future__ import annotations

import gc

gc.disable()  # a start makes no garbage, and looking for it takes a tenth of the time

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mangum import Mangum

from booklib.adapters.aws_clients import clients, read_secret
from booklib.app import create_app
from booklib.aws import logs
from booklib.aws.origin import came_through_cloudfront
from booklib.errors import BooklibError
from booklib.settings import Settings
from booklib.web.context import signed_in

Event = dict[str, Any]
Answer = dict[str, Any]
Handler = Callable[[Event, Any], Answer]

log = logging.getLogger(__name__)

LARGEST_BODY = 4_400 * 1024
"""Bytes of a request: Lambda takes events of 6 MiB, and base64 makes a picture a third longer."""

PATIENCE_S = 22
"""Seconds of a route: both API Gateway and the function's own time end at 30."""

_SORRY = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Book Library</title>"
    "<h1>The library cannot be opened just now</h1>"
    "<p>Nothing is lost. Whoever looks after it finds the reason in the log."
)
_ELSEWHERE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Book Library</title>"
    "<h1>Not by this way</h1><p>Please use the library's own address."
)


def handler(event: Event, context: Any) -> Answer:
    """Answer one request."""
    logs.request_id.set(getattr(context, "aws_request_id", ""))
    logs.user.set("")
    try:
        settings, answering = _LIBRARY.opened()
    except BooklibError as error:
        log.error("the library cannot be opened: %s", error)
        return _page(503, _SORRY)
    if settings.origin_secret and not came_through_cloudfront(event, settings.origin_secret):
        return _page(403, _ELSEWHERE)
    return answering(event, context)


def _page(status: int, text: str) -> Answer:
    headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": text}


class _Library:
    """The app on its own loop, started once in a container; tried again where that failed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._open: tuple[Settings, Handler] | None = None

    def opened(self) -> tuple[Settings, Handler]:
        """The settings, and what answers events. Raises BooklibError."""
        # Mangum takes the thread's loop, and wants one even while it is made.
        asyncio.set_event_loop(self._loop)
        if self._open is None:
            self._open = self._loop.run_until_complete(_started())
        return self._open


async def _started() -> tuple[Settings, Handler]:
    settings = Settings.from_environment()
    if settings.secret_key_arn:
        async with clients("secretsmanager") as (secrets,):
            key, *former = await read_secret(secrets, settings.secret_key_arn)
        settings = replace(
            settings,
            secret_key=key,
            secret_key_fallbacks=(*former, *settings.secret_key_fallbacks),
        )
    app = create_app(settings, max_upload=LARGEST_BODY, streams=False, patience_s=PATIENCE_S)
    app.before_request(_tell_who)
    await app.startup()
    return settings, Mangum(app, lifespan="off")  # type: ignore[arg-type]  # wider types


async def _tell_who() -> None:
    person = signed_in()
    logs.user.set(logs.hidden(person.user_id) if person else "")


logs.set_up()
_LIBRARY = _Library()
with suppress(BooklibError):  # the first request says so
    _LIBRARY.opened()
gc.freeze()
gc.enable()
