"""What every command shares: settings, the world, passwords, errors as sentences."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from booklib.errors import BooklibError, Invalid
from booklib.models import User
from booklib.ports import World
from booklib.settings import Settings

T = TypeVar("T")


class Command(click.Command):
    """A command whose expected errors end it with a sentence and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BooklibError as error:
            raise click.ClickException(_sentences(error)) from error


def _sentences(error: BooklibError) -> str:
    """What was wrong; each value by its name, for there is no form to show it at."""
    if not isinstance(error, Invalid):
        return str(error)
    return "\n".join(f"{name}: {problem}" for name, problem in error.problems.items())


def load_settings(*, make: bool = True) -> Settings:
    """The settings of the environment; without `make` nothing is made. Raises SettingsError."""
    return Settings.from_environment(make=make)


def in_world(work: Callable[[World], Awaitable[T]]) -> T:
    """Run `work` on the storage of the settings; a serving process may be at work beside it."""
    from booklib.wiring import open_world

    async def opened() -> T:
        async with open_world(load_settings()) as world:
            return await work(world)

    return asyncio.run(opened())


async def the_user(world: World, name: str) -> User:
    """The user with this username or email; raises a ClickException."""
    user = await world.storage.user_by_login(name)
    if user is None:
        raise click.ClickException(f"There is no user “{name}”.")
    return user


def new_password(from_stdin: bool) -> str:
    """A password from the first line of standard input, or typed twice on a terminal."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("Standard input is no terminal: please use --password-stdin.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


password_stdin = click.option(
    "--password-stdin",
    is_flag=True,
    help="Take the password from the first line of standard input.",
)
