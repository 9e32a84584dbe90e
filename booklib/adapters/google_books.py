"""Google Books as a Catalogue (developers.google.com/books/docs/v1); needs a key."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from booklib.adapters.cover_pictures import CoverClient
from booklib.adapters.provider_fields import (
    carries,
    isbn13s,
    known,
    language,
    line,
    lines,
    listing,
    mapping,
    pages,
    paragraphs,
    published,
)
from booklib.adapters.provider_http import LOOPBACK, TIMEOUT_S, Provider, Reply
from booklib.errors import CatalogueError, QuotaSpent, Refused, Unreadable
from booklib.models import Fields
from booklib.ports import Found

URL = "https://www.googleapis.com/books/v1"
HOSTS = ("www.googleapis.com", "books.googleapis.com")
INTERVAL_S = 0.2
QUICK_RETRIES = 2
PAUSE_S = 0.5
COVER_HOSTS = ("books.google.com", ".googleusercontent.com")
COVER_SIZES = ("thumbnail", "smallThumbnail", "small", "medium", "large", "extraLarge")
"""The thumbnail first: of scanned books the larger ones are pages from inside."""
LARGE = "fife=w800"
"""Asks for a picture up to so wide; beside it `zoom` does not count."""
STAND_IN = 10_000
"""Bytes; the grey "image not available" has fewer, a cover as large as it has more."""
DAILY_REASONS = frozenset({"dailyLimitExceeded", "dailyLimitExceededUnreg", "quotaExceeded"})
PASSING_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
PACIFIC = ZoneInfo("America/Los_Angeles")
MAX_ADDRESS = 2_000
_ID = re.compile(r"[\w-]{1,40}", re.ASCII)


class GoogleBooks:
    """Asks with a key and a country: without the first every answer is 429, without the second
    a server is answered 403 unknownLocation.
    """

    name = "google_books"
    label = "Google Books"

    def __init__(
        self,
        key: str,
        *,
        url: str = URL,
        country: str = "US",
        interval: float = INTERVAL_S,
        timeout_s: float = TIMEOUT_S,
        pause_s: float = PAUSE_S,
        contact: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._common = {"key": key, "country": country}
        self._now = now
        self._pause_s = pause_s
        self._provider = Provider(
            self.label,
            url,
            hosts=HOSTS,
            interval=interval,
            timeout_s=timeout_s,
            contact=contact,
            now=now,
        )
        self._covers = CoverClient(
            self.label,
            url,
            hosts=COVER_HOSTS,
            interval=interval,
            timeout_s=timeout_s,
            contact=contact,
            now=now,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._provider.aclose()
        await self._covers.aclose()

    async def expect(self, isbns: Sequence[str]) -> None:
        """Nothing: Google Books is asked for one ISBN at a time."""

    async def by_isbn(self, isbn: str) -> Found | None:
        """The volume that carries this ISBN-13; the search's thin answer is completed by ID."""
        answer = await self._ask("volumes", q=f"isbn:{isbn}")
        for volume in _items(answer):
            if carries(_codes(volume), isbn):
                return _found(await self._completed(volume, isbn), isbn)
        return None

    async def by_edition(self, edition: str) -> Found | None:
        """The volume with this id (`google_books:ID`)."""
        provider, _, ident = edition.partition(":")
        if provider != self.name or not _ID.fullmatch(ident):
            return None
        volume = await self._ask(f"volumes/{ident}")
        return _found(volume) if _info(volume) else None

    async def cover(self, address: str) -> bytes | None:
        """The picture at an address of `imageLinks`, 800 pixels wide where there is so much of it.

        Where the large one is missing or is only the grey stand-in, the one of the given size.
        """
        try:
            large = await self._covers.get(f"{address}{'&' if '?' in address else '?'}{LARGE}")
        except Refused:
            large = None
        if large and len(large) >= STAND_IN:
            return large
        return await self._covers.get(address)

    async def search(self, words: str, limit: int) -> list[Found]:
        """Volumes by title and author, best first."""
        answer = await self._ask("volumes", q=words, maxResults=str(limit), printType="books")
        hits = map(_found, _items(answer))
        return [hit for hit in hits if hit.fields.get("title") and (hit.isbn or hit.edition)]

    async def _completed(self, volume: Any, isbn: str) -> Any:
        if not (ident := _id(volume)):
            return volume
        try:
            whole = await self._ask(f"volumes/{ident}")
        except CatalogueError:
            return volume
        if not carries(_codes(whole), isbn):
            return volume
        return {**volume, "volumeInfo": {**_info(volume), **_info(whole)}}

    async def _ask(self, path: str, **params: str) -> Any:
        reply = await self._provider.get(path, {**params, **self._common})
        for _ in range(QUICK_RETRIES):
            # 503 backendFailed comes in phases in which every second answer is good.
            if reply is None or reply.status != 503:
                break
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.5))  # noqa: S311
            reply = await self._provider.get(path, {**params, **self._common})
        if reply is None or reply.status == 404:
            return {}
        if fault := self._fault(reply):
            raise fault
        return self._provider.read_json(reply)

    def _fault(self, reply: Reply) -> CatalogueError | None:
        if reply.status not in (400, 403, 429):
            return self._provider.fault(reply)
        try:
            error = mapping(mapping(self._provider.read_json(reply)).get("error"))
        except Unreadable:
            return self._provider.fault(reply)
        reasons = _reasons(error)
        if _is_daily(error, reasons):
            reason = f"The day's quota of {self.label} is used up."
            return self._provider.shut(QuotaSpent(reason, next_reset(self._now())))
        if reply.status == 429 or reasons & PASSING_REASONS:
            return self._provider.fault(reply._replace(status=429))
        if "keyInvalid" in reasons or "API_KEY_INVALID" in reasons:
            return Refused(f"{self.label} does not accept the key that this program was given.")
        said = line(error.get("message"), 200).rstrip(".") or str(reply.status)
        return Refused(f"{self.label} refuses the question: {said}.")


