"""The stage of the tests about metadata and jobs."""

import pytest

from tests.unit.metadata_helpers import Stage


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
async def alice(stage):
    return await stage.reader("alice")
