"""The package of the functions and their layer, built once for all tests that need them."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.aws.zbar import CACHE, alone, zbar_source
from tests.processes import ROOT

RUNTIME_BIN = ROOT / ".venv-test-lambda/bin"
"""The Python that stands in for Lambda's, with nothing of ours."""

KEPT = 3
"""Builds of former states of the checkout that may still be in use."""

ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
"""This machine's, as Lambda calls it."""

PROGRAM = ("booklib", "templates", "static", "deploy/zipping", "deploy/layer")


class Built(NamedTuple):
    """A zip, and a folder that it was unpacked into; both are shared, and nobody writes there."""

    zip: Path
    folder: Path

    @property
    def unzipped_bytes(self) -> int:
        """The bytes of its files, as Lambda counts them."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def runtime() -> str:
    """Lambda's name of the Python that the tests have: `python3.13` wherever that is."""
    line = "import sys; print('python%d.%d' % sys.version_info[:2])"
    done = subprocess.run(
        [RUNTIME_BIN / "python", "-c", line], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def environment(**more: str) -> dict[str, str]:
    """What a script of `deploy/` needs, the Python of the runtime first on the PATH."""
    return os.environ | {
        "PATH": f"{RUNTIME_BIN}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHON": sys.executable,
        "DOCKER_HOST": "unix:///nonexistent",  # it would fetch images from the internet
        **more,
    }


def build_package(
    target: Path, architecture: str = ARCHITECTURE, *, checkout: Path = ROOT, **more: str
) -> str:
    """Build a package as deploy.sh does; what the script said. Variables can be added."""
    script = str(checkout / "deploy/package.py")
    return _run(
        [sys.executable, script, *_options(architecture), str(target)],
        PYTHONPATH=str(checkout),
        **more,
    )


def built_package(architecture: str = ARCHITECTURE) -> Built:
    """The package of this state of the checkout."""
    return _built("package", architecture, lambda target: build_package(target, architecture))


def build_layer(target: Path, architecture: str = ARCHITECTURE, *, zbar: Path | None = None) -> str:
    """Build a layer as deploy.sh does, with libzbar from its source, if given; what it said."""
    source = ("--zbar-source", str(zbar)) if zbar else ()
    script = str(ROOT / "deploy/layer/build.sh")
    return _run([script, *_options(architecture), *source, str(target)])


def built_layer(architecture: str = ARCHITECTURE) -> Built:
    """The layer of this state of the checkout, with libzbar where this machine can build it."""
    zbar = zbar_source() if architecture == ARCHITECTURE else None
    return _built(
        "layer", architecture, lambda target: build_layer(target, architecture, zbar=zbar)
    )


def _options(architecture: str) -> tuple[str, ...]:
    return "--runtime", runtime(), "--architecture", architecture


def _run(command: list[str], **more: str) -> str:
    done = subprocess.run(
        command, env=environment(**more), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _built(kind: str, architecture: str, build: Callable[[Path], object]) -> Built:
    """Build it unless one of the processes of the tests has done so already."""
    name = f"{kind}-{architecture}"
    folder = CACHE / f"{name}-{_fingerprint()}"
    with alone(name):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder / f"{kind}.zip")
            with zipfile.ZipFile(folder / f"{kind}.zip") as archive:
                archive.extractall(folder / "unzipped")
            (folder / "done").touch()
            _forget_old(name)
    return Built(folder / f"{kind}.zip", folder / "unzipped")


def _fingerprint() -> str:
    """A name for all that a build is made of."""
    files = [path for name in PROGRAM for path in (ROOT / name).rglob("*") if path.is_file()]
    files += [ROOT / "deploy/package.py", *(ROOT / "deploy").glob("requirements-[al]*.txt")]
    digest = hashlib.sha256(runtime().encode())
    for path in sorted(files):
        if "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _forget_old(name: str) -> None:
    builds = sorted(CACHE.glob(f"{name}-*/done"), key=lambda path: path.stat().st_mtime)
    for path in builds[:-KEPT]:
        shutil.rmtree(path.parent, ignore_errors=True)
