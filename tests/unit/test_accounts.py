"""Accounts without the web: passwords, joining, sessions, time zones, leaving twice."""

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from booklib import accounts, passwords
from booklib.errors import Busy, Invalid, NotFound, RegistrationClosed, SignInRefused, TooManyTries
from booklib.models.users import ENDED_SESSIONS_KEPT
from booklib.ports import World
from tests.factories import a_user
from tests.fakes import Clock, FakePictures, FakeQueue, MemoryFiles, MemoryStorage

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"


@pytest.fixture
def world():
    clock = Clock()
    return World(
        storage=MemoryStorage(clock),
        queue=FakeQueue(),
        catalogues=(),
        files=MemoryFiles(),
        pictures=FakePictures(),
        now=clock,
    )


async def join(world, username="alice", **values):
    form = {"email": f"{username}@example.org", "password": PASSWORD, "confirm": PASSWORD}
    return await accounts.register(world, username=username, **form | values)


async def sign_in(world, login="alice", password=PASSWORD, address="192.0.2.1"):
    return await accounts.sign_in(world, login=login, password=password, address=address)


# Passwords


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("1234567", "at least 8"),
        ("é" * 3 + "abcd", "at least 8"),
        ("e\u0301" * 4 + "abc", "at least 8"),
        ("12345678", "most common"),
        ("PassWord", "most common"),
        ("ｐａｓｓｗｏｒｄ", "most common"),
        ("abababababab", "most common"),
        ("booklibrary", "most common"),
        ("Alice Liddell", "own name"),
        ("alice@example.org", "own name"),
        ("alice.liddell", None),
        ("correct horse", None),
        ("x" * 20 + "y" * 20 + "z" * 88, None),
        ("本棚の上の猫と犬", None),
        ("😀😁😂🤣😃😄😅😆", None),
        ("        a b c ", None),
        ("y1" + "x" * 127, "at most 128"),
    ],
)
def test_a_password_is_judged_by_length_and_commonness(password, problem):
    found = passwords.problems(
        password, password, username="Alice Liddell", email="alice@example.org"
    )
    assert problem in found["password"] if problem else found == {}


def test_the_part_before_the_at_is_the_own_name_too():
    found = passwords.problems("liddell1865", "liddell1865", username="al", email="Liddell1865@x.y")
    assert "own name" in found["password"]


def test_the_common_ones_are_at_least_three_thousand():
    assert len(passwords.common()) >= 3000
    assert {"password1", "qwertyuiop", "iloveyou"} <= passwords.common()


async def test_a_password_is_the_same_from_every_keyboard():
    stored = await passwords.hash_password("caf\u00e9 cr\u00e8me ﬁn")
    assert await passwords.verify(stored, "cafe\u0301 cre\u0300me fin")
    assert not await passwords.verify(stored, "cafe creme fin")


@pytest.mark.parametrize("stored", [None, "", "hash", "$argon2id$v=19$broken"])
async def test_nothing_opens_what_is_no_hash(stored):
    assert not await passwords.verify(stored, PASSWORD)


async def test_an_endless_password_is_nobodys():
    stored = await passwords.hash_password("x" * 128)
    assert await passwords.verify(stored, "x" * 128)
    assert not await passwords.verify(stored, "x" * 129)
    assert not await passwords.verify(stored, "x" * 1_000_000)


async def test_a_heap_of_accents_takes_nobodys_time(world):
    heap = "\u0315\u0300" * 250_000
    stored = await passwords.hash_password(PASSWORD)
    start = time.process_time()
    assert not await passwords.verify(stored, heap)
    with pytest.raises(Invalid) as refused:
        await join(world, heap, email=f"{heap}@example.org", password=heap, confirm=heap)
    assert time.process_time() - start < 5  # it was minutes
    assert set(refused.value.problems) == {"username", "email", "password"}


