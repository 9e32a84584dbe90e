"""`booklib export`: somebody's library into a file."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import click

from booklib.cli.common import Command, in_world, the_user
from booklib.ports import World
from booklib.transfer.exports import EXPORTS

_STEPS = 1000


@click.command(cls=Command)
@click.argument("out", type=click.Path(dir_okay=False, writable=True))
@click.option("--user", "name", required=True, help="Whose library: a username or email.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(sorted(EXPORTS)),
    help="By default what OUT ends in says it: .csv, .json or .zip.",
)
def export(out: str, name: str, kind: str | None) -> None:
    """Write a library to OUT; `-` is standard output.

    The JSON keeps every field, the archive the covers too; both can be imported again. The CSV has
    Goodreads' columns, for other programs. Books in the trash are left out.
    """
    chosen = EXPORTS[kind or _told_by(out)]

    async def work(world: World) -> int:
        user = await the_user(world, name)
        with (
            _written(out) as file,
            click.progressbar(length=_STEPS, label="Exporting", file=sys.stderr) as bar,
        ):

            def share(done: float) -> None:
                bar.update(int(done * _STEPS) - bar.pos)

            async for piece in chosen.stream(world, user.user_id, share):
                file.write(piece)
            share(1)
        return user.total

    books = in_world(work)
    told = "1 book" if books == 1 else f"{books:,} books"
    click.echo(f"{told} written to {'standard output' if out == '-' else out}.", err=True)


def _told_by(out: str) -> str:
    for kind, export_ in EXPORTS.items():
        if out.lower().endswith(export_.suffix):
            return kind
    suffixes = ", ".join(export_.suffix for export_ in EXPORTS.values())
    raise click.UsageError(f"Please say --format, or let OUT end in one of {suffixes}.")


@contextmanager
def _written(out: str) -> Iterator[IO[bytes]]:
    """Where the file goes: whole or not at all, an older one stays until then."""
    if out == "-":
        yield sys.stdout.buffer
        return
    path = Path(out)
    try:
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(partial)
            raise
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}.") from error
