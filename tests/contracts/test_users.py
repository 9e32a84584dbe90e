"""Accounts: unique without regard to case, saved only over what was read, removed whole."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from booklib.errors import EmailTaken, NameTaken, RegistrationClosed
from booklib.models import Query
from booklib.ports import Change
from tests.factories import NOON, a_copy, a_user, added


async def test_a_storage_answers(storage):
    await storage.ping()


async def test_a_user_is_read_as_they_were_stored(storage):
    user = a_user(
        "Zoë",
        session_epoch=3,
        ended_sessions=("s1", "s2"),
        time_zone="Asia/Tokyo",
        view="list",
        shortcuts=False,
        closing_at=NOON + timedelta(microseconds=1),
    )
    await storage.add_user(user)
    assert await storage.user(user.user_id) == user


async def test_an_unknown_user_is_none(storage):
    assert await storage.user("nobody") is None
    assert await storage.user_by_login("nobody") is None
    assert await storage.user_by_login("") is None


@pytest.mark.parametrize("login", ["Zoë", "ZOË", "zoë@EXAMPLE.org", " zoe\u0308 "])
async def test_a_user_is_found_by_any_spelling_of_name_or_email(storage, login):
    user = a_user("Zoë")
    await storage.add_user(user)
    assert await storage.user_by_login(login) == user


async def test_a_name_with_a_space_of_another_script_is_found(storage):
    user = a_user("ᚐ\u1680ᚑ", email="ogham@example.org")
    await storage.add_user(user)
    assert await storage.user_by_login("ᚐ\u1680ᚑ") == user


async def test_a_name_is_taken_in_every_spelling_of_case(storage, alice):
    with pytest.raises(NameTaken):
        await storage.add_user(a_user("ALICE", user_id="other", email="other@example.org"))
    assert await storage.user("other") is None


async def test_an_email_is_taken_in_every_spelling_of_case(storage, alice):
    with pytest.raises(EmailTaken):
        await storage.add_user(a_user("other", email="Alice@Example.ORG"))
    assert await storage.user("id-other") is None


async def test_a_refused_registration_leaves_both_names_free(storage, alice):
    with pytest.raises(NameTaken):
        await storage.add_user(a_user("Alice", user_id="other", email="new@example.org"))
    await storage.add_user(a_user("new", user_id="third", email="new@example.org"))
    assert await storage.user("third")


async def test_of_twenty_registrations_of_one_name_one_wins(storage, elsewhere):
    def spelt(number):
        return "".join(c.upper() if number >> i & 1 else c for i, c in enumerate("carol"))

    async def register(number):
        user = a_user(spelt(number), user_id=f"u{number}", email=f"{number}@example.org")
        try:
            await (storage, elsewhere)[number % 2].add_user(user)
        except NameTaken:
            return None
        return user

    winners = [won for won in await asyncio.gather(*map(register, range(20))) if won]
    assert len(winners) == 1
    assert await elsewhere.user_by_login("carol") == winners[0]


async def test_of_twenty_registrations_of_one_email_one_wins(storage, elsewhere):
    async def register(number):
        user = a_user(
            f"carol{number}", email=("carol@example.org", "Carol@Example.org")[number % 2]
        )
        try:
            await (storage, elsewhere)[number % 2].add_user(user)
        except EmailTaken:
            assert await elsewhere.user(user.user_id) is None
            return None
        return user

    winners = [won for won in await asyncio.gather(*map(register, range(20))) if won]
    assert len(winners) == 1
    assert await elsewhere.user_by_login("carol@example.org") == winners[0]


async def test_twenty_different_people_can_register_at_once(storage, elsewhere):
    people = [a_user(f"reader{number}") for number in range(20)]
    joining = ((storage, elsewhere)[n % 2].add_user(user) for n, user in enumerate(people))
    await asyncio.gather(*joining)
    assert [await storage.user_by_login(user.email) for user in people] == people


async def test_a_user_is_saved_over_what_was_read(storage, alice):
    after = replace(alice, time_zone="Europe/Berlin", session_epoch=1)
    assert await storage.save_user(alice, after)
    assert await storage.user(alice.user_id) == replace(after, rev=2)


async def test_a_user_is_not_saved_over_a_later_change(storage, alice):
    await storage.save_user(alice, replace(alice, view="list"))
    assert not await storage.save_user(alice, replace(alice, time_zone="Europe/Berlin"))
    assert (await storage.user(alice.user_id)).time_zone == "UTC"


async def test_saving_an_unknown_user_is_refused(storage):
    assert not await storage.save_user(a_user("ghost"), a_user("ghost"))


async def test_saving_a_user_leaves_the_counts_alone(storage, alice):
    await added(storage, a_copy())
    assert await storage.save_user(alice, replace(alice, view="list"))
    user = await storage.user(alice.user_id)
    assert (user.view, user.counts, user.shelf_version) == ("list", {"to-read": 1}, 1)


async def test_a_change_of_books_is_no_conflict_for_the_profile(storage, alice):
    await added(storage, a_copy())
    assert await storage.save_user(alice, replace(alice, time_zone="Europe/Berlin"))


async def test_a_user_may_change_the_case_of_their_own_name(storage, alice):
    assert await storage.save_user(alice, replace(alice, username="Alice"))


async def test_a_user_cannot_take_another_s_name_or_email(storage, alice, bob):
    with pytest.raises(NameTaken):
        await storage.save_user(bob, replace(bob, username="ALICE"))
    with pytest.raises(EmailTaken):
        await storage.save_user(bob, replace(bob, email="ALICE@example.org"))
    assert await storage.user(bob.user_id) == bob


async def test_after_a_change_of_names_the_new_ones_sign_in(storage, alice):
    after = replace(alice, username="alina", email="alina@example.org")
    assert await storage.save_user(alice, after)
    for login in ("alina", "alina@example.org"):
        assert await storage.user_by_login(login) == replace(after, rev=2)
    for login in ("alice", "alice@example.org"):
        assert await storage.user_by_login(login) is None


async def test_of_two_who_want_the_same_new_name_one_gets_it(storage, elsewhere, alice, bob):
    async def rename(where, user):
        try:
            return await where.save_user(user, replace(user, username="Carol"))
        except NameTaken:
            return False

    done = await asyncio.gather(rename(storage, alice), rename(elsewhere, bob))
    assert sorted(done) == [False, True]
    assert (await storage.user_by_login("carol")).user_id == (alice, bob)[done.index(True)].user_id


async def test_an_old_name_is_free_after_a_change(storage, alice):
    await storage.save_user(alice, replace(alice, username="alina", email="alina@example.org"))
    await storage.add_user(a_user("alice", user_id="second"))
    assert (await storage.user_by_login("alice")).user_id == "second"


async def test_a_removed_user_is_gone_with_every_book(storage, alice, bob):
    mine = await added(storage, *(a_copy(f"Book {n}", minute=n) for n in range(60)))
    his = await added(storage, a_copy(user_id=bob.user_id))
    gone = replace(mine[0], deleted_at=NOON)
    await storage.apply(alice.user_id, [Change(mine[0], gone)])
    await storage.remove_user(alice.user_id)
    assert await storage.user(alice.user_id) is None
    assert await storage.user_by_login("alice") is None
    assert not await storage.owned(alice.user_id, [book.user_book_id for book in mine])
    assert (await storage.shelf(alice.user_id, Query(), None, 50)).rows == ()
    assert await storage.owned(bob.user_id, [his.user_book_id])


async def test_removing_a_user_twice_does_no_harm(storage, alice):
    await storage.remove_user(alice.user_id)
    await storage.remove_user(alice.user_id)


async def test_a_removed_user_can_register_again(storage, alice):
    await added(storage, a_copy())
    await storage.remove_user(alice.user_id)
    await storage.add_user(alice)
    assert (await storage.user(alice.user_id)).counts == {}
    await added(storage, a_copy())


async def test_every_user_is_listed_by_name(storage, alice, bob):
    await storage.add_user(a_user("Aaron"))
    assert [user.username async for user in storage.users()] == ["Aaron", "alice", "bob"]


async def test_tries_are_counted_within_a_window(storage, elsewhere, clock):
    assert [await storage.hit("login alice", 60) for _ in range(3)] == [1, 2, 3]
    assert await elsewhere.hit("login alice", 60) == 4
    assert await storage.hit("login bob", 60) == 1
    clock.advance(seconds=59)
    assert await storage.hit("login alice", 60) == 5


async def test_a_window_is_fixed_by_its_first_try(storage, clock):
    await storage.hit("key", 60)
    clock.advance(seconds=59)
    await storage.hit("key", 60)
    clock.advance(seconds=1)
    assert await storage.hit("key", 60) == 1


async def test_tries_at_the_same_moment_are_all_counted(storage, elsewhere):
    tries = await asyncio.gather(*((storage, elsewhere)[n % 2].hit("key", 60) for n in range(20)))
    assert sorted(tries) == list(range(1, 21))


async def test_a_try_can_be_taken_back(storage, elsewhere):
    for _ in range(3):
        await storage.hit("key", 60)
    await elsewhere.unhit("key")
    assert await storage.hit("key", 60) == 3


async def test_taking_back_never_goes_below_nothing(storage):
    await storage.unhit("key")
    await storage.hit("key", 60)
    for _ in range(3):
        await storage.unhit("key")
    assert await storage.hit("key", 60) == 1


async def test_of_many_who_want_to_be_the_first_one_is(storage, elsewhere):
    assert not await storage.has_users()
    wishes = [
        (storage, elsewhere)[n % 2].add_user(a_user(f"reader{n}"), only_first=True)
        for n in range(10)
    ]
    results = await asyncio.gather(*wishes, return_exceptions=True)
    assert [type(result) for result in results].count(RegistrationClosed) == 9
    assert results.count(None) == 1
    assert await elsewhere.has_users()


async def test_others_may_join_after_the_first(storage, alice, bob):
    assert await storage.user("id-bob") == bob


async def test_after_the_last_user_is_gone_the_next_one_is_the_first(storage, alice, bob):
    for user in (alice, bob):
        assert await storage.has_users()
        await storage.remove_user(user.user_id)
    assert not await storage.has_users()
    await storage.add_user(a_user("carol"), only_first=True)
    with pytest.raises(RegistrationClosed):
        await storage.add_user(alice, only_first=True)
