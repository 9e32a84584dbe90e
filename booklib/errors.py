"""The few errors that a reader, or a caller one layer out, can act on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime


class BooklibError(Exception):
    """Base of every expected error; anything else is a bug."""


class Invalid(BooklibError):
    """Input that the reader can mend. `problems` maps a form field's name to a sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)

    @classmethod
    def at(cls, field: str, message: str) -> Invalid:
        """One problem at one field."""
        return cls({field: message})


class NotFound(BooklibError):
    """No such thing, or a stranger's: the two look the same on purpose."""


class Moved(BooklibError):
    """The book lives under another id since its ISBN was changed."""

    def __init__(self, user_book_id: str) -> None:
        super().__init__(f"This book has moved to {user_book_id}.")
        self.user_book_id = user_book_id


class AlreadyOwned(BooklibError):
    """The library holds this edition already, as `user_book_id`."""

    def __init__(self, user_book_id: str) -> None:
        super().__init__("You already have this edition.")
        self.user_book_id = user_book_id


class Stale(BooklibError):
    """A form was based on an older text than the stored one (`edit` differs)."""


class Busy(BooklibError):
    """Someone else kept changing the same thing for as long as we were willing to retry."""


class NameTaken(BooklibError):
    """Another account has this username, in some spelling of upper and lower case."""


class EmailTaken(BooklibError):
    """Another account has this email address."""


class SignInRefused(BooklibError):
    """Wrong name or wrong password; deliberately not said which."""


class TooManyTries(BooklibError):
    """A limit is reached. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many tries. Please wait {retry_after} seconds.")
        self.retry_after = retry_after


class RegistrationClosed(BooklibError):
    """The owner of this installation takes no new accounts."""


class StorageFull(BooklibError):
    """The disk is full: nothing of this request was stored."""


class StorageDown(BooklibError):
    """The storage does not answer."""


class BadPicture(BooklibError):
    """A picture that cannot be used: the message says why and what would help."""


class NotRead(BadPicture):
    """What reads pictures took too long with it, died or did not start: later it may go well."""


class BadFile(BooklibError):
    """A file that cannot be imported: the message says why and what would help."""


class CatalogueError(BooklibError):
    """A metadata provider gave no usable answer. `reason` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryLater(CatalogueError):
    """A passing fault (429, 5xx, time-out, no network): ask again, not before `at` if given."""

    def __init__(self, reason: str, at: datetime | None = None) -> None:
        super().__init__(reason)
        self.at = at


class QuotaSpent(TryLater):
    """The provider's quota is used up until `at`; waiting costs the job no try."""


class Unreadable(CatalogueError):
    """The answer makes no sense (not JSON, far too large): worth a few tries, not days of them."""


class Refused(CatalogueError):
    """The provider refuses for good (bad key, bad request)."""
