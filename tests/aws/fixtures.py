"""The emulators as fixtures: each test process starts its own, once, when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws import emulators


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of moto's server."""
    with emulators.moto() as url:
        yield url


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """The address of MiniStack."""
    with emulators.ministack() as url:
        yield url