async def test_an_unknown_user_costs_the_same_time():
    stored = await passwords.hash_password(PASSWORD)
    times = {}
    for known in (stored, None):
        tries = []
        for _ in range(5):
            start = time.process_time()
            await passwords.verify(known, "wrong horse")
            tries.append(time.process_time() - start)
        times[known] = min(tries)
    assert 0.5 < times[None] / times[stored] < 2


async def test_hashes_wait_in_a_line_that_ends():
    waiting = [
        asyncio.create_task(passwords.hash_password(PASSWORD)) for _ in range(passwords.WAITING)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await passwords.hash_password(PASSWORD)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await passwords.hash_password(PASSWORD)


MEASURE = """
import asyncio, re
from booklib import passwords

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

async def main():
    passwords.common()
    before = peak()
    await asyncio.gather(*(passwords.hash_password("correct horse") for _ in range(20)))
    print(peak() - before)

asyncio.run(main())
"""


@pytest.mark.slow
def test_twenty_hashes_at_once_take_the_memory_of_two():
    if not Path("/proc/self/status").exists():
        return
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 60


# Joining and signing in


async def test_the_command_line_is_not_limited_and_browsers_are(world):
    for number in range(70):
        with pytest.raises(Invalid):
            await join(world, "alice", email=f"n{number}@x", password="short")
    await join(world)
    for number in range(60):
        with pytest.raises(Invalid):
            await join(world, "alice", email=f"n{number}@x", address="192.0.2.1")
    with pytest.raises(TooManyTries) as refused:
        await join(world, "bob", address="192.0.2.1")
    assert refused.value.retry_after == 3600
    assert await join(world, "bob", address="192.0.2.2")
    assert await join(world, "carol")


async def test_a_name_and_an_address_that_are_taken_are_told_together(world):
    await join(world)
    with pytest.raises(Invalid) as refused:
        await join(world, "ALICE", email="ALICE@EXAMPLE.ORG")
    assert set(refused.value.problems) == {"username", "email"}


@pytest.mark.parametrize("sign", ["@", "\uff20", "\ufe6b"])
async def test_no_name_is_compared_as_an_address(world, sign):
    with pytest.raises(Invalid) as refused:
        await join(world, f"bob{sign}example.org", email="eve@example.org")
    assert set(refused.value.problems) == {"username"}
    await join(world, "bob", email="bob@example.org")


async def test_texts_are_kept_composed_and_trimmed(world):
    user = await join(world, "  Zoe\u0308  ", email=" zoe@example.org ")
    assert (user.username, user.email) == ("Zoë", "zoe@example.org")


@pytest.mark.parametrize(
    ("policy", "with_users", "open_now"),
    [
        ("open", True, True),
        ("first", False, True),
        ("first", True, False),
        ("closed", False, False),
    ],
)
async def test_the_policy_decides_who_may_join(world, policy, with_users, open_now):
    if with_users:
        await join(world)
    assert await accounts.open_to_new(world, policy) == open_now
    if open_now:
        await join(world, "bob", policy=policy)
    else:
        with pytest.raises(RegistrationClosed):
            await join(world, "bob", policy=policy)


async def test_a_wrong_try_is_counted_and_a_right_one_is_not(world):
    await join(world)
    for _ in range(9):
        with pytest.raises(SignInRefused):
            await sign_in(world, password="wrong")
    for _ in range(5):
        await sign_in(world)
    with pytest.raises(SignInRefused):
        await sign_in(world, password="wrong")
    with pytest.raises(TooManyTries):
        await sign_in(world)


async def test_name_and_email_share_their_tries(world):
    await join(world)
    for number in range(10):
        with pytest.raises(SignInRefused):
            await sign_in(world, ("alice", "alice@example.org")[number % 2], "wrong")
    with pytest.raises(TooManyTries):
        await sign_in(world)


@pytest.mark.parametrize(
    ("told", "kept"),
    [("Europe/Berlin", "Europe/Berlin"), ("", "UTC"), ("Mars/Olympus", "UTC"), ("posix/x", "UTC")],
)
async def test_a_new_account_takes_the_browser_s_time_zone_if_it_is_one(world, told, kept):
    assert (await join(world, time_zone=told)).time_zone == kept


# Sessions


async def test_ended_sessions_are_kept_up_to_a_number_and_then_all_end(world):
    user = await join(world)
    for number in range(ENDED_SESSIONS_KEPT):
        user = await accounts.end_session(world, user, f"s{number}")
    assert len(user.ended_sessions) == ENDED_SESSIONS_KEPT
    assert accounts.still_valid(user, 0, "another")
    assert not accounts.still_valid(user, 0, "s0")
    user = await accounts.end_session(world, user, "one more")
    assert (user.session_epoch, user.ended_sessions) == (1, ())
    assert not accounts.still_valid(user, 0, "another")


async def test_ending_a_session_twice_is_ending_it_once(world):
    user = await join(world)
    once = await accounts.end_session(world, user, "s1")
    assert await accounts.end_session(world, once, "s1") == once


async def test_twenty_devices_sign_out_at_once(world):
    user = await join(world)
    await asyncio.gather(*(accounts.end_session(world, user, f"s{n}") for n in range(20)))
    stored = await world.storage.user(user.user_id)
    assert not any(accounts.still_valid(stored, 0, f"s{n}") for n in range(20))


async def test_a_reset_password_needs_no_old_one(world):
    user = await join(world)
    with pytest.raises(Invalid):
        await accounts.reset_password(world, user, new="short", confirm="short")
    user = await accounts.reset_password(
        world, user, new="a new one here", confirm="a new one here"
    )
    assert user.session_epoch == 1
    assert (await sign_in(world, password="a new one here")).user_id == user.user_id


# Profile


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", 1), ("Pacific/Auckland", 2), ("Pacific/Honolulu", 1), ("Nowhere", 1)]
)
def test_today_is_the_day_where_the_user_is(zone, day):
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert a_user(time_zone=zone).today(now) == date(2026, 11, day)


