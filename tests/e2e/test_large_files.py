"""A file that takes long to read holds up nobody else."""

from __future__ import annotations

import asyncio

import pytest

from tests.bench.pictures import lag
from tests.bench.serving import fill, server, signed_in
from tests.http_client import Client

pytestmark = pytest.mark.slow

BOOK = b'{"mine": {"title": "Behind it all"}, "status": "read"}'


async def test_the_server_goes_on_while_it_looks_for_the_books_in_a_large_file(tmp_path):
    junk = b",".join([b"[{}]"] * 1_500_000)
    file = b'{"format": "book-library", "version": 1, "junk": [%b], "books": [%b]}' % (junk, BOOK)
    await fill(tmp_path / "instance", 1)
    async with server(tmp_path / "instance") as (port, _):
        async with Client(port, await signed_in(port)) as client:
            reply = await client.post_file("/import", "file", "library.json", file)
            await lag(port)
            async with asyncio.timeout(120):
                while b"Import 1 book" not in (await client.get(reply.headers["location"])).body:
                    await asyncio.sleep(0.05)
        assert (await lag(port))["worked"] < 100
