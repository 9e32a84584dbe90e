"""Where bars are in a picture, and how they lie: what is worth a closer look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import atan2, cos, hypot, sin
from typing import NamedTuple

from PIL import Image, ImageChops

from booklib.scanning.engines import Point

LOOKED_AT = 1600
"""Pixels of the longer side at which bars are looked for."""
CELLS = 100
"""Cells along the longer side, each of which has one direction."""
STEEP = 14
"""Shades that neighbouring pixels of bars differ by, both directions taken together."""
ALIKE = 0.3
"""How much more a cell changes across its bars than along them, 0 to 1; print reaches 0.25."""
TURN = 0.7
"""The cosine of twice the angle that neighbouring cells of one code may differ by."""
FEWEST = 6
"""Cells that a code covers at least."""
NARROWEST = 0.55
"""How much longer across the bars than along them a region is at least: others are edges."""
SHORTEST = 40
"""Pixels across the bars below which there are too few for 95 modules."""
MOST = 80
"""Regions that are looked at, the largest first."""
STRIPS, STRIP_WIDTH, STRIP_HEIGHT = 3, 280, 6
"""Lines across a region that are looked at, and their pixels."""
SWINGS = range(22, 80)
"""Changes between dark and bright across a code: 59 of an EAN-13, fewer where it is blurred."""
SWING = 0.12
"""Part of a line's contrast that counts as a change."""
FAINTEST = 12
"""Shades of contrast that a line has at least."""

_Cell = tuple[int, int]


class Region(NamedTuple):
    """A place full of parallel bars, in pixels of the picture."""

    middle: Point
    angle: float
    """The direction across the bars, in radians with the clock, from pointing right."""
    length: float
    """Across the bars."""
    height: float

    def holds(self, point: Point) -> bool:
        """Whether a point lies in it."""
        x, y = point[0] - self.middle[0], point[1] - self.middle[1]
        if abs(x) + abs(y) > self.length + self.height:
            return False
        along = x * cos(self.angle) + y * sin(self.angle)
        down = y * cos(self.angle) - x * sin(self.angle)
        return abs(along) <= self.length / 2 and abs(down) <= self.height / 2


def find_bars(grey: Image.Image) -> list[Region]:
    """The regions of a grey picture that look like barcodes, the largest first."""
    image = grey
    if max(grey.size) > LOOKED_AT:
        image = grey.copy()
        image.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.BILINEAR, reducing_gap=2.0)
    cell = max(6, max(image.size) // CELLS)
    if min(image.size) < 3 * cell:
        return []
    size = cell * grey.width / image.width
    groups = _groups(_directions(image, cell))
    regions = [
        region
        for region in (_region(group, size) for group in groups if len(group) >= FEWEST)
        if region.length >= max(SHORTEST, NARROWEST * region.height)
    ]
    regions.sort(key=lambda region: -region.length * region.height)
    return [region for region in regions[:MOST] if _is_striped(grey, region)]


def _directions(image: Image.Image, cell: int) -> dict[_Cell, Point]:
    """For each cell with bars, where they point: a vector of twice the angle, weighted."""
    width, height = image.width - 4, image.height - 4

    def change(across: int, down: int) -> Image.Image:
        here = image.crop((2 - across, 2 - down, 2 - across + width, 2 - down + height))
        there = image.crop((2 + across, 2 + down, 2 + across + width, 2 + down + height))
        return ImageChops.difference(here, there).reduce(cell)

    grids = [change(1, 0), change(0, 1), change(1, 1), change(1, -1)]
    columns = grids[0].width
    found: dict[_Cell, Point] = {}
    for at, (right, below, falling, rising) in enumerate(
        zip(*(grid.tobytes() for grid in grids), strict=True)
    ):
        vector = (float(right - below), float(falling - rising))
        steepness = right + below
        if steepness >= STEEP and hypot(*vector) >= ALIKE * steepness:
            found[at % columns, at // columns] = vector
    return found


def _groups(cells: dict[_Cell, Point]) -> Iterable[dict[_Cell, Point]]:
    """Neighbouring cells of nearly one direction."""
    left = dict(cells)
    while left:
        start, vector = left.popitem()
        group = {start: vector}
        edge = [start]
        while edge:
            x, y = edge.pop()
            for near in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)):
                if near in left and _alike(group[x, y], left[near]):
                    group[near] = left.pop(near)
                    edge.append(near)
        yield group


