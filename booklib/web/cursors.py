"""Cursors of the shelf as they stand in an address: opaque, signed, and bound to one list."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from itsdangerous import BadSignature, Signer

from booklib.errors import Invalid
from booklib.models import Query

_PROBLEM: Final = "This address does not continue a list of yours. Begin at its first page."


def seal(keys: Sequence[str], user_id: str, query: Query, after: str) -> str:
    """The storage's key `after` as a cursor for this user and this list only.

    `keys` are the secrets; the last one signs.
    """
    plain = urlsafe_b64encode(after.encode()).rstrip(b"=")
    return _signer(keys, user_id, query).sign(plain).decode("ascii")


def unseal(keys: Sequence[str], user_id: str, query: Query, cursor: str) -> str:
    """The key that `seal` hid; raises Invalid at `cursor` for any other cursor than such a one."""
    try:
        plain = _signer(keys, user_id, query).unsign(cursor)
    except BadSignature:
        raise Invalid.at("cursor", _PROBLEM) from None
    return urlsafe_b64decode(plain + b"=" * (-len(plain) % 4)).decode()


def _signer(keys: Sequence[str], user_id: str, query: Query) -> Signer:
    # The list is part of the salt: nothing of it stands in the cursor, yet it fits no other list.
    return Signer(list(keys), salt=f"cursor {user_id} {query!r}", digest_method=sha256)
