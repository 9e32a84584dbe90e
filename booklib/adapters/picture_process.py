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
from os import defpath, kill, pathsep
from pathlib import Path
from typing import TypeVar

from booklib.adapters.picture_answers import (
    BROKEN,
    LONGEST,
    Frame,
    read_cover,
    read_extras,
    read_scan,
)
from booklib.errors import BadPicture, Busy, NotRead
from booklib.models import CoverPictures, Scan

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
PIECE = 2**16
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

T = TypeVar("T")


class PictureProcess:
    """The Pictures port: up to `children` processes, started when needed and ended when idle."""

    def __init__(
        self,
        *,
        command: Sequence[str] = COMMAND,
        children: int = CHILDREN,
        waiting: int = WAITING,
        idle_s: float = IDLE_S,
        library_path: str = "",
    ) -> None:
        """`library_path`: where a child looks for shared libraries (ld.so's LD_LIBRARY_PATH)."""
        self._command = command
        self._library_path = library_path
        self._free = asyncio.Semaphore(children)
        self._room = children + waiting
        self._asks: set[asyncio.Future[None]] = set()
        self._idle_s = idle_s
        self._children: set[_Child] = set()
        self._idle: dict[_Child, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Future[None]] = set()
        self._closed = False

    async def scan(self, picture: bytes) -> Scan:
        """The barcodes of a photo."""
        return await self._ask("scan", picture, read_scan)

    async def cover(self, picture: bytes) -> CoverPictures:
        """A cover in the two stored sizes."""
        return await self._ask("cover", picture, read_cover)

    async def extras(self) -> frozenset[str]:
        """What there is beyond the necessary: `libzbar`, `heic`."""
        return await self._ask("extras", b"", read_extras)

    async def aclose(self) -> None:
        """End every child; what is being read is given up."""
        self._closed = True
        for child in list(self._children):
            if child in self._idle:
                self._end(child)
            else:
                child.kill()  # whoever asks it ends it
        while pending := self._asks | self._ending:
            await asyncio.wait(pending)

    async def _ask(self, what: str, picture: bytes, understand: Callable[[Frame], T]) -> T:
        if len(picture) > MAX_PICTURE:
            raise BadPicture(TOO_LARGE)
        if len(self._asks) >= self._room:
            raise Busy(TOO_MANY)
        done = asyncio.get_running_loop().create_future()
        self._asks.add(done)
        try:
            async with self._free:
                child = self._waiting_child() or await self._new_child()
                return await self._answer(child, what, picture, understand)
        finally:
            self._asks.remove(done)
            done.set_result(None)

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
            raise NotRead(TOO_LONG) from None
        except BROKEN as error:
            _log.warning("A picture could not be looked into (%s): %s", what, error or repr(error))
            raise NotRead(UNREADABLE) from None
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
            child = await _Child.started(self._command, self._library_path)
        except OSError as error:
            _log.error("No process for pictures could be started: %s", error)
            raise NotRead(NO_READER) from None
        self._children.add(child)
        ready = False
        try:
            async with asyncio.timeout(START_S):
                header, _ = await child.read()
            ready = header.get("ready") is True and not self._closed
        except BROKEN as error:
            header = {"bug": repr(error)}
        finally:
            if not ready:
                self._end(child)
        if not ready:
            _log.error("The process for pictures did not start: %s", header.get("bug"))
            raise NotRead(NO_READER)
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
    async def started(cls, command: Sequence[str], library_path: str) -> _Child:
        """A new process. It knows where this program's modules are, and nothing else of here.

        In a session of its own, Ctrl+C reaches this process alone. Raises OSError.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={
                "PATH": defpath,
                "LC_ALL": "C.UTF-8",
                "PYTHONPATH": _modules(),
                **({"LD_LIBRARY_PATH": library_path} if library_path else {}),
            },
            start_new_session=True,
        )
        return cls(process)

    @property
    def alive(self) -> bool:
        """Whether it is there; asyncio hears of an end a moment later than the system knows."""
        if self._process.returncode is not None:
            return False
        try:
            kill(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    async def ask(self, what: str, picture: bytes) -> Frame:
        text = json.dumps({"do": what, "seconds": SOFT_S}).encode()
        self._questions.write(_FRAME.pack(len(text), len(picture)) + text)
        for start in range(0, len(picture), PIECE):  # at once it would be copied several times
            self._questions.write(memoryview(picture)[start : start + PIECE])
            await self._questions.drain()
        return await self.read()

    async def read(self) -> Frame:
        """The next frame; raises one of BROKEN."""
        size, blob_size = _FRAME.unpack(await self._answers.readexactly(_FRAME.size))
        if size > MAX_HEADER or blob_size > MAX_BLOB:
            raise ValueError("the answer is too long")
        header = json.loads(await self._answers.readexactly(size))
        if not isinstance(header, dict):
            raise TypeError("the answer is no object")
        return header, await self._answers.readexactly(blob_size)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """Kill the process and wait until it is gone; nobody may be asking it."""
        self.kill()
        if not self._questions.is_closing():
            self._questions.transport.abort()
        while await self._answers.read(2**16):
            pass
        await self._process.wait()


def _modules() -> str:
    return pathsep.join(
        str(Path(place).absolute()) for place in (str(CHECKOUT), *sys.path) if place
    )
