"""`booklib backup` and `booklib restore`: a whole installation as one archive."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from booklib.cli.common import Command, load_settings
from booklib.models import Contents
from booklib.settings import Settings

Progress = Callable[[int, int], None]

ON_AWS = (
    "On AWS there is nothing to back up here: DynamoDB keeps every second of the last 35 days. "
    "“booklib copy --from dynamodb --to sqlite” takes the whole library home."
)


@click.command(cls=Command)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace OUT if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def backup(out: Path, force: bool, as_json: bool) -> None:
    """Write the whole installation to OUT, a zip archive: every account, book and picture.

    A server may go on meanwhile. The archive is read back before it gets its name. It holds
    everybody's library and password hashes: keep it where nobody else reads it. The secret key
    stays behind, so everybody signs in anew after a restore elsewhere.
    """
    settings = _at_home()
    if out.exists() and not force:
        raise click.ClickException(f"{out} is there already; --force replaces it.")
    if not settings.database.exists():
        raise click.ClickException(f"There is no library yet in {settings.data_dir}.")
    from booklib.wiring import back_up

    with _bar("Writing", as_json) as progress:
        found = back_up(settings, out, progress)
    _tell(found, f"{out} is written and was read back", as_json)


@click.command(cls=Command)
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the library that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def restore(archive: Path, force: bool, as_json: bool) -> None:
    """Put the installation in ARCHIVE into the data folder.

    A daily backup of the database does as well; pictures stay as they are then.
    Nothing is touched before the whole archive was verified. A library that is there is left
    alone, or with --force kept among the backups and replaced. The server must not run.
    """
    settings = _at_home()
    from booklib.wiring import restore as put_back

    with _bar("Reading", as_json) as progress:
        found = put_back(settings, archive, force=force, progress=progress)
    _tell(found, f"Restored into {settings.data_dir}", as_json)


def _at_home() -> Settings:
    settings = load_settings(make=False)
    if settings.storage != "sqlite":
        raise click.ClickException(ON_AWS)
    return settings


@contextmanager
def _bar(label: str, quiet: bool) -> Iterator[Progress]:
    if quiet or not sys.stderr.isatty():
        yield lambda done, most: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def progress(done: int, most: int) -> None:
            bar.length = max(most, 1)
            bar.update(done - bar.pos)

        yield progress


def _tell(found: Contents, sentence: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found._asdict()))
    else:
        click.echo(f"{sentence}: accounts: {found.users:,}, books: {found.books:,}.")
