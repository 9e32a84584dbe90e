"""Ids: derived wherever they can be, so that a retry finds what the first try made."""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64encode

_NAMESPACE = uuid.UUID("8a6c1d0e-52d4-4f5b-9d43-6d1f6f0a7b11")


def _short(value: uuid.UUID) -> str:
    return urlsafe_b64encode(value.bytes).rstrip(b"=").decode("ascii")


def new_id() -> str:
    """A random id: 22 characters of base64url."""
    return _short(uuid.uuid4())


def book_key(isbn: str | None, edition: str | None = None, nonce: str | None = None) -> str:
    """What identifies an edition: its ISBN-13, else a provider's edition id, else a form's nonce.

    `edition` is spelt `provider:id`.
    """
    if isbn:
        return f"isbn:{isbn}"
    if edition:
        return f"edition:{edition}"
    return f"nonce:{nonce or new_id()}"


def book_id(key: str) -> str | None:
    """The id of the Book behind a book key; None where no provider can know it."""
    return None if key.startswith("nonce:") else _short(uuid.uuid5(_NAMESPACE, key))


def user_book_id(user_id: str, key: str) -> str:
    """The id of one user's copy of the book behind a book key."""
    return _short(uuid.uuid5(_NAMESPACE, f"{user_id} {key}"))
