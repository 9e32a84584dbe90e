"""Providers on loopback, and clients that ask them without any pause."""

import json
from pathlib import Path

import pytest

from booklib.adapters.google_books import GoogleBooks
from booklib.adapters.open_library import OpenLibrary
from tests.fakes import Clock
from tests.provider_server import DATA, ProviderServer

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def fixture(name):
    """One of the made-up replies in tests/data/providers."""
    return json.loads((DATA / f"{name}.json").read_text())


@pytest.fixture
async def server():
    async with ProviderServer() as running:
        yield running


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def google(server, clock):
    catalogue = GoogleBooks(
        "key-of-tests", url=f"{server.url}/books/v1", timeout_s=1, pause_s=0.01, now=clock
    )
    yield catalogue
    await catalogue.aclose()


@pytest.fixture
async def open_library(server, clock):
    catalogue = OpenLibrary(url=server.url, timeout_s=1, now=clock)
    yield catalogue
    await catalogue.aclose()
