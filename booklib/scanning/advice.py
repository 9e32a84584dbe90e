"""What would help where nothing could be read: a few simple measures of the picture."""

from __future__ import annotations

from PIL import Image, ImageFilter, ImageStat

from booklib.models.scans import Advice

SMALL = 300
"""Pixels of the longer side below which a book's code has too few for its bars."""
DARK, BRIGHT = 55, 225
"""Mean shades, 0 black to 255 white, outside of which a photo is badly exposed."""
SHARP = 8.0
"""The deviation of the edges at 800 px, in shades, that a photo in focus passes."""
LOOKED_AT = 800


def advice_for(grey: Image.Image) -> Advice:
    """The likeliest reason why a picture gave no code."""
    if max(grey.size) < SMALL:
        return "small"
    image = grey.copy()
    image.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.BOX)
    shade = ImageStat.Stat(image)
    if shade.mean[0] < DARK:
        return "dark"
    if shade.mean[0] > BRIGHT and shade.stddev[0] < 40:
        return "bright"
    if shade.stddev[0] > SHARP and _sharpness(image) < SHARP:
        return "blurred"
    return "nothing"


def _sharpness(image: Image.Image) -> float:
    edges = image.filter(ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 4, -1, 0, -1, 0), 1, 128))
    return float(ImageStat.Stat(edges).stddev[0])
