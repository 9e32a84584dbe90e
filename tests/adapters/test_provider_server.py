"""The stand-in for the providers, run by hand as browser tests and benches run it."""

import asyncio
import sys

import httpx
import pytest

from tests.provider_server import MODES, ProviderServer, invent


async def test_it_is_a_command_whose_mode_can_be_switched():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.provider_server", "--mode", "none", stdout=-1
    )
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            ask = {"bibkeys": "ISBN:9780441172719", "jscmd": "data"}
            assert (await client.get("/api/books", params=ask)).json() == {}
            await client.post("/mode/fast")
            said = (await client.get("/api/books", params=ask)).json()
        assert said["ISBN:9780441172719"]["title"] == invent("9780441172719")["title"]
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("hang", "drop", "huge")])
async def test_every_mode_answers_something(mode):
    async with (
        ProviderServer(mode.replace("N", "0")) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as client,
    ):
        reply = await client.get("/search.json", params={"q": "words"})
        assert reply.status_code in (200, 302, 403, 429, 503)
