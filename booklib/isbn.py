"""What is an ISBN: find it in any spelling, check it, convert it, group it (ISO 2108)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from stdnum import ean, issn  # type: ignore[import-untyped, unused-ignore]
from stdnum import isbn as stdnum_isbn

from booklib.errors import BooklibError

EMPTY = "Please type an ISBN: the 10 or 13 digits near a book's barcode."
NOT_AN_ISBN = "This is not an ISBN: an ISBN has 10 digits, or 13 that begin with 978 or 979."
MUSIC = "This is an ISMN, the number of a piece of sheet music, and not a book's ISBN."
MAGAZINE = "This is an ISSN, the number of a magazine or series, and not a book's ISBN."
OTHER_GOODS = (
    "This is the barcode of something else: a book's barcode begins with 978 or 979. "
    "Look for a second one, perhaps inside the cover."
)

_SHOWN = 60
_SEPARATORS = str.maketrans(dict.fromkeys("-‐‑‒–—―−﹘﹣－", "-") | {"Х": "X", "х": "x"})
_LABEL = re.compile(r"(?:urn:)?(?:isbn|ean)(?:[- ]?1[03](?!\d))?\s*[:#=]*\s*", re.IGNORECASE)
# Group 1 is a number; digits that end in a letter are matched whole too, but are none. Matching
# them anew from each of their digits would take the square of their length.
_NUMBER = re.compile(
    r"(?<![^\W_])(?:(\d(?:[ .-]*\d)*+(?:[ .-]?[Xx](?![^\W_]))?(?![^\W\d_]))|\d(?:[ .-]*\d)*+)"
)
_PIECES = re.compile(r"[,;\t]")
_LETTERS = re.compile(r"[^\W\d_]")
_BETWEEN = re.compile(r"[\s.-]")


class IsbnError(BooklibError):
    """A text is no ISBN; the message is a sentence that tells why."""


class Finding(NamedTuple):
    """One number of a pasted text: its ISBN-13, or the problem with it as a sentence."""

    text: str
    isbn: str | None
    problem: str


def parse(text: str) -> str:
    """The ISBN-13 (13 digits) in a text of any spelling; raises IsbnError.

    Takes ISBN-10 and ISBN-13 with any dashes, spaces and digits (full-width too), labels such as
    `ISBN-13:` or `urn:isbn:`, words around it, and the price add-on that a scanner may append.
    """
    findings = find_all(text)
    isbns = [finding.isbn for finding in findings if finding.isbn]
    if len(isbns) > 1:
        raise IsbnError(f"These are {len(isbns)} different ISBNs: please give one.")
    if isbns:
        return isbns[0]
    raise IsbnError(findings[0].problem if findings else EMPTY)


def find_all(text: str) -> list[Finding]:
    """Every ISBN of a pasted text in its order, and every piece that was meant to be one.

    Numbers may stand one a line or between commas, semicolons, tabs and spaces. In a line with
    words, short numbers (a year, a price) are passed over. An ISBN that comes twice is told once.
    """
    seen: set[str] = set()
    findings: list[Finding] = []
    for line in _plain(text).splitlines():
        for finding in _in_line(line):
            key = finding.isbn or finding.text
            if key not in seen:
                seen.add(key)
                findings.append(finding)
    return findings


def looks_like_isbns(text: str) -> bool:
    """Whether a text is meant as ISBNs, right or wrong, rather than as words of a title."""
    if any(finding.isbn for finding in find_all(text)):
        return True
    plain = _plain(text).strip()
    bare = re.sub(r"[\s.,;-]", "", _LABEL.sub("", plain))
    digits = sum(character.isdigit() for character in bare)
    labelled = _LABEL.match(plain) is not None
    return digits >= (4 if labelled else 9) and (labelled or len(bare) - digits <= 1)


def hyphenated(isbn13: str) -> str:
    """An ISBN-13 in its groups, as the International ISBN Agency's ranges cut it."""
    return str(stdnum_isbn.format(isbn13))


def isbn10(isbn13: str) -> str | None:
    """The ISBN-10 of an ISBN-13; None for the prefix 979, which has none."""
    return str(stdnum_isbn.to_isbn10(isbn13)) if isbn13.startswith("978") else None


def _plain(text: str) -> str:
    """The text with ASCII digits, one kind of dash and of space, and no invisible characters."""
    folded = unicodedata.normalize("NFKC", text).translate(_SEPARATORS)
    return "".join(_plain_character(character) for character in folded)


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd":
        return "-"
    if category == "Zs":
        return " "
    return "" if category == "Cf" else character


def _in_line(line: str) -> Iterator[Finding]:
    """The numbers of one line; the line itself as a problem where it holds words and no number."""
    unlabelled = _LABEL.sub(";", line)
    if not unlabelled.strip(" ;,.-\t"):
        return
    numbers = [
        number
        for piece in _PIECES.split(unlabelled)
        for run in _NUMBER.findall(piece)
        if run
        for number in _cut(run)
    ]
    if _LETTERS.search(_NUMBER.sub("", unlabelled)):
        numbers = [number for number in numbers if len(_bare(number)) >= 9 or _checked(number)]
    for number in numbers:
        yield _finding(number)
    if not numbers:
        yield Finding(line.strip()[:_SHOWN], None, _no_number(unlabelled))


