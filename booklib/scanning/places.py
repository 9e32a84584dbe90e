"""Readings brought together by place, so that each barcode counts once and its best one wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import atan2, dist
from typing import NamedTuple

from booklib.scanning.bars import Region
from booklib.scanning.engines import Engine, Point, Reading
from booklib.scanning.kinds import looks_like_book
from booklib.scanning.ladder import Prepared

VOTES = 30
"""Votes that one reading of zbar can have at most: tall codes are not surer than that."""
ZXING_VOTES = 6
"""What one reading of zxing-cpp counts for, so that alone it has to read a code three times."""
SURE, FAINT = 14, 6
"""Votes from which a reading is believed, and below which it is not told."""
LEAD = 2
"""How many times more votes than a rival's the winner needs to be believed."""
BOOK_FIRST = 3
"""How many times a book's code outweighs others at its place: a misread book easily becomes a
valid code of other goods, other goods hardly ever begin with 978 when misread."""
LOWEST = 0.2
"""How high a code is at least, measured in its length, where few of its lines were read."""
ALIKE, NEAR = 6, 0.6
"""Digits that two readings have in common and how near they are, measured in the code's length, to
be of one code. Misreadings keep most digits; the two codes of a Japanese book share hardly any."""


class Hit(NamedTuple):
    """A reading in pixels of the picture."""

    digits: str
    votes: float
    attempt: int
    engine: Engine
    corners: tuple[Point, ...]
    middle: Point
    length: float
    """From corner to corner."""
    exact: bool
    """Whether the corners can be trusted: zbar's span several codes where those stand in a row."""

    @classmethod
    def of(cls, reading: Reading, engine: Engine, attempt: int, prepared: Prepared) -> Hit:
        """Lay a reading of a prepared image back into the picture.

        Scan lines of an enlarged image repeat each other, so their votes count less.
        """
        corners = tuple(prepared.back(point) for point in reading.corners)
        middle = (
            sum(x for x, _ in corners) / len(corners),
            sum(y for _, y in corners) / len(corners),
        )
        length = 2 * max(dist(middle, corner) for corner in corners)
        votes = ZXING_VOTES if engine == "zxing" else reading.votes / max(1.0, prepared.scale)
        exact = engine == "zxing" or prepared.is_cut
        return cls(
            reading.digits, min(votes, VOTES), attempt, engine, corners, middle, length, exact
        )

    def holds(self, point: Point) -> bool:
        """Whether a point lies in the outline, which is convex, or just beside it."""
        grown = [
            (
                self.middle[0] + (x - self.middle[0]) * 1.1,
                self.middle[1] + (y - self.middle[1]) * 1.1,
            )
            for x, y in self.corners
        ]
        sides = {
            (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0
            for a, b in pairwise([*grown, grown[0]])
        }
        return len(grown) > 2 and len(sides) == 1


@dataclass(slots=True)
class Spot:
    """The hits at one place that agree."""

    hits: list[Hit]
    votes: float = 0
    attempts: set[int] = field(default_factory=set)
    rivals: float = 0
    """The votes of the strongest other reading at the same place, as `settle` found them."""

    @property
    def digits(self) -> str:
        """What was read."""
        return self.hits[0].digits

    @property
    def best(self) -> Hit:
        """The hit that tells the place best."""
        return max(self.hits, key=lambda hit: (hit.exact, hit.engine == "zxing", hit.length))

    @property
    def weight(self) -> float:
        """Votes, those of a book counted for more."""
        return self.votes * (BOOK_FIRST if looks_like_book(self.digits) else 1)

    @property
    def needed(self) -> float:
        """Votes that make the reading believed."""
        # zxing-cpp alone, without anybody to contradict it, takes some books for goods.
        alone = all(hit.engine == "zxing" for hit in self.hits)
        return 4 * ZXING_VOTES if alone and not looks_like_book(self.digits) else SURE

    @property
    def is_told(self) -> bool:
        """Whether there is enough to speak of a barcode at all."""
        return self.votes >= (FAINT if looks_like_book(self.digits) else self.needed)

    @property
    def is_sure(self) -> bool:
        """Whether the reading is believed without asking anybody."""
        needed = self.needed if len(self.attempts) > 1 else 2 * SURE
        return self.votes >= needed and self.weight >= LEAD * self.rivals

    def add(self, hit: Hit) -> None:
        """Count one more reading of the same digits."""
        self.hits.append(hit)
        self.votes += hit.votes
        self.attempts.add(hit.attempt)

    def corners(self) -> Iterable[Point]:
        """The corners of the hits that tell the place best."""
        best = self.best
        return [
            corner
            for hit in self.hits
            if hit.exact == best.exact and dist(hit.middle, best.middle) <= best.length / 2
            for corner in hit.corners
        ]

    def region(self) -> Region | None:
        """Where zxing-cpp saw the code, which tells the corners in their order."""
        hit = next((hit for hit in self.hits if hit.engine == "zxing"), None)
        if hit is None:
            return None
        (left, top), right, _, below = hit.corners
        length, height = dist((left, top), right), dist((left, top), below)
        angle = atan2(right[1] - top, right[0] - left)
        return Region(hit.middle, angle, length, max(height, LOWEST * length))


@dataclass(slots=True)
class Board:
    """All spots of a picture."""

    spots: dict[str, list[Spot]] = field(default_factory=dict)

    def add(self, hit: Hit) -> None:
        """Put a hit to the nearest spot of the same digits, or to a new one."""
        spots = self.spots.setdefault(hit.digits, [])
        near = min(spots, key=lambda spot: dist(spot.best.middle, hit.middle), default=None)
        if near is None or not _is_same(near.best, hit):
            near = Spot([])
            spots.append(near)
        near.add(hit)

    def at(self, region: Region) -> Spot | None:
        """The spot that wins in a region, if there is any."""
        here = [
            spot
            for spots in self.spots.values()
            for spot in spots
            if any(region.holds(hit.middle) for hit in spot.hits if hit.exact)
        ]
        return next(iter(settle(here)), None)

    def settled(self) -> list[Spot]:
        """The winners of all places."""
        return settle([spot for spots in self.spots.values() for spot in spots])


def settle(spots: Sequence[Spot]) -> list[Spot]:
    """The strongest spot of each place, the strongest first; each is told its rivals."""
    winners: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: -spot.weight):
        spot.rivals = 0
        winner = next((winner for winner in winners if _are_rivals(winner, spot)), None)
        if winner is None:
            winners.append(spot)
        elif winner.digits != spot.digits:
            winner.rivals = max(winner.rivals, spot.weight)
    return winners


def _is_same(one: Hit, other: Hit) -> bool:
    """Whether two hits of the same digits are of one code, not of two copies of a book."""
    if one.exact != other.exact:
        return True  # zbar tells the place of a code's neighbour in the row, at times
    near = dist(one.middle, other.middle) <= NEAR * max(one.length, other.length)
    return near or (not one.exact and one.holds(other.middle))


def _are_rivals(one: Spot, other: Spot) -> bool:
    """Whether two spots are readings of one code."""
    a, b = one.best, other.best
    apart = dist(a.middle, b.middle)
    if apart > max(a.length, b.length):
        return False
    alike = sum(x == y for x, y in zip(a.digits, b.digits, strict=False))
    distinct = a.exact and b.exact and a.digits != b.digits
    if alike >= ALIKE and apart <= NEAR * (min if distinct else max)(a.length, b.length):
        return True
    return a.holds(b.middle) or b.holds(a.middle)


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
