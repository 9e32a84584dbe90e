"""The two barcode decoders: zxing-cpp, and pyzbar where the machine has libzbar."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

import zxingcpp
from PIL import Image

Engine = Literal["zxing", "zbar"]
Point = tuple[float, float]

ZBAR_NAMES = (
    "libzbar.so.0",
    "libzbar.0.dylib",
    "libzbar.dylib",
    "/opt/homebrew/lib/libzbar.dylib",
    "/usr/local/lib/libzbar.dylib",
)
"""Where libzbar may be: by soname for the system's own loader, then where it does not look. The
usual way, `find_library`, needs a compiler or ldconfig and fails on slim machines."""

LAYER_LIBRARY = "lib/libzbar.so.0"
"""Beside the `python` folder that holds pyzbar, which is `/opt/python` on Lambda."""

_FORMATS = zxingcpp.BarcodeFormats(
    [zxingcpp.BarcodeFormat.EAN13, zxingcpp.BarcodeFormat.UPCA, zxingcpp.BarcodeFormat.EAN8]
)


class Reading(NamedTuple):
    """What an engine read at one place of an image."""

    digits: str
    """Eight of an EAN-8, else 13; a UPC-A begins with a zero."""
    votes: int
    """zbar: the scan lines that agreed; zxing-cpp does not tell, so always 1."""
    corners: tuple[Point, ...]
    """Around the code, in pixels of the image; from zbar sometimes only along one of its edges."""


def has_libzbar() -> bool:
    """Whether pyzbar works here."""
    return _zbar() is not None


def engines() -> tuple[Engine, ...]:
    """The decoders that work on this machine."""
    return ("zxing", "zbar") if has_libzbar() else ("zxing",)


def read(engine: Engine, image: Image.Image) -> list[Reading]:
    """All EAN and UPC-A codes of a grey image (mode L); nothing from an engine that is not here.

    UPC-E is left out: no book carries it, and both engines see it in ordinary print. Neither reads
    white bars on black, whatever `try_invert` promises.
    """
    return _by_zxing(image) if engine == "zxing" else _by_zbar(image)


def _by_zxing(image: Image.Image) -> list[Reading]:
    return [
        Reading(
            _digits(found.text),
            1,
            tuple(
                (point.x, point.y)
                for point in (
                    found.position.top_left,
                    found.position.top_right,
                    found.position.bottom_right,
                    found.position.bottom_left,
                )
            ),
        )
        for found in zxingcpp.read_barcodes(image, formats=_FORMATS, try_invert=False)
        if found.text.isascii() and found.text.isdigit()
    ]


def _by_zbar(image: Image.Image) -> list[Reading]:
    decode = _zbar()
    if decode is None:
        return []
    return [
        Reading(
            _digits(found.data.decode("ascii")),
            found.quality,
            tuple((point.x, point.y) for point in found.polygon),
        )
        for found in decode((image.tobytes(), *image.size))
        if found.polygon
    ]


def _digits(text: str) -> str:
    return text if len(text) == 8 else text[:13].zfill(13)


@cache
def _zbar() -> Callable[[Any], list[Any]] | None:
    """pyzbar's `decode` for the codes that goods carry, or None without libzbar."""
    usual = ctypes.util.find_library
    # pyzbar asks `find_library` once, when it is imported.
    ctypes.util.find_library = lambda name: _libzbar() or usual(name)
    try:
        from pyzbar import pyzbar  # type: ignore[import-untyped, unused-ignore]
    except (ImportError, OSError, AttributeError):
        return None
    finally:
        ctypes.util.find_library = usual
    kinds = pyzbar.ZBarSymbol
    # Its reader for DataBar, which is on unless others are asked for, prints to standard error.
    symbols = (kinds.EAN13, kinds.UPCA, kinds.EAN8)
    return lambda pixels: list(pyzbar.decode(pixels, symbols))


def _libzbar() -> str | None:
    names = [*ZBAR_NAMES]
    if (pyzbar := find_spec("pyzbar")) and pyzbar.origin:
        names.append(str(Path(pyzbar.origin).parents[2] / LAYER_LIBRARY))
    for name in names:
        with suppress(OSError):
            ctypes.CDLL(name)
            return name
    return None
