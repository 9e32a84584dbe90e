"""Making an account."""

from __future__ import annotations

import unicodedata

from booklib import passwords
from booklib.accounts import limits
from booklib.accounts.profile import UTC, time_zones
from booklib.errors import EmailTaken, Invalid, NameTaken, RegistrationClosed
from booklib.models import Registration, User
from booklib.models.ids import new_id
from booklib.models.users import fold_name
from booklib.ports import World

NAME_LENGTHS = range(3, 33)
MAX_EMAIL = 254
"""RFC 5321, 4.5.3.1.3: a path is at most 256 characters, the angle brackets included."""

NAME_TAKEN = "This name is taken. Please choose another."
EMAIL_TAKEN = "There is an account with this address already."
CLOSED = "This library takes no new accounts."


async def open_to_new(world: World, policy: Registration) -> bool:
    """Whether somebody may make an account now."""
    if policy == "first":
        return not await world.storage.has_users()
    return policy == "open"


async def register(
    world: World,
    *,
    username: str,
    email: str,
    password: str,
    confirm: str,
    policy: Registration = "open",
    address: str | None = None,
    time_zone: str = "",
) -> User:
    """Make an account. `address` is where the request came from; None is not limited.

    `time_zone` is what the browser says; one that is not in `time_zones` becomes UTC.

    Raises RegistrationClosed, Invalid (at username, email, password, confirm_password),
    TooManyTries and Busy.
    """
    if not await open_to_new(world, policy):
        raise RegistrationClosed(CLOSED)
    username, email = _tidy(username), _tidy(email)
    _check(username, email, password, confirm)
    if address is not None:
        await limits.count(world, limits.registering(address))
    await _refuse_taken(world, username, email)
    user = User(
        user_id=new_id(),
        username=username,
        email=email,
        password_hash=await passwords.hash_password(password),
        created_at=world.now(),
        time_zone=time_zone if time_zone in time_zones() else UTC,
    )
    try:
        await world.storage.add_user(user, only_first=policy == "first")
    except NameTaken:
        raise Invalid.at("username", NAME_TAKEN) from None
    except EmailTaken:
        raise Invalid.at("email", EMAIL_TAKEN) from None
    except RegistrationClosed:
        raise RegistrationClosed(CLOSED) from None
    return user


def _tidy(text: str) -> str:
    """Composed, and cut where it is too long for an address however it is composed."""
    return unicodedata.normalize("NFC", text.strip()[: 4 * MAX_EMAIL + 1])


def _check(username: str, email: str, password: str, confirm: str) -> None:
    who = {"username": _name_problem(username), "email": _email_problem(email)}
    problems = {field: problem for field, problem in who.items() if problem}
    problems |= passwords.problems(password, confirm, username=username, email=email)
    if problems:
        raise Invalid(problems)


def _name_problem(username: str) -> str | None:
    if len(username) not in NAME_LENGTHS:
        return f"Please use {NAME_LENGTHS[0]} to {NAME_LENGTHS[-1]} characters."
    if "@" in fold_name(username):
        return "A name has no @, so that it cannot be mistaken for an address."
    if not _printable(username):
        return "This name has characters that cannot be seen."
    return None


def _email_problem(email: str) -> str | None:
    local, _, domain = email.partition("@")
    good = local and domain and "@" not in domain and not any(map(str.isspace, email))
    if not good or len(email) > MAX_EMAIL or not _printable(email):
        return "Please give an address like name@example.org."
    return None


def _printable(text: str) -> bool:
    """No control, format, surrogate, private or unassigned characters, no line separators."""
    kinds = map(unicodedata.category, text)
    return not any(kind[0] == "C" or kind in ("Zl", "Zp") for kind in kinds)


async def _refuse_taken(world: World, username: str, email: str) -> None:
    """Say both at once where both are taken; the storage has the last word."""
    problems = {}
    if await world.storage.user_by_login(username):
        problems["username"] = NAME_TAKEN
    if await world.storage.user_by_login(email):
        problems["email"] = EMAIL_TAKEN
    if problems:
        raise Invalid(problems)
