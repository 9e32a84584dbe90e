"""Whether what is stored keeps the invariants of the design, on any storage."""

from booklib.checking.walk import MOST, Finding, findings

__all__ = ["MOST", "Finding", "findings"]
