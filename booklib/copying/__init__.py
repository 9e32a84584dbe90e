"""Copying a whole installation from one storage to the other, and proving that both are equal."""

from booklib.copying.report import KINDS, Report, Tally
from booklib.copying.sums import Sum, canonical
from booklib.copying.work import Side, copy

__all__ = ["KINDS", "Report", "Side", "Sum", "Tally", "canonical", "copy"]
