"""The wheels of the layer, and its zip; deploy/layer/build.sh runs this.

python -m zipping.layer wheels RUNTIME ARCHITECTURE FOLDER
python -m zipping.layer zip FOLDER LAYER.zip
"""

from __future__ import annotations

import sys
from pathlib import Path

from zipping import archive, bytecode, trimming, wheels

LOCK = Path(__file__).resolve().parents[1] / "requirements-layer.txt"
PLACE = "/opt"
"""Where Lambda unpacks a layer."""


def fill(runtime: str, architecture: str, folder: Path) -> None:
    """Install the wheels into `folder`/python, with bytecode. Raises wheels.PackagingError."""
    python = wheels.find_python(runtime.removeprefix("python"))
    target = folder / "python"
    target.mkdir(parents=True)
    wheels.install(LOCK, target, python, architecture)
    trimming.trim(target)
    bytecode.write(folder, PLACE, python)


def main(arguments: list[str]) -> int:
    """Do what the first argument says."""
    try:
        match arguments:
            case ["wheels", runtime, architecture, folder]:
                fill(runtime, architecture, Path(folder))
            case ["zip", folder, target]:
                print(f"The layer: {archive.write(Path(folder), Path(target))}", file=sys.stderr)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except wheels.PackagingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
