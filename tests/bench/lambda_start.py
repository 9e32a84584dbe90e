"""How long the package takes to start as a function, and to answer when it is warm."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.aws import emulators
from tests.aws.front import event_of
from tests.aws.function_code import Code
from tests.aws.lambda_place import Place, placed
from tests.aws.packages import built_layer, built_package
from tests.aws.runtime_api import Function, Times, Told, function
from tests.aws.small_http import Request
from tests.bench.lambda_bare import bare_package
from tests.bench.report import Row, at_most, note
from tests.http_client import Client
from tests.unit.scanning_pictures import isbns

STARTS = 9
"""Of each, in turn: what else the machine does meets all alike."""
WARM = 100
BOOKS = 50
PASSWORD = "a long enough password"


async def measure(folder: Path) -> list[Row]:
    """Start-up against Quart and Mangum alone, and warm requests against a trivial handler."""
    bare = Code(task=bare_package(folder / "bare-function"), handler="bare.handler")
    package, layer = built_package(), built_layer()
    with emulators.moto() as moto:
        async with placed(moto, package.folder, layer.folder) as place:
            rows = await _starts(bare, place.api.code)
            return rows + await _warm(place, replace(bare, handler="trivial.handler"))


async def _starts(bare: Code, ours: Code) -> list[Row]:
    pairs = [(await _init(bare), await _init(ours)) for _ in range(STARTS)]
    alone, whole = zip(*pairs, strict=True)
    ratio = statistics.median(ours.init_cpu / bare.init_cpu for bare, ours in pairs)
    return [
        note("start-up of Quart and Mangum alone", _took(alone)),
        note("start-up of the API function", _took(whole)),
        at_most("start-up of the API function, against Quart and Mangum alone", ratio, 1.6),
    ]


async def _init(code: Code) -> Times:
    """The times of a first event. Work is compared: what else the machine does adds to waiting."""
    async with function(code) as started:
        _good(await started.invoke(_get("/health")))
        return started.times[0]


def _took(starts: Sequence[Times]) -> str:
    worked = _ms([times.init_cpu or 0 for times in starts])
    return f"{_ms([times.init or 0 for times in starts])}, {worked} of them at work"


async def _warm(place: Place, trivial: Code) -> list[Row]:
    cookie = await _filled(place)
    async with function(trivial) as little:
        took = {
            "a trivial handler": await _times(little, _get("/")),
            "/health": await _times(place.api, _get("/health")),
            f"the shelf of {BOOKS} books": await _times(place.api, _get("/library", cookie)),
        }
    return [note(f"warm request, {what} (median)", _ms(times)) for what, times in took.items()]


async def _filled(place: Place) -> str:
    """A user with books; the session's cookie."""
    async with Client(int(place.url.rpartition(":")[2])) as client:
        told = {"username": "bench", "email": "bench@example.org"}
        password = {"password": PASSWORD, "confirm_password": PASSWORD}
        assert (await client.post("/register", told | password)).status == 303
        reply = await client.post("/books", {"isbn": " ".join(isbns(BOOKS))})
        assert reply.status in (200, 303), reply
        return client.cookie


async def _times(function: Function, event: dict[str, Any]) -> list[float]:
    _good(await function.invoke(event))
    del function.times[:]
    for _ in range(WARM):
        _good(await function.invoke(event))
        await asyncio.sleep(0)
    return [times.run for times in function.times]


def _get(path: str, cookie: str = "") -> dict[str, Any]:
    rows = [("host", "localhost"), ("accept", "text/html"), ("accept-encoding", "gzip")]
    return event_of(Request("GET", path, [*rows, *([("cookie", cookie)] if cookie else [])], b""))


def _good(told: Told) -> None:
    if told.failed or told.json["statusCode"] != 200:
        raise RuntimeError(told.payload.decode()[:500])


def _ms(times: Sequence[float]) -> str:
    middle = statistics.median(times)
    return f"{middle:.0f} ms" if middle >= 20 else f"{middle:.1f} ms"
