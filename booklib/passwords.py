"""Passwords: which ones are good enough, and how they are kept."""

from __future__ import annotations

import asyncio
import importlib.util
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from booklib.errors import Busy, Invalid
from booklib.models.users import fold_name

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MIN_LENGTH = 8
MAX_LENGTH = 128
ADVISED_LENGTH = 15

AT_ONCE = 2
WAITING = 100
"""Hashes that may wait for their turn; each takes about 20 ms, so nobody waits for long."""

_PROGRAM = frozenset({"booklib", "booklibrary", "book library", "book-library"})

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""The smallest of OWASP's equal choices for argon2id: 19 MiB, two passes, one lane."""

_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""Verified in place of an unknown user's hash, so that both take the same time."""


class _Turns:
    """At most AT_ONCE hashes at a time, off the event loop: each takes 19 MiB."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self.waiting = 0


_turns = _Turns()


async def hash_password(password: str) -> str:
    """The string to store for a password. Raises Busy when too many wait for their turn."""
    return await _in_turn(_hashed, password)


async def verify(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; None stands for an unknown user and takes as long. Raises Busy.

    A password longer than MAX_LENGTH is nobody's.
    """
    known = password_hash is not None and len(normal(password)) <= MAX_LENGTH
    against = password_hash if password_hash is not None and known else _NOBODY
    return await _in_turn(_verified, against, password[: 4 * MAX_LENGTH]) and known


def outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


async def _in_turn(work: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
    """What `work` returns; raises Busy when too many wait for their turn."""
    if _turns.waiting >= WAITING:
        raise Busy("Many people are signing in right now. Please try again in a moment.")
    _turns.waiting += 1
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_turns.pool, work, *args)
    finally:
        _turns.waiting -= 1


def _hashed(password: str) -> str:
    return _hasher.hash(_typed(password))


def _verified(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, _typed(password))
    except (VerificationError, InvalidHashError):
        return False


def _typed(password: str) -> bytes:
    return normal(password).encode("utf-8", "surrogatepass")


def normal(password: str) -> str:
    """A password as it is counted and hashed: NFKC, so that every keyboard types the same one.

    Of one that stays too long however it is composed only the beginning, which is too long too.
    """
    return unicodedata.normalize("NFKC", password[: 4 * MAX_LENGTH + 1])


def problems(password: str, confirm: str, *, username: str, email: str) -> dict[str, str]:
    """What is wrong with a new password typed twice, by the form's field."""
    found = {
        "password": _problem(password, username=username, email=email),
        "confirm_password": None if password == confirm else "The two passwords differ.",
    }
    return {field: sentence for field, sentence in found.items() if sentence}


def check(password: str, confirm: str, *, username: str, email: str) -> None:
    """Raise Invalid if a new password typed twice is not good enough."""
    if found := problems(password, confirm, username=username, email=email):
        raise Invalid(found)


def _problem(password: str, *, username: str, email: str) -> str | None:
    """What is wrong with a new password, as a sentence; None if it is good.

    NIST SP 800-63B, 3.1.1.2: length, the common ones and those that the context gives away;
    no rules of composition.
    """
    typed = normal(password)
    if len(typed) < MIN_LENGTH:
        return f"Please use at least {MIN_LENGTH} characters; {ADVISED_LENGTH} or more are better."
    if len(typed) > MAX_LENGTH:
        return f"Please use at most {MAX_LENGTH} characters."
    folded = fold_name(typed)
    if folded in {fold_name(username), fold_name(email), fold_name(email).partition("@")[0]}:
        return "Your own name or address is the first thing that others would try."
    if folded in _PROGRAM or folded in common() or len(set(folded)) < 3:
        return "This password is among the most common ones. Please choose another."
    return None


@cache
def common() -> frozenset[str]:
    """The common passwords of zxcvbn's list that are long enough to be chosen here.

    Its file of lists is run by itself and let go again: the package would keep all its lists.
    """
    package = importlib.util.find_spec("zxcvbn")
    if package is None or package.origin is None:
        raise RuntimeError("zxcvbn is not installed")
    path = Path(package.origin).with_name("frequency_lists.py")
    spec = importlib.util.spec_from_file_location("booklib._common_passwords", path)
    if spec is None or spec.loader is None:
        raise RuntimeError("zxcvbn has no list of passwords")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    listed: list[str] = module.FREQUENCY_LISTS["passwords"]
    return frozenset("".join(word) for word in listed if len(word) >= MIN_LENGTH)
