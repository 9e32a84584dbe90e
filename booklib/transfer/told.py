"""What becomes of each column of each format, in words: for the help page and the README."""

from __future__ import annotations

from typing import NamedTuple

from booklib.transfer.format import Format
from booklib.transfer.recognise import known_formats

LEFT_OUT = "left out: "
NOTED = "notes, labelled"


class Told(NamedTuple):
    """One format. The three groups are pairs of what becomes of columns, and their names."""

    name: str
    label: str
    where: str
    kept: tuple[tuple[str, tuple[str, ...]], ...]
    """By the field that they fill."""
    noted: tuple[str, ...]
    """Columns that are kept in the notes under their names."""
    left_out: tuple[tuple[str, tuple[str, ...]], ...]
    """By the reason."""


def told_formats() -> tuple[Told, ...]:
    """Every format there is, in the order of their names."""
    return tuple(_told(form) for form in known_formats())


def _told(form: Format) -> Told:
    by_field: dict[str, list[str]] = {}
    for name, column in form.columns.items():
        by_field.setdefault(column.field, []).append(name)
    kept = [pair for pair in by_field.items() if not pair[0].startswith(LEFT_OUT)]
    out = [pair for pair in by_field.items() if pair[0].startswith(LEFT_OUT)]
    return Told(
        name=form.name,
        label=form.label,
        where=form.where,
        kept=tuple((field, tuple(names)) for field, names in kept if field != NOTED),
        noted=tuple(by_field.get(NOTED, ())),
        left_out=tuple((field.removeprefix(LEFT_OUT), tuple(names)) for field, names in out),
    )


def readme_table() -> str:
    """The table of the README, in Markdown: a row for each format."""
    lines = [
        "| file of | columns that fill a field | kept in the notes, labelled | left out |",
        "|---|---|---|---|",
    ]
    for told in told_formats():
        kept = "; ".join(f"{field}: {_names(names)}" for field, names in told.kept)
        out = "; ".join(f"{_names(names)} ({why})" for why, names in told.left_out)
        lines.append(f"| {told.label} | {kept} | {_names(told.noted)} | {out} |")
    return "\n".join(lines)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
