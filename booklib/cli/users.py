"""`booklib user`: accounts from the command line, for the owner of the machine."""

from __future__ import annotations

import asyncio
import json
import sys

import click

from booklib import accounts, jobs
from booklib.cli.common import (
    Command,
    in_world,
    load_settings,
    new_password,
    password_stdin,
    the_user,
)
from booklib.models import User
from booklib.ports import World

REMOVAL_S = 120


@click.group()
def user() -> None:
    """Add, list and delete accounts, and reset passwords."""


@user.command(cls=Command)
@click.argument("name")
@click.option("--email", required=True, help="The account's email address.")
@password_stdin
def add(name: str, email: str, password_stdin: bool) -> None:
    """Make an account called NAME."""
    password = new_password(password_stdin)

    async def work(world: World) -> User:
        return await accounts.register(
            world, username=name, email=email, password=password, confirm=password
        )

    made = in_world(work)
    click.echo(f"The account “{made.username}” is ready.")


@user.command("reset-password", cls=Command)
@click.argument("name")
@password_stdin
def reset_password(name: str, password_stdin: bool) -> None:
    """Give NAME (a username or email) another password and sign them out everywhere."""
    password = new_password(password_stdin)

    async def work(world: World) -> User:
        found = await the_user(world, name)
        return await accounts.reset_password(world, found, new=password, confirm=password)

    changed = in_world(work)
    click.echo(f"“{changed.username}” has a new password and is signed out everywhere.")


@user.command("list", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_users(as_json: bool) -> None:
    """List the accounts with the number of their books."""
    users = asyncio.run(_all_users())
    if as_json:
        click.echo(json.dumps([_facts(found) for found in users], ensure_ascii=False, indent=2))
        return
    for found in users:
        books = "1 book" if found.total == 1 else f"{found.total:,} books"
        closing = ", being deleted" if found.closing_at else ""
        click.echo(f"{found.username} <{found.email}>, {books}{closing}")
    if not users:
        click.echo("There is no account yet.")


@user.command(cls=Command)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete NAME (a username or email) with all their books. There is no way back."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("Standard input is no terminal: please use --yes.")

    async def look(world: World) -> User:
        return await the_user(world, name)

    found = in_world(look)
    question = f"Delete “{found.username}” and {found.total:,} books for good?"
    if not yes and not click.confirm(question):
        raise click.ClickException("Nothing was deleted.")
    in_world(lambda world: _remove(world, found))
    click.echo(f"“{found.username}” is deleted.")


async def _all_users() -> list[User]:
    from booklib.wiring import open_dump

    async with open_dump(load_settings()) as dump:
        return [found async for found in dump.users()]


def _facts(found: User) -> dict[str, str | int | bool]:
    return {
        "username": found.username,
        "email": found.email,
        "created_at": found.created_at.isoformat(),
        "books": found.total,
        "closing": found.closing_at is not None,
    }


async def _remove(world: World, found: User) -> None:
    """Run the job that removes everything, here or in a serving process: whoever claims it first.

    Raises a ClickException where it is not done after REMOVAL_S seconds; it goes on by itself.
    """
    await accounts.start_closing(world, found)
    closing = accounts.closing_job(found.user_id, world.now())
    try:
        async with asyncio.timeout(REMOVAL_S):
            while await world.storage.user(found.user_id):
                await jobs.run(world, closing.job_id)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise click.ClickException(
            f"“{found.username}” is closed; removing the books goes on while the library runs."
        ) from None
