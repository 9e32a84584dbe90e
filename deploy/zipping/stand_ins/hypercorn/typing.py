"""The types of a server's messages, for annotations and casts, which nothing looks at here."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Any type that is asked for."""
    if name.startswith("__"):
        raise AttributeError(name)
    return Any
