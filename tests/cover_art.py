"""Covers for the pictures of the README: our own art."""

from __future__ import annotations

import math
import random
import textwrap
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 560, 840
FINE = 2
"""Drawn so many times larger, which makes edges smooth."""
PALETTES = (
    ("#1d3444", "#e8b04a", "#d8603f", "#f3e9d6"),
    ("#f1e6d2", "#8c2f39", "#2f4858", "#2b2420"),
    ("#23403a", "#c9d8a3", "#e9896a", "#f5efe0"),
    ("#e7dcc6", "#2e5d63", "#d99a2b", "#22303a"),
    ("#3a2a4d", "#e3a3a0", "#f0cf8e", "#f6ecdf"),
    ("#f4efe6", "#c1502e", "#3c6e71", "#1f2a33"),
    ("#101c2c", "#7fa7b8", "#e4c16f", "#eef0ea"),
    ("#b5432f", "#f2c57c", "#33262a", "#fbf1dd"),
)
"""Ground, two colours of the drawing, and the letters."""

Motif = Callable[[ImageDraw.ImageDraw, random.Random, str, str], None]


def _moon(draw: ImageDraw.ImageDraw, dice: random.Random, one: str, other: str) -> None:
    x, y, r = dice.randint(300, 800), dice.randint(960, 1050), dice.randint(180, 260)
    draw.ellipse((x - r, y - r, x + r, y + r), fill=one)
    for layer in range(3):
        phase = 6 * dice.random()
        waves = [
            (step, 1180 + layer * 150 + 60 * math.sin(step / (110 + 30 * layer) + phase))
            for step in range(0, WIDTH * FINE + 20, 20)
        ]
        corners = [(WIDTH * FINE, HEIGHT * FINE), (0, HEIGHT * FINE)]
        draw.polygon(waves + corners, fill=other if layer % 2 == 0 else one)


def _arcs(draw: ImageDraw.ImageDraw, dice: random.Random, one: str, other: str) -> None:
    x, y = dice.choice(((0, 1680), (1120, 1680), (560, 1760)))
    for ring, radius in enumerate(range(900, 100, -110)):
        colour = one if ring % 2 else other
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=46)


def _tiles(draw: ImageDraw.ImageDraw, dice: random.Random, one: str, other: str) -> None:
    side = 187
    for row in range(4, 9):
        for column in range(6):
            left, top = column * side, row * side
            box = (left, top, left + side, top + side)
            colour = dice.choice((one, other))
            start = dice.choice((0, 90, 180, 270))
            if dice.random() < 0.75:
                draw.pieslice(box, start, start + 180, fill=colour)
            else:
                draw.ellipse((left + 50, top + 50, left + side - 50, top + side - 50), fill=colour)


def _stems(draw: ImageDraw.ImageDraw, dice: random.Random, one: str, other: str) -> None:
    for x in range(140, 1100, 160):
        top = dice.randint(800, 1100)
        draw.line((x, 1680, x, top), fill=one, width=12)
        for y in range(top + 60, 1640, 120):
            lean = 70 if (y // 120) % 2 else -70
            draw.ellipse((min(x, x + lean), y - 26, max(x, x + lean), y + 26), fill=other)
        draw.ellipse((x - 46, top - 46, x + 46, top + 46), fill=other)


def _bars(draw: ImageDraw.ImageDraw, dice: random.Random, one: str, other: str) -> None:
    left = 120
    while left < 1000:
        wide = dice.choice((18, 36, 60, 84))
        top = dice.randint(760, 1200)
        draw.rectangle((left, top, left + wide, 1520), fill=dice.choice((one, other)))
        left += wide + 24


MOTIFS: tuple[Motif, ...] = (_moon, _arcs, _tiles, _stems, _bars)


def cover(title: str, author: str, number: int) -> bytes:
    """A PNG with title and author, in ASCII, over a drawing; the next number has another one."""
    dice = random.Random(title)
    ground, one, other, letters = PALETTES[number % len(PALETTES)]
    image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), ground)
    draw = ImageDraw.Draw(image)
    MOTIFS[number % len(MOTIFS)](draw, dice, one, other)
    size = 118 if len(title) < 24 else 92
    lines = textwrap.wrap(title, 13 if size == 118 else 17, max_lines=4, placeholder=" …")
    font, small = ImageFont.load_default(size), ImageFont.load_default(54)
    draw.rectangle((0, 0, WIDTH * FINE, 190 + len(lines) * size * 1.16 + 120), fill=ground)
    draw.multiline_text((96, 110), "\n".join(lines), fill=letters, font=font, spacing=size // 6)
    draw.text((96, 150 + len(lines) * size * 1.16), author, fill=other, font=small)
    file = BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(file, "PNG")
    return file.getvalue()
