"""Fetches the picture of a cover from a provider's own picture hosts, bounded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from booklib.adapters.provider_http import TIMEOUT_S, Provider
from booklib.errors import Refused, Unreadable

MAX_PICTURE = 10 * 1024 * 1024
"""Bytes; reading ends there, whatever the provider goes on sending."""
PATIENCE = 2
"""How many times longer than for data: archive.org takes its time."""


class CoverClient:
    """Like `Provider`, for pictures: `hosts` may show them beside that of `base_url`."""

    def __init__(
        self,
        label: str,
        base_url: str,
        *,
        hosts: tuple[str, ...],
        interval: float = 0.0,
        contact: str | None = None,
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._provider = Provider(
            label,
            base_url,
            hosts=hosts,
            interval=interval,
            contact=contact,
            timeout_s=timeout_s * PATIENCE,
            accept="image/*",
            max_bytes=MAX_PICTURE,
            now=now,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._provider.aclose()

    async def get(self, address: str) -> bytes | None:
        """What is at an address, a picture or not; None for 404 and 410.

        Raises TryLater; Refused for an address that is not the provider's, and for too much.
        """
        try:
            reply = await self._provider.get_at(address)
        except Unreadable as fault:
            # The same would come again: no picture is worth asking five times for 80 MB.
            raise Refused(fault.reason) from None
        if reply.status in (404, 410):
            return None
        if refused := self._provider.fault(reply):
            raise refused
        return reply.body
