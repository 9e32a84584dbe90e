"""Open Library's records, of several makes, brought to the fields of a Book."""

from __future__ import annotations

import re
from typing import Any

from booklib.adapters.provider_fields import (
    isbn13s,
    known,
    language,
    line,
    lines,
    listing,
    mapping,
    marked_down,
    pages,
    published,
)
from booklib.models import Fields, Value
from booklib.ports import Found

NAME = "open_library"
MAX_SUBJECTS = 8

EDITION = re.compile(r"/books/(OL[0-9]{1,12}M)\b")
COVER = re.compile(r"/b/id/([0-9]{1,12})-")
_NOISE = re.compile(r"[:=]|accessible book|daisy|in library|large type|open library", re.I)


class Records:
    """Reads records; a cover's address is built on `covers_url`."""

    def __init__(self, covers_url: str) -> None:
        self._covers_url = covers_url

    def data(self, data: dict[str, Any]) -> Fields:
        """What `api/books` says of an edition with `jscmd=data`."""
        covers = mapping(data.get("cover"))
        cover = next((m[1] for m in map(COVER.search, map(str, covers.values())) if m), None)
        publishers = _names(data.get("publishers"))
        return known(
            {
                "title": line(data.get("title")),
                "subtitle": line(data.get("subtitle")),
                "authors": _names(data.get("authors")),
                "publisher": publishers[0] if publishers else "",
                "published": published(data.get("publish_date")),
                "page_count": pages(data.get("number_of_pages")),
                "categories": _subjects(_names(data.get("subjects"), limit=60)),
                "cover": self._cover([cover]),
            }
        )

    def edition(self, edition: dict[str, Any]) -> Fields:
        """What an edition's own record says; its authors are but keys there."""
        publishers = lines(edition.get("publishers"))
        spoken = [mapping(entry).get("key") for entry in listing(edition.get("languages"))]
        return known(
            {
                "title": line(edition.get("title")),
                "subtitle": line(edition.get("subtitle")),
                "publisher": publishers[0] if publishers else "",
                "published": published(edition.get("publish_date")),
                "page_count": pages(edition.get("number_of_pages")),
                "language": language(str(spoken[0]).split("/")[-1]) if spoken else "",
                "categories": _subjects(lines(edition.get("subjects"), limit=60)),
                "description": marked_down(edition.get("description")),
                "cover": self._cover(listing(edition.get("covers"))),
            }
        )

    def work(self, work: dict[str, Any]) -> Fields:
        """What a work's record says of each of its editions; its authors are but keys."""
        return known(
            {
                "categories": _subjects(lines(work.get("subjects"), limit=60)),
                "description": marked_down(work.get("description")),
                "cover": self._cover(listing(work.get("covers"))),
            }
        )

    def hit(self, doc: dict[str, Any]) -> Found | None:
        """One entry of a search's answer, as the edition that it shows."""
        shown = listing(mapping(doc.get("editions")).get("docs"))
        edition = mapping(shown[0]) if shown else {}
        ident = edition_id(edition) or _only_edition(doc)
        title = line(edition.get("title")) or line(doc.get("title"))
        if not ident or not title:
            return None
        whole = edition or (doc if len(listing(doc.get("edition_key"))) == 1 else {})
        publishers, dates = lines(whole.get("publisher")), lines(whole.get("publish_date"))
        spoken = lines(whole.get("language"))
        fields: dict[str, Value] = {
            "title": title,
            "subtitle": line((edition or doc).get("subtitle")),
            "authors": lines(doc.get("author_name")),
            "publisher": publishers[0] if publishers else "",
            "published": published(dates[0]) if dates else "",
            "language": language(spoken[0]) if len(spoken) == 1 else "",
            "cover": self._cover([edition.get("cover_i"), doc.get("cover_i")]),
        }
        isbn = next(iter(isbn13s(listing(whole.get("isbn")))), None)
        return Found(isbn, f"{NAME}:{ident}", known(fields))

    def _cover(self, ids: list[Any]) -> str:
        first = next((str(i) for i in ids if re.fullmatch("[1-9][0-9]{0,11}", str(i))), None)
        return f"{self._covers_url}/b/id/{first}-L.jpg" if first else ""


def edition_id(record: dict[str, Any]) -> str:
    """The id of the edition that a record is about (`OL123M`), or an empty text."""
    found = EDITION.search(str(record.get("key")))
    return found[1] if found else ""


def author_key(entry: dict[str, Any]) -> str:
    """Where an author of an edition or of a work is told of, or an empty text."""
    key = str(entry.get("key") or mapping(entry.get("author")).get("key"))
    return key if re.fullmatch("/authors/OL[0-9]{1,12}A", key) else ""


def codes(record: dict[str, Any]) -> list[Any]:
    """The ISBNs that a record carries, of both lengths."""
    return listing(record.get("isbn_13")) + listing(record.get("isbn_10"))


def _only_edition(doc: dict[str, Any]) -> str:
    """The edition of a hit that shows none of its own: the one with the cover, else the first."""
    first = doc.get("cover_edition_key") or next(iter(listing(doc.get("edition_key"))), "")
    return str(first) if re.fullmatch("OL[0-9]{1,12}M", str(first)) else ""


def _names(entries: Any, limit: int = 20) -> tuple[str, ...]:
    named = (mapping(entry).get("name") for entry in listing(entries))
    return lines(list(named), limit)


def _subjects(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not _NOISE.search(name))[:MAX_SUBJECTS]
