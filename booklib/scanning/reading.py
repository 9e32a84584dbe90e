"""Read every barcode of one picture: climb the ladder until it is safe to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO

from PIL import Image

from booklib.models.scans import Code, CodeKind, Place, Scan
from booklib.pictures.opening import Grey, open_grey
from booklib.scanning import kinds, places
from booklib.scanning.advice import advice_for
from booklib.scanning.bars import Region, find_bars
from booklib.scanning.engines import Engine, engines, read
from booklib.scanning.ladder import (
    CONFIRMING,
    FIRST_LOOKS,
    MORE_LOOKS,
    SMALL,
    Look,
    Prepared,
    Step,
    Workshop,
    ladder,
)
from booklib.scanning.places import Board, Hit, Spot

CROPS = 40
"""Codes that are shown as pictures; more nobody compares."""
CROP_WIDTH = 240
"""Pixels that a crop is wide at most."""
CROWD = 24
"""Places with bars beyond which the whole picture is tried first: it is quicker."""
UNREAD = 6
"""Places with bars, the largest first, at which nothing is left untried."""
ALONE = 0.5
"""Part of the picture's longer side from which a code leaves no room for the back of a second
book."""

Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


def scan(picture: bytes, *, deadline: float | None) -> Scan:
    """All barcodes of goods in a JPEG, PNG, WebP or HEIC picture; raises BadPicture.

    `deadline` is a moment of `time.monotonic` after which no new try begins.
    """
    grey = open_grey(picture)
    climb = _Climb(grey.image, deadline)
    climb.run()
    told = [spot for spot in climb.board.settled() if spot.is_told]
    boxes = [_box(spot, grey.image) for spot in told]
    order = places.in_rows(boxes)
    codes = tuple(
        _code(told[at], boxes[at], grey, with_crop=count < CROPS) for count, at in enumerate(order)
    )
    advice = "" if codes else advice_for(grey.image)
    return Scan(grey.width, grey.height, codes, advice, climb.cut_short)


@dataclass(slots=True)
class _Climb:
    """The search through one picture."""

    image: Image.Image
    deadline: float | None
    board: Board = field(default_factory=Board)
    cut_short: bool = False
    tries: int = 0

    def run(self) -> None:
        """Try the whole picture, then each place with bars, then the rest of the ladder."""
        here = engines()
        workshop = Workshop(self.image)
        longest = max(self.image.size)
        steps = ladder(longest, here)
        at_once = 2 if longest <= SMALL else 1
        self._try_all(workshop, steps[:at_once])
        self._confirm(workshop, here)
        if self._is_enough() and self._fills(longest):
            return
        regions = find_bars(self.image)
        later = steps[at_once:]
        if len(regions) > CROWD:
            self._try_all(workshop, [step for step in later if step.search])
            later = [step for step in later if not step.search]
        self._look_closer(workshop, regions, [look for look in FIRST_LOOKS if look.engine in here])
        unread = [region for region in regions if not self._is_read(region)][:UNREAD]
        self._look_closer(workshop, unread, [look for look in MORE_LOOKS if look.engine in here])
        for step in later:
            if not self._is_enough() or (step.search and not self._is_alone(regions)):
                self._try_all(workshop, [step])
        self._confirm(workshop, here)

    def _try_all(self, workshop: Workshop, steps: Sequence[Step]) -> None:
        for step in steps:
            self._try(step.engine, partial(workshop.prepare, step))

    def _confirm(self, workshop: Workshop, here: Sequence[Engine]) -> None:
        """Look again where a code was read once: all readers of it agree, or it stays in doubt."""
        seen = [
            spot.region() for spot in self.board.settled() if not (spot.is_told and spot.is_sure)
        ]
        regions = [region for region in seen if region is not None]
        self._look_closer(workshop, regions, [look for look in CONFIRMING if look.engine in here])

    def _look_closer(
        self, workshop: Workshop, regions: Sequence[Region], looks: Sequence[Look]
    ) -> None:
        for look in looks:
            for region in regions:
                if not self._is_read(region):
                    self._try(look.engine, partial(workshop.cut_out, region, look))

    def _try(self, engine: Engine, prepare: Callable[[], Prepared]) -> None:
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.cut_short = True
        if self.cut_short:
            return
        self.tries += 1
        prepared = prepare()
        for reading in read(engine, prepared.image):
            self.board.add(Hit.of(reading, engine, self.tries, prepared))

    def _is_read(self, region: Region) -> bool:
        """Whether a code was read for sure where the region is."""
        spot = self.board.at(region)
        return spot is not None and spot.is_sure

    def _is_enough(self) -> bool:
        """Whether a book was read for sure and nothing is left in doubt."""
        told = [spot for spot in self.board.settled() if spot.is_told]
        books = any(kinds.looks_like_book(spot.digits) for spot in told)
        return books and all(spot.is_sure for spot in told)

    def _is_alone(self, regions: Sequence[Region]) -> bool:
        """Whether there is no other book in the picture, for want of room or of bars."""
        if self._fills(max(self.image.size)):
            return True
        return bool(regions) and all(self._is_read(region) for region in regions)

    def _fills(self, longest: int) -> bool:
        length = max((spot.best.length for spot in self.board.settled()), default=0)
        return longest <= SMALL // 2 or length > ALONE * longest


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
