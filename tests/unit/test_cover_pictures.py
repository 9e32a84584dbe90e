"""Covers made ready to be stored, from every kind of picture that people and providers have."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFilter

from booklib.errors import BadPicture
from booklib.models import CoverPictures
from booklib.pictures.covers import prepare_cover


def drawn(width: int = 600, height: int = 900, mode: str = "RGB") -> Image.Image:
    """A cover with a title and a red band along its top."""
    picture = Image.new("RGB", (width, height), "#204060")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width, height // 8), "#c02020")
    draw.text((width // 8, height // 3), "A Title", "white", font_size=max(width // 6, 8))
    return picture if mode == "RGB" else picture.convert(mode)


def saved(picture: Image.Image, kind: str, **how: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def is_upright(made: CoverPictures) -> bool:
    red, green, blue = opened(made.large).getpixel((made.width // 2, made.height // 20))  # type: ignore[misc]
    return bool(red > 150 and green < 80 and blue < 80)


def refusal(picture: bytes) -> str:
    with pytest.raises(BadPicture) as refused:
        prepare_cover(picture)
    return str(refused.value)


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "where the reader was"
    return saved(drawn().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def frames() -> bytes:
    others = [Image.new("RGB", (600, 900), colour) for colour in ("white", "black")]
    return saved(drawn(), "WEBP", save_all=True, append_images=others, duration=100)


def sixteen_bits() -> bytes:
    grey = drawn(mode="L")
    return saved(grey.convert("I").point(lambda value: value * 257).convert("I;16"), "PNG")


def clear() -> bytes:
    picture = Image.new("RGBA", (600, 900), (0, 0, 0, 0))
    picture.paste(drawn(600, 450), (0, 0))
    return saved(picture, "PNG")


@pytest.mark.parametrize(
    "picture",
    [
        saved(drawn(), "JPEG"),
        saved(drawn(), "JPEG", progressive=True),
        saved(drawn(), "PNG"),
        saved(drawn(mode="P"), "PNG"),
        saved(drawn(mode="CMYK"), "JPEG"),
        turned(6),
        frames(),
        clear(),
    ],
    ids=["jpeg", "progressive", "png", "palette", "cmyk", "rotated", "animated", "transparent"],
)
def test_every_kind_of_picture_becomes_a_cover(picture: bytes) -> None:
    made = prepare_cover(picture)
    assert (made.width, made.height) == (560, 840)
    assert is_upright(made)
    for data, size in ((made.large, (560, 840)), (made.small, (320, 480))):
        found = opened(data)
        assert (found.format, found.mode, found.size) == ("WEBP", "RGB", size)
        assert getattr(found, "n_frames", 1) == 1


@pytest.mark.parametrize("picture", [sixteen_bits(), saved(drawn(mode="L"), "JPEG")])
def test_shades_of_grey_keep_their_light(picture: bytes) -> None:
    red, green, blue = opened(prepare_cover(picture).large).getpixel((280, 700))  # type: ignore[misc]
    wanted = drawn(mode="L").getpixel((300, 750))
    assert abs(red - wanted) < 6  # type: ignore[operator]
    assert max(red, green, blue) - min(red, green, blue) < 3


def test_what_is_transparent_is_white() -> None:
    assert min(opened(prepare_cover(clear()).large).getpixel((280, 800))) > 245  # type: ignore[type-var]


def test_nothing_but_the_pixels_is_kept() -> None:
    made = prepare_cover(turned(6))
    for data in (made.large, made.small):
        assert b"reader" not in data
        assert not {"exif", "xmp", "icc_profile"} & set(opened(data).info)


def test_a_small_cover_is_not_enlarged() -> None:
    made = prepare_cover(saved(drawn(128, 190), "JPEG"))
    assert (made.width, made.height) == (128, 190)
    assert opened(made.small).size == (128, 190)


def test_a_profile_becomes_plain_colours() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = prepare_cover(saved(drawn(), "PNG"))
    with_profile = prepare_cover(saved(drawn(), "PNG", icc_profile=profile))
    damaged = prepare_cover(saved(drawn(), "PNG", icc_profile=b"no profile at all"))
    assert is_upright(with_profile)
    assert damaged == plain


def minimal(ink: str, paper: str) -> bytes:
    picture = Image.new("RGB", (600, 900), paper)
    ImageDraw.Draw(picture).text((60, 200), "quiet little words", ink, font_size=32)
    return saved(picture, "JPEG", quality=70)


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("black", "white"), ("#303030", "black"), ("#e8e8e8", "white"), ("#c05050", "#50a050")],
)
def test_a_quiet_cover_with_a_title_is_taken(ink: str, paper: str) -> None:
    assert prepare_cover(minimal(ink, paper)).width == 560


def dusty() -> Image.Image:
    picture = Image.new("RGB", (600, 900), "#dddddd")
    for number in range(30):
        picture.putpixel((number * 19, (number * 211) % 900), (90, 90, 90))
    return picture.filter(ImageFilter.GaussianBlur(1))


def framed() -> Image.Image:
    picture = Image.new("RGB", (180, 270), "#cccccc")
    ImageDraw.Draw(picture).rectangle((2, 2, 177, 267), outline="#888888", width=3)
    return picture


@pytest.mark.parametrize(
    "picture",
    [Image.new("RGB", (300, 450), "white"), Image.new("L", (300, 450), 128), dusty(), framed()],
)
def test_a_picture_of_one_colour_is_no_cover(picture: Image.Image) -> None:
    assert "one colour" in refusal(saved(picture, "JPEG"))


@pytest.mark.parametrize("size", [(1, 1), (59, 90), (61, 79)])
def test_a_picture_that_is_too_small_is_no_cover(size: tuple[int, int]) -> None:
    assert "60 × 80" in refusal(saved(Image.effect_noise(size, 50), "PNG"))


@pytest.mark.parametrize("size", [(100, 301), (301, 100)])
def test_a_strip_is_no_cover(size: tuple[int, int]) -> None:
    assert "three times" in refusal(saved(Image.effect_noise(size, 50), "PNG"))


def test_a_picture_of_far_too_many_pixels_is_not_opened() -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(20_000 * 2501))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, pixels, b"IEND")
    ]
    huge = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    assert len(huge) < 100_000
    assert "20,000 × 20,000" in refusal(huge)


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><title>Not found</title>",
        saved(drawn(), "JPEG")[:4000],
        saved(drawn(), "PNG")[:2000],
        saved(drawn(), "GIF"),
    ],
    ids=["empty", "svg", "html", "cut jpeg", "cut png", "gif"],
)
def test_what_is_no_whole_picture_is_told_in_a_sentence(picture: bytes) -> None:
    assert refusal(picture).endswith(".")
