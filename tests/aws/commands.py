"""The `aws` commands in a text, and whether the command line knows each of them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess

from tests.processes import ROOT

PYTHON = ROOT / ".venv-test-aws-tools/bin/python"

_INNERMOST = re.compile(r"\$\(\(([^()]*)\)\)|\$\(([^()]*)\)")
_ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "&"}

# Run by the Python that has the command line: it knows its own tables of commands and options.
_ASKED = """
import json, sys
from awscli.clidriver import create_clidriver

driver = create_clidriver()
services = driver._get_command_table()
shared = driver._get_argument_table()

def below(command):
    if hasattr(command, "subcommand_table"):
        return command.subcommand_table
    return command._get_command_table() if hasattr(command, "_get_command_table") else {}

def fault(words):
    commands, command = services, None
    for word in words:
        if not commands or word.startswith("-"):
            break
        if word not in commands:
            return "no command " + word
        command = commands[word]
        commands = below(command)
    options = [word[2:].partition("=")[0] for word in words if word.startswith("--")]
    for option in options:
        if option not in command.arg_table and option not in shared:
            return "no option --" + option
    for name, argument in command.arg_table.items():
        if argument.required and name not in {"outfile", *options} and not argument.positional_arg:
            return "lacks --" + name
    return ""

print(json.dumps([fault(words) for words in json.load(sys.stdin)]))
"""


def code_of(markdown: str) -> list[str]:
    """The lines of all code blocks (indented by four or more) and what stands in backticks."""
    indented = [line.strip() for line in markdown.splitlines() if line.startswith("    ")]
    return indented + re.findall(r"`([^`\n]+)`", markdown)


def commands_in(lines: list[str]) -> list[list[str]]:
    """Every call of `aws` in lines of shell, also inside `$(...)`, as its words after `aws`."""
    found = []
    for line in lines:
        while inner := _INNERMOST.search(line):
            found += _calls(inner[2] or "")
            line = line[: inner.start()] + "INNER" + line[inner.end() :]
        found += _calls(line)
    return found


def _calls(shell: str) -> list[list[str]]:
    if "aws " not in shell:
        return []
    reader = shlex.shlex(shell, posix=True, punctuation_chars="|&;<>")
    reader.whitespace_split = True
    calls: list[list[str]] = []
    begins, ours = True, False
    for word in reader:
        if begins:
            ours = word == "aws"
            calls += [[]] if ours else []
            begins = word == "do"
        elif word in _ENDS:
            begins, ours = True, False
        elif ours:
            calls[-1].append(word)
    return [call for call in calls if call]


def faults_of(commands: list[list[str]]) -> dict[str, str]:
    """What the command line would not understand, by command."""
    told = subprocess.run(
        [PYTHON, "-c", _ASKED],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    faults = json.loads(told.stdout)
    return {
        " ".join(command): fault for command, fault in zip(commands, faults, strict=True) if fault
    }
