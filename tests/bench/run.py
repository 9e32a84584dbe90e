"""Measure the budgets of DESIGN.md section 10 and print them: value, budget, verdict.

    python tests/bench/run.py            every row (some minutes)
    python tests/bench/run.py shelf stop only the named groups

Ratios come from one run of one server, because machines differ. Nothing here decides a test.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # run as a file it finds only its own folder

from tests.bench import (  # noqa: E402
    barcodes,
    browser,
    capacity,
    copying,
    imports,
    lambda_start,
    lighthouse,
    memory,
    package_size,
    pictures,
    shelf,
    stop,
)
from tests.bench.report import Row, table  # noqa: E402

LIBRARIES = ROOT / "tests/.cache/bench"
"""The libraries that are measured: made once, because 100,000 books take minutes."""

GROUPS: dict[str, Callable[[Path], Awaitable[list[Row]]]] = {
    "shelf": shelf.measure,
    "browser": browser.measure,
    "memory": memory.measure,
    "pictures": pictures.measure,
    "barcodes": barcodes.measure,
    "lighthouse": lighthouse.measure,
    "stop": stop.measure,
    "imports": imports.measure,
    "copy": copying.measure,
    "capacity": capacity.measure,
    "package": package_size.measure,
    "lambda": lambda_start.measure,
}


async def main(wanted: list[str]) -> None:
    """Run the wanted groups, all without any, and print one table."""
    unknown = set(wanted) - set(GROUPS)
    if unknown:
        sys.exit(f"No such group: {', '.join(sorted(unknown))}. There are: {', '.join(GROUPS)}.")
    LIBRARIES.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for name in wanted or GROUPS:
        started = time.perf_counter()
        rows += await GROUPS[name](LIBRARIES)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    print(table(rows))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
