"""Every invariant of the design, broken on every storage, is found and told."""

from dataclasses import replace

import pytest

from booklib import checking
from booklib.jobs import KINDS
from booklib.models import COVER_FILE, Keys, Reading
from booklib.models.ids import user_book_id
from booklib.models.shelf import place
from tests.factories import NOON, a_book, a_copy, a_job, a_user
from tests.fakes import MemoryFiles

OWN = "own/abcdefghijklmnopqrstuv-500x500"
SHARED = "abcdefghijklmnopqrstuv-500x840"


async def findings(storage, files=None):
    async with storage.snapshot() as snapshot:
        found = checking.findings(snapshot, files or MemoryFiles(), frozenset(KINDS))
        return [finding async for finding in found]


async def told(storage, files=None):
    """What is said of books, jobs and files; nobody counts what a test puts there."""
    said = await findings(storage, files)
    return [finding.text for finding in said if "counts of" not in finding.text]


def with_isbn(copy_of=None, **values):
    """A copy of the Book Dune as adding it makes one."""
    book = copy_of or a_book()
    ident = user_book_id("id-alice", f"isbn:{book.isbn}")
    copy = a_copy(user_book_id=ident, isbn=book.isbn, book_id=book.book_id, mine={}, **values)
    return place(copy, book)


async def test_a_sound_library_has_no_faults(storage, alice):
    await storage.put_books([a_book()])
    gone = replace(a_copy("Old", minute=3), deleted_at=NOON, moved_to=with_isbn().user_book_id)
    copies = [
        with_isbn(tags=("sand", "C", "C++", "=C"), readings=(Reading("2001", "2002-03"),)),
        a_copy("By hand", minute=1, started_on="2019", finished_on="2019-12-31"),
        place(replace(a_copy("In the trash", minute=2), deleted_at=NOON), None),
        place(gone, None),
    ]
    await storage.put_copies(copies)
    await storage.put_counts(alice.user_id, {"to-read": 2, "deleted": 1, "moved": 1})
    await storage.add_job(a_job())
    await storage.add_job(
        a_job("cover:b1:1", kind="cover", state="done", ended_at=NOON, due_at=None)
    )
    assert await findings(storage) == []


async def test_wrong_counts_are_told(storage, alice):
    await storage.put_copies([a_copy()])
    assert any("The counts of" in finding.text for finding in await findings(storage))


BROKEN = {
    "has the status": {"status": "lost"},
    "has the rating 11": {"rating": 11},
    "has the rating -1": {"rating": -1},
    "has the date “2019-13”": {"started_on": "2019-13"},
    "has the date “2019-02-30”": {"finished_on": "2019-02-30"},
    "has the date “soon”": {"readings": (Reading("", "soon"),)},
    "has 101 readings": {"readings": (Reading("", "2001"),) * 101},
    "has too many tags": {"tags": ("x" * 101,)},
    "has one tag twice": {"tags": ("Éte", "ETE")},
    "has notes of 20,001 characters": {"notes": "x" * 20_001},
    "has a review of 40,001 characters": {"review": "x" * 40_001},
    "bytes of own texts": {"given": {"description": "x" * 330_000}},
    "counts -1 copies": {"copies": -1},
    "was changed less than never": {"edit": 0},
    "has the look-up state": {"lookup": "lost"},
    "has “9780441172710” as its ISBN": {"isbn": "9780441172710"},
    "has another id than its ISBN": {"user_book_id": "AAAAAAAAAAAAAAAAAAAAAA"},
    "names another Book than its ISBN": {"book_id": "BBBBBBBBBBBBBBBBBBBBBB"},
    "names a Book without an ISBN": {"isbn": None},
    "shows something else on the shelf": {"card": '["x",[],"","","","none",""]'},
    "is sorted by other keys": {"keys": Keys("a", "b", "c", "d")},
    "a Book that is newer": {"book_version": 9},
    "has moved to a book that is not there": {"moved_to": "CCCCCCCCCCCCCCCCCCCCCC"},
    "has moved and is on the shelf": {"moved_to": "CCCCCCCCCCCCCCCCCCCCCC"},
    "has a field “colour”": {"mine": {"colour": "red"}},
    "has 5 as its title": {"given": {"title": 5}},
    "has “x” as its cover": {"mine": {COVER_FILE: "x"}},
    "holds what cannot be": {"mine": {"authors": 5}},
}


