"""Read a barcode with each decoder of the layer: in Amazon's image, or in a place like it.

python smoke.py ENGINE...       zxing, zbar or both: those that must be there
"""

from __future__ import annotations

import sys
from pathlib import Path

import zxingcpp
from PIL import Image

from booklib.scanning.engines import engines, read

DIGITS = "9780441172719"
MAPPED = Path("/proc/self/maps")
"""Which libraries this very process has loaded, on Linux."""


def main(wanted: list[str]) -> int:
    """Say what was read, and by which file; 1 where a decoder is missing or reads wrongly."""
    code = zxingcpp.create_barcode(DIGITS, zxingcpp.BarcodeFormat.EAN13)
    image = Image.new("L", (480, 240), 255)
    image.paste(Image.fromarray(code.to_image(scale=3)), (60, 30))
    found = {engine: [reading.digits for reading in read(engine, image)] for engine in engines()}
    loaded = {line.split()[-1] for line in MAPPED.read_text().splitlines() if "libzbar" in line}
    print(f"read: {found}; from: {sorted(loaded)}")
    return 0 if found == {engine: [DIGITS] for engine in wanted} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
