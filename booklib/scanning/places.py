"""Readings brought together by place, so that each barcode counts once and its best one wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import dist
from typing import NamedTuple

from booklib.scanning.engines import Engine, Point, Reading
from booklib.scanning.kinds import looks_like_book
from booklib.scanning.ladder import Prepared

VOTES = 30
"""Votes that one reading of zbar can have at most: tall codes are not surer than that."""
ZXING_VOTES = 6
"""What one reading of zxing-cpp counts for, so that alone it has to read a code three times."""
SURE, FAINT = 14, 6
"""Votes from which a reading is believed, and below which it is not told."""
BOOK_FIRST = 3
"""How many times a book's code outweighs others at its place: a misread book easily becomes a
valid code of other goods, other goods hardly ever begin with 978 when misread."""
LEAD = 2
"""How many times more votes than the next the winner needs to be believed."""
ALIKE, NEAR = 6, 0.6
"""Digits that two readings have in common and how near they are, measured in the code's length, to
be of one code. Misreadings keep most digits; the two codes of a Japanese book share hardly any."""


class Hit(NamedTuple):
    """A reading in pixels of the picture."""

    digits: str
    votes: float
    step: int
    engine: Engine
    corners: tuple[Point, ...]
    middle: Point
    length: float

    @classmethod
    def of(cls, reading: Reading, engine: Engine, step: int, prepared: Prepared) -> Hit:
        """Lay a reading of a prepared image back into the picture.

        Scan lines of an enlarged image repeat each other, so their votes count less.
        """
        corners = tuple(prepared.back(point) for point in reading.corners)
        middle = (
            sum(x for x, _ in corners) / len(corners),
            sum(y for _, y in corners) / len(corners),
        )
        length = 2 * max(dist(middle, corner) for corner in corners)
        votes = reading.votes / max(1.0, prepared.scale)
        if engine == "zxing":
            votes = ZXING_VOTES
        return cls(reading.digits, min(votes, VOTES), step, engine, corners, middle, length)


@dataclass(slots=True)
class Spot:
    """The hits of one barcode, or of what was taken for one."""

    hits: list[Hit] = field(default_factory=list)

    @property
    def length(self) -> float:
        """Pixels from corner to corner of its longest reading."""
        return max(hit.length for hit in self.hits)

    def ranking(self) -> list[tuple[str, float]]:
        """Each reading with its votes, the best first."""
        votes: defaultdict[str, float] = defaultdict(float)
        for hit in self.hits:
            votes[hit.digits] += hit.votes
        first = {hit.digits: at for at, hit in reversed(list(enumerate(self.hits)))}

        def weight(digits: str) -> tuple[float, int]:
            return (-votes[digits] * (BOOK_FIRST if looks_like_book(digits) else 1), first[digits])

        return [(digits, votes[digits]) for digits in sorted(votes, key=weight)]

    @property
    def digits(self) -> str:
        """The best reading."""
        return self.ranking()[0][0]

    @property
    def is_told(self) -> bool:
        """Whether there is enough to speak of a barcode at all."""
        digits, votes = self.ranking()[0]
        if looks_like_book(digits):
            return votes >= FAINT
        # zxing-cpp alone, without anybody to contradict it, takes some books for goods.
        alone = all(hit.engine == "zxing" for hit in self.hits)
        return votes >= (4 * ZXING_VOTES if alone else SURE)

    @property
    def is_sure(self) -> bool:
        """Whether the best reading is believed without asking anybody."""
        (digits, votes), *others = self.ranking()
        book = looks_like_book(digits)
        tries = {hit.step for hit in self.hits if hit.digits == digits}
        if votes < SURE or (len(tries) < 2 and votes < 2 * SURE):
            return False
        return all(
            votes * (BOOK_FIRST if book and not looks_like_book(other) else 1) >= LEAD * theirs
            for other, theirs in others
        )

    def corners(self) -> Iterable[Point]:
        """The corners of all that read what won."""
        digits = self.digits
        return [corner for hit in self.hits if hit.digits == digits for corner in hit.corners]


def add(spots: list[Spot], hit: Hit) -> None:
    """Put a hit to the spot where it lies, or to a new one."""
    for spot in spots:
        if any(_same_place(hit, other) for other in spot.hits):
            spot.hits.append(hit)
            return
    spots.append(Spot([hit]))


def _same_place(one: Hit, other: Hit) -> bool:
    apart = dist(one.middle, other.middle)
    longer = max(one.length, other.length)
    if apart > longer:
        return False
    alike = sum(a == b for a, b in zip(one.digits, other.digits, strict=False))
    if alike >= ALIKE and apart <= NEAR * longer:
        return True
    return _holds(one, other.middle) or _holds(other, one.middle)


def _holds(hit: Hit, point: Point) -> bool:
    """Whether a point lies in the hit's outline, which is convex, or just beside it."""
    grown = [_outward(corner, hit.middle) for corner in hit.corners]
    sides = {
        (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0
        for a, b in pairwise([*grown, grown[0]])
    }
    return len(grown) > 2 and len(sides) == 1


def _outward(corner: Point, middle: Point) -> Point:
    return (
        middle[0] + (corner[0] - middle[0]) * 1.1,
        middle[1] + (corner[1] - middle[1]) * 1.1,
    )


def in_rows(boxes: Sequence[tuple[float, float, float, float]]) -> list[int]:
    """The order in which boxes (left, top, width, height) are read: rows, each from the left."""
    rows: list[list[int]] = []
    for at in sorted(range(len(boxes)), key=lambda at: _centre(boxes[at])):
        first = boxes[rows[-1][0]] if rows else None
        if first and _centre(boxes[at]) < first[1] + first[3]:
            rows[-1].append(at)
        else:
            rows.append([at])
    return [at for row in rows for at in sorted(row, key=lambda at: boxes[at][0])]


def _centre(box: tuple[float, float, float, float]) -> float:
    return box[1] + box[3] / 2
