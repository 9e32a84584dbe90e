"""Locked packages, installed for the machines that Lambda runs on, whatever this one is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names of architectures, and those of wheels and of ELF files."""

PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
"""Amazon Linux 2023 has glibc 2.34. Pillow's newest wheels ask for 2.28; with an older platform
alone pip takes an older Pillow and says nothing."""

MAX_TOLD = 15
"""Lines of pip's complaint that are shown."""


class PackagingError(Exception):
    """A sentence about what is wrong, and what would help."""


def find_python(version: str) -> str:
    """A Python of exactly this minor version (`3.13`). Raises PackagingError."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path("~/.pyenv").expanduser())
    candidates = [
        sys.executable,
        shutil.which(f"python{version}"),
        *sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python{version}"))),
    ]
    for candidate in candidates:
        if candidate and _version(candidate) == version:
            return candidate
    raise PackagingError(
        f"Lambda's python{version} starts fast only with bytecode that Python {version} has "
        f"written, and there is no Python {version} here. Please install it (Debian: "
        f"sudo apt-get install python{version}; macOS: brew install python@{version}; anywhere: "
        f"pyenv install {version}), or deploy for another version with Runtime=python3.12."
    )


def _version(python: str) -> str:
    line = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", line], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def install(
    lock: Path, target: Path, python: str, architecture: str, without: Collection[str] = ()
) -> None:
    """Install what a lock names, without some packages, into a folder. Raises PackagingError.

    `python` is of the version that the packages are for: it is the one that reads the conditions
    behind the names in the lock.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch, "wanted.txt")
        wanted.write_text(_only(lock.read_text(encoding="utf-8"), without), encoding="utf-8")
        platforms = [f"--platform={name}_{MACHINES[architecture]}" for name in PLATFORMS]
        options = ["--no-deps", "--no-compile", "--require-hashes", "--only-binary=:all:"]
        version = _version(python)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
                *("--disable-pip-version-check", "--no-input", "--progress-bar=off", *options),
                *(*platforms, f"--python-version={version}", "--implementation=cp"),
                *(f"--target={target}", f"--requirement={wanted}"),
            ],
            env=os.environ | {"PIP_USER": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
        raise PackagingError(
            f"The packages of {lock.name} for Python {version} on {architecture} could not be "
            "fetched. Is there a network, and does `pip download` work? What pip says:\n"
            + "\n".join(f"    {line}" for line in told[-MAX_TOLD:])
        )


def _only(lock: str, without: Collection[str]) -> str:
    """The lock without some packages; each has a line of its own, and indented hashes below it."""
    kept: list[str] = []
    keep = True
    for line in lock.splitlines():
        if not line.startswith(" "):
            keep = line.partition("==")[0] not in without
        if keep:
            kept.append(line)
    return "\n".join(kept) + "\n"
