"""Pictures of covers that nobody has drawn, for tests: any size, the same for the same number."""

import random
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw

SIZES = ((400, 600), (380, 600), (420, 600), (500, 500), (330, 600), (480, 600), (600, 450))


@cache
def a_cover(number: int = 1, size: tuple[int, int] | None = None, form: str = "JPEG") -> bytes:
    """A cover of stripes, grain and a panel for its title; by default in one of SIZES."""
    dice = random.Random(number)
    width, height = size or SIZES[number % len(SIZES)]
    image = Image.new("RGB", (width, height), _colour(dice))
    draw = ImageDraw.Draw(image)
    for _ in range(9):
        left, top = dice.randrange(width), dice.randrange(height)
        right, below = left + dice.randrange(width), top + dice.randrange(height // 4 + 1)
        draw.rectangle((left, top, right, below), fill=_colour(dice))
    band = (width, height // 4)
    grain = Image.frombytes("L", band, dice.randbytes(band[0] * band[1]))
    image.paste(grain, (0, height * 3 // 4))
    panel = (width // 8, height // 6, width * 7 // 8, height // 2)
    draw.rectangle(panel, fill="#f4ecdc", outline="#2b2420", width=max(width // 100, 1))
    draw.text((width // 6, height // 4), f"No. {number}", fill="#2b2420", font_size=width // 11)
    return _saved(image, form)


@cache
def one_colour(size: tuple[int, int] = (400, 600), colour: str = "#cccccc") -> bytes:
    """The grey picture that says: no cover."""
    return _saved(Image.new("RGB", size, colour), "PNG")


def _colour(dice: random.Random) -> tuple[int, int, int]:
    return dice.randrange(256), dice.randrange(256), dice.randrange(256)


def _saved(image: Image.Image, form: str) -> bytes:
    file = BytesIO()
    image.save(file, form)
    return file.getvalue()
