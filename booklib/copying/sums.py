"""Comparing what two storages hold: canonical JSON, and sums that need no order and no memory."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from booklib.models import Book, User, UserBook

_KEPT_ANEW = frozenset({"counts", "shelf_version"})
"""What a storage counts by itself of a user: no part of what is compared item by item."""


class Sum(NamedTuple):
    """Number of items, and the sum of their SHA-256 modulo 2^256: in any order the same."""

    items: int = 0
    total: int = 0

    @property
    def digest(self) -> str:
        """The sum in hexadecimal digits."""
        return f"{self.total:064x}"

    def plus(self, item: User | Book | UserBook) -> Sum:
        """The sum with one more item."""
        digest = sha256(canonical(item).encode()).digest()
        return Sum(self.items + 1, (self.total + int.from_bytes(digest)) % 2**256)


def canonical(item: User | Book | UserBook) -> str:
    """An item as JSON that is the same on every storage, without what each counts by itself."""
    values = {
        each.name: getattr(item, each.name)
        for each in fields(item)
        if each.name not in _KEPT_ANEW or not isinstance(item, User)
    }
    return json.dumps(values, default=_plain, sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return dict(value)
