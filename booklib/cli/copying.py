"""`booklib copy`: a whole installation from SQLite to DynamoDB, or back."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from booklib.cli.common import Command, load_settings
from booklib.copying import KINDS, Report, Tally, copy
from booklib.settings import StorageKind

NO_PACKAGES = (
    "DynamoDB needs packages that a library at home has no use for: "
    "“.venv/bin/pip install -r deploy/requirements-aws.txt”."
)
STORAGES = click.Choice(["sqlite", "dynamodb"])
_WORDS = {"users": "accounts", "books": "books known", "copies": "books owned", "files": "pictures"}


@click.command("copy", cls=Command)
@click.option("--from", "source", type=STORAGES, required=True, help="Where the library is.")
@click.option("--to", "target", type=STORAGES, required=True, help="Where it is to be as well.")
@click.option("--overwrite", is_flag=True, help="Replace what is there and differs.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def copy_library(
    source: StorageKind, target: StorageKind, overwrite: bool, dry_run: bool, as_json: bool
) -> None:
    """Copy every account with its books and pictures to the other storage.

    Both sides come from the settings: the data folder, and the tables and the bucket. It can be
    run again at any time: it goes on where it was cut off, and changes nothing once all is equal.
    Nobody should change anything on either side meanwhile. The exit status is 0 where both sides
    hold the same in the end, with --dry-run where they do already, and 1 otherwise.
    """
    if source == target:
        raise click.UsageError("--from and --to must be different.")
    try:
        report = asyncio.run(_copied(source, target, overwrite, dry_run, quiet=as_json))
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{NO_PACKAGES} ({error.name})") from error
    if as_json:
        click.echo(json.dumps(_facts(report), ensure_ascii=False, indent=2))
    else:
        _tell(report, source, target, dry_run)
    if not report.equal:
        raise SystemExit(1)


async def _copied(
    source: StorageKind, target: StorageKind, overwrite: bool, dry_run: bool, *, quiet: bool
) -> Report:
    from booklib.wiring import open_side, utc_now

    settings = load_settings()
    if source == "sqlite" and not settings.database.exists():
        raise click.ClickException(f"There is no library in {settings.data_dir}.")
    now = utc_now()
    async with open_side(settings, source) as here, open_side(settings, target) as there:
        if quiet or not sys.stderr.isatty():
            return await copy(here, there, now=now, overwrite=overwrite, dry_run=dry_run)
        with click.progressbar(length=1, label="Copying", file=sys.stderr) as bar:

            def progress(done: int, most: int) -> None:
                bar.length = max(most, 1)
                bar.update(done - bar.pos)

            return await copy(
                here, there, now=now, overwrite=overwrite, dry_run=dry_run, progress=progress
            )


def _facts(report: Report) -> dict[str, Any]:
    facts = asdict(report)
    for side in ("source", "target"):
        sums = getattr(report, side)
        facts[side] = {kind: {"items": sums[kind].items, "sum": sums[kind].digest} for kind in sums}
    return {"equal": report.equal, **facts}


def _tell(report: Report, source: str, target: str, dry_run: bool) -> None:
    done = "would be written" if dry_run else "written"
    for kind, words in _WORDS.items():
        tally = getattr(report, kind)
        click.echo(f"{words}: {tally.written:,} {done}, {tally.same:,} the same{_rest(tally)}")
    for sentence in _remarks(report):
        click.echo(sentence)
    for kind in KINDS:
        ours, theirs = report.source[kind], report.target[kind]
        sign = "=" if ours == theirs else "≠"
        click.echo(
            f"{_WORDS[kind]}: {ours.items:,} in {source} {sign} {theirs.items:,} in {target}, "
            f"{ours.digest[:16]} {sign} {theirs.digest[:16]}"
        )
    click.echo("Both sides hold the same." if report.equal else "The two sides differ.")


def _rest(tally: Tally) -> str:
    differing = f", {tally.differing:,} differ and were left" if tally.differing else ""
    return differing + (f", {tally.missing:,} not there" if tally.missing else "")


def _remarks(report: Report) -> Iterator[str]:
    """What is worth knowing of single accounts and items."""
    for name in report.closing:
        yield f"“{name}” is being deleted, and is not copied."
    yield from report.left_out
    if report.differing:
        more = sum(getattr(report, kind).differing for kind in KINDS) - len(report.differing)
        named = ", ".join(report.differing) + (f" and {more:,} more" if more else "")
        yield f"With --overwrite the source wins. What differs: {named}."
    for name in report.wrong_counts:
        yield f"The numbers of “{name}” were wrong at the source; the copy has the right ones."
    for name in report.moved:
        yield f"“{name}” was changed meanwhile: please run this again."
