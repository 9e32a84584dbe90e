"""An import whose process dies again and again: it goes on as long as it gets further."""

import pytest

from booklib import jobs
from booklib.claims import Claim
from booklib.jobs import LEASE_S, MAX_FAULTS
from booklib.models.ids import new_id
from booklib.transfer import imports
from booklib.transfer.plans import CHUNK
from tests.factories import a_job
from tests.goodreads import isbn_of
from tests.unit.metadata_helpers import Killed

CHUNKS = MAX_FAULTS + 4


async def handed_in(stage, user):
    """The id of an import of so many chunks, read and asked for."""
    ident = new_id()
    file = "Title,ISBN\n" + "".join(f"Book {n},{isbn_of(n)}\n" for n in range(CHUNKS * CHUNK))
    await stage.files.put(f"imports/{user.user_id}/{ident}/upload", file.encode())
    await imports.begin(stage.world, user, ident, "books.csv")
    await jobs.run(stage.world, f"import-read:{user.user_id}:{ident}")
    await imports.apply(stage.world, user, ident, overwrite=False, doubtful="skip", choices={})
    return ident


async def test_it_may_die_after_every_chunk(stage, alice):
    ident = await handed_in(stage, alice)
    for _ in range(CHUNKS - 1):
        stage.storage.kill_after = "save_job"
        with pytest.raises(Killed):
            await jobs.run(stage.world, f"import:{alice.user_id}:{ident}")
        stage.clock.advance(seconds=LEASE_S + 1)
    await jobs.run(stage.world, f"import:{alice.user_id}:{ident}")
    user = await stage.storage.user(alice.user_id)
    state = await imports.look(stage.world, user, ident)
    assert (state.stage, state.counts["new"]) == ("done", CHUNKS * CHUNK)
    assert user.total == CHUNKS * CHUNK


async def test_what_went_wrong_before_a_step_counts_no_longer(stage):
    await stage.storage.add_job(a_job(attempts=4, payload={"waits": 2, "chunk": 1}))
    job = await stage.storage.claim_job("lookup:b1", stage.clock.now, LEASE_S)
    claim = Claim(stage.world, job, LEASE_S)
    await claim.advance(chunk=2)
    stored = await stage.storage.job("lookup:b1")
    assert (stored.attempts, stored.payload) == (1, {"waits": 0, "chunk": 2})
    assert stored == claim.job
