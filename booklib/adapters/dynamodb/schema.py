"""The tables of infra/data.yaml as the program uses them: names, keys, indexes and limits."""

from __future__ import annotations

from typing import Any, NamedTuple

Item = dict[str, dict[str, Any]]
"""An item or a key as DynamoDB writes it: `{"rev": {"N": "3"}}`."""

Request = dict[str, Any]
"""The parameters of one call."""


class Tables(NamedTuple):
    """The names of the four tables."""

    users: str
    books: str
    user_books: str
    jobs: str


class Index(NamedTuple):
    """An index of UserBooks by user, and the sort key that it goes by."""

    name: str
    key: str


ADDED = Index("user_id-index", "added_key")
TITLE = Index("user_id-title-index", "title_key")
AUTHOR = Index("user_id-author-index", "author_key")
STATUS = Index("user_id-status-index", "status_key")
BOOK_INDEX = "book_id-index"
DUE_INDEX = "due-index"

DUE = "due"
"""The value of the attribute of the same name on every job that may be claimed."""

ACCOUNTS = "count#users"
"""The key in Users of the item that counts the accounts, in its attribute `users`."""


def name_guard(name_key: str) -> str:
    """The key in Users of the item that makes a username unique."""
    return f"name#{name_key}"


def mail_guard(mail_key: str) -> str:
    """The key in Users of the item that makes an email unique."""
    return f"mail#{mail_key}"


def tries(key: str) -> str:
    """The key in Users of a counter of tries."""
    return f"hit#{key}"


READ_AT_ONCE = 100
"""Items of one BatchGetItem."""

WRITTEN_AT_ONCE = 25
"""Items of one BatchWriteItem."""

MAX_KEY = 2048
"""Bytes of a partition key."""


def usable(key: str) -> bool:
    """Whether DynamoDB takes a text as a partition key; what is none cannot be stored under it."""
    try:
        return 0 < len(key.encode()) <= MAX_KEY
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
