"""With CI=true a test that did not really run is a failure."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

pytestmark = pytest.mark.slow

SKIP = "import pytest\ndef test_b(): pytest.skip('not here')"
SKIP_ALL = "import pytest\npytest.skip('not here', allow_module_level=True)"
XFAIL = "import pytest\n@pytest.mark.xfail\ndef test_b(): assert 0"
XPASS = "import pytest\n@pytest.mark.xfail\ndef test_b(): pass"
GOOD = "def test_b(): pass"
BAD = "def test_b(): assert 0"


@pytest.fixture(params=["0", "2"], ids=["one process", "two processes"])
def processes(request: pytest.FixtureRequest) -> tuple[str, str]:
    return ("-n", str(request.param))


def run(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_good.py").write_text("def test_a(): pass\n")
    (folder / "test_other.py").write_text(f"{source}\n")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.nothing_left_out", *options),
            *("-c", "/dev/null", "--rootdir", str(folder), str(folder)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("source", [SKIP, SKIP_ALL, XFAIL, XPASS])
def test_what_did_not_really_run_fails_the_run(
    tmp_path: Path, processes: tuple[str, str], source: str
) -> None:
    ran = run(tmp_path, source, *processes)
    assert ran.returncode == 1
    assert "left out, which is a failure here" in ran.stdout


def test_what_was_deselected_fails_the_run(tmp_path: Path, processes: tuple[str, str]) -> None:
    ran = run(tmp_path, GOOD, "-k", "test_a", *processes)
    assert ran.returncode == 1
    assert "deselected" in ran.stdout


def test_what_is_marked_once_is_left_out_of_a_further_run_alone(tmp_path: Path) -> None:
    once = "import pytest\n@pytest.mark.once\ndef test_b(): assert 0"
    marks = ("-W", "ignore::pytest.PytestUnknownMarkWarning")
    assert run(tmp_path, once, *marks).returncode == 1
    again = run(tmp_path, once, "--again", *marks)
    assert (again.returncode, "1 passed" in again.stdout) == (0, True)


def test_what_ran_is_judged_as_ever(tmp_path: Path, processes: tuple[str, str]) -> None:
    good = run(tmp_path, GOOD, *processes)
    assert good.returncode == 0
    assert re.fullmatch(r"=+ 2 passed in .+ =+", good.stdout.splitlines()[-1])
    assert run(tmp_path, BAD, *processes).returncode == 1
