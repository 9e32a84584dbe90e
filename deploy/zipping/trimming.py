"""Take out of installed packages what no function of ours can ever use; licences stay."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

SERVICES = frozenset({"dynamodb", "s3", "secretsmanager", "sqs", "sts"})
"""The services whose descriptions boto keeps; it comes with those of all four hundred."""

NUMBERS = frozenset({"__init__", "ean", "exceptions", "isbn", "issn", "numdb", "util"})
"""What of python-stdnum books need: it knows the numbers of two hundred other things."""

_METADATA = re.compile(r"METADATA|.*(?:LICEN[CS]E|NOTICE|COPYING|AUTHORS).*", re.IGNORECASE)
_SOURCES = frozenset({".c", ".h", ".pxd", ".pxi", ".pyi", ".pyx"})


def trim(folder: Path) -> None:
    """Remove commands, manuals, tests, sources of compiled modules, and data of other services."""
    for name in ("bin", "share"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for tests in folder.glob("*/tests"):
        shutil.rmtree(tests)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.suffix in _SOURCES or _is_of_the_installer(path, folder)):
            path.unlink()
    for package in ("botocore", "boto3"):
        _keep_services(folder / package / "data")
    shutil.rmtree(folder / "boto3/examples", ignore_errors=True)
    for path in (folder / "stdnum").glob("*"):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.stem not in NUMBERS:
            path.unlink()
    endpoints = folder / "botocore/data/endpoints.json"
    if endpoints.is_file():
        _keep_endpoints(endpoints)
    _remove_empty(folder)


def _is_of_the_installer(path: Path, folder: Path) -> bool:
    """Whether a file tells of a package's installation, and neither its version nor its licence."""
    first, *rest = path.relative_to(folder).parts
    return first.endswith(".dist-info") and not any(_METADATA.fullmatch(part) for part in rest)


def _keep_services(data: Path) -> None:
    """Files at the top are about all services; folders are about one each.

    What the others say to people is left out too: a start reads it, and there is no one to read it.
    """
    for folder in data.glob("*/"):
        if folder.is_dir() and folder.name not in SERVICES:
            shutil.rmtree(folder)
    for examples in data.glob("*/*/examples-1.json"):
        examples.unlink()
    for path in data.glob("*/*/*.json.gz"):
        told = json.loads(gzip.decompress(path.read_bytes()), object_hook=_without_words)
        _write(path.with_suffix(""), told)
        path.unlink()


def _without_words(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a description with an empty text, since some are asked for theirs."""
    if isinstance(part.get("documentation"), str):
        part["documentation"] = ""
    return part


def _keep_endpoints(path: Path) -> None:
    """Every partition, such as China's, with its regions; the services are those that are used."""
    wanted: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for partition in wanted["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in SERVICES}
    _write(path, wanted)


def _write(path: Path, told: Any) -> None:
    path.write_text(json.dumps(told, separators=(",", ":")), encoding="utf-8")


def _remove_empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