def _no_number(text: str) -> str:
    """Why a text holds no number: mostly a letter that was read or typed for a digit."""
    token = _BETWEEN.sub("", text.strip(" ;,\t"))
    letters = _LETTERS.findall(token)
    if len(token) not in (10, 13) or not 0 < len(letters) <= 3:
        return NOT_AN_ISBN
    if set(letters) <= {"x", "X"}:
        return "In an ISBN an X may only stand at the very end, after nine digits."
    return f"An ISBN is made of digits: “{letters[0]}” does not belong there."


def _cut(run: str) -> list[str]:
    """Cut digits with separators between them to single numbers; an ISBN may hold spaces itself.

    Hyphens bind closer than spaces, and thirteen digits that begin like a book's barcode stay
    together even where their check digit is wrong: else a wrong ISBN-13 could pass as an ISBN-10.
    """
    groups = re.sub(r"(?<!\s)\s+[-.]\s+", " ", run).split()
    numbers: list[str] = []
    loose: list[str] = []
    while groups:
        taken = _first_number(groups)
        if not taken:
            loose.append(groups.pop(0))
            continue
        if loose:
            numbers.append(" ".join(loose))
            loose = []
        number = " ".join(groups[:taken])
        del groups[:taken]
        numbers.append(number)
        if groups and len(_bare(number)) == 13 and _is_add_on(groups):
            groups.pop(0)
    return [*numbers, " ".join(loose)] if loose else numbers


def _first_number(groups: list[str]) -> int:
    """How many groups make up the number that the first of them begins; 0 if it begins none."""
    groups = groups[:13]  # thirteen digits: more groups than that cannot belong to one number
    sizes = {len(_bare("".join(groups[:count]))): count for count in range(1, len(groups) + 1)}
    if 13 in sizes and "".join(groups).startswith(("977", "978", "979")):
        return sizes[13]
    if 10 in sizes and _checked("".join(groups[: sizes[10]])):
        return sizes[10]
    return 1 if len(_bare(groups[0])) >= 9 else 0


def _is_add_on(groups: list[str]) -> bool:
    """Whether the price or issue of a barcode's add-on symbol (GS1: 2 or 5 digits) comes next."""
    return len(groups[0]) in (2, 5) and groups[0].isdigit() and not _first_number(groups)


def _bare(number: str) -> str:
    return _BETWEEN.sub("", number).upper()


def _checked(number: str) -> str | None:
    """The ISBN-13 of one number, or None where something is wrong with it."""
    try:
        return _read(_bare(number))
    except IsbnError:
        return None


def _finding(number: str) -> Finding:
    shown = number.strip(" -.")[:_SHOWN]
    try:
        return Finding(shown, _read(_bare(number)), "")
    except IsbnError as error:
        return Finding(shown, None, str(error))


def _read(bare: str) -> str:
    """One number without separators as ISBN-13; raises IsbnError."""
    if len(bare) in (15, 18) and bare.startswith(("977", "978", "979")):
        bare = bare[:13]  # the add-on symbol, glued on by the scanner
    if len(bare) == 13:
        return _read_13(bare)
    if len(bare) == 10:
        return _read_10(bare)
    if len(bare) == 9 and bare.isdigit() and stdnum_isbn.is_valid("0" + bare):
        return _read_10("0" + bare)  # a spreadsheet lost the leading zero, or an SBN of the 1960s
    raise IsbnError(_wrong_length(bare))


def _read_13(bare: str) -> str:
    if not bare.isdigit():
        raise IsbnError("An X may only end an ISBN with ten digits; this one has thirteen.")
    if bare.startswith("9790"):
        raise IsbnError(MUSIC)
    if bare.startswith("977"):
        raise IsbnError(MAGAZINE)
    if not bare.startswith(("978", "979")):
        raise IsbnError(OTHER_GOODS if ean.is_valid(bare) else NOT_AN_ISBN)
    _expect(str(ean.calc_check_digit(bare[:12])), bare)
    return bare


def _read_10(bare: str) -> str:
    stem = "978" + bare[:9]
    whole = stem + str(ean.calc_check_digit(stem))
    _expect(str(stdnum_isbn.to_isbn10(whole))[-1], bare)
    return whole


def _expect(digit: str, bare: str) -> None:
    if bare[-1] != digit:
        raise IsbnError(
            f"The last digit should be {digit}, not {bare[-1]}: "
            "please compare the number with the book's."
        )


def _wrong_length(bare: str) -> str:
    if len(bare) == 8 and issn.is_valid(bare):
        return MAGAZINE
    stems = [bare[:size] for size in (8, 12) if len(bare) in (size, size + 5)]
    if bare.isdigit() and any(ean.is_valid(stem) for stem in stems):
        return OTHER_GOODS
    size = "short" if len(bare) < 10 or len(bare) == 12 else "long"
    return f"This is too {size} for an ISBN: it has {len(bare)} digits, an ISBN has 10 or 13."
