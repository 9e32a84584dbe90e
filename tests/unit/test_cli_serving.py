"""What `booklib serve` says when it listens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from booklib.cli.serving import PAINT, PLAIN, announce, qr_code
from booklib.models import Registration
from booklib.settings import Settings

HOME = "http://192.168.1.20:5000"
HERE = "http://127.0.0.1:5000"
MODULES = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255)}


def settings(public_url: str | None = None, registration: Registration = "open") -> Settings:
    return Settings(
        secret_key="x" * 16,
        data_dir=Path("nowhere"),
        public_url=public_url,
        allow_registration=registration,
    )


def photographed(code: str) -> Image.Image:
    """A QR code of half blocks as a camera sees it on a terminal."""
    lines = [line.removeprefix(PAINT).removesuffix(PLAIN) for line in code.splitlines()]
    picture = Image.new("L", (len(lines[0]), 2 * len(lines)), 0)
    for row, line in enumerate(lines):
        for column, block in enumerate(line):
            for half, light in enumerate(MODULES[block]):
                picture.putpixel((column, 2 * row + half), light)
    return picture.resize((picture.width * 8, picture.height * 8), Image.Resampling.NEAREST)


@pytest.mark.parametrize("address", [HOME, "https://books.example", "http://[fd00::2]:5000"])
def test_the_code_leads_to_the_address(address: str) -> None:
    code = qr_code(address)
    (found,) = zxingcpp.read_barcodes(photographed(code))
    assert found.text == address
    assert code.count("\n") <= 20


def test_alone_at_home_there_is_nothing_more_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    for address in (HERE, "http://localhost:5000", "http://[::1]:5000"):
        announce(settings(), [address])
        assert capsys.readouterr().out == f"Book Library is running on {address}\n"


def test_other_devices_are_told_where_to_go(capsys: pytest.CaptureFixture[str]) -> None:
    announce(settings(), [HERE, HOME])
    said = capsys.readouterr().out
    assert f"On your phone and other devices: {HOME}\n" in said
    assert "Anybody in your network can make an account" in said
    assert not re.search("[▀▄█]", said), "there is no terminal"


@pytest.mark.parametrize("registration", ["first", "closed"])
def test_closed_doors_are_not_warned_of(
    registration: Registration, capsys: pytest.CaptureFixture[str]
) -> None:
    announce(settings(registration=registration), [HERE, HOME])
    assert "account" not in capsys.readouterr().out


def test_the_public_address_is_the_one_that_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    announce(settings("https://books.example"), [HERE, HOME])
    said = capsys.readouterr().out
    assert "other devices: https://books.example\n" in said
    assert HOME not in said
