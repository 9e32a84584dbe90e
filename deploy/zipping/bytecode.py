"""Compile every module below a folder; run by the very Python version that will read the result.

    python -s -S deploy/zipping/bytecode.py FOLDER

The bytecode is never compared with its source (`unchecked-hash`): times of change do not survive a
zip. It names the places that files have on Lambda, so that none of this machine is in it.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from py_compile import PycInvalidationMode, compile

TASK = "/var/task"
"""Where Lambda unpacks a package."""


def compile_all(folder: Path) -> None:
    """Write __pycache__ beside every module; raises PyCompileError."""
    for path in sorted(folder.rglob("*.py")):
        compile(
            str(path),
            dfile=f"{TASK}/{path.relative_to(folder).as_posix()}",
            doraise=True,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # about code that is not ours
    compile_all(Path(sys.argv[1]))
