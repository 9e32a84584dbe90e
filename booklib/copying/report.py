"""What a copy did, and how both sides compare in the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from booklib.copying.sums import Sum

KINDS = ("users", "books", "copies")
"""What is compared item by item."""

TOLD = 20
"""Differing items that are named; the others are only counted."""


@dataclass(slots=True)
class Tally:
    """What became of one kind of items."""

    written: int = 0
    same: int = 0
    differing: int = 0
    """There already, and different; left as it is unless the source is to win."""
    missing: int = 0
    """Pictures that the library names and the source has not."""


@dataclass(slots=True)
class Report:
    """What a copy did; in a dry run, what it would do."""

    users: Tally = field(default_factory=Tally)
    books: Tally = field(default_factory=Tally)
    copies: Tally = field(default_factory=Tally)
    files: Tally = field(default_factory=Tally)
    differing: list[str] = field(default_factory=list)
    """Names of accounts and ids of Books and copies, the first that differ."""
    closing: list[str] = field(default_factory=list)
    """Names of accounts that are being deleted at the source, and so are not copied."""
    left_out: list[str] = field(default_factory=list)
    """Sentences on accounts that could not be copied."""
    wrong_counts: list[str] = field(default_factory=list)
    """Accounts whose numbers of books were wrong at the source; they are right at the target."""
    moved: list[str] = field(default_factory=list)
    """Names of accounts that were changed at the source meanwhile."""
    source: dict[str, Sum] = field(default_factory=dict)
    target: dict[str, Sum] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same, and nobody was left out or at work meanwhile."""
        return self.source == self.target and not self.left_out and not self.moved

    def differs(self, tally: Tally, name: str) -> None:
        """Note an item that is there and different, and stays so."""
        tally.differing += 1
        if len(self.differing) < TOLD:
            self.differing.append(name)
