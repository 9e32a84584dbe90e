"""Moving out: a reader's whole library as a file that is made while it is being sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib import import_module
from typing import NamedTuple, Protocol

from booklib.models import User
from booklib.ports import World
from booklib.transfer.shelf_lines import Share, unheard


class Stream(Protocol):
    """The file of the user with this id, in pieces."""

    def __call__(
        self, world: World, user_id: str, share: Share = unheard
    ) -> AsyncIterator[bytes]: ...


class Export(NamedTuple):
    """One kind of file that a library is taken out as."""

    suffix: str
    media_type: str
    writer: str
    """The module beside this one that writes it; loaded late, as most starts do not need it."""

    @property
    def stream(self) -> Stream:
        """What writes the file."""
        found: Stream = import_module(f"booklib.transfer.{self.writer}").stream
        return found

    def file_name(self, world: World, user: User) -> str:
        """What the file is called: it names the day where the user is."""
        return f"book-library-{user.today(world.now()).isoformat()}{self.suffix}"


EXPORTS = {
    "goodreads": Export(".csv", "text/csv; charset=utf-8", "goodreads_csv"),
    "json": Export(".json", "application/json", "library_json"),
    "zip": Export(".zip", "application/zip", "library_zip"),
}
