"""Users, books and jobs with sensible values, for tests that care about one of them."""

from datetime import UTC, datetime, timedelta

from booklib.models import Book, Job, Source, User, UserBook
from booklib.models.ids import book_id, book_key, user_book_id
from booklib.models.shelf import place
from booklib.ports import Change

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def a_user(name="alice", **values):
    defaults = {
        "user_id": f"id-{name.casefold()}",
        "username": name,
        "email": f"{name}@example.org",
        "password_hash": "hash",
        "created_at": NOON,
    }
    return User(**defaults | values)


def a_book(isbn="9780441172719", version=1, **fields):
    values = {"title": "Dune", "authors": ("Frank Herbert",), "page_count": 412} | fields
    return Book(
        book_id=book_id(book_key(isbn)),
        isbn=isbn,
        fields=values,
        sources={name: Source("open_library", NOON) for name in values},
        version=version,
    )


def a_copy(title="Dune", author="Frank Herbert", *, user_id="id-alice", minute=0, **values):
    """A placed UserBook of a book typed by hand; `minute` after noon tells when it was added."""
    mine = {"title": title} | ({"authors": (author,)} if author else {})
    defaults = {
        "user_book_id": user_book_id(user_id, book_key(None, None, f"{title} {author} {minute}")),
        "user_id": user_id,
        "added_at": NOON + timedelta(minutes=minute),
        "mine": mine,
    }
    return place(UserBook(**defaults | values), None)


def a_job(job_id="lookup:b1", **values):
    defaults = {"job_id": job_id, "kind": "lookup", "due_at": NOON, "created_at": NOON}
    return Job(**defaults | values)


BULK = 10
"""More books than this in one change may take a moment to be in every list."""


def settle(storage):
    """Let a storage whose lists may lag show all that was written until now."""
    getattr(storage, "settle", lambda: None)()


async def added(storage, *user_books):
    """The books as they are after being added, some at a time; many of them are settled, too."""
    for start in range(0, len(user_books), 40):
        some = user_books[start : start + 40]
        assert await storage.apply(some[0].user_id, [Change(None, book) for book in some])
    if len(user_books) > BULK:
        settle(storage)
    return user_books if len(user_books) > 1 else user_books[0]
