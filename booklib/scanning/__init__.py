"""Barcodes in photos of books: bytes in, findings out. No web, no storage."""

from booklib.scanning.engines import engines, has_libzbar
from booklib.scanning.reading import scan

__all__ = ["engines", "has_libzbar", "scan"]
