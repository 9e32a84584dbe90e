"""`booklib scan`: one JSON line a picture, whatever the picture is."""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from booklib.cli import main

ISBN, TEA = "9780306406157", "4006381333931"


def photo(*codes: str) -> bytes:
    """Barcodes one below the other on white."""
    page = Image.new("L", (900, 400 * max(len(codes), 1)), 255)
    for row, digits in enumerate(codes):
        code = zxingcpp.create_barcode(digits, zxingcpp.BarcodeFormat.EAN13)
        drawn = Image.fromarray(code.to_image(scale=5)).convert("L").resize((600, 250))
        page.paste(drawn, (150, 400 * row + 75))
    out = BytesIO()
    page.save(out, "JPEG")
    return out.getvalue()


def scan(folder: Path, *files: str) -> Result:
    """Run the command without any library: it needs none, and makes none."""
    environ = {"BOOKLIB_DATA_DIR": str(folder / "data"), "BOOKLIB_STORAGE": "paper"}
    result = CliRunner().invoke(main, ["scan", *files], env=environ)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert not (folder / "data").exists()
    return result


def findings(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_books_and_other_codes_are_told_apart_and_in_order(tmp_path: Path) -> None:
    for name, codes in (("a.jpg", (ISBN, TEA)), ("b.jpg", ()), ("ç.jpg", (ISBN,))):
        (tmp_path / name).write_bytes(photo(*codes))
    files = [str(tmp_path / name) for name in ("ç.jpg", "a.jpg", "b.jpg", "ç.jpg")]
    result = scan(tmp_path, *files)
    assert result.exit_code == 0
    assert findings(result) == [
        {"file": files[0], "isbns": [ISBN], "other": []},
        {"file": files[1], "isbns": [ISBN], "other": [{"kind": "product", "text": TEA}]},
        {"file": files[2], "isbns": [], "other": []},
        {"file": files[3], "isbns": [ISBN], "other": []},
    ]


def test_what_cannot_be_read_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "good.jpg").write_bytes(photo(ISBN))
    names = ("text.jpg", "missing.jpg", ".", "good.jpg")
    result = scan(tmp_path, *(str(tmp_path / name) for name in names))
    assert result.exit_code == 1
    *bad, good = findings(result)
    assert [list(finding) for finding in bad] == [["file", "isbns", "other", "error"]] * 3
    assert all(finding["error"].endswith(".") for finding in bad)
    assert "No such file" in bad[1]["error"]
    assert good["isbns"] == [ISBN]
    assert "Traceback" not in result.stderr


def test_a_name_that_is_no_text_is_shown_all_the_same(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.jpg"
    result = scan(tmp_path, os.fsdecode(name))
    assert findings(result)[0]["file"].endswith("\ufffd.jpg")


def test_a_call_without_a_picture_is_wrong(tmp_path: Path) -> None:
    result = scan(tmp_path)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


@pytest.mark.slow
def test_noise_of_twelve_megapixels_is_given_up_in_time(tmp_path: Path) -> None:
    noise = Image.effect_noise((4000, 3000), 90)
    noise.save(tmp_path / "noise.jpg", quality=90)
    (tmp_path / "good.jpg").write_bytes(photo(ISBN))
    result = scan(tmp_path, str(tmp_path / "noise.jpg"), str(tmp_path / "good.jpg"))
    first, second = findings(result)
    assert first["isbns"] == []
    assert second["isbns"] == [ISBN]
