"""A PATH on which `aws` says what a test wants, and the deploy scripts run on it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.processes import ROOT

TOOLS = ROOT / ".venv-test-aws-tools/bin"
"""Where the real command line of AWS is."""

REAL = f'exec "{TOOLS}/aws" "$@"'
REGION = "eu-central-1"
ACCOUNT = "123456789012"
SIGNED_IN = {"sts get-caller-identity*": f"echo {ACCOUNT}"}


def refuses(code: str, words: str = "because") -> str:
    """What the command line does when AWS answers with an error."""
    text = f"\nAn error occurred ({code}) when calling the Some operation: {words}\n"
    return f"printf %s '{text}' >&2; exit 254"


class CommandLine:
    """A folder first on the PATH, whose `aws` writes down each call before it answers."""

    def __init__(self, folder: Path, checkout: Path = ROOT) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.home = folder / "home"
        self.home.mkdir()
        self.log = folder / "calls"
        self.checkout = checkout
        self.has("sleep", "exit 0")

    def has(self, name: str, script: str) -> None:
        """A command with this script, in sh."""
        command = self.bin / name
        command.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        command.chmod(0o755)

    def answers(self, rules: dict[str, str], otherwise: str = "exit 99") -> None:
        """`aws` from now on: the script of the first pattern that a call matches, as in `case`."""
        every = rules if "*" in rules else rules | {"*": otherwise}
        cases = "".join(f"{_pattern(pattern)}) {script} ;;\n" for pattern, script in every.items())
        self.has("aws", f'echo "$*" >>\'{self.log}\'\ncase "$*" in\n{cases}esac')

    @property
    def calls(self) -> list[str]:
        """What `aws` was asked so far, its arguments joined by spaces."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def asked(self, words: str) -> list[str]:
        """The calls that contain some words."""
        return [call for call in self.calls if words in call]

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the AWS that this machine may know, and an account of nobody."""
        return {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            **more,
        }

    def deploys(
        self, *arguments: str, typed: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run deploy.sh of the checkout, as a person who types `typed`."""
        return subprocess.run(
            [self.checkout / "deploy/deploy.sh", *arguments],
            env=self.environment(**environment),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )

    def runs(self, line: str) -> subprocess.CompletedProcess[str]:
        """Some functions of the sourced parts, as deploy.sh would call them for `dev`."""
        parts = "".join(
            f". deploy/{part}.sh; " for part in ("setup", "account", "stacks", "uploads", "remove")
        )
        known = (
            f"env=dev region={REGION} account={ACCOUNT} bucket=packages changed=false "
            "data_stack=BookLibrary-dev-data app_stack=BookLibrary-dev "
            "with_data=false yes=false parameters=(); "
        )
        return subprocess.run(
            ["bash", "-c", f"set -euo pipefail; {parts}{known}{line}"],
            cwd=self.checkout,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )


def _pattern(words: str) -> str:
    """A pattern of `case` in which only the star is special."""
    return "*".join(f"'{part}'" if part else "" for part in words.split("*"))
