"""What single cells say: ISBNs, ratings, numbers, yes and no, names, statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from operator import mul
from typing import NamedTuple

from booklib import isbn as isbn_rules
from booklib.models import MAX_RATING, Status
from booklib.models.folding import clean, fold
from booklib.transfer.drafts import folded

SPOILED = (
    "A spreadsheet has shortened an ISBN (to one such as 9.78E+12), which cannot be repaired. "
    "Export the file again and import it without opening it in a spreadsheet."
)
TWO_WAYS = (
    "A spreadsheet has dropped digits of an ISBN, and two would fit: it was put into the notes."
)
NO_ISBN = "A number is not a valid ISBN: it was put into the notes."
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_FORMULA = re.compile(r"'+[=+\-@\t\r]")
_WEIGHED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+", re.ASCII)
_ASIN = re.compile(r"B0[0-9A-Z]{8}", re.IGNORECASE | re.ASCII)
_SHORTENED = re.compile(r"\d{7,9}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,6}(?:[.,]\d{1,8})?", re.ASCII)
_OUT_OF = re.compile(
    r"(-?\d{1,6}(?:[.,]\d{1,8})?)\s*(?:/|of|out of|von|de|sur|su|van)\s*(\d{1,3})", re.I | re.ASCII
)
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,8})?)\s*%", re.ASCII)
_STARS = re.compile(r"[★⭐🌟☆½*\ufe0f\s]+")
_STARS_WORD = re.compile(r"\s*(?:stars?|sterne?|estrellas?|étoiles?|stelle|stella|sterren)$", re.I)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_NOTHING = frozenset({"", "none", "null", "nan", "n a", "not rated", "unrated", "no rating"})
_YES_WORDS = "yes y true x 1 ja oui si sim s j wahr vrai verdadero vero waar"
_YES = frozenset(_YES_WORDS.split())
_NO_WORDS = "no n false 0 nein non nao nee falsch faux falso onwaar"
_NO = frozenset(_NO_WORDS.split())
_ARTICLES = (
    "the a an der die das ein eine le la les l' l’ un une el los las una il lo gli de het een "
    "os as um uma"
)
_TURNED = re.compile(rf"(.*\S), ?({_ARTICLES.replace(' ', '|')})", re.IGNORECASE | re.DOTALL)
_SURNAME_PREFIXES = frozenset({"le", "la", "de", "du", "des", "van", "von", "di", "da", "del"})
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d)\.?", re.IGNORECASE)

_STATUS_WORDS: tuple[tuple[Status, str], ...] = (
    (
        "to-read",
        "to read|want to read|to be read|tbr|toread|wishlist|wish list|planned|plan to read|"
        "unread|not read|not started|not yet read|a lire|a lire plus tard|pense bete|"
        "envie de lire|por leer|quiero leer|pendiente|pendientes|zu lesen|"
        "will ich lesen|mochte ich lesen|ungelesen|wunschliste|da leggere|voglio leggere|"
        "te lezen|wil ik lezen|para ler|quero ler|por ler|ler",
    ),
    (
        "reading",
        "currently reading|reading|in progress|started|en cours|en cours de lecture|"
        "leyendo|leyendo actualmente|lese ich|lese ich gerade|am lesen|wird gelesen|"
        "in lettura|sto leggendo|aan het lezen|bezig|lendo|a ler",
    ),
    (
        "read",
        "read|finished|completed|already read|done|lu|lus|leido|leidos|leida|terminado|gelesen|"
        "beendet|letto|letti|finito|gelezen|uitgelezen|lido|lidos",
    ),
    (
        "did-not-finish",
        "did not finish|dnf|abandoned|unfinished|stopped|stopped reading|gave up|given up|"
        "dropped|quit|abandonne|abandonnes|abandonado|abandonados|no terminado|abgebrochen|"
        "nicht beendet|abbandonato|abbandonati|niet uitgelezen|gestopt",
    ),
)
STATUS_WORDS: Mapping[str, Status] = {
    word: status for status, words in _STATUS_WORDS for word in words.split("|")
}
"""Words and shelves, folded, that mean one of the four statuses."""


def as_it_was(cell: str) -> str:
    """A cell without what keeps a spreadsheet from changing it.

    `="0441172717"` is what Goodreads writes around digits; an apostrophe before `=`, `+`, `-`, `@`
    or a tab is what exports write (see `defused`), and Excel itself.
    """
    if cell[:1] == "=" and cell[:2] == '="' and cell[-1:] == '"' and len(cell) > 2:
        return cell[2:-1].replace('""', '"')
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def defused(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula (OWASP, CSV Injection); see `as_it_was`."""
    risky = cell.startswith(FORMULA_STARTS) or _FORMULA.match(cell)
    return f"'{cell}" if risky else cell


