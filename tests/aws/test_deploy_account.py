"""deploy.sh with the real command line of AWS, into accounts that stand in for real ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.aws import emulators
from tests.aws.checkout import copy_of_checkout, with_small_package
from tests.aws.command_line import REAL, TOOLS, CommandLine
from tests.processes import free_port

pytestmark = [pytest.mark.once, pytest.mark.slow]

NOTHING_NEW = ["  It is up to date.", "  It is up to date.", "Nothing has changed."]


@pytest.fixture(scope="module")
def ministack() -> Iterator[str]:
    """The address of a MiniStack; the tests share it, each with an environment of its own."""
    with emulators.ministack() as url:
        yield url


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    """A person at a copy of the checkout whose package is small."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    with_small_package(copy_of_checkout(checkout))
    line = CommandLine(tmp_path / "person", checkout)
    line.answers({}, otherwise=REAL)
    (line.bin / "sleep").unlink()
    return line


def asked(url: str, path: str = "/") -> dict[str, object]:
    """What the function behind an address of MiniStack says, which answers /health itself."""
    host = url.removeprefix("http://")
    port = host.rpartition(":")[2]
    answer = httpx.get(f"http://localhost:{port}{path}", headers={"Host": host})
    assert answer.status_code == 200
    return dict(json.loads(answer.text))


