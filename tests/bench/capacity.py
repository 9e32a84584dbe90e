"""What the library costs on DynamoDB, in its own units, computed by its rules."""

from __future__ import annotations

from pathlib import Path

from tests.aws import emulators
from tests.aws.capacity_budgets import NAMED, Cost
from tests.aws.capacity_changes import costs
from tests.bench.report import Row

SIZES = (100, 10_000)


async def measure(folder: Path) -> list[Row]:
    """Reads and writes at two sizes of a library; where an endpoint is named, beside its figures.

    At AWS it costs less than ten cents, nearly all of it for writing the larger library.
    """
    if NAMED:
        return await _rows(NAMED)
    with emulators.ministack() as url:
        return await _rows(url)


async def _rows(url: str) -> list[Row]:
    return [_row(cost, count) for count in SIZES for cost in await costs(url, count)]


def _row(cost: Cost, count: int) -> Row:
    value, kept = f"{cost.units:g} {cost.unit}", cost.units <= cost.budget
    if NAMED:
        value += f" (endpoint: {cost.reported:g})"
        kept = kept and cost.reported == cost.units
    return Row(f"{cost.what}, {count:,} books", value, f"<= {cost.budget:g} {cost.unit}", kept)
