"""Asks a metadata provider over HTTP: paced, bounded, and every fault turned into our errors."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, cached_property
from typing import Any, NamedTuple

import httpx

from booklib import __version__
from booklib.errors import CatalogueError, Refused, TryLater, Unreadable

TIMEOUT_S = 10.0
MAX_BYTES = 5 * 1024 * 1024
GZIP = zlib.MAX_WBITS | 16
MAX_HOPS = 4
BURST = 4
SLOW_DOWN = timedelta(seconds=60)
MAX_RETRY_AFTER = timedelta(days=1)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# httpx logs whole addresses at INFO, and Google's carry the key.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Reply(NamedTuple):
    """The last answer of a chain of redirects."""

    status: int
    headers: httpx.Headers
    body: bytes


class Pace:
    """At most one request each `interval` seconds on average; after a rest, `burst` at once."""

    def __init__(self, interval: float, burst: int = BURST) -> None:
        self.interval = interval
        self._slack = interval * (burst - 1)
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the caller's turn; all tasks of this process share the turns."""
        now = asyncio.get_running_loop().time()
        start = max(self._next, now - self._slack)
        self._next = start + self.interval
        if start > now:
            await asyncio.sleep(start - now)


def user_agent(contact: str | None = None) -> str:
    """How the program introduces itself; `contact` is an address or email of its owner.

    Open Library asks for the name and a contact, allows three requests a second with it and one
    without (openlibrary.org/developers/api), and answers 403 to a bare program name.
    """
    who = f"+{contact}; " if contact else ""
    return f"BookLibrary/{__version__} ({who}python-httpx/{httpx.__version__})"


