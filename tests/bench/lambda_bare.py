"""Quart and Mangum alone as a function: what the start-up of ours is measured against."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.aws.function_code import PYTHON

MODULE = """
import asyncio

asyncio.set_event_loop(asyncio.new_event_loop())

from mangum import Mangum
from quart import Quart

app = Quart("bare")


@app.route("/health")
async def health():
    return "hello"


handler = Mangum(app, lifespan="off")
"""

TRIVIAL = """
def handler(event, context):
    return {"statusCode": 200, "body": "hello"}
"""


def bare_package(folder: Path) -> Path:
    """A folder as a function's package: `bare.handler` under Quart, `trivial.handler` under none.

    The packages are those of the Python that runs this, with the bytecode of the one that Lambda
    has.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in sorted(_needed("quart", set()) | _needed("mangum", set())):
        _copy(distribution(name), folder)
    (folder / "bare.py").write_text(MODULE)
    (folder / "trivial.py").write_text(TRIVIAL)
    compiled = (PYTHON, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder)
    subprocess.run(compiled, check=True)
    return folder


def _needed(name: str, found: set[str]) -> set[str]:
    """A package and what it needs, in turn; nothing that only an extra or another Python wants."""
    if name not in found:
        found.add(name)
        for needed in map(Requirement, distribution(name).requires or []):
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                _needed(needed.name, found)
    return found


def _copy(package: Distribution, folder: Path) -> None:
    for file in package.files or []:
        inside = file.parts[0] != ".." and "__pycache__" not in file.parts
        if inside and ".dist-info" not in file.parts[0]:
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(package.locate_file(file)), target)
