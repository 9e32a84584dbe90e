"""Every barcode of a picture is found once, read right, and named for what it is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from io import BytesIO

import pytest
from PIL import Image, ImageFilter, ImageOps

from booklib.errors import BadPicture
from booklib.models.scans import Scan
from booklib.scanning import engines, has_libzbar, scan
from tests.processes import ROOT
from tests.unit.scanning_pictures import (
    ISBNS,
    WITHOUT_LIBZBAR,
    checked,
    isbns,
    label,
    lay,
    photo_of,
    saved,
    table,
)

SIX = [
    (ISBNS[0], (300, 300), 8),
    (ISBNS[1], (820, 260), -12),
    (ISBNS[2], (1300, 320), 90),
    (ISBNS[3], (300, 900), 180),
    (ISBNS[4], (820, 900), 30),
    (ISBNS[5], (1300, 900), -45),
]


def looked_at(image: Image.Image) -> Scan:
    return scan(saved(image), deadline=None)


def kinds(image: Image.Image) -> list[tuple[str, str]]:
    return [(code.kind, code.text) for code in looked_at(image).codes]


@pytest.mark.parametrize("angle", [0, 10, 30, 45, 60, 90, 135, 180, 200, 270, 315])
def test_a_book_is_read_however_it_lies(angle: int) -> None:
    found = looked_at(photo_of([(ISBNS[0], (700, 500), angle)]))
    assert found.isbns == (ISBNS[0],)
    assert [code.kind for code in found.codes] == ["book"]
    assert found.advice == ""
    assert not found.cut_short


def test_all_books_of_a_picture_are_read_row_by_row() -> None:
    found = looked_at(photo_of(SIX))
    assert found.isbns == ISBNS
    assert len(found.codes) == 6


def test_a_code_tells_where_it_is_and_shows_it() -> None:
    found = looked_at(photo_of(SIX))
    for code, (_, (x, y), _) in zip(found.codes, SIX, strict=True):
        place = code.place
        assert place.left < x / 1600 < place.left + place.width
        assert place.top < y / 1200 < place.top + place.height
        crop = Image.open(BytesIO(code.crop))
        assert crop.format == "JPEG"
        assert crop.width <= 240


def test_exif_turns_the_places_too() -> None:
    picture = photo_of([(ISBNS[0], (400, 300), 0)])
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: the stored picture is turned by 90 degrees
    stored = picture.transpose(Image.Transpose.ROTATE_90)
    found = scan(saved(stored, exif=exif), deadline=None)
    assert (found.width, found.height) == (1600, 1200)
    assert found.isbns == (ISBNS[0],)
    place = found.codes[0].place
    assert place.left < 0.25 < place.left + place.width
    assert place.top < 0.25 < place.top + place.height


@pytest.mark.parametrize("add_on", ["07", "51299"])
def test_a_price_add_on_makes_no_second_book(add_on: str) -> None:
    picture = table((900, 600))
    lay(picture, label(ISBNS[0], add_on=add_on), (450, 300))
    assert kinds(picture) == [("book", ISBNS[0])]


@pytest.mark.parametrize(
    ("digits", "kind"),
    [
        (checked("979105678901"), "book"),
        (checked("979712345678"), "doubtful"),
        (checked("978699999999"), "doubtful"),
        (checked("979026000043"), "music"),
        (checked("977147396801"), "magazine"),
        (checked("192001000000"), "price"),
        (checked("191001000000"), "price"),
        (checked("400638133393"), "product"),
        (checked("03600029145"), "product"),
        (checked("7351353"), "product"),
    ],
)
def test_each_code_is_named_for_what_it_is(digits: str, kind: str) -> None:
    picture = table((1000, 700))
    lay(picture, label(digits), (500, 350), 3)
    found = looked_at(picture)
    assert [(code.kind, code.text) for code in found.codes] == [(kind, digits)]
    assert found.codes[0].isbn == (digits if kind in ("book", "doubtful") else None)
    assert found.isbns == ((digits,) if kind == "book" else ())


def test_the_two_codes_of_a_japanese_book_are_told_apart() -> None:
    picture = table((1000, 900))
    price = checked("192009700140")
    lay(picture, label(ISBNS[4]), (500, 300))
    lay(picture, label(price), (500, 300 + label(price).height))
    assert kinds(picture) == [("book", ISBNS[4]), ("price", price)]


def test_two_copies_of_a_book_are_one_isbn() -> None:
    found = looked_at(photo_of([(ISBNS[0], (400, 400), 0), (ISBNS[0], (1100, 700), 20)]))
    assert found.isbns == (ISBNS[0],)
    assert len(found.codes) == 2


def test_white_on_black_is_read() -> None:
    picture = Image.new("L", (900, 600), 20)
    lay(picture, ImageOps.invert(label(ISBNS[1])), (450, 300), 4)
    assert looked_at(picture).isbns == (ISBNS[1],)


def test_a_dark_and_a_pale_picture_are_read() -> None:
    picture = photo_of([(ISBNS[1], (700, 500), 5)])
    assert looked_at(picture.point(lambda shade: shade * 0.2)).isbns == (ISBNS[1],)
    assert looked_at(picture.point(lambda shade: shade * 0.2 + 190)).isbns == (ISBNS[1],)


def test_a_small_code_in_a_large_photo_is_read() -> None:
    picture = table((4000, 3000))
    lay(picture, label(ISBNS[2]), (2900, 700), 14)
    assert looked_at(picture).isbns == (ISBNS[2],)


def test_a_curved_and_a_slanted_back_are_read() -> None:
    picture = photo_of([(ISBNS[3], (800, 600), 0)])
    slanted = picture.transform(
        picture.size,
        Image.Transform.QUAD,
        (150, 100, 0, 1200, 1600, 1100, 1450, 0),
        Image.Resampling.BICUBIC,
    )
    assert looked_at(slanted).isbns == (ISBNS[3],)


@pytest.mark.slow
def test_two_hundred_codes_in_one_picture_are_all_read() -> None:
    wanted = isbns(200)
    picture = Image.new("L", (3900, 3600), 210)
    for at, digits in enumerate(wanted):
        lay(picture, label(digits, 2), (200 + at % 14 * 268, 120 + at // 14 * 240))
    found = looked_at(picture)
    assert found.isbns == tuple(wanted)
    assert len(found.codes) == 200
    assert sum(bool(code.crop) for code in found.codes) == 40


def test_no_code_gives_advice() -> None:
    assert looked_at(table((900, 700))).advice in ("blurred", "nothing")
    assert looked_at(photo_of([]).point(lambda shade: shade * 0.1)).advice == "dark"
    assert looked_at(Image.new("L", (900, 700), 250)).advice == "bright"
    assert looked_at(table((200, 150))).advice == "small"
    blurred = photo_of([(ISBNS[0], (700, 500), 5)]).filter(ImageFilter.GaussianBlur(14))
    assert looked_at(blurred).advice == "blurred"


@pytest.mark.parametrize("seed", range(3))
def test_where_there_is_no_code_none_is_found(seed: int) -> None:
    stripes = Image.new("L", (900, 1)).point(lambda shade: shade)
    stripes.putdata([255 * (((x * (seed + 5)) // 37) % 2) for x in range(900)])
    assert looked_at(stripes.resize((900, 600))).codes == ()
    noise = Image.effect_noise((900, 600), 120)
    assert looked_at(noise).codes == ()
    assert looked_at(noise.filter(ImageFilter.GaussianBlur(3))).codes == ()


def test_a_code_that_is_cut_off_is_not_made_up() -> None:
    code = label(ISBNS[0])
    part = code.crop((0, 0, code.width * 2 // 3, code.height))
    picture = table((900, 600))
    lay(picture, part, (450, 300))
    assert looked_at(picture).isbns == ()


def test_a_file_that_is_no_picture_is_refused() -> None:
    with pytest.raises(BadPicture, match="empty"):
        scan(b"", deadline=None)
    with pytest.raises(BadPicture, match="SVG"):
        scan(b"<svg xmlns='http://www.w3.org/2000/svg'/>", deadline=None)
    with pytest.raises(BadPicture, match="not complete"):
        scan(saved(photo_of(SIX))[:20_000], deadline=None)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (3, 3), (40, 7)])
def test_a_tiny_picture_is_looked_at_without_harm(size: tuple[int, int]) -> None:
    assert looked_at(Image.new("L", size, 128)).codes == ()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_formats_and_colours_are_read(kind: str) -> None:
    picture = photo_of([(ISBNS[0], (700, 500), 5)])
    for image in (picture.convert("RGBA"), picture.convert("P").convert("RGB")):
        assert scan(saved(image, kind), deadline=None).isbns == (ISBNS[0],)
    assert scan(saved(picture.convert("CMYK")), deadline=None).isbns == (ISBNS[0],)
    deep = picture.convert("I").point(lambda shade: shade * 257).convert("I;16")
    assert scan(saved(deep, "PNG"), deadline=None).isbns == (ISBNS[0],)


def test_a_past_deadline_cuts_the_search_short() -> None:
    found = scan(saved(photo_of(SIX)), deadline=time.monotonic() - 1)
    assert found.cut_short
    assert found.codes == ()


def test_the_same_picture_gives_the_same_findings() -> None:
    data = saved(photo_of(SIX))
    assert scan(data, deadline=None) == scan(data, deadline=None)


def test_the_engines_of_this_machine_are_told() -> None:
    assert engines() == (("zxing", "zbar") if has_libzbar() else ("zxing",))


def test_without_libzbar_all_else_works() -> None:
    ask = """
import json, sys
from booklib.scanning import engines, has_libzbar, scan
found = scan(sys.stdin.buffer.read(), deadline=None)
print(json.dumps([has_libzbar(), engines(), found.isbns]))
"""
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_LIBZBAR + ask],
        input=saved(photo_of(SIX)),
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert json.loads(answer.stdout) == [False, ["zxing"], list(ISBNS)]
