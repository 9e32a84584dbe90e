"""How large the package and the layer of the functions are, for both kinds of machines."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.aws.packages import built_layer, built_package
from tests.bench.report import Row, at_most, note

LARGEST_MB = 45


async def measure(_: Path) -> list[Row]:
    """Build them, and count the bytes of what Lambda unpacks."""
    return await asyncio.to_thread(_sizes)


def _sizes() -> list[Row]:
    rows = []
    for architecture in ("arm64", "x86_64"):
        package, layer = built_package(architecture), built_layer(architecture)
        zipped = package.zip.stat().st_size / 1e6
        rows += [
            at_most(
                f"package for {architecture}, unzipped ({zipped:.1f} MB as a zip)",
                package.unzipped_bytes / 1e6,
                LARGEST_MB,
                "MB",
            ),
            note(f"layer for {architecture}, unzipped", f"{layer.unzipped_bytes / 1e6:.0f} MB"),
        ]
    return rows
