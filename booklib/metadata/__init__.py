"""What the catalogues know of a book: looked up, merged with provenance, refreshed, searched."""

from booklib.metadata.asking import Answer, ask, missing
from booklib.metadata.fanout import fan_out
from booklib.metadata.lookup import give_up, look_up, lookup_note
from booklib.metadata.refreshing import (
    FieldChange,
    Refresh,
    apply_refresh,
    carry_out,
    proposal,
    refresh,
    request_refresh,
)
from booklib.metadata.searching import MAX_WORDS, SearchResult, search

__all__ = [
    "MAX_WORDS",
    "Answer",
    "FieldChange",
    "Refresh",
    "SearchResult",
    "apply_refresh",
    "ask",
    "carry_out",
    "fan_out",
    "give_up",
    "look_up",
    "lookup_note",
    "missing",
    "proposal",
    "refresh",
    "request_refresh",
    "search",
]
