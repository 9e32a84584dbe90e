"""What real files hold, counted with the csv and json modules and nothing of the program."""

import csv
import io
import json
from collections import Counter
from typing import NamedTuple


class Counts(NamedTuple):
    """Rows; ratings above none, in stars; statuses, None where the file tells none."""

    rows: int
    ratings: Counter
    statuses: Counter


def _records(path, encoding="utf-8", **how):
    text = path.read_bytes().decode(encoding, errors="replace")
    return list(csv.DictReader(io.StringIO(text, newline=""), **how))


def _counts(records, rating, status):
    stars = [float(rating(record) or 0) for record in records]
    return Counts(
        len(records),
        Counter(star for star in stars if star),
        Counter(status(record) for record in records),
    )


def librarything(path):
    def status(record):
        return "read" if record["Date Read"] else None

    records = _records(path, delimiter="\t", quoting=csv.QUOTE_NONE)
    return _counts(records, lambda record: record["Rating"], status)


def librarything_json(path):
    books = json.loads(path.read_text(encoding="utf-8")).values()
    return _counts(books, lambda book: book.get("rating"), lambda book: None)


def openreads(path):
    words = {
        "finished": "read",
        "planned": "to-read",
        "in_progress": "reading",
        "abandoned": "did-not-finish",
    }
    return _counts(_records(path), lambda row: row["rating"], lambda row: words[row["status"]])


def calibre(path):
    words = {"TRUE": "read", "FALSE": "to-read", None: None}
    return _counts(
        _records(path), lambda row: row["rating"], lambda row: words[row.get("#read") or None]
    )


def bookwyrm(path):
    words = {
        "to-read": "to-read",
        "reading": "reading",
        "read": "read",
        "stopped-reading": "did-not-finish",
    }

    def status(row):
        return words.get(row["shelf"]) or ("read" if row["finish_date"] else None)

    return _counts(_records(path), lambda row: row["rating"], status)


def babelio(path):
    records = _records(path, "cp1252", delimiter=";")
    words = {
        "Lu": "read",
        "A lire": "to-read",
        "Pense-bête": "to-read",
        "En cours": "reading",
        "reviewed": "read",
    }
    return _counts(
        records, lambda row: row.get("Note"), lambda row: words[row.get("Statut", "reviewed")]
    )


def book_catalogue(path):
    return _counts(
        _records(path),
        lambda row: row["rating"],
        lambda row: "read" if row["read"] == "1" else "to-read",
    )


def inventaire(path):
    return _counts(_records(path), lambda row: 0, lambda row: None)


def tellico(path):
    return _counts(
        _records(path), lambda row: row["Note"], lambda row: "read" if row["Lu"] else None
    )


def jelu(path):
    def status(row):
        if row["Shelves"]:
            return {"currently-reading": "reading", "to-read": "to-read"}[row["Shelves"]]
        return "read" if row["read_dates"] else None

    return _counts(_records(path), lambda row: 0, status)


def open_library_log(path):
    words = {"Already Read": "read", "Currently Reading": "reading", "Want to Read": "to-read"}
    return _counts(_records(path), lambda row: 0, lambda row: words[row["Bookshelf"]])


def mybibliotheca(path):
    return _counts(
        _records(path),
        lambda row: row["My Rating"],
        lambda row: "read" if row["Date Read"] else None,
    )


def any_table(path):
    return _counts(
        _records(path), lambda row: row.get("rating"), lambda row: row.get("shelf") or None
    )


def nameless(path):
    """Records with neither a title nor a right ISBN-13, by the check digit of ISO 2108."""

    def is_right(text):
        digits = [int(digit) for digit in text if digit.isdigit()]
        return len(digits) == 13 and not (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10

    return sum(
        not row.get("title") and not is_right(row.get("isbn") or "") for row in _records(path)
    )
