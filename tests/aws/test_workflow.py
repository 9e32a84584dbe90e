"""The workflow of GitHub: tests always, a deployment of tags alone, and no stored key."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.processes import ROOT

pytestmark = pytest.mark.slow

PATH = ROOT / ".github/workflows/ci.yml"
TEXT = PATH.read_text(encoding="utf-8")
# YAML 1.1 reads the key `on` as true.
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS = WORKFLOW["jobs"]


def test_there_is_one_workflow() -> None:
    assert [path.name for path in PATH.parent.iterdir()] == ["ci.yml"]


def test_tests_run_on_every_push_and_pull_request() -> None:
    assert set(WORKFLOW[True]) == {"push", "pull_request"}
    assert WORKFLOW[True]["push"] == {"branches": ["**"], "tags": ["v*"]}
    assert {"run": ".ci/run"} in JOBS["tests"]["steps"]


def test_a_tag_is_deployed_when_its_tests_have_passed() -> None:
    deploy = JOBS["deploy"]
    assert deploy["needs"] == "tests"
    assert deploy["if"] == "github.event_name == 'push' && github.ref_type == 'tag'"
    assert deploy["environment"] == "prod"
    assert deploy["concurrency"]["cancel-in-progress"] is False
    assert deploy["steps"][-1] == {"run": "./deploy/deploy.sh prod"}


def test_only_the_deployment_may_ask_who_it_is_and_nothing_writes_to_the_repository() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in JOBS["tests"]
    assert JOBS["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}


def test_no_key_is_stored() -> None:
    assert "secrets." not in TEXT
    (credentials,) = (
        step["with"] for step in JOBS["deploy"]["steps"] if "configure-aws" in step.get("uses", "")
    )
    assert credentials == {
        "role-to-assume": "${{ vars.AWS_DEPLOY_ROLE }}",
        "aws-region": "${{ vars.AWS_REGION }}",
    }


def test_every_action_is_pinned_to_a_commit_and_told_by_its_version() -> None:
    used = re.findall(r"uses: (.+)$", TEXT, re.MULTILINE)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_no_text_that_strangers_choose_is_run_as_a_command() -> None:
    commands = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
    assert not [command for command in commands if "${{" in command]


def test_what_the_workflow_runs_exists() -> None:
    for name in (".ci/run", "deploy/deploy.sh"):
        assert (ROOT / name).stat().st_mode & 0o100, name
