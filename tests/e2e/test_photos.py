"""Large photos hold up nobody else."""

from __future__ import annotations

import pytest

from tests.bench.pictures import while_photos_are_read
from tests.bench.serving import fill

pytestmark = pytest.mark.slow


async def test_the_server_goes_on_while_it_reads_photos_of_twelve_megapixels(tmp_path):
    await fill(tmp_path / "instance", 50)
    found = await while_photos_are_read(tmp_path / "instance", turns=3)
    assert found["worked"] <= 50, found
    assert found["memory"] <= 150, found
