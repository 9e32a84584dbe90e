"""Serve the application with hypercorn, and stop within ten seconds whatever hangs."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config

from booklib.errors import BooklibError

GRACE_S = 5.0
"""How long running requests may go on after the stop was asked for."""
ABORT_S = 1.0
CLOSE_S = 2.5
LAST_RESORT_S = 9.5
"""When the process ends even if all of that hangs. What was acknowledged is on the disk by then."""
THREADS_S = 0.5
"""How long threads may go on when all else is closed, such as one that waits for a name server."""


_OWN = {"0.0.0.0": ("127.0.0.1", "192.0.2.1"), "::": ("::1", "2001:db8::1")}  # noqa: S104
"""How "every address" is told: this machine's own, and one elsewhere that nobody has, for a way
there (RFC 5737, RFC 3849)."""


class Application(Protocol):
    """What is served: an ASGI application with Quart's start and end."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""

    async def startup(self) -> None:
        """Open what serving needs."""

    async def shutdown(self) -> None:
        """Finish background work and close everything."""


class CannotListen(BooklibError):
    """The address cannot be served on; the message is for people."""


def run(app: Application, host: str, port: int, announce: Callable[[list[str]], None]) -> None:
    """Serve until SIGTERM or SIGINT; a second signal ends the running requests at once.

    Port 0 takes a free one. `announce` gets the addresses, this machine's own first, when the
    server really listens. Raises CannotListen.
    """
    asyncio.run(_serve(app, host, port, announce))


async def _serve(
    app: Application, host: str, port: int, announce: Callable[[list[str]], None]
) -> None:
    stop = _Stop()
    connections = _Connections(app)
    with _explained(host, port):
        server = await asyncio.start_server(
            connections.handle, host, port, backlog=1000, start_serving=False
        )
    await app.startup()
    try:
        with _explained(host, port):
            await server.start_serving()
        announce(_addresses(server.sockets))
        await stop.wanted.wait()
    finally:
        # Not wait_closed(): since Python 3.12 it waits for every connection, hung ones too.
        server.close()
        await connections.close(stop.hurry)
        await asyncio.wait_for(app.shutdown(), CLOSE_S)
    _exit_after(THREADS_S, 0)


class _Stop:
    """The wish to stop, as signals tell it."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.hurry = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask)

    def _ask(self) -> None:
        if self.wanted.is_set():
            self.hurry.set()
        else:
            self.wanted.set()
            _exit_after(LAST_RESORT_S, 1)


def _exit_after(seconds: float, status: int) -> None:
    """End the process then, if it is still there: a thread that hangs would keep it for minutes."""

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()


class _Connections:
    """The open connections, each a task of hypercorn's."""

    def __init__(self, app: Application) -> None:
        self._app = ASGIWrapper(app)
        self._config = Config()
        self._config.include_server_header = False
        self._context = WorkerContext(None)
        self._open: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak HTTP with one client until either side has had enough."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # asyncio runs this as a task of its own
        self._open[task] = writer
        try:
            await TCPServer(self._app, loop, self._config, self._context, {}, reader, writer)
        finally:
            del self._open[task]

    async def close(self, hurry: asyncio.Event) -> None:
        """Let running requests end for GRACE_S or until `hurry`, then cut what is left.

        Idle connections end by themselves when hypercorn's context is terminated.
        """
        await self._context.terminated.set()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + GRACE_S
        hurried = asyncio.create_task(hurry.wait())
        while self._open and not hurry.is_set() and loop.time() < deadline:
            await asyncio.wait(
                {hurried, *self._open},
                timeout=deadline - loop.time(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        hurried.cancel()
        await self._abort()

    async def _abort(self) -> None:
        for task, writer in self._open.items():
            writer.transport.abort()
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=ABORT_S)


def _addresses(sockets: tuple[socket.socket, ...]) -> list[str]:
    """The addresses to type into a browser; for "all of them", this machine's own two."""
    found: list[str] = []
    for listening in sockets:
        host, port = listening.getsockname()[:2]
        own, elsewhere = _OWN.get(host, (host, ""))
        for name in [own, *(_network_address(listening.family, elsewhere) if elsewhere else [])]:
            shown = f"[{name}]" if ":" in name else name
            found.append(f"http://{shown}:{port}")
    return sorted(
        dict.fromkeys(found), key=lambda address: ("//127." not in address, "[" in address)
    )


def _network_address(family: int, elsewhere: str) -> list[str]:
    """This machine's address in the home network: where a packet to elsewhere would leave from.

    Connecting a datagram socket sends nothing.
    """
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((elsewhere, 9))
        except OSError:
            return []
        return [str(probe.getsockname()[0])]


@contextmanager
def _explained(host: str, port: int) -> Iterator[None]:
    """Turn the system's refusal to listen into a sentence."""
    try:
        yield
    except socket.gaierror as error:
        raise CannotListen(f"There is no address “{host}” to listen on.") from error
    except OSError as error:
        raise CannotListen(_why_not(error, host, port)) from error


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use by another program: stop that one, or choose another port, "
            f"for example with --port {port + 1}."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights: choose one above 1023 with --port."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address “{host}” to listen on."
    return f"Cannot listen on {host}, port {port}: {error}."
