"""Build the zip that both functions run: the program at its root, beside everything it imports.

    python deploy/package.py --runtime python3.13 --architecture arm64 PACKAGE.zip

Made of the same files it is the same, byte for byte. What reads pictures is in the layer instead
(deploy/layer). To be run by an environment with the project in it, of any Python version.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

from zipping import archive, bytecode, trimming, wheels

from booklib.web.assets import READY, Assets

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "deploy/requirements-aws.txt"
LAYER_LOCK = ROOT / "deploy/requirements-layer.txt"

PLACE = "/var/task"
"""Where Lambda unpacks a package."""

UNUSED = frozenset({"aiosqlite", "segno"})
"""Packages of the local program alone: its database, and the QR code that its start shows."""

SERVER = frozenset({"h2", "hpack", "hypercorn", "hyperframe", "priority", "wsproto"})
"""The local web server and what it alone needs; a stand-in takes its place."""

STAND_INS = ROOT / "deploy/zipping/stand_ins"

JUNK = shutil.ignore_patterns("__pycache__", ".*", "*~")
"""What other programs leave in a checkout."""

OURS_UNUSED = (
    "__main__.py",
    "adapters/sqlite",
    "cli",
    "demo.py",
    "demo_books.tsv",
    "serve.py",
)
"""Parts of `booklib` that import those, or serve them."""


def build(runtime: str, architecture: str, target: Path) -> archive.Zip:
    """Write the zip for a runtime such as `python3.13`; raises wheels.PackagingError."""
    python = wheels.find_python(runtime.removeprefix("python"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "package")
        folder.mkdir()
        without = UNUSED | SERVER | in_layer()
        wheels.install(LOCK, folder, python, architecture, without)
        trimming.trim(folder)
        shutil.copytree(STAND_INS, folder, ignore=JUNK, dirs_exist_ok=True)
        copy_program(folder)
        bytecode.write(folder, PLACE, python)
        return archive.write(folder, target)


def in_layer() -> set[str]:
    """The names of the packages that the layer brings."""
    text = LAYER_LOCK.read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def copy_program(folder: Path) -> None:
    """Our modules, templates and static files, those in the form in which they are sent."""
    for name in ("booklib", "templates", "static"):
        shutil.copytree(ROOT / name, folder / name, ignore=JUNK)
    for name in OURS_UNUSED:
        path = folder / "booklib" / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name, asset in Assets(ROOT / "static", "", reload=False).items():
        path = folder / "static" / name
        path.write_bytes(asset.body)
        if asset.packed is not None:
            path.with_name(path.name + READY).write_bytes(asset.packed)


def main() -> int:
    """Build what the arguments ask for, and say on standard error what came of it."""
    parser = argparse.ArgumentParser(description="Build the package of the functions on Lambda.")
    parser.add_argument("--runtime", default="python3.13", help="Lambda's: python3.13")
    parser.add_argument("--architecture", choices=sorted(wheels.MACHINES), default="arm64")
    parser.add_argument("target", type=Path, help="the zip to write")
    arguments = parser.parse_args()
    if not re.fullmatch(r"python3\.\d+", arguments.runtime):
        parser.error("the runtime is a name such as python3.13")
    try:
        made = build(arguments.runtime, arguments.architecture, arguments.target)
    except wheels.PackagingError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The package: {made}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
