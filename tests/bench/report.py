"""One row of the bench's table, and the table."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """What was measured; `ok` says whether it keeps the budget, None where there is none."""

    what: str
    value: str
    budget: str
    ok: bool | None


def at_least(what: str, value: float, budget: float, unit: str = "%") -> Row:
    """A row whose value must reach the budget."""
    return Row(what, f"{value:.0f} {unit}", f">= {budget:.0f} {unit}", value >= budget)


def at_most(what: str, value: float, budget: float, unit: str = "x") -> Row:
    """A row whose value must not pass the budget."""
    shown = f"{value:.2f}" if unit == "x" else f"{value:.0f}"
    limit = f"{budget:.1f}" if unit == "x" else f"{budget:.0f}"
    return Row(what, f"{shown} {unit}", f"<= {limit} {unit}", value <= budget)


def note(what: str, value: str) -> Row:
    """A figure that has no budget."""
    return Row(what, value, "", None)


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    verdict = {True: "kept", False: "MISSED", None: ""}
    cells = [("what", "value", "budget", "verdict")]
    cells += [(row.what, row.value, row.budget, verdict[row.ok]) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
