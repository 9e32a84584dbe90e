"""The source of libzbar, from the registry of Debian packages that this machine uses."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import ROOT

CACHE = ROOT / "tests/.cache/aws"
SOURCES = Path("/etc/apt")
NEEDED = ("apt-get", "cc", "objdump")


def zbar_source() -> Path | None:
    """Its unpacked source; None where there is no apt, or no compiler to make use of it."""
    if not all(map(shutil.which, NEEDED)):
        assert os.environ.get("CI") != "true", f"this machine lacks one of {NEEDED}"
        return None
    folder = CACHE / "zbar"
    with alone("zbar"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _fetch(folder)
            (folder / "done").touch()
    return next(folder.glob("zbar-*"))


@contextmanager
def alone(name: str) -> Iterator[None]:
    """While no other process of the tests does the same."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(folder: Path) -> None:
    """Ask apt beside its own lists, which know no sources as a rule; this needs no root."""
    for name in ("sources", "lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    codename = str(platform.freedesktop_os_release()["VERSION_CODENAME"])
    for path in [SOURCES / "sources.list", *SOURCES.glob("sources.list.d/*")]:
        if path.suffix in (".list", ".sources") and path.is_file():
            adapt = _lines if path.suffix == ".list" else _stanzas
            text = adapt(path.read_text(encoding="utf-8"), codename)
            (folder / "sources" / path.name).write_text(text, encoding="utf-8")
    apt = [
        "apt-get",
        "-qq",
        f"-oDir::Etc::SourceParts={folder}/sources",
        "-oDir::Etc::SourceList=/dev/null",
        f"-oDir::State::Lists={folder}/lists",
        f"-oDir::Cache={folder}/cache",
        "-oAPT::Sandbox::User=",
    ]
    for command in (["update"], ["source", "--download-only", "zbar"]):
        done = subprocess.run(
            [*apt, *command], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    with tarfile.open(next(folder.glob("zbar_*.orig.tar.*"))) as archive:
        archive.extractall(folder, filter="data")


def _lines(text: str, codename: str) -> str:
    """The lines about this release's packages, made to be about their sources."""
    found = re.findall(r"^deb((?:\s+\[[^]]*])?\s+\S+\s+(\S+)\s.*)$", text, re.MULTILINE)
    return "".join(f"deb-src{rest}\n" for rest, suite in found if _is_of(suite, codename))


def _stanzas(text: str, codename: str) -> str:
    """The same for the other form of such lists."""
    kept = []
    for stanza in re.split(r"\n\s*\n", text):
        suites = re.search(r"^Suites:(.*)$", stanza, re.MULTILINE)
        if suites and all(_is_of(suite, codename) for suite in suites[1].split()):
            kept.append(re.sub(r"^Types:.*$", "Types: deb-src", stanza, flags=re.MULTILINE))
    return "\n\n".join(kept) + "\n"


def _is_of(suite: str, codename: str) -> bool:
    return suite == codename or suite.startswith(f"{codename}-")
