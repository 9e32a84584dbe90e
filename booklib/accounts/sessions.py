"""Which sessions are still good. A session is named by the user's epoch and an id of its own."""

from __future__ import annotations

from dataclasses import replace

from booklib.accounts.saving import change_user
from booklib.models import User
from booklib.models.users import ENDED_SESSIONS_KEPT
from booklib.ports import World


def still_valid(user: User, epoch: int, session_id: str) -> bool:
    """Whether a session of this epoch and id still stands for the user."""
    return (
        user.session_epoch == epoch
        and session_id not in user.ended_sessions
        and user.closing_at is None
    )


async def end_session(world: World, user: User, session_id: str) -> User:
    """Sign out one session for good, copies of its cookie included.

    When more ids are ended than are kept, all sessions end: forgetting one would revive it.
    """
    return await change_user(
        world, user.user_id, lambda stored: _without(stored, user.session_epoch, session_id)
    )


async def end_all_sessions(world: World, user: User) -> User:
    """Sign the user out everywhere; the caller may begin a new session with the user returned."""
    return await change_user(world, user.user_id, next_epoch)


def next_epoch(user: User) -> User:
    """The user with every session ended."""
    return replace(user, session_epoch=user.session_epoch + 1, ended_sessions=())


def _without(user: User, epoch: int, session_id: str) -> User:
    if not still_valid(user, epoch, session_id):
        return user
    if len(user.ended_sessions) >= ENDED_SESSIONS_KEPT:
        return next_epoch(user)
    return replace(user, ended_sessions=(*user.ended_sessions, session_id))
