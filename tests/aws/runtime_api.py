"""Lambda without AWS: the Runtime API, and functions whose containers AWS's own client drives.

The protocol is that of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.aws.function_code import ACCOUNT, PYTHON, REGION, Code
from tests.aws.small_http import Answer, Request, serving

LARGEST = 6 * 1024 * 1024 + 100
"""Bytes of an event or an answer that Lambda takes."""

START_S = 60.0
"""Longer than Lambda's 10 s: four test processes may share two cores."""

CONTAINERS = 3
NEXT = "/2018-06-01/runtime/invocation/next"


class Unfit(Exception):
    """The event is larger than Lambda takes (RequestEntityTooLargeException)."""


class Told(NamedTuple):
    """What an invocation gave: the function's JSON, or what Lambda says of a failed one."""

    payload: bytes
    failed: bool = False

    @property
    def json(self) -> Any:
        """The payload, read."""
        return json.loads(self.payload)


class Times(NamedTuple):
    """Milliseconds of one invocation, as the platform sees them."""

    init: float | None
    """From the start of the process until it asked for work; None in a warm container."""
    run: float
    init_cpu: float | None = None
    """What of `init` it worked; the rest it waited, for the machine too."""


class _Work(NamedTuple):
    request_id: str
    event: bytes
    deadline_ms: int
    told: asyncio.Future[Told]


class Container:
    """One process of a function with a Runtime API of its own; asleep while it has no work."""

    def __init__(self, code: Code, log: list[str]) -> None:
        self.code = code
        self.log = log
        self.init_ms: tuple[float, float] | None = None
        """Until the first event has come: how long the start took, and how long it worked."""
        self._started = 0.0
        self._ready: asyncio.Future[Told | None] = asyncio.get_running_loop().create_future()
        self._handed: asyncio.Queue[_Work] = asyncio.Queue()
        self._doing: _Work | None = None
        self._closing = AsyncExitStack()

    @property
    def pid(self) -> int:
        """The process that the events come to."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it can be given work."""
        return self._child.returncode is None

    def family(self) -> list[int]:
        """Its processes; none when the first has ended."""
        return _family(self.pid) if self.alive else []

    async def start(self) -> Told | None:
        """Start and wait until it asks for work; tells what was wrong if it never does."""
        port = await self._closing.enter_async_context(serving(self._answer))
        self._started = time.perf_counter()
        self._child = await asyncio.create_subprocess_exec(
            *(PYTHON, *self.code.flags, "-m", "awslambdaric", self.code.handler),
            cwd=self.code.task,
            env=self.code.environment(f"127.0.0.1:{port}"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read())
        self._watching = asyncio.create_task(self._watch())
        try:
            async with asyncio.timeout(START_S):
                return await self._ready
        except TimeoutError:
            return fault("Sandbox.Timedout", f"init took longer than {START_S} s")

    def kill(self) -> None:
        """End its processes as Lambda does: without asking."""
        self._signal(signal.SIGKILL)

    async def stop(self) -> None:
        """End its processes, and wait until they are gone."""
        self.kill()
        await self._watching
        await self._closing.aclose()

    async def invoke(self, event: bytes) -> Told:
        """One event; what it gave. Its process is ended if it takes too long."""
        if not self.alive:
            return self._ended()
        told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        timeout = self.code.timeout_s
        deadline = int(1000 * (time.time() + timeout))
        self._doing = _Work(str(uuid.uuid4()), event, deadline, told)
        self._handed.put_nowait(self._doing)
        self._signal(signal.SIGCONT)
        try:
            async with asyncio.timeout(timeout):
                return await told
        except TimeoutError:
            await self.stop()
            return fault("Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds")

    def _signal(self, number: int) -> None:
        """To all of the container: what looks into pictures is a process beside the first."""
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _ended(self) -> Told:
        status = self._child.returncode
        said = f"signal: {-status}" if status and status < 0 else f"exit status {status}"
        return fault("Runtime.ExitError", f"Runtime exited with error: {said}")

    async def _read(self) -> None:
        assert self._child.stdout is not None
        printed = b""
        while piece := await self._child.stdout.read(2**16):
            *lines, printed = (printed + piece).split(b"\n")
            self.log += [line.decode(errors="replace") for line in lines]

    async def _watch(self) -> None:
        """Tell who waits for the process when it ends."""
        await self._child.wait()
        await self._reading
        if not self._ready.done():
            self._ready.set_result(self._ended())
        if self._doing and not self._doing.told.done():
            self._doing.told.set_result(self._ended())

    async def _answer(self, request: Request) -> Answer:
        if request.target == NEXT:
            return await self._next()
        body = request.body or b""
        if request.target.endswith("/runtime/init/error"):
            self._ready.set_result(Told(body, failed=True))
            return Answer(202)
        work = self._doing
        ours = work is not None and f"/invocation/{work.request_id}/" in request.target
        if work is None or not ours or work.told.done():
            return Answer(400, body=b'{"errorType":"InvalidRequestID"}')
        if request.target.endswith("/error"):
            work.told.set_result(Told(body, failed=True))
        elif len(body) > LARGEST:
            said = f"Response payload size exceeded maximum allowed payload size ({LARGEST} bytes)."
            work.told.set_result(fault("Function.ResponseSizeTooLarge", said))
            return Answer(413)
        else:
            work.told.set_result(Told(body))
        return Answer(202)

    async def _next(self) -> Answer:
        if not self._ready.done():
            self.init_ms = 1000 * (time.perf_counter() - self._started), _worked_ms(self.pid)
            self._ready.set_result(None)
        if self._handed.empty():
            # Lambda freezes a container that has nothing to do: its background tasks stand still.
            self._signal(signal.SIGSTOP)
        work = await self._handed.get()
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.code.name}"
        rows = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", work.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(work.deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", arn),
            ("Lambda-Runtime-Trace-Id", f"Root=1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]}"),
        ]
        return Answer(200, rows, work.event)


