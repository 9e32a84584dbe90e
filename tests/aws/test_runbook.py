"""deploy/README.md: its commands exist, those that an emulator can run do what it says of them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mangum import Mangum

from tests.aws import emulators
from tests.aws.command_line import TOOLS
from tests.aws.commands import code_of, commands_in, faults_of
from tests.aws.templates import read
from tests.processes import ROOT

pytestmark = pytest.mark.slow

RUNBOOK = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
SECOND_VERSION_ONLY = {"sso login"}


def section(title: str) -> str:
    return RUNBOOK.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def script(text: str) -> str:
    """The code blocks of a part of the runbook, as one types them."""
    return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))


# -- Words -----------------------------------------------------------------------------------------


def test_the_command_line_knows_every_command_and_option_of_the_runbook() -> None:
    commands = commands_in(code_of(RUNBOOK))
    assert len(commands) > 50
    wanted = [each for each in commands if " ".join(each[:2]) not in SECOND_VERSION_ONLY]
    assert faults_of(wanted) == {}


def test_a_command_that_does_not_exist_would_be_found() -> None:
    lines = [
        "x=$(aws sqs get-queue-url --nme $x) && aws lambda invoke --function-name f | cat",
        "aws dynamodb forget --table-name x",
    ]
    commands = commands_in(lines)
    assert [each[1] for each in commands] == ["get-queue-url", "invoke", "forget"]
    assert set(faults_of(commands).values()) == {"no option --nme", "no command forget"}


def test_the_runbook_tells_of_every_option() -> None:
    ours = {"Environment", "CodeBucket", "CodeKey", "LayerKey", "FilesBucket", "SecretKey"}
    table = section("Options")
    told = {
        name: facts for name, facts in read("app.yaml")["Parameters"].items() if name not in ours
    }
    assert [name for name in told if f"`{name}`" not in table] == []
    for name in re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", table, re.MULTILINE):
        assert str(told[name[0]].get("Default", "")) in (name[1], ""), name


def test_links_within_the_runbook_lead_somewhere() -> None:
    headings = {
        heading.lower().replace(" ", "-")
        for heading in re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) <= headings


# -- Deeds -----------------------------------------------------------------------------------------


class Terminal:
    """A shell whose `aws` speaks to an emulator, with what the runbook has one type first."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        # The first version of the command line asks the real SQS whatever AWS_ENDPOINT_URL says.
        command = folder / "aws"
        command.write_text(f'#!/bin/sh\nexec "{TOOLS}/aws" --endpoint-url {url} "$@"\n')
        command.chmod(0o755)
        self._environ = emulators.environment(
            PATH=f"{folder}:{os.environ['PATH']}", HOME=str(folder), AWS_ENDPOINT_URL=url
        )
        self._first = script(RUNBOOK.partition("typed first:")[2].partition("\n## ")[0])

    def types(self, lines: str, first: bool = True) -> str:
        """What the commands print; each must succeed."""
        told = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{self._first}\n{lines}" if first else lines],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, f"{lines}\n{told.stdout}\n{told.stderr}"
        return told.stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Both stacks of `dev` are there, with one account in the tables."""
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as code:
        code.writestr("booklib/__init__.py", "")
    infra = ROOT / "infra"
    with emulators.moto() as url:
        opened = Terminal(tmp_path, url)
        opened.types(
            f"""
            env=dev
            aws s3 mb s3://code
            aws s3 cp code.zip s3://code/code.zip
            aws cloudformation deploy --stack-name BookLibrary-$env-data \
                --template-file {infra}/data.yaml --parameter-overrides Environment=$env
            aws cloudformation deploy --stack-name BookLibrary-$env \
                --template-file {infra}/app.yaml --s3-bucket code \
                --capabilities CAPABILITY_NAMED_IAM --parameter-overrides \
                Environment=$env CodeBucket=code CodeKey=code.zip LayerKey=code.zip FilesBucket=f \
                SecretKey=arn:aws:secretsmanager:eu-central-1:000000000000:secret:s
            aws dynamodb put-item --table-name BookLibrary-Users-$env \
                --item '{{"user_id": {{"S": "u1"}}, "mail_key": {{"S": "ann@example.org"}}}}'
            aws dynamodb put-item --table-name BookLibrary-Users-$env \
                --item '{{"user_id": {{"S": "count#users"}}, "users": {{"N": "1"}}}}'
            """,
            first=False,
        )
        yield opened


def test_accounts_are_counted_and_found_by_email_and_restored_under_other_names(
    terminal: Terminal,
) -> None:
    told = terminal.types(script(section("Tables")))
    assert "PointInTimeRecoveryStatus" in told
    assert re.search(r"^1$", told, re.MULTILINE)
    assert re.search(r"^u1$", told, re.MULTILINE)
    blocks = section("Restoring").partition("./deploy/deploy.sh")[0]
    now = re.sub(r"when=\S+", "when=$(date -u +%FT%TZ)", script(blocks))
    told = terminal.types(now)
    assert json.loads("{" + told.rpartition("\n{")[2])["Item"]["users"] == {"N": "1"}


def test_queue_dead_letters_and_logs_are_read(terminal: Terminal) -> None:
    moved = r"aws sqs (start|list)-message-move-task"  # which no emulator knows
    queues = script(section("Queue and dead letters")).splitlines()
    sent = 'aws sqs send-message --queue-url $dlq --message-body \'{"job_id": "lookup:a"}\'\n'
    told = terminal.types(sent + "\n".join(line for line in queues if not re.match(moved, line)))
    assert '"ApproximateNumberOfMessages": "1"' in told
    assert '{\\"job_id\\": \\"lookup:a\\"}' in told
    groups = "".join(
        f"aws logs create-log-group --log-group-name /aws/lambda/BookLibrary-{name}-$env\n"
        for name in ("API", "Worker")
    )
    assert "queryId" not in terminal.types(groups + script(section("Logs")))


def test_the_secret_gets_a_new_value_beside_the_former_one(terminal: Terminal) -> None:
    made = "aws secretsmanager create-secret --name s --secret-string old --query ARN --output text"
    told = terminal.types(
        f"secret=$({made})\n{script(section('The secret'))}\n"
        "aws secretsmanager get-secret-value --secret-id $secret --query SecretString\n"
        "aws secretsmanager get-secret-value --secret-id $secret --version-stage AWSPREVIOUS"
        " --query SecretString"
    )
    *_, current, previous = told.splitlines()
    assert len(json.loads(current)) == 64
    assert json.loads(previous) == "old"


def test_a_library_moves_there_and_back(terminal: Terminal, tmp_path: Path) -> None:
    moving = script(section("Moving a library here and back"))
    moving = moving.replace("BOOKLIB_DATA_DIR=back ", f"BOOKLIB_DATA_DIR={tmp_path}/back ")
    # Such a dry run ends with 1, as it says itself, because the two sides still differ.
    moving = moving.replace("--dry-run", "--dry-run || test $? = 1")
    told = terminal.types(
        f"""
        booklib() {{ PYTHONPATH={ROOT} {sys.executable} -m booklib "$@"; }}
        export BOOKLIB_DATA_DIR={tmp_path}/home
        echo eleven purple bicycles | booklib demo --books 30 --user ann --password-stdin
        """
        + re.sub(r"^.*pip install.*$", "", moving, flags=re.MULTILINE).replace(
            ".venv/bin/booklib", "booklib"
        )
    )
    assert told.count("books owned: 30 would be written, 0 the same") == 1
    assert told.count("books owned: 30 written, 0 the same") == 2
    assert told.count("Both sides hold the same.") == 2


def test_the_event_that_is_sent_by_hand_asks_for_the_health_page() -> None:
    text = script(section("Calling the functions by hand"))
    event = json.loads(text.partition("<<'END'\n")[2].partition("\nEND")[0])
    asked = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        asked.append((scope["method"], scope["path"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        told = Mangum(app, lifespan="off")(event, None)  # type: ignore[arg-type]
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert (told["statusCode"], asked) == (204, [("GET", "/health")])
