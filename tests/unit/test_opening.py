"""Any file that somebody may send is opened, or refused with a sentence that helps."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from importlib.util import find_spec
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from booklib.errors import BadPicture
from booklib.pictures.opening import open_grey, open_picture, taken

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def two_coloured(width: int = 64, height: int = 32) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", (width, height), RED)
    ImageDraw.Draw(image).rectangle((0, height // 2, width, height), fill=BLUE)
    return image


def png_header(width: int, height: int, rest: bytes = b"") -> bytes:
    """A PNG of one bit a pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rest) + chunk(b"IEND", b"")
    )


def near(seen: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(a - b) < 24 for a, b in zip(seen, wanted, strict=True))


def refusal(data: bytes) -> str:
    with pytest.raises(BadPicture) as refused:
        open_picture(data)
    with pytest.raises(BadPicture) as also_refused:
        open_grey(data)
    assert str(refused.value) == str(also_refused.value)
    return str(refused.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_format_opens_in_rgb(kind: str) -> None:
    image = open_picture(saved(two_coloured(), kind))
    assert (image.mode, image.size) == ("RGB", (64, 32))
    assert near(image.getpixel((32, 4)), RED)
    assert near(image.getpixel((32, 28)), BLUE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(orientation: int) -> None:
    undone = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    as_taken = two_coloured()
    if orientation in undone:
        as_taken = as_taken.transpose(undone[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(as_taken, "JPEG", exif=exif)
    image = open_picture(data)
    assert image.size == (64, 32)
    assert near(image.getpixel((32, 4)), RED)
    assert near(image.getpixel((32, 28)), BLUE)
    grey = open_grey(data)
    assert (grey.image.mode, grey.image.size) == ("L", (64, 32))
    assert (grey.width, grey.height) == (64, 32)


def test_damaged_exif_does_not_matter() -> None:
    data = saved(two_coloured(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert open_picture(data).size == (64, 32)


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert open_picture(saved(clear, "PNG")).getpixel((4, 4)) == WHITE
    assert open_grey(saved(clear, "PNG")).image.getpixel((4, 4)) == 255
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert open_picture(saved(palette, "PNG", transparency=0)).getpixel((4, 4)) == WHITE
    grey = Image.new("L", (8, 8), 7)
    assert open_picture(saved(grey, "PNG", transparency=7)).getpixel((4, 4)) == WHITE


def test_cmyk_opens_in_its_colours() -> None:
    image = open_picture(saved(two_coloured().convert("CMYK"), "JPEG"))
    assert near(image.getpixel((32, 4)), RED)


def test_sixteen_bits_keep_their_shades() -> None:
    deep = Image.new("I;16", (8, 8), 0x8000)
    assert open_picture(saved(deep, "PNG")).getpixel((4, 4)) == (128, 128, 128)
    assert open_grey(saved(deep, "PNG")).image.getpixel((4, 4)) == 128


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert open_picture(data).getpixel((8, 8)) == RED


def test_a_huge_jpeg_comes_smaller_and_tells_its_true_size() -> None:
    data = saved(Image.new("L", (9000, 6000), 99), "JPEG")
    grey = open_grey(data)
    assert (grey.width, grey.height) == (9000, 6000)
    assert grey.image.size == (4500, 3000)
    assert open_picture(data).size == (4500, 3000)


def test_an_empty_file_is_named() -> None:
    assert "empty" in refusal(b"")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "SVG"),
        (b"\n<!DOCTYPE html><title>Not found</title>", "HTML"),
        (b"GIF89a" + bytes(20), "GIF"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "Video"),
    ],
)
def test_a_format_that_is_not_taken_is_named_beside_those_that_are(data: bytes, name: str) -> None:
    assert refusal(data).startswith(f"{name} files")
    assert "JPEG, PNG or WebP" in refusal(data)


def test_what_is_no_picture_at_all_is_refused() -> None:
    assert "not a picture" in refusal(b"Dear diary")
    assert "not a picture" in refusal(bytes(1000))


def test_heic_opens_where_it_can_and_is_explained_where_not() -> None:
    if find_spec("pillow_heif"):
        from pillow_heif import from_pillow

        file = BytesIO()
        from_pillow(two_coloured()).save(file)
        assert "HEIF" in taken()
        assert near(open_picture(file.getvalue()).getpixel((32, 4)), RED)
    else:
        message = refusal(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
        assert "pillow-heif" in message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_picture_is_refused(kind: str) -> None:
    data = saved(Image.effect_noise((200, 200), 90).convert("RGB"), kind)
    for part in (0.9, 0.5, 0.1):
        assert "not complete" in refusal(data[: int(len(data) * part)])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_damaged_picture_never_ends_in_another_error(kind: str) -> None:
    data = bytearray(saved(Image.effect_noise((64, 64), 90).convert("RGB"), kind))
    for at in range(12, len(data), 97):
        broken = bytes(data[:at]) + b"\xff\x00\xff\xff" + bytes(data[at + 4 :])
        with suppress(BadPicture):
            assert open_picture(broken).mode == "RGB"


def test_too_many_pixels_are_refused_from_the_header_alone() -> None:
    bomb = png_header(20_000, 20_000, zlib.compress(bytes(20_000 * 2_501), 9))
    assert "20,000 × 20,000" in refusal(bomb)
    assert "at most 52 million" in refusal(bomb)
    assert "20,000" in refusal(png_header(20_000, 20_000))


def test_a_jpeg_of_too_many_pixels_is_refused_from_the_header_alone() -> None:
    small = saved(two_coloured(), "JPEG")
    at = small.index(b"\xff\xc0")
    huge = small[: at + 5] + struct.pack(">HH", 20_000, 20_000) + small[at + 9 :]
    assert "20,000 × 20,000" in refusal(huge)


def test_a_webp_of_more_pixels_than_its_decoder_has_memory_for_is_refused() -> None:
    data = bytearray(saved(two_coloured(), "WEBP", lossless=True))
    at = data.index(b"VP8L") + 9  # 14 bits each, less one (RFC 9649, section 3.4)
    data[at : at + 4] = struct.pack("<I", (6_000 - 1) | (5_000 - 1) << 14)
    assert "at most 25 million" in refusal(bytes(data))


def test_a_caller_may_allow_fewer_pixels() -> None:
    with pytest.raises(BadPicture):
        open_picture(saved(two_coloured(), "PNG"), max_pixels=1000)