def test_every_time_zone_offered_is_one():
    zones = accounts.time_zones()
    assert zones[0] == "UTC"
    assert {"Europe/Berlin", "Asia/Tokyo", "America/New_York"} <= set(zones)
    assert "localtime" not in zones


async def test_a_profile_of_nobody_is_not_found(world):
    with pytest.raises(NotFound):
        await accounts.save_profile(
            world, a_user("ghost"), time_zone="UTC", view="cards", shortcuts=True
        )


# Leaving


async def test_an_account_is_closed_once_and_its_job_is_found_again(world):
    user = await join(world)
    await accounts.close_account(world, user, PASSWORD)
    await accounts.close_account(world, user, PASSWORD)
    assert (await world.storage.user(user.user_id)).session_epoch == 1
    assert world.queue.rung == [f"close:{user.user_id}"] * 2
    assert len(await world.storage.due_jobs(world.now(), 10)) == 1


async def test_a_crash_before_the_job_is_mended_by_the_next_sign_in(world):
    user = await join(world)
    closing = replace(user, closing_at=world.now(), session_epoch=1)
    assert await world.storage.save_user(user, closing)
    with pytest.raises(SignInRefused):
        await sign_in(world, password="wrong")
    assert world.queue.rung == []
    with pytest.raises(SignInRefused):
        await sign_in(world)
    assert world.queue.rung == [f"close:{user.user_id}"]


async def test_a_removal_that_failed_begins_anew_at_the_next_sign_in(world):
    user = await join(world)
    await accounts.close_account(world, user, PASSWORD)
    job = await world.storage.job(f"close:{user.user_id}")
    failed = replace(job, state="failed", due_at=None, ended_at=world.now())
    assert await world.storage.save_job(job, failed)
    with pytest.raises(SignInRefused):
        await sign_in(world)
    assert (await world.storage.job(job.job_id)).state == "waiting"
