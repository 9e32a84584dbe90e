"""More of a book than it has room for: what does not fit is given back with the reason."""

import csv
import io

from booklib import jobs
from booklib.models import MAX_NOTES, MAX_TAGS, Query
from booklib.models.ids import new_id
from booklib.transfer import imports
from tests.goodreads import DUNE

HEADER = "Title,ISBN,My Rating,Bookshelves,Private Notes\n"
MORE = 250
"""More rows than a book has room for tags; they fill several chunks."""


async def imported(stage, *rows):
    ident = new_id()
    await stage.files.put(f"imports/id-alice/{ident}/upload", (HEADER + "".join(rows)).encode())
    user = await stage.storage.user("id-alice")
    await imports.begin(stage.world, user, ident, "books.csv")
    await jobs.run(stage.world, f"import-read:id-alice:{ident}")
    await imports.apply(stage.world, user, ident, overwrite=False, doubtful="add", choices={})
    await jobs.run(stage.world, f"import:id-alice:{ident}")
    state = await imports.look(stage.world, user, ident)
    assert state.stage == "done"
    return state


async def left(stage, state):
    user = await stage.storage.user("id-alice")
    pieces = [piece async for piece in imports.rows_left(stage.world, user, state.import_id)]
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode("utf-8-sig"))))


async def the_copy(stage):
    page = await stage.storage.shelf("id-alice", Query(), None, 9)
    [row] = page.rows
    return (await stage.storage.owned("id-alice", [row.user_book_id]))[row.user_book_id]


def tagged(number):
    return f"Dune,{DUNE},,tag{number},\n"


async def test_tags_beyond_the_hundredth_are_given_back_with_their_rows(stage, alice):
    state = await imported(stage, *map(tagged, range(MORE)))
    copy = await the_copy(stage)
    assert copy.tags == tuple(f"tag{number}" for number in range(MAX_TAGS))
    rows = await left(stage, state)
    assert [row["Bookshelves"] for row in rows] == [f"tag{n}" for n in range(MAX_TAGS, MORE)]
    assert "no room for more tags" in rows[0]["Problem"]
    assert state.left == MORE - MAX_TAGS
    again = await imported(stage, *map(tagged, range(MORE)))
    assert (again.counts["changed"], again.left) == (0, state.left)
    assert await the_copy(stage) == copy


async def test_notes_that_do_not_fit_are_given_back(stage, alice):
    long, longer = "a" * (MAX_NOTES // 2), "b" * (MAX_NOTES // 2)
    state = await imported(
        stage, f"Dune,{DUNE},,,{long}\n", f"Dune,{DUNE},,,{longer}\n", f"Dune,{DUNE},,,short\n"
    )
    assert (await the_copy(stage)).notes == f"{long}\n\nshort"
    [row] = await left(stage, state)
    assert row["Private Notes"] == longer
    assert "no room for more notes" in row["Problem"]


async def test_a_later_row_rates_a_book_that_the_first_one_did_not(stage, alice):
    rows = [f"Dune,{DUNE},{rating},,\n" for rating in (0, 4, 5)]
    await imported(stage, *rows)
    copy = await the_copy(stage)
    assert copy.rating == 8
    await imported(stage, *rows)
    assert await the_copy(stage) == copy
