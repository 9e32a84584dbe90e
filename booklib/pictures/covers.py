"""Make a cover ready to be stored: checked, in two sizes, without anything but its pixels."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

from PIL import Image, ImageCms

from booklib.errors import BadPicture
from booklib.models import CoverPictures
from booklib.models.covers import COVER_WIDTHS
from booklib.pictures.opening import open_picture

SMALLEST = (60, 80)
"""Pixels that a cover has at least: the smallest thumbnails that providers give are larger."""
LONGEST = 3
"""How much longer than wide, or wider than long, a cover may be."""

NEAR = 12
"""Steps of a channel (of 255) that are the same colour: flat areas of a JPEG differ by less."""
PRINTED = 0.001
"""The share of pixels in another colour below which there is nothing on a cover. Twenty small
letters on a plain one are about 0.005; the dust of a scan is less than 0.0005."""
LOOKED_AT = 280
"""Pixels of width at which that is measured, without a margin of a sixteenth: many stand-ins have
a frame and nothing in it."""

QUALITY = 80
METHOD = 5
"""WebP's, of 0 to 6: the last step takes twice the time for a hundredth of the size."""

TOO_SMALL = "This picture is too small for a cover: please choose one of at least {} × {} pixels."
TOO_LONG = "A cover is at most three times as long as wide: please cut the picture to its book."
BLANK = "There is nothing on this picture but one colour: please choose another."


def prepare_cover(picture: bytes) -> CoverPictures:
    """The cover in COVER_WIDTHS, never enlarged, upright, as WebP in sRGB; raises BadPicture."""
    image = open_picture(picture)
    _check(image)
    large = _fitted(image, COVER_WIDTHS["large"])
    large = _in_srgb(large)
    small = _fitted(large, COVER_WIDTHS["small"])
    return CoverPictures(_webp(large), _webp(small), large.width, large.height)


def _check(image: Image.Image) -> None:
    width, height = image.size
    if width < SMALLEST[0] or height < SMALLEST[1]:
        raise BadPicture(TOO_SMALL.format(*SMALLEST))
    if max(width, height) > LONGEST * min(width, height):
        raise BadPicture(TOO_LONG)
    if _is_blank(image):
        raise BadPicture(BLANK)


def _is_blank(image: Image.Image) -> bool:
    """Whether less than PRINTED of the picture differs from its commonest colour."""
    seen = _fitted(image, LOOKED_AT)
    margin_x, margin_y = seen.width // 16, seen.height // 16
    seen = seen.crop((margin_x, margin_y, seen.width - margin_x, seen.height - margin_y))
    histogram = seen.histogram()
    return all(_other(histogram[at : at + 256]) < PRINTED for at in (0, 256, 512))


def _other(channel: list[int]) -> float:
    """The share of pixels that are far from the commonest value of a channel."""
    commonest = channel.index(max(channel))
    near = sum(channel[max(commonest - NEAR, 0) : commonest + NEAR + 1])
    return 1 - near / sum(channel)


def _fitted(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    height = max(round(image.height * width / image.width), 1)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _in_srgb(image: Image.Image) -> Image.Image:
    """The colours as a browser shows those of a picture without a profile.

    A profile that is damaged or for other channels is left out, as Pillow's own conversion did.
    """
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    with suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
        told = ImageCms.ImageCmsProfile(BytesIO(profile))
        if told.profile.xcolor_space.strip() == "RGB":
            srgb = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, told, srgb, outputMode="RGB") or image
    return image


def _webp(image: Image.Image) -> bytes:
    """Without profile, EXIF or comments: they may tell where the reader was."""
    bare = image.copy()
    bare.info.clear()
    out = BytesIO()
    bare.save(out, "WEBP", quality=QUALITY, method=METHOD)
    return out.getvalue()