class Isbn(NamedTuple):
    """What a cell meant for an ISBN holds. `rest`: label and text of what is no ISBN in it."""

    isbn: str | None = None
    rest: tuple[tuple[str, str], ...] = ()
    problem: str = ""


def isbn(cell: str) -> Isbn:
    """The ISBN-13 in a cell; digits that a spreadsheet has dropped are found again if they can."""
    text = cell.strip().strip("[]'\"= ").removesuffix(".0").strip()
    if not text or not text.strip("0"):
        return Isbn()
    if exact := _exact(text):
        return Isbn(exact)
    if _WEIGHED.fullmatch(text):
        return Isbn(None, (), SPOILED)
    if _ASIN.fullmatch(text):
        return Isbn(None, (("ASIN", text),))
    if _SHORTENED.fullmatch(text) and (found := _lengthened(text)):
        if len(found) == 1 or len(text) == 9:
            return Isbn(found[0])
        return Isbn(None, (("ISBN", text),), TWO_WAYS)
    findings = isbn_rules.find_all(text[:500])
    found = [finding.isbn for finding in findings if finding.isbn]
    others = tuple(("ISBN", other) for other in found[1:] if other)
    if found:
        return Isbn(found[0], others)
    return Isbn(None, (("ISBN", text),), NO_ISBN)


def _exact(text: str) -> str | None:
    """The ISBN-13 of digits that leave no doubt, as most cells are: much faster than any text."""
    if len(text) == 13 and text.startswith(("978", "979")):
        if (
            not text.startswith("9790")
            and text.isascii()
            and text.isdigit()
            and not _sum_13(text) % 10
        ):
            return text
    elif len(text) == 10 and text.isascii() and text[:9].isdigit() and text[9] in "0123456789Xx":
        last = 10 if text[9] in "Xx" else int(text[9])
        if not (sum(map(mul, map(int, text[:9]), range(10, 1, -1))) + last) % 11:
            stem = f"978{text[:9]}"
            return f"{stem}{-_sum_13(stem) % 10}"
    return None


def _sum_13(digits: str) -> int:
    return sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))


def _lengthened(digits: str) -> list[str]:
    """The ISBNs that end up as these digits once leading zeros, and perhaps the X, are dropped.

    Of nine digits the first is meant: a lost X beside a first digit other than 0 is rare.
    """
    wholes = (digits.zfill(10), f"{digits.zfill(9)}X")
    return [one.isbn for whole in wholes for one in isbn_rules.find_all(whole) if one.isbn]


class Stars(NamedTuple):
    """What a cell says of a rating. `half_stars`: 0 means none; None: it says nothing."""

    half_stars: int | None
    exact: str = ""
    """The cell, where half stars cannot tell it."""
    wrong: bool = False
    """The cell is no rating."""


def stars(cell: str, out_of: int = 5) -> Stars:
    """A rating in any spelling: `4`, `4,5`, `4/5`, `80%`, `★★★★½`, `***`; to the nearest half."""
    text = cell.strip()
    return _stars(text, out_of) if len(text) < 40 else Stars(None, text, True)


