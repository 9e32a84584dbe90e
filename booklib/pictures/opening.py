"""Open a picture that somebody sent: safely, upright, in plain colours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from typing import NamedTuple

from PIL import Image

from booklib.errors import BadPicture

MAX_PIXELS = 220_000_000
"""Pixels that a JPEG may have (phones reach 200 million): it can be decoded at a half to an eighth
of its size. Every other picture has to be decoded whole, so it may have MAX_WHOLE or less."""

MAX_WHOLE = 52_000_000
"""Pixels that are decoded whole: 48 million, what phones keep as HEIC, and a little more."""

ENOUGH = 25_000_000
"""Pixels up to which a JPEG is decoded in its full size, and that a WebP may have: its decoder
takes 20 bytes for each."""

EMPTY = "This file is empty: please choose the picture once more."
NO_PICTURE = "This is not a picture: please choose a photo."
DAMAGED = "This picture is damaged or not complete: please send it once more, or take a new one."
HEIC = (
    "HEIC pictures cannot be read here: phones send JPEG by themselves when the picture is chosen "
    "in the browser. The Python package pillow-heif would add HEIC."
)

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_BEGINNINGS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"%PDF": "PDF",
}
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How the values of EXIF's orientation are undone."""

# Pillow's own limit would refuse JPEGs that are decoded small; ours is checked instead.
Image.MAX_IMAGE_PIXELS = None


class Grey(NamedTuple):
    """A picture in grey, and the size in pixels that it was sent in (upright)."""

    image: Image.Image
    width: int
    height: int


class _Decoded(NamedTuple):
    image: Image.Image
    size: tuple[int, int]
    """As the header tells it, before the orientation is undone."""
    orientation: int


def taken() -> tuple[str, ...]:
    """The formats that `open_picture` takes on this machine."""
    return ("JPEG", "PNG", "WEBP", *(("HEIF",) if find_spec("pillow_heif") else ()))


def open_picture(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The picture upright in RGB, of an animation the first frame; raises BadPicture.

    What is transparent becomes white. A JPEG of over ENOUGH pixels comes smaller, by a power of 2.
    """
    with _safely():
        found = _decoded(data, max_pixels, "RGB")
        return _turned(_plain(found.image), found.orientation).convert("RGB")


def open_grey(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Grey:
    """As `open_picture`, but in shades of grey (L), which is faster; raises BadPicture."""
    with _safely():
        found = _decoded(data, max_pixels, "L")
        grey = _turned(_plain(found.image).convert("L"), found.orientation)
        return Grey(grey, *(found.size[::-1] if found.orientation >= 5 else found.size))


@contextmanager
def _safely() -> Iterator[None]:
    """Keep every warning and fault of the decoders in; only BadPicture comes out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (BadPicture, MemoryError):
            raise
        except Exception as error:  # Pillow's plugins raise whatever a damaged file makes them
            raise BadPicture(DAMAGED) from error


def _decoded(data: bytes, max_pixels: int, mode: str) -> _Decoded:
    kind = _kind(data)
    if kind == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    image = Image.open(BytesIO(data), formats=[kind])
    size = image.size
    pixels = size[0] * size[1]
    whole = kind != "JPEG" or "progressive" in image.info  # kept whole even if decoded small
    most = min(max_pixels, ENOUGH if kind == "WEBP" else MAX_WHOLE if whole else max_pixels)
    if pixels > most:
        raise BadPicture(
            f"This picture has {size[0]:,} × {size[1]:,} pixels, too many to open: "
            f"please send it with at most {most // 1_000_000} million."
        )
    scale = next((scale for scale in (1, 2, 4) if pixels / scale**2 <= ENOUGH), 8)
    if kind == "JPEG":
        image.draft(mode, (size[0] // scale, size[1] // scale))
    image.load()
    return _Decoded(image, size, _orientation(image))


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation (CIPA DC-008, tag 0x0112), 1 to 8; 1 (upright) where it is unreadable."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF is no reason to refuse the picture
        return 1
    return value if value in _TURNS else 1


def _kind(data: bytes) -> str:
    """The Pillow format of a file by its first bytes; raises BadPicture where it is not taken."""
    kind = _by_beginning(data)
    if kind in taken():
        return kind
    if not data:
        raise BadPicture(EMPTY)
    if kind == "HEIF":
        raise BadPicture(HEIC)
    if kind:
        raise BadPicture(f"{kind} files are not taken: please send a JPEG, PNG or WebP picture.")
    raise BadPicture(NO_PICTURE)


def _by_beginning(data: bytes) -> str:
    for beginning, kind in _BEGINNINGS.items():
        if data.startswith(beginning):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brands = {data[at : at + 4] for at in (8, *range(16, min(data[3], 64), 4))}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        return "HEIF" if brands & _HEIF_BRANDS else "Video"
    text = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<"):
        return "SVG" if b"<svg" in text else "HTML"
    return ""


def _plain(image: Image.Image) -> Image.Image:
    """Eight bits a channel, nothing transparent: RGB or L."""
    if image.mode.startswith("I"):  # 16 bits a pixel, which `convert` would cut off at 255
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        plain = Image.new("RGB", image.size, "white")
        plain.paste(clear, mask=clear.getchannel("A"))
        return plain
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
