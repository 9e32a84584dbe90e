"""What holds for any row laid over any copy: nothing is lost, nothing happens twice."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from booklib.models import STATUSES, Reading
from booklib.models.folding import fold
from booklib.transfer.merging import added_to, merged, new_copy
from booklib.transfer.rows import Row
from tests.factories import NOON, a_copy

DAYS = st.sampled_from(["", "2019", "2019-03", "2019-03-07", "2021-12-31"])
TAGS = st.lists(st.sampled_from(["sand", "Été", "slow", "gift"]), unique=True).map(tuple)
TEXTS = st.sampled_from(["", "Long.", "Longer.\n\nStill longer.", "Sand, sand."])
READINGS = st.lists(st.builds(Reading, DAYS, DAYS), max_size=3).map(tuple)
GIVEN = st.fixed_dictionaries(
    {"title": st.just("Dune")}, optional={"publisher": st.sampled_from(["Ace", "Chilton"])}
)
VALUES = {
    "tags": TAGS,
    "readings": READINGS,
    "review": TEXTS,
    "notes": TEXTS,
    "given": GIVEN,
}
ROWS = st.builds(
    Row,
    number=st.just(2),
    isbn=st.just("9780441172719"),
    status=st.sampled_from([None, *STATUSES]),
    rating=st.none() | st.integers(0, 10),
    started=DAYS,
    finished=DAYS,
    copies=st.none() | st.integers(0, 3),
    **VALUES,
)
COPIES = st.builds(
    a_copy,
    status=st.sampled_from(STATUSES),
    rating=st.integers(0, 10),
    started_on=DAYS,
    finished_on=DAYS,
    copies=st.integers(0, 3),
    **VALUES,
)


def imported(row):
    """A copy that an import of the row has made."""
    return merged(row, new_copy(row, "id-alice", "an id", "isbn:9780441172719", NOON)).copy


@given(ROWS, COPIES, st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_same_row_again_changes_nothing(row, copy, overwrite):
    once = merged(row, copy, overwrite=overwrite).copy
    assert merged(row, once, overwrite=overwrite).copy == once
    assert merged(row, once).copy == once


@given(ROWS, ROWS)
@settings(max_examples=300, deadline=None)
def test_two_rows_of_one_book_again_change_nothing(first, later):
    once = added_to(later, imported(first)).copy
    assert added_to(later, merged(first, once).copy).copy == once


@given(ROWS, ROWS)
@settings(max_examples=300, deadline=None)
def test_a_later_row_of_the_same_book_takes_nothing_away(first, later):
    before = imported(first)
    after = added_to(later, before).copy
    assert {fold(tag) for tag in after.tags} >= {fold(tag) for tag in (*before.tags, *later.tags)}
    assert set(after.readings) >= set(before.readings)
    assert before.notes in after.notes
    assert before.review in after.review
    assert after.rating == (before.rating or later.rating or 0)
    assert (after.status, after.finished_on) == (before.status, before.finished_on)


@given(ROWS, COPIES)
@settings(max_examples=300, deadline=None)
def test_what_the_reader_wrote_themselves_stays(row, copy):
    after = merged(row, copy).copy
    assert after.mine == copy.mine
    assert copy.notes in after.notes
    assert set(copy.tags) <= set(after.tags)
    assert set(copy.readings) <= set(after.readings)
    for name in ("rating", "started_on", "finished_on", "copies", "review"):
        assert not getattr(copy, name) or getattr(after, name) == getattr(copy, name)


@given(ROWS, ROWS)
@settings(max_examples=300, deadline=None)
def test_a_later_file_counts_where_the_reader_has_changed_nothing(first, later):
    after = merged(later, imported(first)).copy
    for name, attribute in [("rating", "rating"), ("status", "status"), ("copies", "copies")]:
        said = getattr(later, name)
        assert said is None or getattr(after, attribute) == said
    for name, attribute in [("started", "started_on"), ("finished", "finished_on")]:
        said = getattr(later, name)
        assert not said or getattr(after, attribute) == said
    assert not later.review or after.review == later.review


@given(ROWS, ROWS, st.integers(0, 10), TAGS)
@settings(max_examples=300, deadline=None)
def test_an_edit_after_the_import_survives_a_later_file(first, later, rating, tags):
    copy = imported(first)
    edited = replace(copy, rating=rating, tags=tags)
    after = merged(later, edited).copy
    if rating != copy.rating:
        assert after.rating == rating
    new = {fold(tag) for tag in tags} - {fold(tag) for tag in copy.tags}
    assert new <= {fold(tag) for tag in after.tags}
