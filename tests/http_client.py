"""A small keep-alive HTTP/1.1 client: quick enough to measure with, plain enough to be cut off."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass
class Reply:
    """One answer: status, headers (lower-case names) and body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Client:
    """One connection to a server on loopback."""

    port: int
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer:
            self._writer.close()

    async def get(self, path: str, **headers: str) -> Reply:
        """GET one path; header names are spelt with underscores."""
        return await self._send("GET", path, b"", headers)

    async def post(self, path: str, form: dict[str, str], **headers: str) -> Reply:
        """POST a form; keeps the session cookie if the answer sets one."""
        reply = await self._send("POST", path, urlencode(form).encode(), headers)
        if reply.headers.get("set-cookie", "").startswith("booklib="):
            self.cookie = reply.headers["set-cookie"].split(";", 1)[0]
        return reply

    async def post_picture(self, path: str, picture: bytes, **headers: str) -> Reply:
        """POST a form with one picture in its field `image`."""
        return await self.post_file(path, "image", "photo.jpg", picture, **headers)

    async def post_file(
        self, path: str, field: str, name: str, data: bytes, **headers: str
    ) -> Reply:
        """POST a form with one file."""
        head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
        body = b"--edge\r\n" + head.encode() + data + b"\r\n--edge--\r\n"
        kind = {"content_type": "multipart/form-data; boundary=edge"}
        return await self._send("POST", path, body, headers | kind)

    async def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        if self.cookie:
            lines.append(f"Cookie: {self.cookie}")
        if body and "content_type" not in headers:
            lines.append("Content-Type: application/x-www-form-urlencoded")
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        for name, value in (self.headers | headers).items():
            lines.append(f"{name.replace('_', '-')}: {value}")
        if self._reader is None or self._writer is None:
            raise RuntimeError("use the client inside `async with`")
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return await read_reply(self._reader)


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """One answer off a connection, chunked or with a length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        if value:
            headers[name.lower()] = value.strip()
    status = int(head[0].split()[1])
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return Reply(status, headers, body)
    length = 0 if status in (204, 304) else int(headers.get("content-length", 0))
    return Reply(status, headers, await reader.readexactly(length))
