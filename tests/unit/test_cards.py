import re
from pathlib import Path

import pytest

from booklib.models import Card
from booklib.web import cards

STYLES = Path(__file__).parents[2] / "static/css/covers.css"


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2.2, relative luminance and contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_book_is_always_bound_alike_and_books_differ():
    assert cards.binding("abc") == cards.binding("abc")
    looks = {cards.binding(f"book {number}") for number in range(2000)}
    assert len(looks) == cards.CLOTHS * cards.BINDINGS


def test_the_style_sheet_holds_every_cloth_and_binding():
    styles = STYLES.read_text()
    for number in range(1, cards.CLOTHS + 1):
        assert f".cloth-{number:02d} {{" in styles
    for number in range(1, cards.BINDINGS + 1):
        assert f".binding-{number}::after" in styles


def test_the_title_can_be_read_on_every_cloth():
    pairs = re.findall(r"--cloth: (#\w{6}); --foil: (#\w{6})", STYLES.read_text())
    assert len(pairs) == cards.CLOTHS
    assert min(contrast(cloth, foil) for cloth, foil in pairs) >= 4.5


@pytest.mark.parametrize(
    ("authors", "line"),
    [
        ((), ""),
        (("Mary Shelley",), "Mary Shelley"),
        (("Terry Pratchett", "Neil Gaiman"), "Terry Pratchett and Neil Gaiman"),
        (("A", "B", "C"), "A, B and C"),
        (("A", "B", "C", "D"), "A, B and 2 more"),
    ],
)
def test_authors_are_told_in_one_line(authors, line):
    assert cards.byline(authors) == line


def test_a_book_without_a_title_shows_its_isbn_as_printed():
    card = Card("", (), "", "9780140283297", "", "pending")
    assert cards.heading(card) == "978-0-14-028329-7"
    assert cards.heading(card._replace(isbn="")) == "Untitled"


@pytest.mark.parametrize(
    ("title", "size"),
    [
        ("Dune", "xl"),
        ("Middlemarch", "m"),
        ("The Left Hand of Darkness", "l"),
        ("吾輩は猫である", "l"),
        ("A word " * 20, "xs"),
        ("Donaudampfschifffahrtsgesellschaftskapitänsmütze", "xs"),
    ],
)
def test_the_longer_the_title_the_smaller_it_is_set(title, size):
    assert cards.title_size(title) == size
