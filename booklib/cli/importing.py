"""`booklib import`: a file of another program onto somebody's shelf, and back off it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import click

from booklib import jobs
from booklib.cli.common import Command, in_world, the_user
from booklib.errors import NotFound
from booklib.models import User
from booklib.models.ids import new_id
from booklib.ports import World
from booklib.transfer import imports, plans
from booklib.transfer.imports import Doubt, Import, Sample
from booklib.transfer.previewing import facts

LOOK_S = 0.2
LABELS = {"reading": "Reading", "applying": "Importing", "undoing": "Taking back"}
ANSWERS: Mapping[str, Doubt] = {"s": "merge", "o": "add", "l": "skip"}
UNKNOWN_COLUMNS = (
    "No column of this file is known to hold titles or ISBNs. Import it once on the page “Import” "
    "of your library, where you can say what each column holds; it is remembered for this command."
)


class Wish(NamedTuple):
    """What was asked for on the command line."""

    dry_run: bool
    overwrite: bool
    doubtful: Doubt | None


@click.command("import", cls=Command)
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option("--user", "name", required=True, help="Whose shelf: a username or email.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--overwrite", is_flag=True, help="Let the file win over the reader's own edits.")
@click.option(
    "--doubtful",
    type=click.Choice(["add", "merge", "skip"]),
    help="What becomes of rows that may be books on the shelf: other books, the same ones, or "
    "left out. A terminal is asked; else they are left out.",
)
@click.option("--undo", is_flag=True, help="Take the last import back; no FILE then.")
def import_(
    file: Path | None,
    name: str,
    dry_run: bool,
    as_json: bool,
    overwrite: bool,
    doubtful: Doubt | None,
    undo: bool,
) -> None:
    """Import the books of FILE, as Goodreads, StoryGraph and many others export them.

    The format is told by the content. The same file again changes nothing.
    """
    if undo == (file is not None):
        raise click.UsageError("Name a FILE to import, or use --undo without one.")
    wish = Wish(dry_run, overwrite, doubtful)

    async def work(world: World) -> Import:
        user = await the_user(world, name)
        return await (_imported(world, user, file, wish) if file else _taken_back(world, user))

    state = in_world(work)
    report = _undo_report(state) if undo else _report(state)
    click.echo(json.dumps(report, ensure_ascii=False, indent=2) if as_json else _words(state))


async def _imported(world: World, user: User, file: Path, wish: Wish) -> Import:
    import_id = new_id()
    await world.files.store(f"{plans.folder(user.user_id, import_id)}/upload", file)
    await imports.begin(world, user, import_id, file.name)
    state = await _done(world, user, import_id, "import-read")
    if state.stage == "columns":
        raise click.ClickException(UNKNOWN_COLUMNS)
    if wish.dry_run:
        return state
    choices = _asked(state) if wish.doubtful is None and _on_terminal() else {}
    await imports.apply(
        world,
        user,
        import_id,
        overwrite=wish.overwrite,
        doubtful=wish.doubtful or "skip",
        choices=choices,
    )
    return await _done(world, user, import_id, "import")


async def _taken_back(world: World, user: User) -> Import:
    with suppress(NotFound):
        if last := await imports.last_applied(world, user.user_id):
            await imports.undo(world, user, last)
            return await _done(world, user, last, "import-undo")
    raise click.ClickException("There is no import to take back.")


async def _done(world: World, user: User, import_id: str, kind: str) -> Import:
    """The import once one of its jobs has ended, which runs here or in a serving process.

    Raises a ClickException where it failed.
    """
    job_id = imports.job_id(kind, user.user_id, import_id)
    ended = asyncio.Event()
    watching = asyncio.create_task(_show_progress(world, user, import_id, ended))
    try:
        while (job := await world.storage.job(job_id)) and not job.ended:
            await jobs.run(world, job_id)
            if job.state == "running" or (job.due_at and job.due_at > world.now()):
                await asyncio.sleep(LOOK_S)
    finally:
        ended.set()
        await watching
    owner = await world.storage.user(user.user_id)
    state = await imports.look(world, owner or user, import_id)
    if state.stage == "failed":
        raise click.ClickException(state.message)
    return state


async def _show_progress(world: World, user: User, import_id: str, ended: asyncio.Event) -> None:
    """A bar on a terminal, or a number as long as nobody knows how many rows there are."""
    if not sys.stderr.isatty():
        return
    state = await imports.look(world, user, import_id)
    label = LABELS.get(state.stage, "")
    while not state.rows and not ended.is_set():
        click.echo(f"\r{label}: {state.handled:,} rows", nl=False, err=True)
        await _pause(ended)
        state = await imports.look(world, user, import_id)
    if ended.is_set():
        click.echo(err=True)
        return
    with click.progressbar(length=state.rows, label=label, file=sys.stderr) as bar:
        while not ended.is_set():
            await _pause(ended)
            state = await imports.look(world, user, import_id)
            bar.update(state.handled - bar.pos)


async def _pause(ended: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), LOOK_S)


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _asked(state: Import) -> dict[int, Doubt]:
    """The answers for single rows that may be books of the reader's."""
    return {one.row: _answer(one) for one in state.samples.get("doubtful", ())}


def _answer(one: Sample) -> Doubt:
    click.echo(f"Row {one.row}: {one.title} by {one.authors or 'nobody named'}.")
    click.echo(f"  On the shelf is {one.candidate}.")
    said = click.prompt(
        "  The [s]ame book, [o]ther, or [l]eave it out",
        type=click.Choice(list(ANSWERS)),
        default="l",
    )
    return ANSWERS[said]


def _report(state: Import) -> dict[str, Any]:
    counts = state.counts
    return {
        "import": state.import_id,
        "format": state.format,
        "applied": state.stage == "done",
        "rows": state.rows,
        "new": counts.get("new", 0),
        "same": counts.get("same", 0),
        "changed": counts.get("changed", 0),
        "doubtful": counts.get("doubtful", 0),
        "failed": counts.get("broken", 0),
        "left": state.left,
        "says": dict(state.tally),
        "remarks": list(state.remarks),
        "problems": [{"row": one.row, "reason": one.reason} for one in state.samples["broken"]],
    }


def _undo_report(state: Import) -> dict[str, Any]:
    return {"import": state.import_id, "undone": True, "kept": list(state.undo_kept)}


def _words(state: Import) -> str:
    """The report for people."""
    if state.stage == "undone":
        kept = "\n".join(f"  {title}" for title in state.undo_kept)
        told = f"\nThese were edited since and are left alone:\n{kept}" if kept else ""
        return f"The import of “{state.file_name}” is taken back.{told}"
    counts = state.counts
    said = ", ".join(f"{one.number:,} {one.words}" for one in facts(state.tally))
    what = "imported" if state.stage == "done" else "nothing is written yet"
    lines = [
        f"{state.format}, {state.rows:,} {'row' if state.rows == 1 else 'rows'}; {what}.",
        *([f"It says: {said}."] if said else []),
        *(f"  {word}: {counts.get(kind, 0):,}" for word, kind in _KINDS.items()),
        *(f"Row {one.row}: {one.reason}" for one in state.samples["broken"]),
        *state.remarks,
    ]
    return "\n".join(lines)


_KINDS: Mapping[str, imports.Kind] = {
    "new": "new",
    "the same already": "same",
    "changed": "changed",
    "unsure": "doubtful",
    "not imported": "broken",
}
