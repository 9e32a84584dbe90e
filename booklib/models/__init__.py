"""The words of the design as frozen dataclasses and pure functions; no I/O."""

from booklib.models.books import (
    FIELD_NAMES,
    LIST_FIELDS,
    MAX_RATING,
    NUMBER_FIELDS,
    STATUSES,
    Book,
    Details,
    Fields,
    Keys,
    Lookup,
    Source,
    Status,
    UserBook,
    Value,
    details,
    shown_value,
)
from booklib.models.jobs import Job, JobState
from booklib.models.shelf import SORTS, Card, Owner, Page, Query, ShelfRow, Sort
from booklib.models.users import VIEWS, User, View

__all__ = [
    "FIELD_NAMES",
    "LIST_FIELDS",
    "MAX_RATING",
    "NUMBER_FIELDS",
    "SORTS",
    "STATUSES",
    "VIEWS",
    "Book",
    "Card",
    "Details",
    "Fields",
    "Job",
    "JobState",
    "Keys",
    "Lookup",
    "Owner",
    "Page",
    "Query",
    "ShelfRow",
    "Sort",
    "Source",
    "Status",
    "User",
    "UserBook",
    "Value",
    "View",
    "details",
    "shown_value",
]
