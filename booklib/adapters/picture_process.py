"""Pictures are looked into by processes of their own, which can be stopped.

A decoder cannot be interrupted, can crash, and reads what strangers made. So it works in a child
(`booklib.picture_worker`, which describes the frames) that is killed when it takes too long.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from os import defpath, pathsep
from pathlib import Path
from typing import Any, TypeVar, get_args

from booklib.errors import BadPicture, Busy
from booklib.models import Code, CodeKind, CoverPictures, Scan
from booklib.models.scans import Advice, Place

COMMAND = (sys.executable, "-P", "-m", "booklib.picture_worker")
CHILDREN = 2
WAITING = 20
"""Pictures that may wait for a child."""
SOFT_S = 1.7
"""After which the child gives what it has found so far."""
HARD_S = 2.0
"""After which the child is killed."""
START_S = 20.0
IDLE_S = 60.0
MAX_PICTURE = 64 * 2**20
MAX_HEADER = 2**20
MAX_BLOB = 16 * 2**20
"""Bytes of what is sent and answered."""
LONGEST = 1000
"""Characters of a code or a sentence."""
CHECKOUT = Path(__file__).resolve().parents[2]

_FRAME = struct.Struct(">II")
_log = logging.getLogger(__name__)

TOO_LONG = (
    "This picture takes too long to read. A sharp photo with the barcodes large in it, "
    "not over 12 megapixels, is read at once."
)
UNREADABLE = "This picture cannot be read. Saving it anew as a JPEG, or taking another, would help."
NO_READER = "Pictures cannot be read just now: the server's log says why."
TOO_LARGE = "This picture is too large: please make it smaller."
TOO_MANY = "Many pictures are being read just now. Please try again in a moment."

Frame = tuple[dict[str, Any], bytes]
T = TypeVar("T")

_BROKEN = (
    *(asyncio.IncompleteReadError, OSError, struct.error),
    *(LookupError, TypeError, ValueError, RecursionError),
)
"""What reading the answer of a child raises that died, or that makes no sense."""


class PictureProcess:
    """The Pictures port: up to `children` processes, started when needed and ended when idle."""

    def __init__(
        self,
        *,
        command: Sequence[str] = COMMAND,
        children: int = CHILDREN,
        waiting: int = WAITING,
        idle_s: float = IDLE_S,
    ) -> None:
        self._command = command
        self._free = asyncio.Semaphore(children)
        self._room = children + waiting
        self._asking = 0
        self._idle_s = idle_s
        self._children: set[_Child] = set()
        self._idle: dict[_Child, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def scan(self, picture: bytes) -> Scan:
        """The barcodes of a photo."""
        return await self._ask("scan", picture, _scan)

    async def cover(self, picture: bytes) -> CoverPictures:
        """A cover in the two stored sizes."""
        return await self._ask("cover", picture, _cover)

    async def aclose(self) -> None:
        """End every child; what is being read is given up."""
        self._closed = True
        for child in list(self._children):
            self._end(child)
        while self._ending:
            await asyncio.wait(self._ending)

    async def _ask(self, what: str, picture: bytes, understand: Callable[[Frame], T]) -> T:
        if len(picture) > MAX_PICTURE:
            raise BadPicture(TOO_LARGE)
        if self._asking >= self._room:
            raise Busy(TOO_MANY)
        self._asking += 1
        try:
            async with self._free:
                child = self._waiting_child() or await self._new_child()
                return await self._answer(child, what, picture, understand)
        finally:
            self._asking -= 1

    async def _answer(
        self, child: _Child, what: str, picture: bytes, understand: Callable[[Frame], T]
    ) -> T:
        """Ask a child; one that did not answer as agreed, or that nobody waits for, is ended."""
        well = False
        try:
            async with asyncio.timeout(HARD_S):
                header, blob = await child.ask(what, picture)
            if "bug" in header:
                raise ValueError(header["bug"])
            answer = None if "error" in header else understand((header, blob))
            well = True
        except TimeoutError:
            raise BadPicture(TOO_LONG) from None
        except _BROKEN as error:
            _log.warning("A picture could not be looked into (%s): %s", what, error or repr(error))
            raise BadPicture(UNREADABLE) from None
        finally:
            if well and not self._closed:
                self._keep(child)
            else:
                self._end(child)
        if answer is None:
            raise BadPicture(str(header["error"])[:LONGEST])
        return answer

    def _waiting_child(self) -> _Child | None:
        while self._idle:
            child, timer = self._idle.popitem()
            timer.cancel()
            if child.alive:
                return child
            self._end(child)
        return None

    async def _new_child(self) -> _Child:
        if self._closed:
            raise Busy(TOO_MANY)
        try:
            child = await _Child.started(self._command)
        except OSError as error:
            _log.error("No process for pictures could be started: %s", error)
            raise BadPicture(NO_READER) from None
        self._children.add(child)
        ready = False
        try:
            async with asyncio.timeout(START_S):
                header, _ = await child.read()
            ready = header.get("ready") is True and not self._closed
        except _BROKEN as error:
            header = {"bug": repr(error)}
        finally:
            if not ready:
                self._end(child)
        if not ready:
            _log.error("The process for pictures did not start: %s", header.get("bug"))
            raise BadPicture(NO_READER)
        return child

    def _keep(self, child: _Child) -> None:
        loop = asyncio.get_running_loop()
        self._idle[child] = loop.call_later(self._idle_s, self._end, child)

    def _end(self, child: _Child) -> None:
        if timer := self._idle.pop(child, None):
            timer.cancel()
        if child in self._children:
            self._children.remove(child)
            task = asyncio.create_task(child.end())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


class _Child:
    """One process, which answers one question after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin  # noqa: S101  # both are pipes
        assert process.stdout  # noqa: S101
        self._process = process
        self._questions = process.stdin
        self._answers = process.stdout

    @classmethod
    async def started(cls, command: Sequence[str]) -> _Child:
        """A new process. It knows where this program's modules are, and nothing else of here.

        In a session of its own, Ctrl+C reaches this process alone. Raises OSError.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": defpath, "LC_ALL": "C.UTF-8", "PYTHONPATH": _modules()},
            start_new_session=True,
        )
        return cls(process)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, what: str, picture: bytes) -> Frame:
        text = json.dumps({"do": what, "seconds": SOFT_S}).encode()
        self._questions.write(_FRAME.pack(len(text), len(picture)) + text)
        self._questions.write(picture)
        await self._questions.drain()
        return await self.read()

    async def read(self) -> Frame:
        """The next frame; raises one of _BROKEN."""
        size, blob_size = _FRAME.unpack(await self._answers.readexactly(_FRAME.size))
        if size > MAX_HEADER or blob_size > MAX_BLOB:
            raise ValueError("the answer is too long")
        header = json.loads(await self._answers.readexactly(size))
        if not isinstance(header, dict):
            raise TypeError("the answer is no object")
        return header, await self._answers.readexactly(blob_size)

    async def end(self) -> None:
        """Kill the process and wait until it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._questions.transport.abort()
        while await self._answers.read(2**16):
            pass
        await self._process.wait()


