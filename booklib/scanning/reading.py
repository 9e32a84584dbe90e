"""Read every barcode of one picture: climb the ladder until it is safe to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from booklib.models.scans import Code, CodeKind, Place, Scan
from booklib.pictures.opening import Grey, open_grey
from booklib.scanning import kinds, places
from booklib.scanning.advice import advice_for
from booklib.scanning.engines import engines, read
from booklib.scanning.ladder import SMALL, Workshop, ladder
from booklib.scanning.places import Hit, Spot

CROPS = 40
"""Codes that are shown as pictures; more nobody compares."""
CROP_WIDTH = 240
"""Pixels that a crop is wide at most."""
ALONE = 0.25
"""Part of the picture's longer side from which a code leaves no room for the back of a second
book."""

Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


def scan(picture: bytes, *, deadline: float | None) -> Scan:
    """All barcodes of goods in a JPEG, PNG, WebP or HEIC picture; raises BadPicture.

    `deadline` is a moment of `time.monotonic` after which no new try begins.
    """
    grey = open_grey(picture)
    spots, cut_short = _climb(grey.image, deadline)
    told = [spot for spot in spots if spot.is_told]
    boxes = [_box(spot, grey.image) for spot in told]
    order = places.in_rows(boxes)
    codes = tuple(
        _code(told[at], boxes[at], grey, with_crop=count < CROPS) for count, at in enumerate(order)
    )
    advice = "" if codes else advice_for(grey.image)
    return Scan(grey.width, grey.height, codes, advice, cut_short)


def _climb(image: Image.Image, deadline: float | None) -> tuple[list[Spot], bool]:
    """The spots found, and whether the time was over before the ladder was."""
    workshop = Workshop(image)
    spots: list[Spot] = []
    for number, step in enumerate(ladder(max(image.size), engines())):
        enough = _enough(spots)
        if enough and (not step.search or _alone(spots, image)):
            continue
        if deadline is not None and time.monotonic() >= deadline:
            return spots, True
        prepared = workshop.prepare(step)
        for reading in read(step.engine, prepared.image):
            places.add(spots, Hit.of(reading, step.engine, number, prepared))
    return spots, False


def _enough(spots: Sequence[Spot]) -> bool:
    """Whether a book was read for sure and nothing is left in doubt."""
    return any(kinds.looks_like_book(spot.digits) for spot in spots) and all(
        spot.is_sure for spot in spots if spot.is_told
    )


def _alone(spots: Sequence[Spot], image: Image.Image) -> bool:
    """Whether the codes are so large that there is no other book in the picture."""
    longest = max(image.size)
    return longest <= SMALL // 2 or max(spot.length for spot in spots) > ALONE * longest


def _code(spot: Spot, box: Box, grey: Grey, *, with_crop: bool) -> Code:
    digits = spot.digits
    kind: CodeKind = kinds.kind_of(digits)
    if kind == "book" and not spot.is_sure:
        kind = "doubtful"
    isbn = digits if kinds.looks_like_book(digits) else None
    width, height = grey.image.size
    place = Place(box[0] / width, box[1] / height, box[2] / width, box[3] / height)
    crop = _crop(grey.image, box) if with_crop else b""
    return Code(kind, kinds.as_printed(digits), isbn, place, crop)


def _box(spot: Spot, image: Image.Image) -> Box:
    """The upright rectangle around a spot, within the picture; never a mere line."""
    xs, ys = zip(*spot.corners(), strict=True)
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    least = max(right - left, bottom - top) * 0.3 + 2
    across, down = max(0.0, least - (right - left)) / 2, max(0.0, least - (bottom - top)) / 2
    left, right = max(0.0, left - across), min(float(image.width), right + across)
    top, bottom = max(0.0, top - down), min(float(image.height), bottom + down)
    return left, top, right - left, bottom - top


def _crop(image: Image.Image, box: Box) -> bytes:
    """A small JPEG of a code and a little around it."""
    margin = 0.15 * max(box[2], box[3])
    part = image.crop(
        (
            max(0, int(box[0] - margin)),
            max(0, int(box[1] - margin)),
            min(image.width, int(box[0] + box[2] + margin) + 1),
            min(image.height, int(box[1] + box[3] + margin) + 1),
        )
    )
    part.thumbnail((CROP_WIDTH, CROP_WIDTH), Image.Resampling.LANCZOS)
    file = BytesIO()
    part.save(file, "JPEG", quality=70)
    return file.getvalue()
