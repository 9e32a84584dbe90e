"""Pictures in processes of their own: real ones, that hang, die and lie."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from booklib.adapters.picture_process import PictureProcess
from booklib.errors import BadPicture, Busy, NotRead
from tests.adapters import odd_worker
from tests.processes import ROOT

ODD = (sys.executable, "-P", "-m", "tests.adapters.odd_worker")
PARENT = """
import asyncio, sys
from booklib.adapters.picture_process import PictureProcess
from tests.adapters.test_picture_process import ODD, told

async def main():
    pictures = PictureProcess(command=ODD)
    print(await told(pictures, b"who"), flush=True)
    await pictures.scan(sys.argv[1].encode())

asyncio.run(main())
"""


@asynccontextmanager
async def odd(
    *, children: int = 2, waiting: int = 20, idle_s: float = 60
) -> AsyncIterator[PictureProcess]:
    pictures = PictureProcess(command=ODD, children=children, waiting=waiting, idle_s=idle_s)
    try:
        yield pictures
    finally:
        await pictures.aclose()


async def told(pictures: PictureProcess, picture: bytes) -> str:
    """The sentence with which a picture is refused."""
    with pytest.raises(BadPicture) as refused:
        await pictures.scan(picture)
    return str(refused.value)


@pytest.mark.parametrize("command", [ODD, ("/nowhere/at-all",)])
async def test_it_is_told_that_the_process_failed_and_not_the_picture(
    command: tuple[str, ...],
) -> None:
    pictures = PictureProcess(command=command)
    with pytest.raises(NotRead):
        await pictures.scan(b"die")
    await pictures.aclose()


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until_gone(pid: int, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while lives(pid):
            await asyncio.sleep(0.02)


async def until_in(folder: Path) -> int:
    """The process that says in the folder that it hangs now."""
    async with asyncio.timeout(10):
        while not (found := [int(path.name) for path in folder.iterdir()]):
            await asyncio.sleep(0.02)
    return found[0]


def cover() -> bytes:
    picture = Image.new("RGB", (900, 1350), "darkred")
    ImageDraw.Draw(picture).text((100, 300), "A Title", fill="white", font_size=120)
    out = BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


async def test_a_cover_comes_back_in_both_sizes() -> None:
    pictures = PictureProcess()
    try:
        made = await pictures.cover(cover())
        with pytest.raises(BadPicture, match="not a picture"):
            await pictures.cover(b"no picture")
    finally:
        await pictures.aclose()
    assert (made.width, made.height) == (560, 840)
    assert Image.open(BytesIO(made.large)).size == (560, 840)
    assert Image.open(BytesIO(made.small)).size == (320, 480)


async def test_a_process_is_kept_for_the_next_picture() -> None:
    async with odd() as pictures:
        first = await told(pictures, b"who")
        assert await told(pictures, b"who") == first
        assert (await pictures.scan(b"well"))[:2] == (3, 4)


async def test_an_idle_process_is_ended() -> None:
    async with odd(idle_s=0.05) as pictures:
        pid = int(await told(pictures, b"who"))
        await until_gone(pid)
        assert (await pictures.scan(b"well")).codes == ()


async def test_closing_ends_idle_processes() -> None:
    async with odd() as pictures:
        pid = int(await told(pictures, b"who"))
        assert lives(pid)
    assert not lives(pid)


async def test_closing_ends_a_process_at_work(tmp_path: Path) -> None:
    async with odd() as pictures:
        asked = asyncio.create_task(told(pictures, f"hang {tmp_path}".encode()))
        pid = await until_in(tmp_path)
        started = time.perf_counter()
        await pictures.aclose()
        assert time.perf_counter() - started < 1.9
        assert not lives(pid)
        assert "cannot be read" in await asked
        with pytest.raises(Busy):
            await pictures.scan(b"well")


@pytest.mark.slow
async def test_a_picture_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    async with odd(children=1) as pictures:
        await told(pictures, b"who")
        started = time.perf_counter()
        said = await told(pictures, f"hang {tmp_path}".encode())
        assert 1.9 < time.perf_counter() - started < 20
        assert "too long" in said
        await until_gone(await until_in(tmp_path))
        assert (await pictures.scan(b"well")).codes == ()


async def test_a_process_that_dies_takes_only_its_picture_along() -> None:
    async with odd(children=1) as pictures:
        pid = await told(pictures, b"who")
        assert "cannot be read" in await told(pictures, b"die")
        assert await told(pictures, b"who") != pid


async def test_a_process_that_died_while_idle_is_replaced() -> None:
    async with odd() as pictures:
        pid = int(await told(pictures, b"who"))
        os.kill(pid, signal.SIGKILL)
        await until_gone(pid)
        assert (await pictures.scan(b"well")).codes == ()


async def test_a_fault_in_a_decoder_is_logged_and_told(caplog: pytest.LogCaptureFixture) -> None:
    async with odd() as pictures:
        assert "cannot be read" in await told(pictures, b"fault")
        assert (await pictures.scan(b"well")).codes == ()
    assert "ZeroDivisionError" in caplog.text


async def test_what_libraries_print_does_not_disturb() -> None:
    async with odd() as pictures:
        for _ in range(2):
            assert (await pictures.scan(b"print")).width == 3


if sys.platform == "linux":

    async def test_a_picture_cannot_take_all_memory() -> None:
        async with odd() as pictures:
            assert "too large" in await told(pictures, b"fill")
            assert (await pictures.scan(b"well")).codes == ()


CODE = {"kind": "book", "text": "1", "isbn": None, "place": [0, 0, 0.5, 1], "crop": 0}
LIES = [
    {},
    {"width": "3"},
    {"width": -1},
    {"width": 1e400},
    {"height": True},
    {"advice": "buy more"},
    {"advice": []},
    {"codes": 5},
    {"codes": [None]},
    {"codes": [CODE | {"kind": "joke"}]},
    {"codes": [CODE | {"text": "9" * 5000}]},
    {"codes": [CODE | {"isbn": 9780306406157}]},
    {"codes": [CODE | {"place": [0, 0, 1]}]},
    {"codes": [CODE | {"place": [0, 0, 2, 1]}]},
    {"codes": [CODE | {"place": [0, 0, float("nan"), 1]}]},
    {"codes": [CODE | {"crop": 10}]},
    {"codes": [CODE] * 20_000},
]


@pytest.mark.parametrize("lie", LIES[1:])
async def test_a_process_that_lies_is_not_believed(lie: dict[str, object]) -> None:
    async with odd() as pictures:
        answer = json.dumps(odd_worker.GOOD | lie).encode()
        assert "cannot be read" in await told(pictures, b"lie " + answer)
        assert (await pictures.scan(b"well")).codes == ()


@pytest.mark.parametrize("lie", [b"{}", b"[]", b"3", b"[" * 900 + b"]" * 900])
async def test_an_answer_that_is_none_is_not_believed(lie: bytes) -> None:
    async with odd() as pictures:
        assert "cannot be read" in await told(pictures, b"lie " + lie)


async def test_nothing_of_the_environment_is_handed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret")
    async with odd() as pictures:
        names = (await told(pictures, b"names")).split()
    assert set(names) <= {"PATH", "LC_ALL", "PYTHONPATH", "__CF_USER_TEXT_ENCODING"}


async def test_two_pictures_are_read_at_once(tmp_path: Path) -> None:
    async with odd() as pictures:
        await asyncio.gather(*(told(pictures, b"who") for _ in range(2)))
        meet = f"meet {tmp_path}".encode()
        both = await asyncio.gather(pictures.scan(meet), pictures.scan(meet))
    assert len({*both}) == 1
    assert len(list(tmp_path.iterdir())) == 2


async def test_more_than_can_wait_are_refused_at_once(tmp_path: Path) -> None:
    async with odd(children=1, waiting=1) as pictures:
        hanging = asyncio.create_task(pictures.scan(f"hang {tmp_path}".encode()))
        waiting = asyncio.create_task(pictures.scan(b"well"))
        await until_in(tmp_path)
        with pytest.raises(Busy, match="Many pictures"):
            await pictures.scan(b"well")
        hanging.cancel()
        assert (await waiting).width == 3
        assert (await pictures.scan(b"well")).width == 3


async def test_a_request_that_goes_away_leaves_no_answer_to_the_next(tmp_path: Path) -> None:
    async with odd(children=1) as pictures:
        asked = asyncio.create_task(pictures.scan(f"hang {tmp_path}".encode()))
        pid = await until_in(tmp_path)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert (await pictures.scan(b"well")).width == 3
        await until_gone(pid)


async def test_requests_that_go_away_at_any_moment_leave_nothing() -> None:
    async with odd(children=1) as pictures:
        for number in range(12):
            asked = asyncio.create_task(pictures.scan(b"well"))
            await asyncio.sleep(number * 0.01)
            asked.cancel()
            await asyncio.wait([asked])
        pid = int(await told(pictures, b"who"))
    assert not lives(pid)


@pytest.mark.parametrize("command", [("/no/such/program",), (sys.executable, "-c", "print(7)")])
async def test_a_process_that_does_not_start_is_told_and_logged(
    command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    pictures = PictureProcess(command=command)
    assert "log says why" in await told(pictures, b"well")
    await pictures.aclose()
    assert "process" in caplog.text


async def test_far_too_many_bytes_are_not_even_sent() -> None:
    async with odd() as pictures:
        assert "too large" in await told(pictures, bytes(65 * 2**20))


async def test_sending_a_picture_does_not_hold_up_the_others() -> None:
    async with odd() as pictures:
        await told(pictures, b"who")
        asked = asyncio.create_task(pictures.scan(b"well " + bytes(12_000_000)))
        longest, last = 0.0, time.thread_time()  # other processes hold it up too
        while not asked.done():
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, last = max(longest, now - last), now
        assert (await asked).width == 3
    assert longest < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("busy", [False, True])
async def test_a_process_does_not_outlive_the_server(tmp_path: Path, busy: bool) -> None:
    picture = f"hang {tmp_path}" if busy else "who"
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, picture),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert parent.stdout
        pid = int(await asyncio.wait_for(parent.stdout.readline(), 30))
        if busy:
            assert await until_in(tmp_path) == pid
    finally:
        if parent.returncode is None:
            parent.kill()
        await parent.communicate()
    await until_gone(pid)
