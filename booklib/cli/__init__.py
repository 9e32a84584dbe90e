"""The `booklib` command; exit status 0, 1 (could not) or 2 (wrong call)."""

from __future__ import annotations

import logging

import click

from booklib import __version__
from booklib.cli.backup import backup, restore
from booklib.cli.check import check
from booklib.cli.common import Command, load_settings
from booklib.cli.copying import copy_library
from booklib.cli.demo import demo
from booklib.cli.exporting import export
from booklib.cli.importing import import_
from booklib.cli.scan import scan
from booklib.cli.serving import announce
from booklib.cli.users import user
from booklib.serve import run


class _ServesByDefault(click.Group):
    """A group that takes a call without a command as a call of `serve`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ServesByDefault, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="booklib")
def main() -> None:
    """Book Library: your books at home, on your own machine.

    Without a command it serves the library. The settings are taken from the environment; the
    README lists them.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


@main.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
def serve(host: str, port: int) -> None:
    """Serve the library until Ctrl+C."""
    from booklib.app import create_app  # imported here: other commands start faster without Quart

    settings = load_settings()
    run(create_app(settings), host, port, lambda addresses: announce(settings, addresses))
    click.echo("Book Library has stopped.")


main.add_command(user)
main.add_command(demo)
main.add_command(import_)
main.add_command(export)
main.add_command(scan)
main.add_command(check)
main.add_command(backup)
main.add_command(restore)
main.add_command(copy_library)
