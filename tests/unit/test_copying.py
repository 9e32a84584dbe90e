"""Copying between two storages in memory: what is left out, what is told, and how it goes on."""

import sys
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from booklib import copying
from booklib.cli import main
from booklib.copying import Side, Sum, canonical
from booklib.errors import StorageDown, StorageFull
from booklib.models import COVER_FILE, UNDOABLE, Reading, User
from tests.factories import NOON, a_book, a_copy, a_user, added
from tests.fakes import MemoryFiles, MemoryStorage

COVER = "vutsrqponmlkjihgfedcba-560x840"


async def copy(source, target, **options):
    return await copying.copy(source, target, now=NOON, **options)


async def library(storage=None):
    """Alice with three books, Bob with one, and a Book with a cover."""
    side = Side("here", storage or MemoryStorage(), MemoryFiles())
    for name in ("alice", "bob"):
        await side.store.add_user(a_user(name))
    await added(side.store, *(a_copy(f"Book {n}", minute=n) for n in range(3)))
    await added(side.store, a_copy("Bob's", user_id="id-bob"))
    await side.store.save_book(a_book(**{COVER_FILE: COVER}), 0)
    for size in ("large", "small"):
        await side.files.put(f"covers/{size}/{COVER}.webp", size.encode())
    return side


def nothing(storage=None):
    return Side("there", storage or MemoryStorage(), MemoryFiles())


class Disturbed(MemoryStorage):
    """Somebody does something while everybody's copies are being read."""

    def __init__(self, deed):
        super().__init__()
        self._deed = deed

    async def all_copies(self):
        async for some in super().all_copies():
            yield some
        deed, self._deed = self._deed, None
        if deed:
            await deed(self)


# What is compared


def test_sums_are_the_same_in_any_order_and_another_with_any_change():
    one, two = a_copy("Dune"), a_copy("Emma")
    assert Sum().plus(one).plus(two) == Sum().plus(two).plus(one)
    assert Sum().plus(one).plus(one) != Sum().plus(one)
    assert Sum().plus(one).plus(replace(two, rating=1)) != Sum().plus(one).plus(two)
    assert len(Sum().digest) == 64


OTHER = {
    bool: False,
    int: 77,
    str: "other",
    tuple: ("other",),
    dict: {"title": "other"},
    type(None): "other",
}
KEPT_ANEW = {"counts", "shelf_version"}


@pytest.mark.parametrize(
    "item",
    [a_user(), a_copy(readings=(Reading("2001", ""),)), a_book()],
    ids=lambda one: type(one).__name__,
)
def test_every_field_is_compared_but_what_a_storage_counts(item):
    for field in fields(item):
        value = getattr(item, field.name)
        if field.name in KEPT_ANEW and isinstance(item, User):
            continue
        other = NOON + timedelta(1) if value == NOON or "_at" in field.name else None
        changed = replace(item, **{field.name: other or OTHER.get(type(value), ("x",) * 4)})
        if field.name == "shortcuts":
            changed = replace(item, shortcuts=not value)
        assert canonical(changed) != canonical(item), field.name
    if isinstance(item, User):
        assert canonical(replace(item, counts={"read": 7}, shelf_version=9)) == canonical(item)


def test_the_order_of_fields_in_a_packed_column_is_no_difference():
    one, other = {"title": "a", "publisher": "b"}, {"publisher": "b", "title": "a"}
    assert canonical(a_copy(given=one)) == canonical(a_copy(given=other))


# A source that is not quiet


async def renamed(storage):
    before = await storage.user("id-alice")
    await storage.save_user(before, replace(before, username="alicia"))


async def adds_a_book(storage):
    await added(storage, a_copy("Late", minute=9))


async def registers(storage):
    await storage.add_user(a_user("carol"))


async def leaves(storage):
    await storage.remove_user("id-bob")


@pytest.mark.parametrize(
    ("deed", "who"),
    [(renamed, "alicia"), (adds_a_book, "alice"), (registers, "carol"), (leaves, "bob")],
)
async def test_who_is_at_work_meanwhile_is_told_and_the_next_copy_ends(deed, who):
    here, there = await library(Disturbed(deed)), nothing()
    report = await copy(here, there)
    assert report.moved == [who]
    assert not report.equal
    again = await copy(here, there, overwrite=True)
    assert again.moved == []
    # What left the source meanwhile stays at the target, and is told.
    assert again.equal is (deed is not leaves)


