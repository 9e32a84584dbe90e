"""Zips that are the same, byte for byte, whenever and wherever they are made of the same files."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import NamedTuple

MOMENT = (1980, 1, 1, 0, 0, 0)
"""The first one that a zip can tell."""

READABLE = 0o100644
"""A regular file that everybody may read: Lambda runs as a user of its own."""


class Zip(NamedTuple):
    """A zip that was written."""

    sha256: str
    zip_bytes: int
    unzipped_bytes: int

    def __str__(self) -> str:
        sizes = f"{self.zip_bytes / 1e6:.1f} MB, {self.unzipped_bytes / 1e6:.1f} MB unzipped"
        return f"{sizes}, SHA-256 {self.sha256}"


def write(folder: Path, target: Path) -> Zip:
    """Every file below a folder as a zip; links become the files that they lead to."""
    unzipped = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
        for name, path in sorted(files.items()):
            if path.is_file():
                entry = zipfile.ZipInfo(name, MOMENT)
                entry.create_system = 3  # Unix, also where it is not
                entry.external_attr = READABLE << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                body = path.read_bytes()
                unzipped += len(body)
                archive.writestr(entry, body)
    body = target.read_bytes()
    return Zip(hashlib.sha256(body).hexdigest(), len(body), unzipped)
