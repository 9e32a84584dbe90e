"""The function that does the stored jobs: messages of SQS, and a sweep every few minutes."""

from __future__ import annotations

import gc

gc.disable()  # a start makes no garbage, and looking for it takes a tenth of the time

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

from booklib.aws import logs
from booklib.aws.messages import Event, sweep, work
from booklib.errors import BooklibError
from booklib.ports import World
from booklib.settings import Settings
from booklib.wiring import open_working_world

SPARE_S = 1.5
"""Seconds before Lambda would end the container in which what is unfinished is given back."""


def handler(event: Event, context: Any) -> Event:
    """Do the jobs that an event of SQS names, or ring for those that are due."""
    logs.request_id.set(getattr(context, "aws_request_id", ""))
    return _LIBRARY.run(event, context.get_remaining_time_in_millis() / 1000 - SPARE_S)


class _Library:
    """The world on its own loop, opened once in a container; tried again where that failed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._opened = AsyncExitStack()
        self._world: World | None = None

    def world(self) -> World:
        """Raises BooklibError, upon which SQS keeps the messages."""
        asyncio.set_event_loop(self._loop)
        if self._world is None:
            working = open_working_world(Settings.from_environment())
            opening = self._opened.enter_async_context(working)
            self._world = self._loop.run_until_complete(opening)
        return self._world

    def run(self, event: Event, seconds: float) -> Event:
        """What is to be answered to an event."""
        world = self.world()
        if "Records" in event:
            return self._loop.run_until_complete(work(world, event["Records"], seconds))
        self._loop.run_until_complete(sweep(world))
        return {}


logs.set_up()
_LIBRARY = _Library()
with suppress(BooklibError):  # the first event says so
    _LIBRARY.world()
gc.freeze()
gc.enable()