# Who is left out


async def test_an_account_that_is_being_deleted_stays_behind():
    here, there = await library(), nothing()
    bob = await here.store.user("id-bob")
    await here.store.save_user(bob, replace(bob, closing_at=NOON))
    report = await copy(here, there)
    assert report.closing == ["bob"]
    assert report.equal
    assert await there.store.user("id-bob") is None
    assert report.copies.written == 3


async def test_an_account_that_is_being_deleted_there_gets_no_books():
    here, there = await library(), nothing()
    await there.store.put_user(a_user("bob", closing_at=NOON))
    report = await copy(here, there, overwrite=True)
    assert report.left_out == ["“bob” is being deleted there."]
    assert not report.equal
    assert report.copies.written == 3


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("other", "what"),
    [
        (a_user("ALICE", user_id="another", email="x@example.org"), "name"),
        (a_user("someone", user_id="another", email="Alice@Example.org"), "email address"),
    ],
)
async def test_a_name_that_somebody_else_has_there_is_told(other, what, dry_run):
    here, there = await library(), nothing()
    await there.store.put_user(other)
    report = await copy(here, there, dry_run=dry_run)
    assert report.left_out == [f"“alice” is not copied: another account has this {what} there."]
    assert (report.users.written, report.copies.written) == (1, 1)
    assert not report.equal


async def test_what_nobody_can_bring_back_any_more_stays_behind():
    here, there = await library(), nothing()
    gone = NOON - UNDOABLE
    dead = [
        a_copy(f"Gone {n}", minute=20 + n, deleted_at=at)
        for n, at in enumerate((gone, gone + timedelta(seconds=1)))
    ]
    await here.store.put_copies(dead)
    report = await copy(here, there)
    assert report.equal
    ids = [one.user_book_id for one in dead]
    assert set(await there.store.copies(ids)) == set(ids[1:])
    assert (await there.store.user("id-alice")).counts["deleted"] == 1


# Numbers and differences


async def test_wrong_numbers_are_told_and_right_at_the_target():
    here, there = await library(), nothing()
    await here.store.put_counts("id-alice", {"read": 99})
    report = await copy(here, there)
    assert report.wrong_counts == ["alice"]
    assert report.equal
    assert dict((await there.store.user("id-alice")).counts) == {"to-read": 3}


async def test_what_differs_is_named_and_left_until_the_source_is_to_win():
    here, there = await library(), nothing()
    await copy(here, there)
    ident = a_copy("Book 0").user_book_id
    alice = await there.store.user("id-alice")
    await there.store.put_user(replace(alice, time_zone="Europe/Rome"))
    await there.store.put_copies([replace(a_copy("Book 0"), notes="Mine.")])
    version = (await there.store.user("id-alice")).shelf_version
    report = await copy(here, there)
    assert report.differing == ["alice", ident]
    assert (report.users.differing, report.copies.differing) == (1, 1)
    assert not report.equal
    assert (await there.store.user("id-alice")).shelf_version == version
    report = await copy(here, there, overwrite=True)
    assert report.equal
    assert (await there.store.user("id-alice")).time_zone == "UTC"
    assert (await there.store.user("id-alice")).shelf_version > version


async def test_only_the_first_differences_are_named():
    here, there = await library(), nothing()
    many = [a_copy(f"More {n}", minute=n) for n in range(30)]
    await here.store.put_copies(many)
    await copy(here, there)
    await there.store.put_copies([replace(one, notes="Mine.") for one in many])
    report = await copy(here, there)
    assert (len(report.differing), report.copies.differing) == (20, 30)


async def test_what_is_only_there_stays_and_makes_a_difference():
    here, there = await library(), nothing()
    await there.store.put_user(a_user("carol"))
    report = await copy(here, there)
    assert not report.equal
    assert (report.source["users"].items, report.target["users"].items) == (2, 3)
    assert await there.store.user("id-carol")


# Pictures