def aws(line: CommandLine, url: str, *arguments: str) -> str:
    """The command line, asked behind the back of the script."""
    done = subprocess.run(
        [TOOLS / "aws", *arguments, "--output", "text"],
        env=line.environment(AWS_ENDPOINT_URL=url),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_deployment_is_made_found_unchanged_changed_and_removed(
    line: CommandLine, ministack: str
) -> None:
    at = {"AWS_ENDPOINT_URL": ministack}
    first = line.deploys("dev", "Contact=me and you", **at)
    assert first.returncode == 0, first.stderr
    address = first.stdout.strip()
    assert address.startswith("http://")
    assert asked(address, "/x") == {"path": "/x", "version": 1, "contact": "me and you"}

    second = line.deploys("dev", **at)
    assert second.stdout == first.stdout
    assert [text for text in second.stderr.splitlines() if text in NOTHING_NEW] == NOTHING_NEW
    assert asked(address)["contact"] == "me and you"

    with_small_package(line.checkout, version=2)
    assert line.deploys("dev", "--code-only", **at).stdout == first.stdout
    assert asked(address)["version"] == 2

    with_small_package(line.checkout, version=1)
    back = line.deploys(
        "dev", **at
    )  # as CloudFormation sees it, nothing has changed since the first
    assert "Nothing has changed." not in back.stderr
    assert asked(address)["version"] == 1

    assert line.deploys("dev", "--delete", typed="dev\n", **at).returncode == 0
    assert "BookLibrary-Users-dev" in aws(line, ministack, "dynamodb", "list-tables")
    assert line.deploys("dev", "--delete", "--with-data", "--yes", **at).returncode == 0
    assert "-dev" not in aws(line, ministack, "dynamodb", "list-tables")
    assert "-dev-" not in aws(line, ministack, "s3api", "list-buckets")
    gone = line.deploys("dev", "--delete", "--with-data", "--yes", **at)
    assert gone.returncode == 1
    assert "so there is nothing to remove" in gone.stderr
    assert list(line.home.iterdir()) == []


def test_a_failed_deployment_is_explained_and_the_next_one_mends_it(
    line: CommandLine, ministack: str
) -> None:
    at = {"AWS_ENDPOINT_URL": ministack}
    budget = ("MonthlyBudget=5", "AlarmEmail=me@example.org")  # MiniStack has no budgets
    failed = line.deploys("failing", *budget, **at)
    assert failed.returncode == 1
    assert "BookLibrary-failing could not be deployed (ROLLBACK_COMPLETE)." in failed.stderr
    assert "(AWS::Budgets::Budget): Unsupported resource type" in failed.stderr

    mended = line.deploys("failing", **at)
    assert mended.returncode == 0, mended.stderr
    assert "had failed (ROLLBACK_COMPLETE): what it left is removed" in mended.stderr
    assert asked(mended.stdout.strip())["version"] == 1

    failed = line.deploys("failing", *budget, **at)
    assert failed.returncode == 1
    assert "The site runs on as it was before." in failed.stderr

    assert line.deploys("other", *budget, **at).returncode == 1
    removed = line.deploys("other", "--delete", "--yes", **at)
    assert removed.returncode == 0, removed.stderr


def test_two_first_deployments_at_once_end_well_or_with_one_clear_message(
    line: CommandLine, ministack: str
) -> None:
    def begun() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [line.checkout / "deploy/deploy.sh", "twice"],
            env=line.environment(AWS_ENDPOINT_URL=ministack),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    pair = [begun(), begun()]
    ends = [one.communicate(timeout=180) for one in pair]
    results = [one.returncode for one in pair]
    assert 0 in results, ends
    for code, (_, said) in zip(results, ends, strict=True):
        assert code == 0 or "Another deployment of twice" in said.splitlines()[-1], said
    after = line.deploys("twice", AWS_ENDPOINT_URL=ministack)
    assert after.returncode == 0
    assert after.stderr.splitlines()[-1] == "Nothing has changed."


def test_an_interrupted_deployment_leaves_nothing_behind_and_is_taken_up_again(
    line: CommandLine, ministack: str
) -> None:
    held = line.home.parent / "held"
    line.answers(
        {"cloudformation deploy --stack-name BookLibrary-held *": f"touch {held}; /bin/sleep 60"},
        otherwise=REAL,
    )
    child = subprocess.Popen(
        [line.checkout / "deploy/deploy.sh", "held"],
        env=line.environment(AWS_ENDPOINT_URL=ministack),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not held.exists():
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130
    assert said.splitlines()[-1].startswith("Interrupted. What CloudFormation has begun")
    assert list(line.home.iterdir()) == []
    line.answers({}, otherwise=REAL)
    assert line.deploys("held", AWS_ENDPOINT_URL=ministack).returncode == 0


HEALTH = """
import http.server

class Well(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.HTTPServer(("127.0.0.1", PORT), Well).serve_forever()
"""


def test_on_moto_the_whole_way_goes_too(line: CommandLine) -> None:
    """Moto has no outputs, no HTTP APIs and no secrets of stacks, and takes HTTP for untrusted."""
    well = free_port()
    site = subprocess.Popen([sys.executable, "-c", HEALTH.replace("PORT", str(well))])
    secret = r"printf 'SecretKey\tarn:aws:secretsmanager:eu-central-1:123456789012:secret:s\n'"
    line.answers(
        {
            "s3api put-bucket-policy*": "exit 0",
            "cloudformation describe-stack-resources*-data *": f"{secret}; {REAL}",
            "*OutputKey==*": f"echo http://localhost:{well}",
        },
        otherwise=REAL,
    )
    try:
        with emulators.moto() as url:
            at = {"AWS_ENDPOINT_URL": url}
            first = line.deploys("dev", **at)
            assert first.stdout == f"http://localhost:{well}\n", first.stderr
            tables = aws(line, url, "dynamodb", "list-tables", "--query", "TableNames")
            assert len(tables.split()) == 4
            with_small_package(line.checkout, version=2)
            sent = line.deploys("dev", "--code-only", **at)
            assert sent.stderr.count("Sending the code to BookLibrary-") == 2
            sent = line.deploys("dev", "--code-only", **at)
            assert sent.stderr.splitlines()[-1] == "Nothing has changed."
            assert line.deploys("dev", "--delete", "--yes", **at).returncode == 0
            assert aws(line, url, "dynamodb", "list-tables", "--query", "TableNames") == tables
    finally:
        site.kill()
        site.wait()