def _alike(one: Point, other: Point) -> bool:
    dot = one[0] * other[0] + one[1] * other[1]
    return dot >= TURN * hypot(*one) * hypot(*other)


def _region(group: dict[_Cell, Point], size: float) -> Region:
    angle = atan2(sum(y for _, y in group.values()), sum(x for x, _ in group.values())) / 2
    along = _spread(group, lambda x, y: x * cos(angle) + y * sin(angle))
    down = _spread(group, lambda x, y: y * cos(angle) - x * sin(angle))
    middle, across = (along[0] + along[1]) / 2, (down[0] + down[1]) / 2
    return Region(
        (
            (middle * cos(angle) - across * sin(angle)) * size,
            (middle * sin(angle) + across * cos(angle)) * size,
        ),
        angle,
        (along[1] - along[0] + 1) * size,
        (down[1] - down[0] + 1) * size,
    )


def level(
    grey: Image.Image, region: Region, size: tuple[int, int], scale: float
) -> tuple[Image.Image, Callable[[Point], Point]]:
    """A region cut out with its bars upright, and how the pixels of the cut lie in the picture.

    `scale` is in pixels of the cut for one of the picture.
    """
    cosine, sine = cos(region.angle), sin(region.angle)

    def back(point: Point) -> Point:
        x, y = (point[0] - size[0] / 2) / scale, (point[1] - size[1] / 2) / scale
        return (region.middle[0] + x * cosine - y * sine, region.middle[1] + x * sine + y * cosine)

    finer = max(1, int(1 / scale))  # so that no pixel of a large picture is passed over
    corner, step = back((0, 0)), 1 / (scale * finer)
    cut = grey.transform(
        (size[0] * finer, size[1] * finer),
        Image.Transform.AFFINE,
        (cosine * step, -sine * step, corner[0], sine * step, cosine * step, corner[1]),
        Image.Resampling.BILINEAR,
    )
    return cut.reduce(finer), back


def _is_striped(grey: Image.Image, region: Region) -> bool:
    """Whether most lines across a region swing as often between dark and bright as a code does."""
    striped = 0
    cosine, sine = cos(region.angle), sin(region.angle)
    for strip in range(STRIPS):
        aside = ((strip + 1) / (STRIPS + 1) - 0.5) * region.height
        middle = (region.middle[0] - sine * aside, region.middle[1] + cosine * aside)
        scale = STRIP_WIDTH / region.length
        size = (STRIP_WIDTH, STRIP_HEIGHT)
        cut, _ = level(grey, region._replace(middle=middle), size, scale)
        line = cut.resize((STRIP_WIDTH, 1), Image.Resampling.BOX).tobytes()
        striped += _swings(line) in SWINGS
    return striped * 2 > STRIPS


def _swings(line: bytes) -> int:
    """How often a line of shades turns, small ripples left out."""
    contrast = max(line) - min(line)
    if contrast < FAINTEST:
        return 0
    least = max(4.0, SWING * contrast)
    low = high = line[0]
    rising, swings = True, 0
    for shade in line:
        low, high = min(low, shade), max(high, shade)
        if rising and shade < high - least:
            rising, low, swings = False, shade, swings + 1
        elif not rising and shade > low + least:
            rising, high, swings = True, shade, swings + 1
    return swings


def _spread(group: Iterable[_Cell], place: Callable[[float, float], float]) -> tuple[float, float]:
    places = [place(x + 0.5, y + 0.5) for x, y in group]
    return min(places), max(places)
