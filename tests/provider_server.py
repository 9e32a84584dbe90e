"""A stand-in for the metadata providers: Google Books and Open Library on one loopback port.

In a test: `async with ProviderServer() as server` and then `server.url`, `server.mode = "503"`.
By hand: `python -m tests.provider_server --port 8765 --mode delay=5`; `POST /mode/NAME` switches.
Pictures of covers have modes of their own: `server.covers = "html"`, `--covers html`.
It knows every valid ISBN: what it answers is made up from the digits, always the same.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from stdnum import isbn as numbers

from tests.drawn_covers import a_cover, one_colour

MODES = (
    "fast",  # answers at once
    "delay=N",  # answers after N seconds
    "429",  # too many requests, without Retry-After
    "429=N",  # too many requests, Retry-After: N
    "quota",  # Google's words for a spent day
    "503",  # backendFailed
    "hang",  # never answers
    "drop",  # closes the connection
    "broken",  # 200, but not JSON
    "other",  # answers about another book
    "none",  # knows no book
    "private",  # redirects to a private address
    "huge",  # 50 MB
    "403",
)
COVERS = (
    "good",  # a drawn cover, another for each id
    "none",  # 404
    "blank",  # a grey picture
    "tiny",  # 1 x 1 pixel
    "small",  # Google's large one is a stand-in, the given one is good
    "html",  # 200, but a page
    "huge",  # 80 MB
    "slow=N",  # good after N seconds
    "failed",  # 503
    "loopback",  # redirects to another port of this machine
    "private",  # redirects to a private address
    "moved",  # redirects to itself, then good
)
QUOTA = {
    "error": {
        "code": 429,
        "message": "Quota exceeded for quota metric 'Queries' and limit 'Queries per day'.",
        "errors": [{"reason": "rateLimitExceeded", "domain": "global"}],
        "status": "RESOURCE_EXHAUSTED",
    }
}
FAILED = {"error": {"code": 503, "errors": [{"reason": "backendFailed"}]}}
DATA = Path(__file__).parent / "data" / "providers"
WORDS: dict[str, list[str]] = json.loads((DATA / "words.json").read_text())


def invent(isbn: str) -> dict[str, Any]:
    """A plausible book for an ISBN-13, the same one every time."""
    dice = random.Random(isbn)
    return {
        "isbn": isbn,
        "id": str(dice.randrange(10**6, 10**7)),
        "title": f"The {dice.choice(WORDS['adjectives'])} {dice.choice(WORDS['nouns'])}",
        "subtitle": f"A Story of {dice.choice(WORDS['nouns'])}s",
        "author": f"{dice.choice(WORDS['first'])} {dice.choice(WORDS['last'])}",
        "publisher": dice.choice(WORDS["publishers"]),
        "year": dice.randrange(1970, 2026),
        "month": dice.randrange(1, 10),
        "pages": dice.randrange(80, 900),
        "description": f"A made-up book about the number {isbn}.",
    }


def codes(isbn: str) -> tuple[list[str], list[str]]:
    """The ISBN-13 and, where there is one, the ISBN-10, as Open Library lists them."""
    return [isbn], [numbers.to_isbn10(isbn)] if isbn.startswith("978") else []


def volume(book: dict[str, Any], whole: bool, url: str) -> dict[str, Any]:
    """A volume as Google Books gives it: thin in a search, whole by its id."""
    info: dict[str, Any] = {
        "title": book["title"],
        "authors": [book["author"]],
        "publishedDate": f"{book['year']}-{book['month']:02d}",
        "industryIdentifiers": [{"type": "ISBN_13", "identifier": book["isbn"]}],
        "imageLinks": {"thumbnail": f"{url}/books/content?id={book['id']}&zoom=1"},
        "language": "en",
    }
    if whole:
        info |= {
            "subtitle": book["subtitle"],
            "publisher": book["publisher"],
            "pageCount": book["pages"],
            "description": f"<p>{book['description']}</p>",
            "categories": ["Fiction / General"],
        }
    return {"kind": "books#volume", "id": book["id"], "volumeInfo": info}


def data(book: dict[str, Any]) -> dict[str, Any]:
    """An edition as Open Library's api/books gives it with jscmd=data."""
    isbn_13, isbn_10 = codes(book["isbn"])
    return {
        "key": f"/books/OL{book['id']}M",
        "title": book["title"],
        "subtitle": book["subtitle"],
        "authors": [{"name": book["author"], "url": "https://openlibrary.org/authors/OL1A"}],
        "publishers": [{"name": book["publisher"]}],
        "publish_date": f"{WORDS['months'][book['month'] - 1]} {book['year']}",
        "number_of_pages": book["pages"],
        "identifiers": {"isbn_13": isbn_13, "isbn_10": isbn_10},
        "cover": {"large": f"https://covers.openlibrary.org/b/id/{book['id']}-L.jpg"},
    }