class Function:
    """A Lambda function: as many containers as there are events at once, at most CONTAINERS."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.log: list[str] = []
        """What all containers printed."""
        self.times: list[Times] = []
        self.containers: list[Container] = []
        self.started = 0
        self.ended = False
        self._idle: list[Container] = []
        self._turns = asyncio.Semaphore(CONTAINERS)

    async def invoke(self, event: Any) -> Told:
        """One event; raises Unfit if it is too large. A container that died is replaced."""
        payload = json.dumps(event).encode()
        if len(payload) > LARGEST:
            raise Unfit(f"{len(payload)} bytes")
        async with self._turns:
            container, wrong = await self._container()
            while wrong and container not in self.containers and not self.ended:
                # It was stopped while it started: the next one takes the event.
                container, wrong = await self._container()
            if wrong:
                await self._drop(container)
                return wrong
            init, container.init_ms = container.init_ms, None
            began = time.perf_counter()
            told = await container.invoke(payload)
            took, worked = init or (None, None)
            self.times.append(Times(took, 1000 * (time.perf_counter() - began), worked))
            await self._put_back(container, told)
            return told

    async def _container(self) -> tuple[Container, Told | None]:
        while self._idle:
            container = self._idle.pop()
            if container.alive:
                return container, None
            await self._drop(container)
        container = Container(self.code, self.log)
        self.containers.append(container)
        self.started += 1
        return container, await container.start()

    async def _put_back(self, container: Container, told: Told) -> None:
        too_large = told.failed and b"ResponseSizeTooLarge" in told.payload
        if too_large or not container.alive:
            await self._drop(container)
        else:
            self._idle.append(container)

    async def _drop(self, container: Container) -> None:
        if container in self.containers:  # else somebody stops it already
            self.containers.remove(container)
            await container.stop()

    async def stop(self) -> None:
        """End every container; the next event starts one anew, as after an update."""
        self._idle.clear()
        while self.containers:
            await self._drop(self.containers[-1])


@contextlib.asynccontextmanager
async def function(code: Code) -> AsyncIterator[Function]:
    """A function until the block ends."""
    made = Function(code)
    try:
        yield made
    finally:
        made.ended = True
        await made.stop()


def _family(pid: int) -> list[int]:
    """A process and all that it started (proc(5), `children`)."""
    found = [pid]
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in listed.read_text().split():
                found += _family(int(child))
    return found


def fault(kind: str, message: str) -> Told:
    """What Lambda itself says of an invocation that its function could not answer."""
    return Told(json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)


def _worked_ms(pid: int) -> float:
    """Milliseconds that a process has been on a processor (proc(5), schedstat)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6
