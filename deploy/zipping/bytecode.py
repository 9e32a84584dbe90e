"""Compile modules with the very Python version that will read the result.

The bytecode is never compared with its source (`unchecked-hash`): times of change do not survive a
zip. It names the places that files have on Lambda, so that none of this machine is in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from py_compile import PycInvalidationMode, compile

if __name__ != "__main__":
    from zipping.wheels import PackagingError


def write(folder: Path, place: str, python: str) -> None:
    """Compile every module below a folder that will be at `place`. Raises PackagingError.

    What a module is compiled to depends a little on what its process did before: so each time it is
    a new process, whose hashes are the same.
    """
    done = subprocess.run(
        [python, "-s", "-S", __file__, folder, place],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PackagingError(f"A module could not be compiled:\n{done.stderr}")


def compile_all(folder: Path, place: str) -> None:
    """Write __pycache__ beside every module; raises PyCompileError."""
    for path in sorted(folder.rglob("*.py")):
        compile(
            str(path),
            dfile=f"{place}/{path.relative_to(folder).as_posix()}",
            doraise=True,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # about code that is not ours
    compile_all(Path(sys.argv[1]), sys.argv[2])