def edition(book: dict[str, Any]) -> dict[str, Any]:
    """The same edition's own record."""
    isbn_13, isbn_10 = codes(book["isbn"])
    return {
        "key": f"/books/OL{book['id']}M",
        "title": book["title"],
        "isbn_13": isbn_13,
        "isbn_10": isbn_10,
        "languages": [{"key": "/languages/eng"}],
        "works": [{"key": f"/works/OL{book['id']}W"}],
        "covers": [int(book["id"])],
    }


def details(book: dict[str, Any]) -> dict[str, Any]:
    """The same edition as api/books gives it with jscmd=details: the authors have their names."""
    people = [{"key": "/authors/OL1A", "name": book["author"]}]
    return {
        "info_url": f"https://openlibrary.org/books/OL{book['id']}M",
        "preview": "noview",
        "details": edition(book) | {"authors": people},
    }


class ProviderServer:
    """Answers requests by `mode`; a path in `canned` always gives its own (status, JSON)."""

    def __init__(self, mode: str = "fast", port: int = 0, covers: str = "good") -> None:
        self.mode = mode
        self.covers = covers
        self.port = port
        self.canned: dict[str, tuple[int, Any]] = {}
        self.mute: set[str] = set()
        """What `jscmd` asks for and is answered with nothing."""
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.agents: list[str] = []
        self.books: dict[str, dict[str, Any]] = {}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    def book(self, isbn: str) -> dict[str, Any]:
        """The invented book, remembered so that its ids lead back to it."""
        made = self.books.setdefault(isbn, invent(isbn))
        self.books[made["id"]] = made
        return made

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._open.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._conversation(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()

    async def _conversation(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            request, *rows = head.decode("latin-1").split("\r\n")
            method, target, _ = request.split(" ", 2)
            said = dict(row.lower().split(": ", 1) for row in rows if ": " in row)
            await reader.readexactly(int(said.get("content-length", 0)))
            self.asked.append(target)
            self.agents.append(said.get("user-agent", ""))
            if method == "POST" and target.startswith("/mode/"):
                self.mode = target.removeprefix("/mode/")
                await self._send(writer, 200, {"mode": self.mode})
            elif method == "POST" and target.startswith("/covers/"):
                self.covers = target.removeprefix("/covers/")
                await self._send(writer, 200, {"covers": self.covers})
            elif self._is_cover(target):
                if not await self._cover(writer, target):
                    return
            elif not await self._by_mode(writer, target):
                return

    def _is_cover(self, target: str) -> bool:
        path = urlsplit(target).path
        return path.startswith(("/b/id/", "/books/content")) and path not in self.canned

    async def _cover(self, writer: asyncio.StreamWriter, target: str) -> bool:
        mode, _, number = self.covers.partition("=")
        if mode == "huge":
            await self._send_huge(writer, 80)
            return False
        if mode == "slow":
            await asyncio.sleep(float(number))
        status, body, headers = self._picture(mode, target)
        await self._send(writer, status, body, headers)
        return True

    def _picture(self, mode: str, target: str) -> tuple[int, bytes, dict[str, str]]:
        stand_in = mode == "blank" or (mode == "small" and "fife=" in target)
        ident = int("".join(filter(str.isdigit, target.partition("&")[0])) or 0)
        goes = {
            "loopback": "http://127.0.0.1:1/b/id/1-L.jpg",
            "private": "https://10.0.0.1/b/id/1-L.jpg",
            "moved": f"{target}{'&' if '?' in target else '?'}moved=1",
        }
        if mode in goes and "moved=1" not in target:
            return 302, b"", {"Location": goes[mode]}
        if mode == "none":
            return 404, b"not found", {}
        if mode == "failed":
            return 503, b"", {}
        if mode == "html":
            return 200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"}
        if stand_in:
            return 200, one_colour(), {"Content-Type": "image/png"}
        body = one_colour((1, 1)) if mode == "tiny" else a_cover(ident)
        return 200, body, {"Content-Type": "image/jpeg"}

    async def _by_mode(self, writer: asyncio.StreamWriter, target: str) -> bool:
        mode, _, number = self.mode.partition("=")
        if mode == "drop":
            return False
        if mode == "hang":
            await asyncio.sleep(3600)
        if mode == "delay":
            await asyncio.sleep(float(number))
        if mode == "huge":
            await self._send_huge(writer)
            return False
        status, body, headers = self._reply(mode, number, target)
        await self._send(writer, status, body, {**self.headers, **headers})
        return True

    def _reply(self, mode: str, number: str, target: str) -> tuple[int, Any, dict[str, str]]:
        if mode == "429":
            return 429, {"message": "Too Many Requests"}, {"Retry-After": number} if number else {}
        if mode == "quota":
            return 429, QUOTA, {}
        if mode == "503":
            return 503, FAILED, {}
        if mode == "403":
            return 403, b"<h1>403 Forbidden</h1>", {}
        if mode == "broken":
            return 200, b"<html>Please sign in to the network", {}
        if mode == "private":
            return 302, b"", {"Location": "http://10.0.0.1/admin.json"}
        parts = urlsplit(target)
        if parts.path in self.canned:
            return *self.canned[parts.path], {}
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self._answer(parts.path, query, mode)

    def _answer(
        self, path: str, query: dict[str, str], mode: str
    ) -> tuple[int, Any, dict[str, str]]:
        routes: tuple[tuple[str, Callable[..., tuple[int, Any, dict[str, str]]]], ...] = (
            ("/volumes/", self._volume),
            ("/volumes", self._volumes),
            ("/api/books", self._api_books),
            ("/isbn/", self._isbn),
            ("/books/OL", self._edition),
            ("/works/OL", self._work),
            ("/search.json", self._search),
        )
        for part, answer in routes:
            if part in path:
                return answer(path.rpartition("/")[2], query, mode)
        return 404, {"error": "notfound"}, {}

    def _known(self, isbn: str, mode: str) -> dict[str, Any] | None:
        if mode == "none" or not numbers.is_valid(isbn):
            return None
        return self.book("9780000000002" if mode == "other" else numbers.to_isbn13(isbn))

    def _volumes(self, _: str, query: dict[str, str], mode: str) -> tuple[int, Any, dict[str, str]]:
        words = query.get("q", "")
        if words.startswith("isbn:"):
            found = [self._known(words.removeprefix("isbn:"), mode)]
        else:
            found = self._hits(words, mode)
        items = [volume(book, False, self.url) for book in found if book]
        reply = {"kind": "books#volumes", "totalItems": len(items)}
        return 200, reply | ({"items": items} if items else {}), {}

    def _volume(self, ident: str, *_: object) -> tuple[int, Any, dict[str, str]]:
        book = self.books.get(ident)
        return (200, volume(book, True, self.url), {}) if book else (503, FAILED, {})

    def _api_books(
        self, _: str, query: dict[str, str], mode: str
    ) -> tuple[int, Any, dict[str, str]]:
        found = {}
        if query.get("jscmd") in self.mute:
            return 200, {}, {}
        for key in query.get("bibkeys", "").split(","):
            kind, _, code = key.partition(":")
            book = self.books.get(code[2:-1]) if kind == "OLID" else self._known(code, mode)
            if book:
                found[key] = book
        tell = details if query.get("jscmd") == "details" else data
        return 200, {key: tell(book) for key, book in found.items()}, {}

    def _isbn(self, name: str, _: object, mode: str) -> tuple[int, Any, dict[str, str]]:
        book = self._known(name.removesuffix(".json"), mode)
        if book is None:
            return 404, {"error": "notfound"}, {}
        return 302, b"", {"Location": f"/books/OL{book['id']}M.json"}

    def _edition(self, name: str, *_: object) -> tuple[int, Any, dict[str, str]]:
        book = self.books.get(name.removesuffix("M.json").removeprefix("OL"))
        return (200, edition(book), {}) if book else (404, {"error": "notfound"}, {})

    def _work(self, name: str, *_: object) -> tuple[int, Any, dict[str, str]]:
        book = self.books.get(name.removesuffix("W.json").removeprefix("OL"))
        if book is None:
            return 404, {"error": "notfound"}, {}
        said = {"type": "/type/text", "value": book["description"]}
        return 200, {"key": f"/works/OL{book['id']}W", "description": said}, {}

    def _search(self, _: str, query: dict[str, str], mode: str) -> tuple[int, Any, dict[str, str]]:
        docs = [
            {
                "key": f"/works/OL{book['id']}W",
                "title": book["title"],
                "author_name": [book["author"]],
                "cover_i": int(book["id"]),
                "editions": {
                    "docs": [
                        {
                            "key": f"/books/OL{book['id']}M",
                            "title": book["title"],
                            "isbn": codes(book["isbn"])[0],
                            "publisher": [book["publisher"]],
                            "publish_date": [str(book["year"])],
                            "language": ["eng"],
                        }
                    ]
                },
            }
            for book in self._hits(query.get("q", ""), mode)
        ]
        return 200, {"numFound": len(docs), "docs": docs}, {}

    def _hits(self, words: str, mode: str) -> list[dict[str, Any]]:
        """Three books whose titles begin with the words; the same for the same words."""
        if mode == "none" or not words.strip():
            return []
        dice = random.Random(words.casefold())
        found = []
        for place in range(3):
            nine = f"978{dice.randrange(10**9):09d}"
            made = self.book(nine + numbers.ean.calc_check_digit(nine))
            found.append(made | {"title": f"{words.title()} {place + 1}"})
            self.books[made["id"]] = self.books[made["isbn"]] = found[-1]
        return found

    async def _send(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        body: Any,
        headers: dict[str, str] | None = None,
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        rows = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        lines = [
            f"HTTP/1.1 {status} .",
            *(f"{k}: {v}" for k, v in (rows | (headers or {})).items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + content)
        await writer.drain()

    async def _send_huge(self, writer: asyncio.StreamWriter, megabytes: int = 50) -> None:
        size = megabytes * 1024 * 1024
        writer.write(f"HTTP/1.1 200 .\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // 65536):
            writer.write(b" " * 65536)
            await writer.drain()


async def serve(port: int, mode: str, covers: str) -> None:
    """Serve until interrupted; the first line printed is the address."""
    async with ProviderServer(mode, port, covers) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Modes: " + ", ".join(MODES))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mode", default="fast")
    parser.add_argument("--covers", default="good", help="Modes: " + ", ".join(COVERS))
    asked = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(asked.port, asked.mode, asked.covers))


if __name__ == "__main__":
    main()
