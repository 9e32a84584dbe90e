"""Static files: read once, named by content, sent compressed and cached for a year."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import NamedTuple

from quart import Quart, Response, abort, request

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Fixed, because the tables of `mimetypes` differ between systems."""

PACKED = frozenset({".css", ".js", ".svg", ".txt", ".wasm", ".webmanifest"})

BUNDLES = {"book-library.css": "css/", "book-library.js": "js/"}
"""The one style sheet and the one script of every page, and the folder whose files they are made
of, which are cut up for their readers only. Folders below it hold what single pages use."""

FIRST_PARTS = frozenset({"css/site.css", "js/toasts.js"})
"""What the other parts build on; those follow by name."""

GZIP = zlib.MAX_WBITS | 16
"""Tells zlib to write gzip, without a time, and the same header on every Python."""

READY = ".gz"
"""Behind the name of a file that was gzipped beforehand, where a function has no time for it."""

FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "public, no-cache"


class Asset(NamedTuple):
    """One file as it is sent."""

    body: bytes
    packed: bytes | None
    """The body gzipped, where that is shorter."""
    content_type: str
    version: str
    stamp: tuple[int, int]
    """Size and time of change of the file that it was read from."""


class Assets:
    """All files below a folder. With `reload`, a file that has changed on disk is read again."""

    def __init__(self, folder: Path, base_url: str, *, reload: bool) -> None:
        self._folder = folder.resolve()
        self._base = (base_url or "/static").rstrip("/")
        self._reload = reload
        self._assets = {
            path.relative_to(self._folder).as_posix(): _read(path)
            for path in sorted(self._folder.rglob("*"))
            if path.is_file() and path.suffix in TYPES
        }
        # A package for Lambda has them as files too.
        missing = BUNDLES if reload else BUNDLES.keys() - self._assets.keys()
        self._assets |= {name: self._bundled(name) for name in missing}
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The address of a file with its version; without one where there is no such file."""
        if name not in self._urls or self._reload:
            asset = self.get(name)
            version = f"?v={asset.version}" if asset else ""
            self._urls[name] = f"{self._base}/{name}{version}"
        return self._urls[name]

    def get(self, name: str) -> Asset | None:
        """A file by its path below the folder; only files found there are known."""
        return self._fresh(name) if self._reload else self._assets.get(name)

    def items(self) -> list[tuple[str, Asset]]:
        """Every file with its name, the bundles too, in the order of the names."""
        return sorted(self._assets.items())

    def build(self) -> str:
        """A short name for this set of files: it changes when any of them does."""
        versions = "".join(asset.version for _, asset in self.items())
        return hashlib.sha256(versions.encode()).hexdigest()[:8]

    def _bundled(self, bundle: str) -> Asset:
        """The parts of a bundle as one file; each script keeps its names to itself, in a block."""
        folder, suffix = BUNDLES[bundle], Path(bundle).suffix
        names = [name for name in self._assets if str(Path(name).parent) + "/" == folder]
        parts = [
            self._assets[name].body
            for name in sorted(names, key=lambda name: (name not in FIRST_PARTS, name))
        ]
        if suffix == ".js":
            parts = [b"{\n" + part + b"}" for part in parts]
        return _asset(b"\n".join(parts), suffix, (0, 0))

    def _fresh(self, name: str) -> Asset | None:
        if folder := BUNDLES.get(name):
            for path in self._folder.glob(f"{folder}*.*"):
                self._fresh(path.relative_to(self._folder).as_posix())
            self._assets[name] = self._bundled(name)
            return self._assets[name]
        path = (self._folder / name).resolve()
        inside = path.is_relative_to(self._folder) and path.suffix in TYPES
        if not inside or not path.is_file():
            return None
        known = self._assets.get(name)
        if known is None or known.stamp != _stamp(path):
            self._assets[name] = _read(path)
        return self._assets[name]


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _read(path: Path) -> Asset:
    ready = path.with_name(path.name + READY)
    packed = ready.read_bytes() if ready.is_file() else None
    return _asset(path.read_bytes(), path.suffix, _stamp(path), packed)


def _asset(body: bytes, suffix: str, stamp: tuple[int, int], packed: bytes | None = None) -> Asset:
    if packed is None:
        packed = zlib.compress(body, 9, GZIP) if suffix in PACKED else body
    return Asset(
        body=body,
        packed=packed if len(packed) < len(body) else None,
        content_type=TYPES[suffix],
        version=hashlib.sha256(body).hexdigest()[:12],
        stamp=stamp,
    )


def set_up(app: Quart, folder: Path, base_url: str) -> Assets:
    """Serve the folder at /static and give templates `asset('book-library.css')`."""
    assets = Assets(folder, base_url, reload=app.debug)

    async def static(name: str) -> Response:
        asset = assets.get(name)
        if asset is None:
            abort(404)
        return _answer(asset)

    app.add_url_rule("/static/<path:name>", "static", static)
    app.jinja_env.globals["asset"] = assets.url
    return assets


def _answer(asset: Asset) -> Response:
    headers = {
        "Cache-Control": FOREVER if request.args.get("v") == asset.version else REVALIDATE,
        "ETag": f'"{asset.version}"',
    }
    if asset.packed is not None:
        headers["Vary"] = "Accept-Encoding"
    if request.if_none_match.contains_weak(asset.version):
        return Response(b"", 304, headers)
    headers["Content-Type"] = asset.content_type
    if asset.packed is None or not accepts_gzip():
        return Response(asset.body, 200, headers)
    headers["Content-Encoding"] = "gzip"
    headers["ETag"] = f'W/"{asset.version}"'
    return Response(asset.packed, 200, headers)


def accepts_gzip() -> bool:
    """Whether the client takes gzip (RFC 9110, 12.5.3); without the header it is not sent."""
    wanted = request.headers.get("Accept-Encoding", "")
    if "gzip" in wanted and "q=" not in wanted:
        return True
    return request.accept_encodings["gzip"] > 0
