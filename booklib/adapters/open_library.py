"""Open Library as a Catalogue (openlibrary.org/developers/api); needs no key."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from booklib.adapters.cover_pictures import CoverClient
from booklib.adapters.open_library_ahead import AT_ONCE, Ahead
from booklib.adapters.open_library_records import (
    COVER,
    EDITION,
    NAME,
    Records,
    author_key,
    codes,
    edition_id,
)
from booklib.adapters.provider_fields import carries, isbn13s, lines, listing, mapping
from booklib.adapters.provider_http import TIMEOUT_S, Provider
from booklib.errors import CatalogueError, TryLater
from booklib.models import Fields
from booklib.ports import Found

log = logging.getLogger(__name__)

URL = "https://openlibrary.org"
COVERS_URL = "https://covers.openlibrary.org"
HOSTS = ("openlibrary.org", "www.openlibrary.org")
COVER_HOSTS = ("covers.openlibrary.org", "archive.org", "www.archive.org", ".us.archive.org")
"""Covers redirect to archive.org, and from there to the server that holds the file."""
INTERVAL_S = 1.0
INTERVAL_WITH_CONTACT_S = 0.34
SHUT_OUT = timedelta(hours=1)
SEARCH_FIELDS = ",".join(
    ["key", "title", "subtitle", "author_name", "cover_i", "cover_edition_key", "edition_key"]
    + ["isbn", "editions"]
    + [
        f"editions.{name}"
        for name in "key title subtitle isbn publisher publish_date language cover_i".split()  # noqa: SIM905
    ]
)
_WORK = re.compile(r"/works/OL[0-9]{1,12}W")


class OpenLibrary:
    """Asks `api/books` first (it names the authors), then the edition and its work for the rest."""

    name = NAME
    label = "Open Library"

    def __init__(
        self,
        *,
        url: str = URL,
        covers_url: str = COVERS_URL,
        contact: str | None = None,
        interval: float | None = None,
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Pace by their policy: three requests a second with a contact, one without."""
        usual = INTERVAL_WITH_CONTACT_S if contact else INTERVAL_S
        self._covers_url = covers_url.rstrip("/")
        self._records = Records(self._covers_url)
        self._ahead = Ahead(now)
        self._now = now
        self._provider = Provider(
            self.label,
            url,
            hosts=HOSTS,
            interval=usual if interval is None else interval,
            timeout_s=timeout_s,
            contact=contact,
            now=now,
        )
        self._covers = CoverClient(
            self.label,
            self._covers_url,
            hosts=COVER_HOSTS,
            interval=usual if interval is None else interval,
            timeout_s=timeout_s,
            contact=contact,
            now=now,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._provider.aclose()
        await self._covers.aclose()

    async def expect(self, isbns: Sequence[str]) -> None:
        """Ask for what `api/books` knows of up to 50 editions in two requests rather than 100."""
        keys = [f"ISBN:{isbn}" for isbn in isbns[:AT_ONCE]]
        if len(keys) < 2:
            return
        try:
            data = await self._books(keys, "data")
            details = await self._books(keys, "details")
        except CatalogueError as fault:
            log.info("%s was not told ahead: %s", self.label, fault.reason)
        else:
            self._ahead.keep(keys, data, details)

    async def by_isbn(self, isbn: str) -> Found | None:
        """The edition with this ISBN-13."""
        key = f"ISBN:{isbn}"
        data, edition = self._ahead.take(key)
        data = data or await self._data(key)
        carried = codes(mapping(data.get("identifiers")))
        if carried and not carries(carried, isbn):
            return None
        if data:
            return await self._completed(data, edition, isbn)
        edition = await self._json(f"isbn/{isbn}.json", may_go=_is_edition)
        if not edition.get("title") or not carries(codes(edition), isbn):
            return None
        return await self._whole(edition, {}, isbn)

    async def by_edition(self, edition: str) -> Found | None:
        """The edition with this id (`open_library:OL123M`)."""
        provider, _, ident = edition.partition(":")
        if provider != self.name or not re.fullmatch("OL[0-9]{1,12}M", ident):
            return None
        data = await self._data(f"OLID:{ident}")
        if not data:
            return None
        isbn = next(iter(isbn13s(codes(mapping(data.get("identifiers"))))), None)
        return await self._completed(data, {}, isbn)

    async def cover(self, address: str) -> bytes | None:
        """The picture with the cover id that an address of the covers' own host names.

        Never by ISBN: such look-ups are capped at 100 in five minutes, those by id are not
        (openlibrary.org/dev/docs/api/covers). Without `default=false` an unknown id is answered
        with a blank picture.
        """
        found = COVER.search(address)
        if found is None:
            return None
        return await self._covers.get(f"{self._covers_url}/b/id/{found[1]}-L.jpg?default=false")

    async def search(self, words: str, limit: int) -> list[Found]:
        """Works by title and author, each as the edition that fits the words best."""
        answer = await self._json(
            "search.json", {"q": words, "limit": str(limit), "fields": SEARCH_FIELDS}
        )
        docs = [doc for doc in listing(answer.get("docs")) if isinstance(doc, dict)]
        return [found for doc in docs if (found := self._records.hit(doc))]

    async def _data(self, key: str) -> dict[str, Any]:
        return mapping((await self._books([key], "data")).get(key))

    async def _books(self, keys: Sequence[str], kind: str) -> dict[str, Any]:
        query = {"bibkeys": ",".join(keys), "jscmd": kind, "format": "json"}
        return await self._json("api/books", query)

    async def _completed(
        self, data: dict[str, Any], edition: dict[str, Any], isbn: str | None
    ) -> Found:
        """The data with what only the edition's record says: language, description, work."""
        ident = edition_id(data)
        if ident and not edition:
            try:
                edition = await self._json(f"books/{ident}.json", may_go=_is_edition)
            except CatalogueError:
                edition = {}  # the title now is worth more than the description later
        return await self._whole(edition, data, isbn)

    async def _whole(
        self, edition: dict[str, Any], data: dict[str, Any], isbn: str | None
    ) -> Found:
        fields = {**self._records.edition(edition), **self._records.data(data)}
        if not {"description", "authors", "categories", "cover"} <= fields.keys():
            fields = {**await self._work_fields(edition, "authors" in fields), **fields}
        ident = edition_id(data) or edition_id(edition)
        return Found(isbn, f"{self.name}:{ident}", fields)

    async def _work_fields(self, edition: dict[str, Any], named: bool) -> Fields:
        key = next((str(mapping(w).get("key")) for w in listing(edition.get("works"))), "")
        try:
            work = await self._json(f"{key}.json") if _WORK.fullmatch(key) else {}
            authors = () if named else await self._author_names(edition, work)
        except CatalogueError:
            return {}
        return {**self._records.work(work), **({"authors": authors} if authors else {})}

    async def _author_names(self, edition: dict[str, Any], work: dict[str, Any]) -> tuple[str, ...]:
        entries = listing(edition.get("authors")) or listing(work.get("authors"))
        keys = [author_key(mapping(entry)) for entry in entries[:5]]
        people = [await self._json(f"{key}.json") for key in keys if key]
        return lines([person.get("name") for person in people])

    async def _json(
        self,
        path: str,
        params: dict[str, str] | None = None,
        may_go: Callable[[str], bool] = lambda path: True,
    ) -> dict[str, Any]:
        reply = await self._provider.get(path, params, may_go)
        if reply is None or reply.status == 404:
            return {}
        if reply.status == 403:
            # Their gate against crawlers; whoever waits is let in again.
            reason = f"{self.label} does not let this program in for the moment (403)."
            raise self._provider.shut(TryLater(reason, self._now() + SHUT_OUT))
        if fault := self._provider.fault(reply):
            raise fault
        return mapping(self._provider.read_json(reply))


def _is_edition(path: str) -> bool:
    return bool(EDITION.search(path)) and path.endswith(".json")
