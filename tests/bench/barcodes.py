"""How many book codes are read from photos, how many wrongly, and how fast.

The photos are those of `../shared/data/barcodes`; without that folder nothing is measured.
"""

from __future__ import annotations

import asyncio
import csv
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from booklib.scanning import engines, scan
from tests.bench.report import Row, at_least, at_most, note
from tests.processes import ROOT
from tests.unit.scanning_pictures import ISBNS, WITHOUT_LIBZBAR, label, lay, saved, table

PHOTOS = ROOT.parent / "shared/data/barcodes"
UNREADABLE = "zxing-ean13-5"
"""Out of focus: no known decoder reads any of it."""
SEVERAL = "composite-multi"
"""Three to eight books in each picture."""


class Photo(NamedTuple):
    """One line of `ground_truth.csv`."""

    file: Path
    set: str
    expected: frozenset[str]
    allowed: frozenset[str]
    """What else may be read, being in the picture too."""


class Tally(NamedTuple):
    """What was read of one set of photos."""

    wanted: int
    read: int
    wrong: list[str]
    """ISBNs that are not in the picture, as `file: code`."""
    seconds: list[float]


def photos() -> list[Photo]:
    """All photos that have a ground truth."""
    if not PHOTOS.is_dir():
        return []
    with (PHOTOS / "ground_truth.csv").open(encoding="utf-8", newline="") as file:
        return [
            Photo(
                PHOTOS / row["file"],
                row["set"],
                frozenset(filter(None, row["expected"].split("|"))),
                frozenset(filter(None, f"{row['expected']}|{row['also']}".split("|"))),
            )
            for row in csv.DictReader(file)
        ]


def ours(photo: Path) -> set[str]:
    """The codes that the program is sure of."""
    found = scan(photo.read_bytes(), deadline=None)
    return {code.text for code in found.codes if code.kind != "doubtful"}


def naive(photo: Path) -> set[str]:
    """What the first page of pyzbar's manual does."""
    from pyzbar import pyzbar

    with warnings.catch_warnings(), Image.open(photo) as image:
        warnings.simplefilter("ignore")
        codes = [found.data.decode() for found in pyzbar.decode(image) if found.data.isdigit()]
    return {code[code.startswith("0") and len(code) == 13 :] for code in codes}  # UPC-A as printed


def tallies(reader: Callable[[Path], set[str]]) -> dict[str, Tally]:
    """Read every photo; what came of it, set by set."""
    found: dict[str, Tally] = {}
    for photo in photos():
        tally = found.setdefault(photo.set, Tally(0, 0, [], []))
        started = time.perf_counter()
        codes = reader(photo.file)
        tally.seconds.append(time.perf_counter() - started)
        wrong = [
            f"{photo.file.name}: {code}"
            for code in sorted(codes)
            if code.startswith(("978", "979")) and code not in photo.allowed
        ]
        found[photo.set] = Tally(
            tally.wanted + len(photo.expected),
            tally.read + len(photo.expected & codes),
            tally.wrong + wrong,
            tally.seconds,
        )
    return found


def without_libzbar() -> dict[str, Tally]:
    """The same in a process in which libzbar cannot be loaded."""
    return {name: Tally(*tally) for name, tally in _in_child("tallies(ours)").items()}


def _in_child(what: str) -> dict[str, Any]:
    script = (
        f"{WITHOUT_LIBZBAR}\nimport json\nfrom tests.bench.barcodes import *\n"
        f"assert engines() == ('zxing',)\nprint(json.dumps({what}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rate(found: dict[str, Tally], *, several: bool) -> float:
    """Percent of the codes read in the readable pictures: in those of one book, or of several."""
    counted = [
        tally
        for name, tally in found.items()
        if name != UNREADABLE and (name == SEVERAL) is several
    ]
    return 100 * sum(tally.read for tally in counted) / sum(tally.wanted for tally in counted)


def wrong(found: dict[str, Tally]) -> list[str]:
    """Every wrong ISBN."""
    return [code for tally in found.values() for code in tally.wrong]


async def measure(_: Path) -> list[Row]:
    """Rates, wrong codes and times; ours with and without libzbar, beside naive pyzbar."""
    return await asyncio.to_thread(_measured)


def _measured() -> list[Row]:
    if not photos():
        return [note("barcodes", f"no photos in {PHOTOS.name}")]
    rows: list[Row] = []
    if "zbar" in engines():
        rows += _budgeted("with libzbar", tallies(ours))
        rows += _sets("naive pyzbar", tallies(naive))
    rows += _budgeted("without libzbar", without_libzbar())
    picture = table((4000, 3000))
    lay(picture, label(ISBNS[0]), (2900, 700), 14)
    data = saved(picture)
    started = time.process_time()
    scan(data, deadline=None)
    cpu = time.process_time() - started
    return [*rows, at_most("12 megapixels, one code, one core", 1000 * cpu, 1200, "ms")]


def _budgeted(how: str, found: dict[str, Tally]) -> list[Row]:
    times = [second for tally in found.values() for second in tally.seconds]
    return [
        *_sets(how, found),
        at_least(f"{how}: codes read, one book", rate(found, several=False), 98),
        at_least(f"{how}: codes read, several books", rate(found, several=True), 96),
        at_most(f"{how}: wrong ISBNs", len(wrong(found)), 0, "codes"),
        at_most(f"{how}: p95", 1000 * statistics.quantiles(times, n=20)[-1], 500, "ms"),
    ]


def _sets(how: str, found: dict[str, Tally]) -> list[Row]:
    return [
        note(
            f"{how}: {name}",
            f"{tally.read}/{tally.wanted} read, {len(tally.wrong)} wrong, "
            f"median {1000 * statistics.median(tally.seconds):.0f} ms, "
            f"p95 {1000 * sorted(tally.seconds)[int(0.95 * len(tally.seconds))]:.0f} ms",
        )
        for name, tally in found.items()
    ]
