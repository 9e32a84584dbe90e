"""Text as it is sorted and searched: no case, no accents, no leading article, surname first."""

from __future__ import annotations

import re
import unicodedata

KEY_BYTES = 64

MAX_MARKS = 30
"""Combining characters in a row that are put in order together (Unicode's UAX #15, section 13)."""
_QUICK = 1_000
"""Characters that are normalised fast whatever they are."""
_JOINER = "\u034f"
# They are no combining characters themselves, but are decomposed to some.
_HIDDEN_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")

_ARTICLES = {
    "en": ("the", "a", "an"),
    "de": ("der", "die", "das", "ein", "eine"),
    "fr": ("le", "la", "les", "l", "un", "une"),
    "es": ("el", "la", "los", "las", "un", "una"),
    "it": ("il", "lo", "la", "gli", "i", "le", "l", "un", "una"),
    "nl": ("de", "het", "een"),
    "pt": ("o", "a", "os", "as", "um", "uma"),
}
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md"})
_SURNAME_PREFIXES = frozenset(
    {"Le", "La", "De", "Du", "Des", "Van", "Von", "Der", "Den", "Di", "Da", "Mac", "St.", "Saint"}
)
_PLAIN = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)
# Scripts written without spaces between words: each character is a word of its own in a search.
_SPACELESS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_SPACELESS_CHARACTER = re.compile(f"([{_SPACELESS}])")
_BETWEEN = re.compile(r"[\s_-]+")
_NOT_WORD = re.compile(r"[\W_]+")
_APOSTROPHES = re.compile("(?<=[a-z]{2})['’ʼ]|['’ʼ](?=s\\b)")


def fold(text: str) -> str:
    """Words of letters and digits in lower case without accents, one space between them."""
    lower = unicodedata.normalize("NFKD", text.casefold()).casefold()
    bare = "".join(c for c in lower if not unicodedata.combining(c)).translate(_PLAIN)
    whole = unicodedata.normalize("NFC", bare)
    return _NOT_WORD.sub(" ", _APOSTROPHES.sub("", whole)).strip()


def tag_key(tag: str) -> str:
    """A tag as it is compared: no case, no accents; spaces, hyphens and underscores are alike.

    Goodreads spells "to lend" as "to-lend"; "C++" and "C#" are two.
    """
    lower = unicodedata.normalize("NFKD", tag.casefold()).casefold()
    bare = "".join(c for c in lower if not unicodedata.combining(c)) or lower
    whole = unicodedata.normalize("NFC", bare)
    return _BETWEEN.sub(" ", whole).strip() or whole


def cut(text: str) -> str:
    """The longest beginning of `text` that fits into KEY_BYTES bytes of UTF-8."""
    return text.encode()[:KEY_BYTES].decode(errors="ignore")


def title_order(title: str, language: str = "") -> str:
    """A title as it is sorted: folded, without the leading article of its language."""
    folded = fold(title)
    first, _, rest = folded.partition(" ")
    articles = _ARTICLES.get(language[:2].lower() or "en", ())
    return rest if rest and first in articles else folded


def author_order(name: str) -> str:
    """An author as sorted: surname, then the rest. `Last, First` keeps its own order."""
    if "," in name:
        return fold(name)
    parts = name.split()
    suffix: list[str] = []
    while len(parts) > 1 and fold(parts[-1]) in _SUFFIXES:
        suffix.insert(0, parts.pop())
    start = len(parts) - 1
    while start > 1 and parts[start - 1] in _SURNAME_PREFIXES:
        start -= 1
    return fold(" ".join(parts[start:] + parts[:start] + suffix))


def search_words(*texts: str) -> tuple[str, ...]:
    """The distinct folded words of some texts, in the order of their appearance."""
    spaced = _SPACELESS_CHARACTER.sub(r" \1 ", " ".join(fold(text) for text in texts if text))
    return tuple(dict.fromkeys(spaced.split()))


def matches(wanted: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether every wanted word begins some word: the one meaning of a search on any storage."""
    return all(any(word.startswith(want) for word in words) for want in wanted)


def clean(text: str) -> str:
    """Text fit to be stored: NFC, no NUL, no lone surrogate, plain line ends, no outer space."""
    whole = text.encode("utf-8", errors="ignore").decode("utf-8").replace("\x00", "")
    whole = stream_safe(whole)
    return unicodedata.normalize("NFC", whole.replace("\r\n", "\n").replace("\r", "\n")).strip()


def stream_safe(text: str) -> str:
    """The same text, long runs of combining characters cut by a joiner that nobody sees.

    To normalise a run takes the square of its length, which for a megabyte of them is minutes.
    """
    if len(text) <= _QUICK or text.isascii():
        return text
    pieces: list[str] = []
    marks = 0
    for character in text:
        is_mark = unicodedata.combining(character) or character in _HIDDEN_MARKS
        marks = marks + 1 if is_mark else 0
        if marks > MAX_MARKS:
            pieces.append(_JOINER)
            marks = 1
        pieces.append(character)
    return "".join(pieces)