class Provider:
    """One provider's HTTP client. `hosts` are its documented hosts besides that of `base_url`.

    A host that begins with a dot stands for all below it: `.us.archive.org`.
    """

    def __init__(
        self,
        label: str,
        base_url: str,
        *,
        hosts: tuple[str, ...] = (),
        interval: float = 0.0,
        contact: str | None = None,
        timeout_s: float = TIMEOUT_S,
        accept: str = "application/json",
        max_bytes: int = MAX_BYTES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.label = label
        self.now = now
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._hosts = hosts
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._pace = Pace(0.0 if self._base.host in LOOPBACK else interval)
        self._shut: TryLater | None = None
        self._headers = {"User-Agent": user_agent(contact), "Accept": accept}

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        """Made at the first question: it takes a while, and most pages ask nobody."""
        return httpx.AsyncClient(
            timeout=self._timeout_s,
            follow_redirects=False,
            trust_env=False,
            verify=_tls(),
            headers={**self._headers, "Accept-Encoding": "gzip"},
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.aclose()

    def shut(self, error: TryLater) -> TryLater:
        """Ask nothing more until `error.at`: every task is told the same at once."""
        if error.at:
            self._shut = error
        return error

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        may_go: Callable[[str], bool] = lambda path: True,
    ) -> Reply | None:
        """The answer for a path below the base address; redirects are followed by hand.

        None where a redirect leads to a path that `may_go` refuses. Raises TryLater, QuotaSpent,
        Refused, Unreadable.
        """
        url = self._base.join(path.lstrip("/")).copy_merge_params(params or {})
        return await self._follow(url, may_go)

    async def get_at(self, address: str) -> Reply:
        """The answer at a whole address, which is held to the rules of a redirect; raises as `get`.

        An http link of one of the provider's hosts is asked for over https.
        """
        reply = await self._follow(self._next_hop(self._base, address), lambda path: True)
        if reply is None:
            raise self._unreadable()
        return reply

    async def _follow(self, url: httpx.URL, may_go: Callable[[str], bool]) -> Reply | None:
        for _ in range(MAX_HOPS):
            self._still_open()
            await self._pace.turn()
            reply = await self._send(url)
            location = reply.headers.get("Location")
            if reply.status not in (301, 302, 303, 307, 308) or not location:
                return reply
            url = self._next_hop(url, location)
            if not may_go(url.path):
                return None
        raise Refused(f"{self.label} sends us in circles.")

    def read_json(self, reply: Reply) -> Any:
        """The body as JSON. Raises Unreadable."""
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError):
            raise self._unreadable() from None

    def fault(self, reply: Reply) -> CatalogueError | None:
        """The error that a status stands for; None for 2xx."""
        if reply.status < 300:
            return None
        if reply.status == 429:
            wait = retry_after(reply.headers, self.now()) or self.now() + SLOW_DOWN
            return self.shut(TryLater(f"{self.label} asks us to slow down.", wait))
        if reply.status >= 500 or reply.status == 408:
            at = retry_after(reply.headers, self.now())
            return TryLater(f"{self.label} has a fault of its own just now ({reply.status}).", at)
        return Refused(f"{self.label} refuses the question ({reply.status}).")

    def _still_open(self) -> None:
        if self._shut and self._shut.at and self.now() < self._shut.at:
            raise type(self._shut)(self._shut.reason, self._shut.at)

    async def _send(self, url: httpx.URL) -> Reply:
        client = self._client  # made before the time that the provider has begins to run
        try:
            async with asyncio.timeout(self._timeout_s):
                request = await self._request(url)
                answer = await client.send(request, stream=True)
                try:
                    return Reply(answer.status_code, answer.headers, await self._bounded(answer))
                finally:
                    await answer.aclose()
        except (TimeoutError, httpx.TimeoutException):
            raise TryLater(f"{self.label} takes too long to answer.") from None
        except httpx.TransportError as error:
            raise TryLater(_no_connection(self.label, error)) from None
        except httpx.InvalidURL:  # httpx looks at a redirect's address, though it may not follow
            raise Refused(f"{self.label} sends us to an address that is none.") from None

    async def _bounded(self, answer: httpx.Response) -> bytes:
        """The body, unpacked by us: httpx would unpack a gzip bomb before it could be measured."""
        packed = bytearray()
        async for piece in answer.aiter_raw():
            packed += piece
            if len(packed) > self._max_bytes:
                raise self._too_much()
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding == "identity":
            return bytes(packed)
        if encoding != "gzip":
            raise self._unreadable()
        try:
            body = zlib.decompressobj(GZIP).decompress(packed, self._max_bytes + 1)
        except zlib.error:
            raise self._unreadable() from None
        if len(body) > self._max_bytes:
            raise self._too_much()
        return body

    def _too_much(self) -> Unreadable:
        return Unreadable(f"{self.label} sent far more than was asked for.")

    def _unreadable(self) -> Unreadable:
        return Unreadable(f"{self.label} sent an answer that cannot be read.")

    def _next_hop(self, url: httpx.URL, location: str) -> httpx.URL:
        try:
            hop = url.join(location)
        except httpx.InvalidURL:
            raise Refused(f"{self.label} sends us to an address that is none.") from None
        own = hop.host == self._base.host
        if hop.scheme == "http" and (self._base.scheme == "https" if own else hop.port is None):
            hop = hop.copy_with(scheme="https", port=None)
        same_door = own and (hop.scheme, hop.port) == (self._base.scheme, self._base.port)
        documented = self._is_documented(hop.host) and hop.scheme == "https" and hop.port is None
        if not (same_door or documented):
            raise Refused(f"{self.label} sends us to an address that is not its own.")
        return hop

    def _is_documented(self, host: str) -> bool:
        return any(
            host.endswith(known) if known.startswith(".") else host == known
            for known in self._hosts
        )

    async def _request(self, url: httpx.URL) -> httpx.Request:
        """To another host than the configured one, at the very address that was found public.

        Asking by name would look the name up again, and be told another address this time.
        """
        if url.host == self._base.host:
            return self._client.build_request("GET", url)
        there = url.copy_with(host=await self._public_address(url))
        said = {"Host": url.host}
        extensions = {"sni_hostname": url.host}
        return self._client.build_request("GET", there, headers=said, extensions=extensions)

    async def _public_address(self, url: httpx.URL) -> str:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(url.host, 443, type=socket.SOCK_STREAM)
        except OSError:
            raise TryLater(f"{self.label} does not answer.") from None
        addresses = [str(entry[4][0]) for entry in found]
        if not all(ipaddress.ip_address(address).is_global for address in addresses):
            raise Refused(f"{self.label} sends us to a private address.")
        return addresses[0]


@cache
def _tls() -> ssl.SSLContext:
    """One for all providers: reading the authorities' certificates takes a while."""
    return httpx.create_ssl_context(trust_env=False)


def retry_after(headers: httpx.Headers, now: datetime) -> datetime | None:
    """The moment a Retry-After header names, in seconds or as a date (RFC 9110, 10.2.3).

    Never later than MAX_RETRY_AFTER from now.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        # Cut to seven digits: no more are needed, and the longest cannot be read as a number.
        return now + min(timedelta(seconds=int(text[:7])), MAX_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if not at.tzinfo:
        at = at.replace(tzinfo=UTC)
    return min(max(at, now), now + MAX_RETRY_AFTER)


def _no_connection(label: str, error: httpx.TransportError) -> str:
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, socket.gaierror):
            return f"{label} cannot be found: there seems to be no network."
        cause = cause.__cause__ or cause.__context__
    return f"{label} does not answer."
