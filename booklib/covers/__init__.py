"""Covers: the provider's picture fetched once for everybody, and the reader's own."""

from booklib.covers.fetching import fetch
from booklib.covers.own import forget, remove, restore, take_back, upload
from booklib.covers.showing import State, picture, state_of

__all__ = [
    "State",
    "fetch",
    "forget",
    "picture",
    "remove",
    "restore",
    "state_of",
    "take_back",
    "upload",
]
