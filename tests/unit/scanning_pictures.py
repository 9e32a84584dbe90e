"""Pictures of barcodes that the tests draw themselves."""

from __future__ import annotations

import random
from collections.abc import Iterable
from io import BytesIO

import zxingcpp
from PIL import Image, ImageFilter, ImageOps
from stdnum import ean

ISBNS = (
    "9780306406157",
    "9783161484100",
    "9781861972712",
    "9788838910661",
    "9784101001548",
    "9782070612758",
)

WITHOUT_LIBZBAR = """
import ctypes

class Refusing(ctypes.CDLL):
    def __init__(self, name=None, *more, **named):
        if name and "zbar" in str(name):
            raise OSError(f"{name} is not there")
        super().__init__(name, *more, **named)

ctypes.CDLL = Refusing
ctypes.cdll = ctypes.LibraryLoader(Refusing)
"""
"""What a Python process runs first to be on a machine without libzbar."""


def checked(stem: str) -> str:
    """A code with its check digit."""
    return stem + str(ean.calc_check_digit(stem))


def isbns(count: int) -> list[str]:
    """Different ISBNs of the English group."""
    return [checked(f"9780306{number:05d}") for number in range(count)]


def label(digits: str, scale: int = 3, add_on: str = "") -> Image.Image:
    """A printed code: black on white, its quiet zones around it."""
    kinds = {
        8: zxingcpp.BarcodeFormat.EAN8,
        12: zxingcpp.BarcodeFormat.UPCA,
        13: zxingcpp.BarcodeFormat.EAN13,
    }
    text = f"{digits} {add_on}" if add_on else digits
    drawn = memoryview(
        zxingcpp.create_barcode(text, kinds[len(digits)]).to_image(scale=scale, add_hrt=not add_on)
    )
    height, width = drawn.shape
    image = Image.frombytes("L", (width, height), drawn.tobytes())
    return ImageOps.expand(image, 4 * scale, 255)


def table(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Something coarse and grey to lay books on."""
    coarse = Image.frombytes(
        "L",
        (size[0] // 16, size[1] // 16),
        random.Random(seed).randbytes(size[0] // 16 * (size[1] // 16)),
    )
    return coarse.resize(size, Image.Resampling.BICUBIC).point(lambda shade: 90 + shade * 0.25)


def lay(onto: Image.Image, code: Image.Image, middle: tuple[int, int], angle: float = 0) -> None:
    """Put a label on a picture, turned by degrees against the clock."""
    turned = code.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    mask = Image.new("L", code.size, 255).rotate(angle, expand=True)
    onto.paste(turned, (middle[0] - turned.width // 2, middle[1] - turned.height // 2), mask)


def photo_of(
    codes: Iterable[tuple[str, tuple[int, int], float]], size: tuple[int, int] = (1600, 1200)
) -> Image.Image:
    """Labels on a table, a little out of focus."""
    picture = table(size)
    for digits, middle, angle in codes:
        lay(picture, label(digits), middle, angle)
    return picture.filter(ImageFilter.GaussianBlur(0.8))


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """A picture as the bytes that are sent."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