def _modules() -> str:
    return pathsep.join(
        str(Path(place).absolute()) for place in (str(CHECKOUT), *sys.path) if place
    )


def _scan(frame: Frame) -> Scan:
    """A scan as a child told it, every part checked; raises one of _BROKEN."""
    header, blob = frame
    codes, start = [], 0
    for told in header["codes"]:
        crop = blob[start : start + _whole(told["crop"])]
        start += len(crop)
        isbn = None if told["isbn"] is None else _text(told["isbn"])
        place = Place(*(_fraction(part) for part in told["place"]))
        codes.append(Code(_one_of(told["kind"], CodeKind), _text(told["text"]), isbn, place, crop))
    return Scan(
        width=_whole(header["width"]),
        height=_whole(header["height"]),
        codes=tuple(codes),
        advice=_one_of(header["advice"], Advice),
        cut_short=header["cut_short"] is True,
    )


def _cover(frame: Frame) -> CoverPictures:
    """A cover as a child made it; raises one of _BROKEN."""
    header, blob = frame
    end = _whole(header["large"])
    return CoverPictures(blob[:end], blob[end:], _whole(header["width"]), _whole(header["height"]))


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("a number is wrong")
    return value


def _fraction(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]
        raise TypeError("a place is wrong")
    return float(value)  # type: ignore[arg-type]


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise TypeError("a text is wrong")
    return value


def _one_of(value: object, choices: Any) -> Any:
    if value not in get_args(choices):
        raise ValueError("a word is unknown")
    return value
