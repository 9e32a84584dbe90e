"""`booklib scan`: the book codes of pictures, one JSON line each."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from booklib.cli.common import Command
from booklib.errors import BadPicture
from booklib.ports import Pictures

AT_ONCE = 2
LARGEST = 64 * 2**20
"""Bytes of a file that are read; a picture that reaches this is refused as too large."""

Finding = dict[str, Any]


@click.command(cls=Command)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path())
def scan(images: tuple[str, ...]) -> None:
    """Print the ISBNs in pictures as JSON, one line a picture, in the order given.

    A picture that cannot be read has an "error", and the exit status is then 1. Needs no library
    and no network.
    """
    # On a terminal the lines themselves show how far it is.
    hidden = sys.stdout.isatty() or not sys.stderr.isatty()
    bar = click.progressbar(length=len(images), label="Reading pictures", file=sys.stderr)
    with nullcontext() if hidden else bar:
        failed = 0

        def tell(finding: Finding) -> None:
            nonlocal failed
            failed += "error" in finding
            click.echo(json.dumps(finding, ensure_ascii=False))
            if not hidden:
                bar.update(1)

        asyncio.run(_scan_all(images, tell))
    if failed:
        raise SystemExit(1)


async def _scan_all(images: Sequence[str], tell: Callable[[Finding], None]) -> None:
    """Tell what is in each picture, in their order, while the next ones are read already."""
    from booklib.wiring import open_pictures

    async with open_pictures() as pictures, asyncio.TaskGroup() as group:
        ahead: deque[asyncio.Task[Finding]] = deque()
        for image in images:
            ahead.append(group.create_task(_finding(pictures, image)))
            if len(ahead) > AT_ONCE:
                tell(await ahead.popleft())
        while ahead:
            tell(await ahead.popleft())


async def _finding(pictures: Pictures, image: str) -> Finding:
    name = click.format_filename(image)
    try:
        found = await pictures.scan(await asyncio.to_thread(_read, image))
    except BadPicture as error:
        return {"file": name, "isbns": [], "other": [], "error": str(error)}
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return {"file": name, "isbns": [], "other": [], "error": f"Cannot open the file: {why}."}
    others = [{"kind": code.kind, "text": code.text} for code in found.codes if code.kind != "book"]
    return {"file": name, "isbns": list(found.isbns), "other": others}


def _read(image: str) -> bytes:
    with Path(image).open("rb") as file:
        return file.read(LARGEST + 1)