@pytest.mark.parametrize("words", BROKEN)
async def test_each_broken_invariant_of_a_copy_is_told(storage, alice, words):
    await storage.put_books([a_book()])
    await storage.put_copies([replace(with_isbn(), **BROKEN[words])])
    said = await told(storage)
    assert any(words in fault for fault in said), said


async def test_a_copy_of_somebody_who_moved_to_somebody_elses_is_told(storage, alice, bob):
    theirs = a_copy("Theirs", user_id=bob.user_id)
    gone = replace(a_copy("Mine"), deleted_at=NOON, moved_to=theirs.user_book_id)
    await storage.put_copies([theirs, place(gone, None)])
    [said] = await told(storage)
    assert said == "“Mine” of alice has moved to a book that is not there."


BROKEN_BOOKS = {
    "another id than its ISBN gives": {"isbn": "9780261102217"},
    "has “123” as its ISBN": {"isbn": "123"},
    "has no title": {"fields": {}, "sources": {}},
    "has the version 0": {"version": 0},
    "names the source of what it does not tell": {"fields": {"title": "Dune"}},
    "has 'Frank' as its authors": {"fields": {**a_book().fields, "authors": "Frank"}},
}


@pytest.mark.parametrize("words", BROKEN_BOOKS)
async def test_what_is_wrong_with_a_book_is_told(storage, words):
    await storage.put_books([replace(a_book(), **BROKEN_BOOKS[words])])
    said = await told(storage)
    assert any(words in fault for fault in said), said


async def test_a_copy_of_a_book_that_is_gone_is_told(storage, alice):
    await storage.put_copies([with_isbn()])
    assert any("a Book that is not there" in fault for fault in await told(storage))


BROKEN_JOBS = {
    "has the state “lost”": {"state": "lost", "due_at": None},
    "is of the kind “paint”": {"kind": "paint"},
    "waits for no time": {"due_at": None},
    "runs for nobody": {"state": "running", "due_at": None},
    "has ended at no time": {"state": "failed", "due_at": None},
    "was tried -1 times": {"attempts": -1},
}


@pytest.mark.parametrize("words", BROKEN_JOBS)
async def test_what_is_wrong_with_a_job_is_told(storage, words):
    await storage.add_job(a_job(**BROKEN_JOBS[words]))
    [said] = await told(storage)
    assert said.startswith("The job “lookup:b1” ")
    assert words in said


async def test_an_account_that_is_none_of_ours_is_told(storage):
    await storage.add_user(a_user(view="pictures"))
    assert "The account “alice” has the view “pictures”." in await told(storage)


async def test_a_picture_that_is_named_must_be_there_in_both_sizes(storage, alice):
    files = MemoryFiles()
    await storage.put_copies([a_copy(mine={"title": "Dune", COVER_FILE: OWN})])
    await storage.put_books([a_book(cover_file=SHARED)])
    await files.put(f"users/{alice.user_id}/covers/large/{OWN[4:]}.webp", b"x")
    said = await told(storage, files)
    assert f"“Dune” of alice names the cover {OWN}, which is not among the files." in said
    assert any(SHARED in fault for fault in said)
    await files.put(f"users/{alice.user_id}/covers/small/{OWN[4:]}.webp", b"x")
    for size in ("large", "small"):
        await files.put(f"covers/{size}/{SHARED}.webp", b"x")
    assert await told(storage, files) == []


async def test_files_that_nobody_names_are_told_and_are_no_fault(storage, alice):
    files = MemoryFiles()
    for name in (f"covers/large/{SHARED}.webp", "imports/nobody/1/upload", "covers/other.txt"):
        await files.put(name, b"x")
    await files.put(f"imports/{alice.user_id}/1/upload", b"x")
    [finding] = await findings(storage, files)
    assert finding.harmless
    assert finding.text.startswith("files that nothing in the library names: 3 (")
    assert "imports/nobody/1/upload" in finding.text
    assert len(files.kept) == 4
