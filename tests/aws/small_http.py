"""A small HTTP/1.1 server on loopback, for what stands in for a service of AWS in the tests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

Rows = Sequence[tuple[str, str]]


class Request(NamedTuple):
    """One request; header names are in lower case, `body` is None where it was too large."""

    method: str
    target: str
    headers: Rows
    body: bytes | None


class Answer(NamedTuple):
    """One answer; the length is added."""

    status: int
    headers: Rows = ()
    body: bytes = b""


Answering = Callable[[Request], Awaitable[Answer]]


@contextlib.asynccontextmanager
async def serving(answering: Answering, largest: int = 2**31) -> AsyncIterator[int]:
    """A server until the block ends; gives its port. Bodies over `largest` bytes are dropped."""
    open_now: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        # Without this each answer of two packets waits for the other side's delayed ACK.
        peer: socket.socket = writer.get_extra_info("socket")
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            # Python 3.11 reports a conversation that was cancelled as a fault of the server.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while request := await _request(reader, writer, largest):
                    _send(writer, request, await answering(request))
                    await writer.drain()
        finally:
            open_now.discard(task)
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, limit=2**20, backlog=256)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)
        await server.wait_closed()


async def _request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, largest: int
) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = [
        (name.lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)
    ]
    said = dict(headers)
    if said.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if said.get("transfer-encoding", "").lower() == "chunked":
        body: bytes | None = await _chunks(reader)
    else:
        body = await _body(reader, int(said.get("content-length", 0)), largest)
    return Request(method, target, headers, body)


async def _body(reader: asyncio.StreamReader, length: int, largest: int) -> bytes | None:
    if length <= largest:
        return await reader.readexactly(length)
    while length > 0:  # read to its end, or the other side would see a broken connection
        length -= len(await reader.readexactly(min(length, 2**16)))
    return None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def _send(writer: asyncio.StreamWriter, request: Request, answer: Answer) -> None:
    rows = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    bodiless = answer.status in (204, 304) or request.method == "HEAD"
    if answer.status not in (204, 304):
        rows.append(("content-length", str(len(answer.body))))
    lines = [f"HTTP/1.1 {answer.status} .", *(f"{name}: {value}" for name, value in rows)]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    writer.write(head if bodiless else head + answer.body)
