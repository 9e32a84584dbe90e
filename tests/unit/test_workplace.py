"""Folders for half-made files: one for each who works, and none left by who died."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from booklib.workplace import temporary, workplace
from tests.processes import ROOT

AT_WORK = """
import sys
from pathlib import Path
from booklib.workplace import workplace

with workplace(Path(sys.argv[1]), "w") as place:
    (place / "half").write_text("made")
    print(place, flush=True)
    sys.stdin.read()
"""


def test_a_workplace_is_gone_at_the_end(tmp_path: Path) -> None:
    with workplace(tmp_path, "w") as place:
        (place / "half").write_text("made")
        assert place.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_and_what_is_in_use_stays(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", AT_WORK, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        place = Path(child.stdout.readline().strip())
        with workplace(tmp_path, "w"), workplace(tmp_path, "other"):
            assert (place / "half").read_text() == "made"
        child.kill()
        child.wait(10)
    assert place.exists()
    with workplace(tmp_path, "w"):
        assert not place.exists()


async def test_many_find_a_place_at_once(tmp_path: Path) -> None:
    def work() -> None:
        for _ in range(50):
            with workplace(tmp_path, "w") as place:
                (place / "half").write_text("made")

    await asyncio.gather(*(asyncio.to_thread(work) for _ in range(4)))
    assert list(tmp_path.iterdir()) == []


def test_what_need_not_last_is_kept_outside_of_the_library() -> None:
    with temporary() as place:
        (place / "half").write_text("made")
    assert not place.exists()
