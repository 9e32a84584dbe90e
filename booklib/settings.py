"""The only reader of the environment; a wrong value stops the start and names the variable."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, TypeVar, get_args
from urllib.parse import SplitResult, urlsplit

from booklib.errors import BooklibError
from booklib.models import Registration

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder that holds `booklib`, `templates` and `static`."""

StorageKind = Literal["sqlite", "dynamodb"]
Network = IPv4Network | IPv6Network

SECRET_FILE = "secret_key"  # noqa: S105  # a file's name
SHORTEST_SECRET = 16
_DEFAULT_PORTS = {"http": 80, "https": 443}

Choice = TypeVar("Choice", bound=str)


class SettingsError(BooklibError):
    """A setting cannot be used; the message names the variable and what it accepts."""

    def __init__(self, variable: str, message: str) -> None:
        super().__init__(f"{variable} {message}")
        self.variable = variable


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that an owner can set; the README's table explains each variable."""

    secret_key: str = field(repr=False)
    """Signs the session cookies; empty where it has still to be read from `secret_key_arn`."""
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    """Former secret keys whose cookies still count."""
    data_dir: Path = CHECKOUT / "instance"
    storage: StorageKind = "sqlite"
    google_books_api_key: str = field(default="", repr=False)
    """Without a key Google Books is not asked at all."""
    google_books_url: str = "https://www.googleapis.com/books/v1"
    google_books_country: str = "US"
    """ISO 3166-1 alpha-2; Google refuses servers whose country it cannot tell."""
    open_library_url: str = "https://openlibrary.org"
    open_library_covers_url: str = "https://covers.openlibrary.org"
    contact: str = ""
    """The owner's email or web address, told to Open Library, which then answers faster."""
    allow_registration: Registration = "open"
    public_url: str | None = None
    """The origin that people type (`https://books.example`); https makes cookies Secure."""
    trusted_proxies: tuple[Network, ...] = ()
    """Peers whose X-Forwarded-* headers are believed."""
    static_url: str = ""
    """Where static files are served from; empty: by the application itself."""
    users_table: str = ""
    books_table: str = ""
    user_books_table: str = ""
    jobs_table: str = ""
    files_bucket: str = ""
    """Where DynamoDB and S3 keep what SQLite and a folder keep elsewhere."""
    metadata_queue_url: str = ""
    """The SQS queue that wakes the worker; without it a serving process is its own worker."""
    secret_key_arn: str = ""
    """The secret of AWS Secrets Manager that holds the secret key."""
    origin_secret: str = field(default="", repr=False)
    """What CloudFront adds to each request, where nobody may come by another way."""

    def on(self, storage: StorageKind) -> Settings:
        """These settings for another storage. Raises SettingsError where its places are unset."""
        missing = [name for name in AWS_PLACES if not getattr(self, name.lower())]
        if storage == "dynamodb" and missing:
            raise SettingsError(", ".join(missing), "must be set for DynamoDB.")
        return replace(self, storage=storage)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "site.db"

    @property
    def files(self) -> Path:
        """The folder of covers and uploads."""
        return self.data_dir / "files"

    @property
    def backups(self) -> Path:
        """The folder of the daily copies of the database."""
        return self.data_dir / "backups"

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, *, make: bool = True
    ) -> Settings:
        """Read and check every setting; an empty variable counts as not set.

        Makes the data folder and, where none is given, the secret key in it; without `make` it only
        looks, and that key stays empty. Raises SettingsError.
        """
        read = _Reader(os.environ if environ is None else environ)
        storage = read.choice("BOOKLIB_STORAGE", get_args(StorageKind), cls.storage)
        make_folder = make and storage == "sqlite"
        data_dir = _folder(read.text("BOOKLIB_DATA_DIR", "instance"), make=make_folder)
        return cls(
            secret_key=read.secret("SECRET_KEY")
            or (_kept_secret(storage, data_dir) if make else ""),
            secret_key_fallbacks=read.secrets("SECRET_KEY_FALLBACKS"),
            data_dir=data_dir,
            storage=storage,
            google_books_api_key=read.word("GOOGLE_BOOKS_API_KEY"),
            google_books_url=read.url("GOOGLE_BOOKS_URL", cls.google_books_url),
            google_books_country=read.country("GOOGLE_BOOKS_COUNTRY", cls.google_books_country),
            open_library_url=read.url("OPEN_LIBRARY_URL", cls.open_library_url),
            open_library_covers_url=read.url(
                "OPEN_LIBRARY_COVERS_URL", cls.open_library_covers_url
            ),
            contact=read.word("BOOKLIB_CONTACT"),
            allow_registration=read.choice(
                "BOOKLIB_ALLOW_REGISTRATION", get_args(Registration), cls.allow_registration
            ),
            public_url=read.origin("BOOKLIB_PUBLIC_URL"),
            trusted_proxies=read.networks("BOOKLIB_TRUSTED_PROXIES"),
            static_url=read.url("STATIC_URL", cls.static_url),
            **_on_aws(read, storage),
        )