@lru_cache(maxsize=1024)
def _stars(text: str, out_of: int) -> Stars:
    if text in "-–—?" or fold(text) in _NOTHING - {""}:
        return Stars(None)
    value = _share(text, out_of)
    if value is None or not 0 <= value <= 1:
        return Stars(None, text, True)
    halves = value * MAX_RATING
    near = int(halves + 0.5 + 1e-9)
    if value and not near:
        near = 1
    return Stars(near, "" if abs(halves - near) < 1e-6 else text)


def _share(text: str, out_of: int) -> float | None:
    """The rating as a share of the best one; None for what is no rating."""
    if _STARS.fullmatch(text) and len(text) <= 20:
        return (sum(text.count(star) for star in "★⭐🌟*") + text.count("½") / 2) / 5
    plain = _STARS_WORD.sub("", text)
    if match := _OUT_OF.fullmatch(plain):
        return _decimal(match[1]) / int(match[2]) if int(match[2]) else None
    if match := _PERCENT.fullmatch(plain):
        return _decimal(match[1]) / 100
    return _decimal(plain) / out_of if _NUMBER.fullmatch(plain) else None


def _decimal(text: str) -> float:
    return float(text.replace(",", "."))


def whole_number(cell: str, most: int) -> int | None:
    """The only number in `278 `, `590 p.`, `1,234` or `12.0`, if it is at most `most`."""
    text = cell.strip()[:40].removesuffix(".0")
    found = _WHOLE.findall(re.sub(r"(?<=\d)[,.\u202f\xa0'](?=\d{3}(?!\d))", "", text))
    return int(found[0]) if len(found) == 1 and int(found[0]) <= most else None


def yes(cell: str) -> bool | None:
    """True for yes and false for no, in the languages that are read here; None for all else."""
    word = fold(cell) if len(cell) < 20 else ""
    if word in _YES:
        return True
    return False if word in _NO else None


def status(cell: str) -> Status | None:
    """One of the four statuses, from what other programs call it; None for anything else."""
    return STATUS_WORDS.get(folded(cell)) if len(cell) < 40 else None


def turned_title(text: str) -> str:
    """`Last Hero, The` as `The Last Hero`, for the articles of seven languages."""
    tail = text[-6:]
    if "," not in tail:
        return text
    match = _TURNED.fullmatch(text)
    if not match:
        return text
    gap = "" if match[2][-1] in "'’" else " "
    return f"{match[2]}{gap}{match[1]}"


def turned_name(text: str) -> str:
    """`Last, First` as `First Last`; `Last, First, Jr.` as `First Last Jr.`; all else as it is."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 2 and all(parts):
        apart = _SUFFIX.fullmatch(parts[1])
        return f"{parts[0]}, {parts[1]}" if apart else f"{parts[1]} {parts[0]}"
    if len(parts) == 3 and all(parts) and _SUFFIX.fullmatch(parts[2]):
        return f"{parts[1]} {parts[0]} {parts[2]}"
    return text


def names(cell: str, separators: str) -> list[str]:
    """The names in a list, each as `First Last`. `separators`: any of `,;&|` and line ends.

    Where a comma is no separator it stands between surname and first name.
    """
    marks = re.escape(separators)
    parts = re.split(f"[{marks}]" if marks else "\n", clean(cell))
    tidy = (" ".join(part.split()).strip(" ,;") for part in parts)
    turned = (part if "," in separators else turned_name(part) for part in tidy)
    return list(dict.fromkeys(part for part in turned if part))


def guessed_names(cell: str) -> list[str]:
    """The names in a list of unknown make: commas separate whole names, or turn `Last, First`."""
    if re.search(r"[;|\n]| & ", cell):
        return names(re.sub(" & ", ";", cell), ";|\n")
    parts = [part.strip() for part in cell.split(",")]
    if len(parts) == 3 and _SUFFIX.fullmatch(parts[2]):
        return names(cell, "")
    surname = parts[0].split(" ")[0].lower() in _SURNAME_PREFIXES
    whole = len(parts) > 2 or (all(" " in part for part in parts) and not surname)
    return names(cell, "," if whole else "")
