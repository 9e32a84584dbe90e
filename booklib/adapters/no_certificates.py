"""Import aiohttp without its reading the authorities' certificates twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLContext

_READING = ("load_default_certs", "set_default_verify_paths")


@contextmanager
def no_certificates() -> Iterator[None]:
    """Let no SSL context find the system's certificates until the block ends.

    aiohttp makes two contexts while it is imported, a tenth of a function's start. botocore's
    clients bring contexts and certificates of their own; whoever used those two would trust nobody.
    """
    kept = {name: getattr(SSLContext, name) for name in _READING}
    for name in _READING:
        setattr(SSLContext, name, lambda *_: None)
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(SSLContext, name, method)
