"""The command line and a server at home, on the library that is on AWS."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.aws import emulators
from tests.aws.templates import create_tables
from tests.processes import ROOT, free_port
from tests.provider_server import ProviderServer

pytestmark = pytest.mark.slow

PASSWORD = "eleven purple bicycles"
DUNE = "9780441172719"
KEEPER = {"username": "keeper", "email": "keeper@example.org", "password": PASSWORD}


@pytest.fixture
async def environ(moto: str) -> AsyncIterator[dict[str, str]]:
    """What an owner sets, with a library of their own that is still empty."""
    async with emulators.client("dynamodb", moto) as dynamodb, emulators.client("s3", moto) as s3:
        tables = await create_tables(dynamodb, uuid.uuid4().hex)
        names = ("USERS_TABLE", "BOOKS_TABLE", "USER_BOOKS_TABLE", "JOBS_TABLE")
        yield emulators.environment(
            AWS_ENDPOINT_URL=moto,
            BOOKLIB_STORAGE="dynamodb",
            FILES_BUCKET=await emulators.a_bucket(s3),
            **dict(zip(names, tables, strict=True)),
        )


async def booklib(environ: dict[str, str], *arguments: str, said: str = "") -> tuple[int, str, str]:
    """Exit status, output and errors of one command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "booklib", *arguments),
        cwd=ROOT,
        env=environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(said.encode())
    return process.returncode or 0, out.decode(), err.decode()


async def test_accounts_are_made_listed_and_deleted(environ: dict[str, str]) -> None:
    adding = ("user", "add", "ann", "--email", "ann@example.org", "--password-stdin")
    assert (await booklib(environ, *adding, said=f"{PASSWORD}\n"))[0] == 0
    status, _, err = await booklib(environ, *adding, said=f"{PASSWORD}\n")
    assert (status, "taken" in err, "Traceback" in err) == (1, True, False)
    filling = ("demo", "--books", "60", "--user", "ann")
    assert (await booklib(environ, *filling))[0] == 0
    _, out, _ = await booklib(environ, "user", "list", "--json")
    assert [(user["username"], user["books"]) for user in json.loads(out)] == [("ann", 60)]
    status, out, _ = await booklib(environ, "check", "--json")
    assert (status, json.loads(out)["sound"]) == (0, True)
    assert (await booklib(environ, "user", "delete", "ann", "--yes"))[0] == 0
    assert await booklib(environ, "user", "list") == (0, "There is no account yet.\n", "")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"USERS_TABLE": "", "FILES_BUCKET": ""}, "USERS_TABLE, FILES_BUCKET must be set"),
        ({"AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL": ""}, "You must specify a region"),
        ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials"),
        ({"USERS_TABLE": "Nobodys"}, "A table is missing"),
    ],
)
async def test_what_is_wrong_with_the_way_there_is_said(
    environ: dict[str, str], told: dict[str, str], words: str
) -> None:
    wanted = {name: value for name, value in (environ | told).items() if value}
    status, out, err = await booklib(wanted, "user", "list")
    assert (status, out) == (1, "")
    assert words in err
    assert "Traceback" not in err


async def test_a_server_at_home_shows_the_library_on_aws_and_works_for_it(
    environ: dict[str, str],
) -> None:
    async with ProviderServer() as provider:
        told = environ | {
            "OPEN_LIBRARY_URL": provider.url,
            "OPEN_LIBRARY_COVERS_URL": provider.url,
            "SECRET_KEY": uuid.uuid4().hex,
        }
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "booklib", "serve", "--port", str(port)),
            cwd=ROOT,
            env=told,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout
        try:
            assert b"is running" in await process.stdout.readline()
            await read_along(f"http://127.0.0.1:{port}")
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(15):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def read_along(url: str) -> None:
    """Register, add a book, and see its details come."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as reader:
        await reader.post("/register", data=KEEPER | {"confirm_password": PASSWORD})
        assert (await reader.post("/books", data={"isbn": DUNE})).status_code == 303
        async with asyncio.timeout(30):
            while "Details will follow" in (page := (await reader.get("/library")).text):
                await asyncio.sleep(0.1)
        assert re.search(r'id="b-[\w-]{22}"', page)


async def test_without_a_secret_nobody_is_served(environ: dict[str, str]) -> None:
    status, _, err = await booklib(environ, "serve", "--port", str(free_port()))
    assert (status, "SECRET_KEY must be set" in err) == (1, True)
