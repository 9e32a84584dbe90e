"""Shared by every test; kept small, so that a test can be read on its own."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

_elsewhere: list[str] = []

NAMED = urlsplit(os.environ.get("BOOKLIB_TEST_DYNAMODB_URL", "")).hostname
"""Whoever names an endpoint of DynamoDB on another machine opens the way out for the run."""


def _is_here(host: object) -> bool:
    """Whether a host is this machine, or a name that exists nowhere (RFC 6761, 6.4)."""
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost" or str(name).endswith(".invalid"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


def _refuse_the_network(event: str, arguments: tuple[Any, ...]) -> None:
    host = None
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    if not _is_here(host):
        _elsewhere.append(f"{event} {host!r}")
        raise RuntimeError(f"tests talk to nobody but loopback: {event} {host!r}")


if _is_here(NAMED):
    sys.addaudithook(_refuse_the_network)


@pytest.fixture(autouse=True)
def nobody_but_loopback() -> Iterator[None]:
    """Fail the test that tried to reach another machine, also where the error was swallowed."""
    yield
    tried, _elsewhere[:] = list(_elsewhere), []
    assert tried == []
