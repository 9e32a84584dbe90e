"""Real photos of barcodes, where the folder with them is there: how many are read, none wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from booklib.scanning import has_libzbar
from tests.bench.barcodes import (
    Tally,
    ours,
    photos,
    rate,
    tallies,
    without_libzbar,
    wrong,
)

LEAST = {"with libzbar": (98, 96), "without libzbar": (93, 90)}
"""Percent of the codes read, in pictures of one book and of several."""
FALSE = "zxing-falsepositives-2"

WAYS = (["with libzbar"] if has_libzbar() else []) + ["without libzbar"]


def read(way: str) -> dict[str, Tally]:
    return tallies(ours) if way == "with libzbar" else without_libzbar()


if photos():

    @pytest.mark.slow
    @pytest.mark.parametrize("way", WAYS)
    def test_nearly_every_code_of_a_photo_is_read_and_none_wrongly(way: str) -> None:
        found = read(way)
        assert wrong(found) == []
        assert rate(found, several=False) >= LEAST[way][0]
        assert rate(found, several=True) >= LEAST[way][1]

    @pytest.mark.parametrize(
        "photo", [photo.file for photo in photos() if photo.set == FALSE][::6], ids=lambda p: p.name
    )
    def test_a_photo_without_a_code_gives_none(photo: Path) -> None:
        assert ours(photo) == set()
