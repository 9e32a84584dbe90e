"""HTML, or what people wrote between some of its tags, as plain text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from booklib.models.folding import clean

_BREAKING = frozenset({"p", "br", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "blockquote"})
# What the parser of the standard library stumbles over, and what it reads again and again.
_MARKED = re.compile(r"<[!?][^<>]*>")
_NO_TAG = re.compile(r"<(?!/?[a-zA-Z][^<>]*>)")
# What people put in angle brackets themselves, as <3 or <my own title>, is text.
_TAGS = (
    "a abbr article aside b big blockquote body br center cite code dd del div dl dt em figure "
    "figcaption font footer h1 h2 h3 h4 h5 h6 head header hr html i iframe img ins kbd li link "
    "main mark meta nav o:p object ol p pre q s samp script section small span spoiler strike "
    "strong style sub summary sup table tbody td tfoot th thead title tr tt u ul var wbr"
)
_NO_KNOWN_TAG = re.compile(rf"<(?!/?(?:{'|'.join(_TAGS.split())})(?![\w:-])[^<>]*>)", re.IGNORECASE)
_HTML = re.compile(r"<[/!?a-zA-Z]|&#?\w+;")


def paragraphs(html: str, limit: int) -> str:
    """HTML or not, as plain text of at most `limit` characters, an empty line between paragraphs.

    Whatever stands between angle brackets is left out; a text that is too long ends in `…`.
    """
    text = _text(_NO_TAG.sub("&lt;", _MARKED.sub("", html[: limit * 4])))
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def from_reader(text: str) -> str:
    """What a reader wrote in another program, its HTML taken off, of any length.

    Angle brackets that hold no tag of HTML stay, and so do the line ends of a text without tags.
    """
    if not _HTML.search(text):
        return clean(text)
    return _text(_NO_KNOWN_TAG.sub("&lt;", _MARKED.sub("", text)))


def _text(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    rows = [" ".join(row.split()) for row in clean("".join(reader.pieces)).split("\n")]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(rows)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag in _BREAKING:
            self.pieces.append("\n" if tag in ("br", "li") else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BREAKING and tag != "br":
            self.pieces.append("\n" if tag == "li" else "\n\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)
