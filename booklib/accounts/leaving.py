"""Closing an account, with everything in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from booklib.accounts.proving import prove
from booklib.accounts.saving import change_user
from booklib.models import Job, User
from booklib.ports import World
from booklib.retries import armed


async def close_account(world: World, user: User, password: str) -> None:
    """Sign the user out everywhere for good and let the worker remove all that is theirs.

    Raises Invalid (at password), TooManyTries and Busy.
    """
    await prove(world, user, password, "password")
    await start_closing(world, user)


async def start_closing(world: World, user: User) -> None:
    """The same without a password, for the command line. Raises Busy."""
    now = world.now()
    closing = await change_user(world, user.user_id, lambda stored: _closed(stored, now))
    await ensure_closing(world, closing)


async def ensure_closing(world: World, user: User) -> None:
    """Store and ring the job that removes the user; again where a crash came between or it failed.

    Raises Busy.
    """
    job = await armed(world, closing_job(user.user_id, world.now()))
    await world.queue.ring(job.job_id)


def closing_job(user_id: str, now: datetime) -> Job:
    """The job that removes a user and everything of theirs."""
    payload = {"user_id": user_id}
    return Job(job_id=f"close:{user_id}", kind="close", payload=payload, due_at=now, created_at=now)


def _closed(user: User, now: datetime) -> User:
    if user.closing_at:
        return user
    return replace(user, closing_at=now, session_epoch=user.session_epoch + 1, ended_sessions=())
