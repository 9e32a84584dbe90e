"""Every invariant of the design, broken on every storage, is found and told."""

from dataclasses import replace

import pytest

from booklib import checking
from booklib.models import COVER_FILE, Keys, Reading
from booklib.models.ids import user_book_id
from booklib.models.shelf import place
from tests.factories import NOON, a_book, a_copy
from tests.fakes import MemoryFiles

OWN = "own/abcdefghijklmnopqrstuv-500x500"


async def told(storage, files=None):
    return [fault async for fault in checking.faults(storage, files)]


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
        with_isbn(tags=("sand",), readings=(Reading("2001", "2002-03"),)),
        a_copy("By hand", minute=1, started_on="2019", finished_on="2019-12-31"),
        place(replace(a_copy("In the trash", minute=2), deleted_at=NOON), None),
        place(gone, None),
    ]
    await storage.put_copies(copies)
    assert await told(storage) == []


BROKEN = {
    "has the status": {"status": "lost"},
    "has the rating 11": {"rating": 11},
    "has the date “2019-13”": {"started_on": "2019-13"},
    "has the date “soon”": {"readings": (Reading("", "soon"),)},
    "has too many tags": {"tags": ("x" * 101,)},
    "counts -1 copies": {"copies": -1},
    "has the look-up state": {"lookup": "lost"},
    "has another id than its ISBN": {"user_book_id": "AAAAAAAAAAAAAAAAAAAAAA"},
    "names another Book than its ISBN": {"book_id": "BBBBBBBBBBBBBBBBBBBBBB"},
    "shows something else on the shelf": {"card": '["x",[],"","","","none",""]'},
    "is sorted by other keys": {"keys": Keys("a", "b", "c", "d")},
    "a Book that is newer": {"book_version": 9},
    "has moved to a book that is not there": {"moved_to": "CCCCCCCCCCCCCCCCCCCCCC"},
    "has moved and is on the shelf": {"moved_to": "CCCCCCCCCCCCCCCCCCCCCC"},
    "bytes of own texts": {"notes": "x" * 330_000},
}


@pytest.mark.parametrize("words", BROKEN)
async def test_each_broken_invariant_of_a_copy_is_told(storage, alice, words):
    await storage.put_books([a_book()])
    await storage.put_copies([replace(with_isbn(), **BROKEN[words])])
    said = await told(storage)
    assert any(words in fault for fault in said), said
    assert all("of alice" in fault for fault in said)


async def test_what_is_wrong_with_a_book_is_told(storage):
    wrong = replace(a_book(), isbn="9780261102217")
    await storage.put_books([wrong, a_book("9780141439518", title="")])
    said = await told(storage)
    assert any("another id than its ISBN gives" in fault for fault in said)
    assert any("has no title" in fault for fault in said)


async def test_a_copy_of_a_book_that_is_gone_is_told(storage, alice):
    await storage.put_copies([with_isbn()])
    assert any("a Book that is not there" in fault for fault in await told(storage))


async def test_a_picture_that_is_named_must_be_there(storage, alice):
    files = MemoryFiles()
    copy = a_copy(mine={"title": "Dune", COVER_FILE: OWN})
    await storage.put_copies([copy])
    assert any(OWN in fault for fault in await told(storage, files))
    for size in ("large", "small"):
        await files.put(f"users/{alice.user_id}/covers/{size}/{OWN[4:]}.webp", b"x")
    assert await told(storage, files) == []
