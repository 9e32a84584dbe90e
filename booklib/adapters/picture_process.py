"""Pictures are looked into by a process of their own, which can be stopped."""

from __future__ import annotations

from booklib.errors import BadPicture
from booklib.models import CoverPictures, Scan

NOT_YET = "This version cannot read pictures yet."


class PictureProcess:
    """The Pictures port."""

    async def scan(self, picture: bytes) -> Scan:
        """The barcodes of a photo."""
        raise BadPicture(NOT_YET)

    async def cover(self, picture: bytes) -> CoverPictures:
        """A cover in the two stored sizes."""
        raise BadPicture(NOT_YET)

    async def aclose(self) -> None:
        """End the process."""
