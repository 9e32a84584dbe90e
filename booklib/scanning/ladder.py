"""The preparations of a picture that are tried, in the order of what they bring for their time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, radians, sin
from typing import Literal, NamedTuple

from PIL import Image, ImageChops, ImageFilter, ImageOps

from booklib.scanning.bars import Region, level
from booklib.scanning.engines import Engine, Point

Treatment = Literal["grey", "contrast", "sharp", "flat", "inverted", "combed"]

SMALL = 1000
"""Pixels of the longer side up to which every step is cheap."""
LARGEST = 2400
"""Pixels of the longer side beyond which zbar takes long for little."""


class Step(NamedTuple):
    """One try: an engine, the longer side in pixels, a treatment, degrees against the clock."""

    engine: Engine
    side: int
    treatment: Treatment = "grey"
    angle: int = 0
    search: bool = False
    """Whether it finds further codes of a picture in which one was read already."""


class Look(NamedTuple):
    """One try at a region that is cut out and laid level: pixels across, and a treatment."""

    engine: Engine
    width: int
    treatment: Treatment


FIRST_LOOKS = (
    Look("zxing", 420, "grey"),
    Look("zbar", 420, "grey"),
    Look("zxing", 640, "sharp"),
    Look("zxing", 420, "combed"),
)
"""Taken at every region."""
MORE_LOOKS = (
    Look("zbar", 640, "contrast"),
    Look("zbar", 420, "inverted"),
    Look("zxing", 420, "inverted"),
    Look("zxing", 640, "inverted"),
    Look("zxing", 300, "inverted"),
    Look("zxing", 520, "inverted"),
    Look("zxing", 640, "combed"),
    Look("zxing", 420, "sharp"),
    Look("zbar", 640, "flat"),
)
"""Taken where something is left to be found."""
CONFIRMING = (
    Look("zbar", 420, "grey"),
    Look("zxing", 420, "grey"),
    Look("zxing", 420, "combed"),
    Look("zxing", 640, "grey"),
    Look("zxing", 300, "grey"),
    Look("zxing", 640, "sharp"),
    Look("zbar", 640, "contrast"),
    Look("zxing", 640, "combed"),
    Look("zxing", 520, "sharp"),
    Look("zxing", 360, "sharp"),
    Look("zxing", 520, "combed"),
    Look("zxing", 520, "grey"),
)
"""Taken where a code was read once."""
QUIET = 1.35
"""How much wider than its bars a region is cut out: a code needs its quiet zones."""
TALLEST = 0.6
"""How much of a region is cut out along its bars, measured in its length: more tells no more."""


class Prepared(NamedTuple):
    """An image to be read, and how its pixels lie in the picture."""

    image: Image.Image
    scale: float
    """Pixels of the image for one of the picture."""
    back: Callable[[Point], Point]
    is_cut: bool = False
    """Whether it holds one region only."""


def ladder(side: int, engines: tuple[Engine, ...]) -> list[Step]:
    """The steps for a picture with this longer side, without those of engines that are not here."""
    steps = _small(side) if side <= SMALL else _large(side)
    if "zbar" not in engines:
        steps += _slanted(min(side, 1600))
    return [step for step in steps if step.engine in engines]


def _small(side: int) -> list[Step]:
    return [
        Step("zxing", side, search=True),
        Step("zbar", side, search=True),
        Step("zxing", 480, "sharp"),
        Step("zbar", 700, "contrast", search=True),
        Step("zbar", 500, "contrast"),
        Step("zxing", 700, "sharp"),
        Step("zbar", 1000, search=True),
        Step("zbar", 480, "flat"),
        Step("zxing", 1000, "sharp"),
        Step("zbar", 700, "flat"),
        Step("zbar", 700, angle=45, search=True),
        Step("zbar", 700, "inverted", search=True),
        Step("zxing", side, "inverted", search=True),
        Step("zxing", 1000, "flat"),
        Step("zbar", 1000, "contrast"),
        Step("zxing", 1400, "sharp"),
    ]


def _large(side: int) -> list[Step]:
    most = min(side, LARGEST)
    middle = min(side, 1600)
    return [
        Step("zxing", side, search=True),
        Step("zbar", 1000, search=True),
        Step("zbar", middle, search=True),
        Step("zxing", 1000, search=True),
        Step("zbar", 500),
        Step("zxing", 500),
        Step("zbar", middle, angle=45, search=True),
        Step("zbar", 1000, "inverted", search=True),
        Step("zxing", middle, "inverted", search=True),
        Step("zbar", most, search=True),
        Step("zxing", 700, "sharp"),
        Step("zbar", 700, "contrast"),
        Step("zxing", middle, "sharp"),
        Step("zbar", 1000, "flat"),
        Step("zbar", 700, angle=45),
        Step("zxing", 1000, "flat"),
        Step("zbar", 500, "flat"),
        Step("zbar", middle, "inverted"),
        Step("zbar", middle, "contrast"),
    ]


def _slanted(side: int) -> list[Step]:
    """zxing-cpp looks along rows and columns only."""
    return [
        *(Step("zxing", side, angle=angle, search=True) for angle in (45, 22, 67)),
        *(Step("zxing", min(side, 1000), "sharp", angle) for angle in (45, 22, 67)),
        Step("zxing", side, "flat"),
    ]


@dataclass(slots=True)
class Workshop:
    """Prepares one grey picture, and keeps its sizes."""

    picture: Image.Image
    _sizes: dict[int, Image.Image] = field(default_factory=dict)
    _cuts: dict[tuple[Region, int], tuple[Image.Image, Callable[[Point], Point]]] = field(
        default_factory=dict
    )

    def prepare(self, step: Step) -> Prepared:
        """The image of a step."""
        image = self._sized(step.side)
        scale = image.width / self.picture.width
        image = _TREATMENTS[step.treatment](image)
        if not step.angle:
            return Prepared(image, scale, lambda point: (point[0] / scale, point[1] / scale))
        turned = image.rotate(
            step.angle, Image.Resampling.BILINEAR, expand=True, fillcolor=_paper(image)
        )
        return Prepared(turned, scale, _turned_back(turned.size, image.size, step.angle, scale))

    def cut_out(self, region: Region, look: Look) -> Prepared:
        """A region, its bars upright, in the size of a look."""
        scale = look.width / (region.length * QUIET)
        key = (region, look.width)
        if key not in self._cuts:
            tall = min(region.height, TALLEST * region.length)
            size = (look.width, max(24, round(tall * scale)))
            self._cuts[key] = level(self.picture, region, size, scale)
        image, back = self._cuts[key]
        return Prepared(_TREATMENTS[look.treatment](image), scale, back, is_cut=True)

    def _sized(self, side: int) -> Image.Image:
        if side not in self._sizes:
            longest = max(self.picture.size)
            size = [max(1, round(length * side / longest)) for length in self.picture.size]
            kind = Image.Resampling.BICUBIC if side > longest else Image.Resampling.BILINEAR
            self._sizes[side] = (
                self.picture
                if side == longest
                else self.picture.resize((size[0], size[1]), kind, reducing_gap=2.0)
            )
        return self._sizes[side]


def _turned_back(
    turned: tuple[int, int], upright: tuple[int, int], angle: int, scale: float
) -> Callable[[Point], Point]:
    """How pixels of an image that Pillow turned around its middle lie in the picture."""
    cosine, sine = cos(radians(angle)), sin(radians(angle))

    def back(point: Point) -> Point:
        x, y = point[0] - turned[0] / 2, point[1] - turned[1] / 2
        return (
            (x * cosine - y * sine + upright[0] / 2) / scale,
            (x * sine + y * cosine + upright[1] / 2) / scale,
        )

    return back


def _paper(image: Image.Image) -> int:
    """A shade for the corners beside a turned picture: its own middle one makes no false edge."""
    return int(image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)))  # type: ignore[arg-type]


def _sharpened(image: Image.Image) -> Image.Image:
    """Against blur: bars of one module's width become as dark as wide ones."""
    return image.filter(ImageFilter.UnsharpMask(max(2, max(image.size) // 300), 300, 0))


def _flattened(image: Image.Image) -> Image.Image:
    """Against glare and shadow: each pixel beside the mean of its neighbourhood."""
    around = image.filter(ImageFilter.BoxBlur(max(4, max(image.size) // 30)))
    return ImageChops.subtract(image, around, scale=0.35, offset=128)


def _combed(image: Image.Image) -> Image.Image:
    """Against grain and gaps: along upright bars, each pixel becomes the mean of its neighbours."""
    low = image.resize((image.width, max(3, image.height // 12)), Image.Resampling.BOX)
    return _sharpened(low.resize(image.size, Image.Resampling.BILINEAR))


_TREATMENTS: dict[Treatment, Callable[[Image.Image], Image.Image]] = {
    "grey": lambda image: image,
    "contrast": lambda image: ImageOps.autocontrast(image, cutoff=1),
    "sharp": _sharpened,
    "flat": _flattened,
    "inverted": ImageOps.invert,
    "combed": _combed,
}
