"""Copies of the checkout that deploy.sh can run in, with a set-up that is done already."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT

PARTS = ("booklib", "deploy", "infra", "static", "templates", "pyproject.toml", "README.md")

HANDLERS = """
import json, os

def handler(event, context):
    if "Records" in event:
        return {"batchItemFailures": []}
    told = {"path": event["rawPath"], "version": VERSION, "contact": os.environ["BOOKLIB_CONTACT"]}
    return {"statusCode": 200, "body": json.dumps(told)}
"""


def copy_of_checkout(folder: Path) -> Path:
    """The checkout as it is, in a folder of its own.

    Its environment is the one that runs the tests, so that nothing is installed.
    """
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc", ".unpacked")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=skipped)
        else:
            shutil.copy(ROOT / part, folder / part)
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    path = f'PYTHONPATH="{folder}${{PYTHONPATH:+:$PYTHONPATH}}"'
    python.write_text(f'#!/bin/sh\n{path} exec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    stamps = """
        fingerprint deploy/requirements.txt pyproject.toml >.venv/booklib-stamp
        fingerprint deploy/npm/package-lock.json >static/vendor/.stamp
    """
    subprocess.run(["bash", "-ec", f". deploy/setup.sh; {stamps}"], cwd=folder, check=True)
    return folder


def with_small_package(checkout: Path, version: int = 1) -> None:
    """Let a copy build a package and a layer of a few lines, where only the deployment matters.

    The handler answers every request with its path, this version, and the parameter Contact.
    """
    code = f"VERSION = {json.dumps(version)}\n{HANDLERS}"
    files = {
        "booklib/__init__.py": "",
        "booklib/aws/__init__.py": "",
        "booklib/aws/api.py": code,
        "booklib/aws/worker.py": code,
    }
    zipped = (
        "import sys, zipfile\n"
        "with zipfile.ZipFile(sys.argv[-1], 'w') as package:\n"
        "    for name, text in {files!r}.items():\n"
        "        package.writestr(zipfile.ZipInfo(name), text)\n"
    )
    (checkout / "deploy/package.py").write_text(zipped.format(files=files), "utf-8")
    layer = zipped.format(files={"python/of_the_layer.py": "HERE = True\n"})
    build = checkout / "deploy/layer/build.sh"
    build.parent.mkdir(exist_ok=True)
    build.write_text(f"#!{sys.executable}\n{layer}", "utf-8")
    build.chmod(0o755)
