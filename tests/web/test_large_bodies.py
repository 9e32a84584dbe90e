"""100 MB sent to a real server: a clean answer, and no more memory than before."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from tests.processes import ROOT, free_port, until_up

pytestmark = pytest.mark.slow

CHUNK = b"x" * 65536
SIZE = 100 * 1024 * 1024

SERVER = """
import asyncio, sys
from pathlib import Path
from hypercorn.asyncio import serve
from hypercorn.config import Config
from booklib.app import create_app
from booklib.settings import Settings

config = Config()
config.bind = [f"127.0.0.1:{sys.argv[1]}"]
app = create_app(Settings(secret_key="only for this test", data_dir=Path(sys.argv[2])))
asyncio.run(serve(app, config))
"""


@pytest.fixture
async def server(tmp_path):
    """Port and process id of a server of its own."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(port), str(tmp_path), cwd=ROOT
    )
    try:
        await until_up(port)
        yield port, process.pid
    finally:
        process.kill()
        await process.wait()


def resident_mb(pid):
    """Most memory that the process ever held, in MB; 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


async def send(
    port, *, chunked, size=SIZE, path="/login", kind="application/x-www-form-urlencoded"
):
    """Post a body and read the answer, as a simple client does: all is sent before it reads."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{length}\r\n"
    head += f"Content-Type: {kind}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    piece = f"{len(CHUNK):x}\r\n".encode() + CHUNK + b"\r\n" if chunked else CHUNK
    for _ in range(size // len(CHUNK)):
        writer.write(piece)
        await writer.drain()
    if chunked:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_hundred_megabytes_are_refused_cleanly(server, chunked):
    port, pid = server
    await send(port, chunked=chunked, size=2 * 1024 * 1024)
    before = resident_mb(pid)
    async with asyncio.timeout(60):
        answer = await send(port, chunked=chunked)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Too large" in answer
    assert resident_mb(pid) - before < 20


@pytest.mark.parametrize("chunked", [False, True])
async def test_pictures_of_somebody_who_is_signed_out_are_not_kept(server, chunked):
    port, pid = server
    pictures = {"path": "/scan", "kind": "multipart/form-data; boundary=xyz", "chunked": chunked}
    await send(port, **pictures, size=2 * 1024 * 1024)
    before = resident_mb(pid)
    async with asyncio.timeout(60):
        answer = await send(port, **pictures)
    assert answer.startswith(b"HTTP/1.1 303 ")
    assert b"/login?next=" in answer
    assert resident_mb(pid) - before < 20


async def test_a_file_to_import_goes_to_the_disk_and_not_to_memory(server, tmp_path):
    port, pid = server
    size = 200 * 1024 * 1024

    async def body():
        head = 'Content-Disposition: form-data; name="file"; filename="books.csv"'
        yield f"--xyz\r\n{head}\r\n\r\n".encode()
        for _ in range(size // len(CHUNK)):
            yield CHUNK
        yield b"\r\n--xyz--\r\n"

    words = "seven brown sparrows"
    account = {"username": "alice", "email": "alice@example.org", "password": words}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        answer = await client.post("/register", data=account | {"confirm_password": words})
        assert answer.status_code == 303
        before = resident_mb(pid)
        kind = {"Content-Type": "multipart/form-data; boundary=xyz"}
        answer = await client.post("/import", content=body(), headers=kind)
        assert answer.status_code == 303
    assert resident_mb(pid) - before < 20
    [upload] = tmp_path.glob("files/imports/*/*/upload")
    assert upload.stat().st_size == size


async def test_a_client_that_hangs_up_while_sending_leaves_no_trace(server):
    port, _ = server
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\nabc")
        await writer.drain()
        writer.transport.abort()
    assert (await send(port, chunked=True, size=0)).startswith(b"HTTP/1.1 422 ")
