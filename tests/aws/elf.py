"""What compiled libraries ask of the machine that loads them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

MACHINES = {62: "x86_64", 183: "arm64"}
"""`e_machine` of ELF (System V ABI), as Lambda calls the architectures."""


def libraries(folder: Path) -> list[Path]:
    """Every compiled library below a folder, whatever it is called."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if path.read_bytes().startswith(b"\x7fELF"))


def architecture(library: Path) -> str:
    """The one that it is for."""
    return MACHINES[int.from_bytes(library.read_bytes()[18:20], "little")]


def newest_glibc(library: Path) -> tuple[int, int]:
    """The newest version of glibc that one of its symbols comes from."""
    versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", library.read_bytes())
    return max(((int(a), int(b)) for a, b in versions), default=(0, 0))


def dynamic(library: Path, entry: str) -> list[str]:
    """The values of NEEDED or SONAME."""
    told = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=True)
    return re.findall(rf"^\s+{entry}\s+(\S+)$", told.stdout, re.MULTILINE)
