"""Lay out the static files as pages ask for them, one folder for each content type, for S3."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from booklib.web.assets import BUNDLES, TYPES, Assets

STATIC = Path(__file__).resolve().parents[1] / "static"


def lay_out(target: Path, source: Path = STATIC) -> str:
    """Write `target`/N/NAME for every file and `target`/types (N, tab, content type, a line each).

    The answer is the SHA-256 of all names, types and contents.
    """
    assets = Assets(source, "", reload=False)
    files = (path for path in source.rglob("*") if path.is_file() and path.suffix in TYPES)
    names = {path.relative_to(source).as_posix() for path in files} | set(BUNDLES)
    numbers = {kind: str(number) for number, kind in enumerate(sorted(set(TYPES.values())))}
    digest = hashlib.sha256()
    used = set()
    for name in sorted(names):
        asset = assets.get(name)
        if asset is None:
            continue
        path = target / numbers[asset.content_type] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(asset.body)
        used.add(asset.content_type)
        digest.update(f"{name}\0{asset.content_type}\0{len(asset.body)}\0".encode() + asset.body)
    lines = (f"{numbers[kind]}\t{kind}\n" for kind in sorted(used))
    (target / "types").write_text("".join(lines), encoding="utf-8")
    return digest.hexdigest()


if __name__ == "__main__":
    print(lay_out(Path(sys.argv[1])))