async def test_a_picture_that_is_there_is_not_sent_again():
    here, there = await library(), nothing()
    await there.files.put(f"covers/large/{COVER}.webp", b"large")
    report = await copy(here, there)
    assert (report.files.written, report.files.same, report.files.missing) == (1, 1, 0)
    assert there.files.kept == here.files.kept


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_picture_that_is_nowhere_is_told(dry_run):
    here, there = await library(), nothing()
    await here.files.remove(f"covers/small/{COVER}.webp")
    report = await copy(here, there, dry_run=dry_run)
    assert (report.files.written, report.files.missing) == (1, 1)
    assert len(there.files.kept) == (0 if dry_run else 1)


@pytest.mark.parametrize("layer", ["mine", "given"])
async def test_own_pictures_go_with_their_owner(layer):
    here, there = await library(), nothing()
    fields_of = {"title": "Own", COVER_FILE: f"own/{COVER}"}
    await here.store.put_copies([a_copy("Own", user_id="id-bob", **{layer: fields_of})])
    for size in ("large", "small"):
        await here.files.put(f"users/id-bob/covers/{size}/{COVER}.webp", b"own")
    await copy(here, there)
    assert there.files.kept == here.files.kept


async def test_a_full_disk_ends_the_copy_and_the_next_one_goes_on():
    here, there = await library(), nothing()
    there.files.most = 1
    with pytest.raises(StorageFull):
        await copy(here, there)
    there.files.most = 10
    assert (await copy(here, there)).equal
    assert there.files.kept == here.files.kept


# Cut off


class Breaking(MemoryStorage):
    """Fails for good at one of its writes, before it is carried out or after."""

    def __init__(self):
        super().__init__()
        self.left = 10**6
        self.carried_out = False

    async def _write(self, write, *what):
        self.left -= 1
        if self.left < 0 and not self.carried_out:
            raise StorageDown("gone")
        await write(*what)
        if self.left < 0:
            raise StorageDown("gone")

    async def put_user(self, user):
        await self._write(super().put_user, user)

    async def put_books(self, books):
        await self._write(super().put_books, books)

    async def put_copies(self, copies):
        await self._write(super().put_copies, copies)

    async def put_counts(self, user_id, counts):
        await self._write(super().put_counts, user_id, counts)


@pytest.mark.parametrize("carried_out", [False, True])
async def test_wherever_a_copy_is_cut_off_the_next_one_ends_the_same(carried_out):
    here, whole = await library(), nothing()
    await copy(here, whole)
    for writes in range(6):
        there = nothing(Breaking())
        there.store.left, there.store.carried_out = writes, carried_out
        with pytest.raises(StorageDown):
            await copy(here, there)
        there.store.left = 10**6
        assert (await copy(here, there)).equal
        for name in ("alice", "bob"):
            ended = await there.store.user(f"id-{name}")
            assert ended.counts == (await whole.store.user(f"id-{name}")).counts
        assert there.files.kept == whole.files.kept


# What one sees of it


async def test_progress_only_grows_and_ends_at_the_end():
    seen = []
    await copy(await library(), nothing(), progress=lambda *told: seen.append(told))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {most for _, most in seen} == {16}
    assert seen[-1] == (16, 16)


async def test_nothing_is_copied_from_nothing():
    report = await copy(nothing(), nothing())
    assert report.equal
    assert report.source["copies"] == Sum()


def copied_by_command(folder):
    environ = {"BOOKLIB_DATA_DIR": str(folder), "BOOKLIB_STORAGE": "sqlite"}
    places = ("USERS_TABLE", "BOOKS_TABLE", "USER_BOOKS_TABLE", "JOBS_TABLE", "FILES_BUCKET")
    environ |= dict.fromkeys(places, "none")
    arguments = ("copy", "--from", "sqlite", "--to", "dynamodb")
    return CliRunner().invoke(main, arguments, env=environ)


def test_a_folder_without_a_library_is_told_and_stays_empty(tmp_path):
    result = copied_by_command(tmp_path)
    assert result.exit_code == 1
    assert f"There is no library in {tmp_path}." in result.output
    assert not (tmp_path / "site.db").exists()


def test_packages_that_are_not_installed_are_told_with_what_helps(tmp_path, monkeypatch):
    (tmp_path / "site.db").touch()
    monkeypatch.setitem(sys.modules, "aioboto3", None)
    monkeypatch.delitem(sys.modules, "booklib.adapters.aws_clients", raising=False)
    result = copied_by_command(tmp_path)
    assert result.exit_code == 1
    assert "pip install -r deploy/requirements-aws.txt”. (aioboto3)" in result.output