def next_reset(now: datetime) -> datetime:
    """When Google counts a new day: midnight Pacific time (cloud.google.com/docs/quotas)."""
    tomorrow = now.astimezone(PACIFIC).date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=PACIFIC)
    return midnight.astimezone(UTC)


def _is_daily(error: dict[str, Any], reasons: set[str]) -> bool:
    limits = [
        mapping(detail.get("metadata"))
        for detail in listing(error.get("details"))
        if isinstance(detail, dict)
    ]
    return (
        bool(reasons & DAILY_REASONS)
        or "per day" in line(error.get("message")).lower()
        or any("1/d/" in str(limit.get("quota_unit")) for limit in limits)
    )


def _reasons(error: dict[str, Any]) -> set[str]:
    entries = listing(error.get("errors")) + listing(error.get("details"))
    return {str(entry.get("reason")) for entry in entries if isinstance(entry, dict)}


def _items(answer: Any) -> list[dict[str, Any]]:
    return [item for item in listing(mapping(answer).get("items")) if isinstance(item, dict)]


def _info(volume: Any) -> dict[str, Any]:
    return mapping(mapping(volume).get("volumeInfo"))


def _codes(volume: Any) -> list[Any]:
    codes = listing(_info(volume).get("industryIdentifiers"))
    return [code.get("identifier") for code in codes if isinstance(code, dict)]


def _id(volume: Any) -> str:
    """The volume's id if it is fit for an address, else an empty text."""
    ident = mapping(volume).get("id")
    return ident if isinstance(ident, str) and _ID.fullmatch(ident) else ""


def _found(volume: Any, isbn: str | None = None) -> Found:
    isbn = isbn or next(iter(isbn13s(_codes(volume))), None)
    ident = _id(volume)
    edition = f"{GoogleBooks.name}:{ident}" if ident else ""
    return Found(isbn, edition, _fields(_info(volume)))


def _fields(info: dict[str, Any]) -> Fields:
    return known(
        {
            "title": line(info.get("title")),
            "subtitle": line(info.get("subtitle")),
            "authors": lines(info.get("authors")),
            "publisher": line(info.get("publisher")),
            "published": published(info.get("publishedDate")),
            "page_count": pages(info.get("pageCount")),
            "language": language(info.get("language")),
            "categories": _categories(info.get("categories")),
            "description": paragraphs(info.get("description")),
            "cover": _cover(mapping(info.get("imageLinks"))),
        }
    )


def _categories(values: Any) -> tuple[str, ...]:
    # A volume's own answer gives paths: "Fiction / Fantasy / General".
    parts = [part for value in lines(values) for part in value.split(" / ")]
    return lines([part for part in parts if part != "General"], 8)


def _cover(links: dict[str, Any]) -> str:
    address = next((links[size] for size in COVER_SIZES if isinstance(links.get(size), str)), "")
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    if len(address) > MAX_ADDRESS or not address.isascii():
        return ""
    scheme = parts.scheme if host in LOOPBACK else "https"
    query = "&".join(part for part in parts.query.split("&") if part != "edge=curl")
    return urlunsplit((scheme, parts.netloc, parts.path, query, ""))
