"""Files as other programs write them, made up or lent, and the rows that come of them."""

import csv
from pathlib import Path

import pytest

from booklib.transfer.recognise import open_rows

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,"
    "Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,"
    "Date Added,Bookshelves,Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,"
    "Private Notes,Read Count,Owned Copies"
)
STORYGRAPH = (
    "Title,Authors,Contributors,ISBN/UID,Format,Read Status,Date Added,Last Date Read,Dates Read,"
    "Read Count,Moods,Pace,Character- or Plot-Driven?,Strong Character Development?,"
    "Loveable Characters?,Diverse Characters?,Flawed Characters?,Star Rating,Review,"
    "Content Warnings,Content Warning Description,Tags,Owned?"
)


def opened(folder, content, mapping=None):
    """The file with this content, recognised."""
    path = folder / "upload"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_rows(path, "anything.xyz", mapping)


def rows(folder, content, mapping=None):
    """Every row of the file with this content."""
    return list(opened(folder, content, mapping).rows())


def line(header, **cells):
    """One line of CSV below a header; names with `_` for what is no letter."""
    names = header.split(",")
    plain = {"".join(c if c.isalnum() else "_" for c in name): name for name in names}
    known = {plain[name]: value for name, value in cells.items()}
    return ",".join('"' + known.get(name, "").replace('"', '""') + '"' for name in names)


def one(folder, header, **cells):
    """The only row of a file with this header."""
    (row,) = rows(folder, f"{header}\n{line(header, **cells)}\n")
    return row


def lent(folder):
    """The real exports of one program, where they are there, as parameters of a test."""
    return [
        pytest.param(path, id=path.name) for path in sorted(SHARED.glob(f"{folder}/*.csv"))
    ] or [pytest.param(None, id="none")]


def plain_records(path):
    """The records of a real file, read with nothing but the csv module."""
    with path.open(newline="", encoding="utf-8") as file:
        return [record for record in csv.DictReader(file) if any(record.values())]
