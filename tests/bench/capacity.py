"""What the library costs on DynamoDB, in its own units, computed by its rules."""

from __future__ import annotations

from pathlib import Path

from tests.aws import emulators
from tests.aws.capacity_budgets import costs
from tests.bench.report import Row

SIZES = (100, 10_000)


async def measure(folder: Path) -> list[Row]:
    """Reads and writes at two sizes of a library."""
    rows = []
    with emulators.ministack() as url:
        for count in SIZES:
            for cost in await costs(url, count):
                value, budget = f"{cost.units:g} {cost.unit}", f"<= {cost.budget:g} {cost.unit}"
                kept = cost.units <= cost.budget
                rows.append(Row(f"{cost.what}, {count:,} books", value, budget, kept))
    return rows
