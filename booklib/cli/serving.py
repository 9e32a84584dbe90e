"""What `booklib serve` says when it listens: where, how the phone gets there, and who may join."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import click
import segno

from booklib.settings import Settings

PAINT, PLAIN = "\x1b[38;5;231;48;5;16m", "\x1b[0m"
"""White on black, whatever the terminal's own colours are: not every phone reads the inverse."""


def announce(settings: Settings, addresses: Sequence[str]) -> None:
    """Tell the addresses, on a terminal with a QR code of the one that other devices can use."""
    click.echo(f"Book Library is running on {addresses[0]}")
    reached = [address for address in addresses if not _is_own(address)]
    shared = settings.public_url or next(iter(reached), None)
    for address in dict.fromkeys([shared] if settings.public_url else reached):
        click.echo(f"On your phone and other devices: {address}")
    if shared and _shows_blocks():
        click.echo(qr_code(shared), nl=False)
    if shared and settings.allow_registration == "open":
        who = "who opens that address" if settings.public_url else "in your network"
        click.echo(
            f"Anybody {who} can make an account, until you set BOOKLIB_ALLOW_REGISTRATION=closed."
        )


def qr_code(address: str) -> str:
    """A QR code in half blocks, two modules a character."""
    drawn = io.StringIO()
    segno.make_qr(address, error="L").terminal(drawn, border=2, compact=True)
    return "".join(f"{PAINT}{line}{PLAIN}\n" for line in drawn.getvalue().splitlines())


def _is_own(address: str) -> bool:
    """Whether only this machine reaches an address."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def _shows_blocks() -> bool:
    """Whether somebody looks at a terminal that has the characters."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return sys.stdout.isatty() and encoding == "utf8"
