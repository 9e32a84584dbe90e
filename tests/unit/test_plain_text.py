"""HTML as plain text."""

from time import process_time

import pytest

from booklib.plain_text import from_reader


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Fine.<br/><br/>Really fine.", "Fine.\n\nReally fine."),
        ("<p>One</p><p>Two &amp; three</p>", "One\n\nTwo & three"),
        ("R&B and AT&T", "R&B and AT&T"),
        ("I <3 this, 5 < 6 > 4", "I <3 this, 5 < 6 > 4"),
        ("I <3 this<br>much", "I <3 this\nmuch"),
        ("as <my own title> says<br/>so", "as <my own title> says\nso"),
        ("  two  spaces \r\nand lines  ", "two  spaces \nand lines"),
        ("<i>Il nome</i>", "Il nome"),
        ("", ""),
    ],
)
def test_what_readers_wrote_becomes_plain_text(said, meant):
    assert from_reader(said) == meant


@pytest.mark.parametrize("piece", ["<", "<a ", "</", "<!", "&", "&#", "<i", "<a href='"])
def test_a_long_text_of_broken_tags_is_read_at_once(piece):
    start = process_time()
    from_reader(piece * (120_000 // len(piece)))
    assert process_time() - start < 1
