"""`booklib serve` as a process: it says when it listens, and stops in time whatever hangs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from stdnum import ean

from tests.processes import ROOT, free_port

pytestmark = pytest.mark.slow

HALF_A_HEAD = b"GET /login HTTP/1.1\r\nHost: x\r\n"
PAGES = b"GET /static/css/site.css HTTP/1.1\r\nHost: x\r\n\r\n" * 500
HEAD = (
    b"POST /login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)
BODY = b"username=nobody&password=wrong-password"
PASSWORD = "eleven purple bicycles"
KEEPER = {
    "username": "keeper",
    "email": "keeper@example.org",
    "password": PASSWORD,
    "confirm_password": PASSWORD,
}


def environment(folder: Path, **more: str) -> dict[str, str]:
    """An environment of the test's own; no provider is ever reached."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("BOOKLIB_")}
    return plain | {
        "BOOKLIB_DATA_DIR": str(folder / "data"),
        "OPEN_LIBRARY_URL": nowhere,
        "OPEN_LIBRARY_COVERS_URL": nowhere,
        "GOOGLE_BOOKS_API_KEY": "",
        **more,
    }


class Served:
    """A serving process and the address that it printed."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.address = address
        self.port = int(address.rpartition(":")[2])

    async def stopped(self, *signals: signal.Signals) -> tuple[float, int]:
        """Send signals; the seconds until the process has ended, and its exit status."""
        started = time.perf_counter()
        for number in signals:
            self.process.send_signal(number)
            await asyncio.sleep(0.2)
        status = await asyncio.wait_for(self.process.wait(), 30)
        return time.perf_counter() - started, status

    def connected(self, sent: bytes = b"", until: bytes = b"") -> socket.socket:
        """A client that has sent this much, and has been answered with `until`."""
        client = socket.socket()
        try:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(5)
            client.connect(("127.0.0.1", self.port))
            client.sendall(sent)
            if until:
                assert client.recv(4096).startswith(until)
            client.setblocking(False)
        except BaseException:
            client.close()
            raise
        return client

    def uploading(self, body: bytes, length: int) -> socket.socket:
        """A client in the middle of a form, which the server has begun to read."""
        head = HEAD + f"Content-Length: {length}\r\n\r\n".encode()
        client = self.connected(head, until=b"HTTP/1.1 100 ")
        client.sendall(body)
        return client


async def start(folder: Path, *arguments: str, **more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booklib", *arguments),
        cwd=ROOT,
        env=environment(folder, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def serving(folder: Path, *arguments: str, **more: str) -> AsyncIterator[Served]:
    process = await start(folder, "serve", "--port", "0", *arguments, **more)
    assert process.stdout
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        found = re.fullmatch(r"Book Library is running on (http://\S+)\n", line)
        if not found:
            _, said = await process.communicate()
            pytest.fail(f"it said {line!r}: {said.decode()}")
        yield Served(process, found[1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(folder: Path, *arguments: str, **more: str) -> tuple[int | None, str, str]:
    """Run a command to its end: exit status, standard output and standard error."""
    process = await start(folder, *arguments, **more)
    said, complained = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, said.decode(), complained.decode()


async def test_it_prints_its_address_when_it_really_listens(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, httpx.AsyncClient() as client:
        answer = await client.get(f"{served.address}/health")
        assert answer.json()["status"] == "ok"
        assert "server" not in answer.headers
        assert (await served.stopped(signal.SIGTERM))[1] == 0


async def test_a_call_without_a_command_serves(tmp_path: Path) -> None:
    process = await start(tmp_path, "--port", "0")
    assert process.stdout
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    process.send_signal(signal.SIGINT)
    said, complained = await asyncio.wait_for(process.communicate(), 30)
    assert line.startswith(b"Book Library is running on http://127.0.0.1:")
    assert said == b"Book Library has stopped.\n"
    assert complained == b""
    assert process.returncode == 0


async def test_all_addresses_are_told_as_ones_that_can_be_typed(tmp_path: Path) -> None:
    async with serving(tmp_path, "--host", "0.0.0.0") as served:
        assert served.address.startswith("http://127.0.0.1:")
        await served.stopped(signal.SIGTERM)
        assert served.process.stdout
        said = (await served.process.stdout.read()).decode()
    found = re.search(r"other devices: http://([\d.]+):(\d+)\n", said)
    if found:  # this machine is in a network
        assert not found[1].startswith(("127.", "0."))
        assert int(found[2]) == served.port
        assert "Anybody in your network can make an account" in said
    assert "█" not in said  # nobody looks at it


async def test_a_terminal_shows_a_code_for_the_phone(tmp_path: Path) -> None:
    ours, its = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "utf8", "-m", "booklib", "serve", "--port", "0"),
        cwd=ROOT,
        env=environment(tmp_path, BOOKLIB_PUBLIC_URL="http://books.example:5000"),
        stdout=its,
        stderr=its,
    )
    os.close(its)
    said = ""
    try:
        async with asyncio.timeout(30):
            while "can make an account" not in said:
                said += (await asyncio.to_thread(os.read, ours, 65536)).decode()
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        os.close(ours)
    assert "other devices: http://books.example:5000" in said
    assert said.count("█") > 50


async def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said, complained = await ended(tmp_path, "serve", "--port", str(port))
    assert status == 1
    assert said == ""
    assert complained.startswith(f"Error: Port {port} is in use by another program")
    assert complained.count("\n") == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
async def test_an_address_of_another_machine_is_told_in_one_sentence(
    tmp_path: Path, host: str
) -> None:
    status, _, complained = await ended(tmp_path, "serve", "--port", "0", "--host", host)
    assert status == 1
    assert complained.startswith("Error: ")
    assert host in complained
    assert complained.count("\n") == 1


async def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path: Path) -> None:
    status, said, complained = await ended(tmp_path, "serve", BOOKLIB_STORAGE="paper")
    assert (status, said) == (1, "")
    assert "BOOKLIB_STORAGE must be one of sqlite, dynamodb" in complained


async def test_dynamodb_wants_to_know_its_tables(tmp_path: Path) -> None:
    status, _, complained = await ended(
        tmp_path, "serve", BOOKLIB_STORAGE="dynamodb", SECRET_KEY="long enough for a test"
    )
    assert status == 1
    assert "USERS_TABLE" in complained
    assert "must be set where BOOKLIB_STORAGE is dynamodb" in complained


async def test_it_stops_soon_when_connections_are_merely_idle(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, httpx.AsyncClient() as client:
        assert (await client.get(f"{served.address}/health")).status_code == 200
        with served.connected():
            seconds, status = await served.stopped(signal.SIGTERM)
    assert seconds < 3
    assert status == 0


async def test_hung_clients_do_not_keep_it_from_stopping(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        with (
            served.connected(HALF_A_HEAD),
            served.uploading(BODY[:10], 99),
            served.connected() as download,
        ):
            while await fits(download, PAGES):
                pass
            seconds, status = await served.stopped(signal.SIGTERM)
    assert seconds < 10
    assert status == 0


async def fits(client: socket.socket, data: bytes) -> bool:
    """Whether more can be sent: False when the server no longer reads, for nobody reads it."""
    loop = asyncio.get_running_loop()
    try:
        await asyncio.wait_for(loop.sock_sendall(client, data), 1)
    except TimeoutError:
        return False
    return True


async def test_a_second_signal_ends_running_requests_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        with served.uploading(BODY[:10], 99):
            seconds, status = await served.stopped(signal.SIGINT, signal.SIGINT)
    assert seconds < 3
    assert status == 0


async def test_a_running_request_is_answered_before_it_stops(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        with served.uploading(BODY[:10], len(BODY)) as client:
            served.process.send_signal(signal.SIGTERM)
            await refuses(served)
            client.sendall(BODY[10:])
            answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 100), 10)
            assert await asyncio.wait_for(served.process.wait(), 10) == 0
    assert answer.startswith(b"HTTP/1.1 422")


async def test_jobs_that_hang_are_given_back(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes questions and never answers
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        async with serving(tmp_path, OPEN_LIBRARY_URL=url, OPEN_LIBRARY_COVERS_URL=url) as served:
            async with httpx.AsyncClient(base_url=served.address) as client:
                await client.post("/register", data=KEEPER)
                await client.post("/books", data={"isbn": "9780441172719\n9780306406157"})
            while states(tmp_path) != {("running", 1)}:
                await asyncio.sleep(0.05)
            seconds, status = await served.stopped(signal.SIGTERM)
            assert served.process.stderr
            assert await served.process.stderr.read() == b""
    assert (status, states(tmp_path)) == (0, {("waiting", 0)})
    assert seconds < 5


def states(folder: Path) -> set[tuple[str, int]]:
    """State and attempts of every job."""
    with closing(sqlite3.connect(folder / "data" / "site.db")) as database:
        return set(database.execute("SELECT state, attempts FROM jobs"))


async def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    listing = await asyncio.create_subprocess_exec(
        *("ps", "-A", "-o", "pid=,ppid="), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await listing.communicate()
    pairs = [line.split() for line in said.decode().splitlines()]
    return [int(pid) for pid, its_parent in pairs if int(its_parent) == parent]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_what_reads_pictures_does_not_outlive_the_server(
    tmp_path: Path, number: signal.Signals
) -> None:
    photo = BytesIO()
    Image.effect_noise((800, 600), 90).save(photo, "JPEG")
    async with serving(tmp_path) as served:
        async with httpx.AsyncClient(base_url=served.address) as client:
            await client.post("/register", data=KEEPER)
            answer = await client.post("/scan", files={"image": photo.getvalue()})
            assert answer.status_code == 200
        (reader,) = await children(served.process.pid)
        seconds, _ = await served.stopped(number)
        assert seconds < 3
        async with asyncio.timeout(5):
            while lives(reader):
                await asyncio.sleep(0.02)
        assert served.process.stderr
        assert await served.process.stderr.read() == b""


async def refuses(served: Served) -> None:
    """Return when no new connection is accepted."""
    async with asyncio.timeout(10):
        while True:
            try:
                # One that waited to be accepted when the door was shut is reset.
                with suppress(ConnectionResetError):
                    served.connected().close()
            except ConnectionRefusedError:
                return
            await asyncio.sleep(0.02)


async def test_nothing_acknowledged_is_lost_when_it_stops(tmp_path: Path) -> None:
    acknowledged = 0
    async with serving(tmp_path) as served, httpx.AsyncClient(base_url=served.address) as client:
        assert (await client.post("/register", data=KEEPER)).status_code == 303
        stopping = None
        try:
            for number in range(100_000):
                stem = f"9780{number:08d}"
                added = {"isbn": stem + ean.calc_check_digit(stem)}
                answer = await client.post("/books", data=added)
                assert answer.status_code == 303
                acknowledged += 1
                if acknowledged == 50:
                    stopping = asyncio.create_task(served.stopped(signal.SIGTERM))
        except httpx.TransportError:
            pass
        assert stopping
        assert (await stopping)[1] == 0
    status, said, complained = await ended(tmp_path, "user", "list", "--json")
    assert status == 0, complained
    (keeper,) = json.loads(said)
    assert acknowledged <= keeper["books"] <= acknowledged + 1
