"""`booklib demo`: fill an account with books, to look around or to measure."""

from __future__ import annotations

import secrets

import click

from booklib import accounts
from booklib.cli.common import Command, in_world, new_password, password_stdin
from booklib.demo import fill
from booklib.models import User
from booklib.ports import World


@click.command(cls=Command)
@click.option("--user", "name", default="demo", show_default=True, help="Whose shelf to fill.")
@click.option(
    "--books",
    type=click.IntRange(1, 1_000_000),
    default=200,
    show_default=True,
    help="How many; beyond 200 they are made up.",
)
@password_stdin
def demo(name: str, books: int, password_stdin: bool) -> None:
    """Fill an account with well-known books, without a network.

    The account is made where there is none, with a password that is printed once. A second run
    finds the books that are there already.
    """

    async def work(world: World) -> tuple[User, str, int]:
        user, password = await _account(world, name, password_stdin)
        with click.progressbar(length=books, label="Adding books") as bar:
            return user, password, await fill(world, user, books, bar.update)

    user, password, added = in_world(work)
    click.echo(f"“{user.username}” has {added} new books, {books - added} were there already.")
    if password:
        click.echo(f"Sign in as {user.username} with the password {password}")


async def _account(world: World, name: str, password_stdin: bool) -> tuple[User, str]:
    """The user to fill, and the password to print where one was made up."""
    user = await world.storage.user_by_login(name)
    if user:
        return user, ""
    made = "" if password_stdin else secrets.token_urlsafe(12)
    password = made or new_password(from_stdin=True)
    email = f"{name}@example.org"
    user = await accounts.register(
        world, username=name, email=email, password=password, confirm=password
    )
    return user, made