AWS_PLACES = ("USERS_TABLE", "BOOKS_TABLE", "USER_BOOKS_TABLE", "JOBS_TABLE", "FILES_BUCKET")


def library_path() -> str:
    """Where the system looks for shared libraries beside its own places.

    In Lambda, Python itself is found there, also by a child process.
    """
    return os.environ.get("LD_LIBRARY_PATH", "")


class _Reader:
    """Reads variables, one method for each form that a value can have."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def word(self, name: str) -> str:
        value = self.text(name)
        if not value.isascii() or not value.isprintable() or " " in value:
            raise SettingsError(name, "must be one word of plain ASCII characters.")
        return value

    def choice(self, name: str, choices: tuple[Choice, ...], default: Choice) -> Choice:
        value = self.text(name, default)
        for choice in choices:
            if value == choice:
                return choice
        raise SettingsError(name, f"must be one of {', '.join(choices)}; it is “{value}”.")

    def secret(self, name: str) -> str:
        value = self.text(name)
        if value and len(value) < SHORTEST_SECRET:
            raise SettingsError(name, f"must have at least {SHORTEST_SECRET} characters.")
        return value

    def secrets(self, name: str) -> tuple[str, ...]:
        values = tuple(self.text(name).replace(",", " ").split())
        if any(len(value) < SHORTEST_SECRET for value in values):
            raise SettingsError(
                name,
                "must hold former secret keys, separated by commas, "
                f"each of at least {SHORTEST_SECRET} characters.",
            )
        return values

    def country(self, name: str, default: str) -> str:
        value = self.text(name, default).upper()
        if len(value) != 2 or not value.isascii() or not value.isalpha():
            raise SettingsError(name, f"must be a country code of two letters; it is “{value}”.")
        return value

    def url(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not value:
            return ""
        parts = _split(name, value, "an address such as https://books.example/path")
        return _origin(parts) + parts.path.rstrip("/")

    def origin(self, name: str) -> str | None:
        value = self.text(name)
        if not value:
            return None
        wanted = "an origin such as https://books.example, without a path"
        parts = _split(name, value, wanted)
        if parts.path not in ("", "/"):
            raise SettingsError(name, f"must be {wanted}; it is “{value}”.")
        return _origin(parts)

    def networks(self, name: str) -> tuple[Network, ...]:
        values = self.text(name).replace(",", " ").split()
        try:
            return tuple(ip_network(value, strict=False) for value in values)
        except ValueError as error:
            raise SettingsError(
                name,
                "must be IP addresses or networks such as 127.0.0.1, 10.0.0.0/8, "
                f"separated by commas: {error}.",
            ) from None


def _split(name: str, value: str, wanted: str) -> SplitResult:
    """An http or https address in its parts; raises SettingsError."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or parts.query or parts.fragment or " " in value:
        raise SettingsError(name, f"must be {wanted}; it is “{value}”.")
    return parts


def _origin(parts: SplitResult) -> str:
    """An origin as a browser writes it: lower case, no default port (RFC 6454, section 6.2)."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _folder(value: str, make: bool) -> Path:
    """The data folder: relative to the checkout, never to the folder that one happens to be in."""
    try:
        folder = CHECKOUT / Path(value).expanduser()
        if make:
            folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingsError(
            "BOOKLIB_DATA_DIR", f"must be a folder that can be written to: {error}."
        ) from None
    if make and not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(
            "BOOKLIB_DATA_DIR", f"must be a folder that can be written to; {folder} cannot."
        )
    return folder


def _on_aws(read: _Reader, storage: StorageKind) -> dict[str, str]:
    """What only AWS needs, by the name of its field; the places must all be named."""
    found = {name.lower(): read.word(name) for name in AWS_PLACES}
    missing = [name for name in AWS_PLACES if not found[name.lower()]]
    if storage == "dynamodb" and missing:
        raise SettingsError(", ".join(missing), "must be set where BOOKLIB_STORAGE is dynamodb.")
    found["metadata_queue_url"] = read.url("METADATA_QUEUE_URL", "")
    found["secret_key_arn"] = read.word("SECRET_KEY_ARN")
    found["origin_secret"] = read.secret("ORIGIN_SECRET")
    return found


def _kept_secret(storage: StorageKind, data_dir: Path) -> str:
    """The secret key of the data folder, made at the first start; AWS has another place for it."""
    if storage != "sqlite":
        return ""
    path = data_dir / SECRET_FILE
    try:
        return _read_or_make(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "SECRET_KEY", f"is not set and cannot be kept in {path}: {error}."
        ) from None


def _read_or_make(path: Path) -> str:
    """The key in a file for its owner's eyes only; the lock makes two first starts agree."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.fchmod(file.fileno(), 0o600)
        kept = file.read().strip()
        if len(kept) >= SHORTEST_SECRET:
            return kept
        made = secrets.token_urlsafe(32)
        file.seek(0)
        file.truncate()
        file.write(f"{made}\n")
        file.flush()
        os.fsync(file.fileno())
        return made
