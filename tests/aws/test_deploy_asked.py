"""deploy.sh before it touches anything: what it was asked for, and in which account."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.aws.command_line import ACCOUNT, SIGNED_IN, CommandLine, refuses
from tests.processes import ROOT

pytestmark = pytest.mark.slow

SHELLCHECK = shutil.which("shellcheck")
if SHELLCHECK:

    def test_the_scripts_are_clean_for_shellcheck() -> None:
        subprocess.run([SHELLCHECK, "--external-sources", "deploy/deploy.sh"], cwd=ROOT, check=True)


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    line = CommandLine(tmp_path)
    line.answers(SIGNED_IN)
    return line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Please name the environment"),
        (["Dev"], "Please name the environment"),
        (["my-dev"], "Please name the environment"),
        (["seventeen-letters"], "Please name the environment"),
        (["../dev"], "Please name the environment"),
        (["dev; echo"], "Please name the environment"),
        (["dev", "prod"], "One environment at a time: dev or prod?"),
        (["dev", "--codeonly"], "There is no option --codeonly."),
        (["dev", "-h"], "There is no option -h."),
        (["dev", "--delete", "--code-only"], "do not go together"),
        (["dev", "--yes"], "--with-data and --yes go with --delete."),
        (["dev", "--with-data"], "--with-data and --yes go with --delete."),
        (["dev", "--code-only", "Contact=me"], "Parameters need a whole deployment."),
    ],
)
def test_a_command_that_makes_no_sense_is_explained_with_the_usage(
    line: CommandLine, arguments: list[str], said: str
) -> None:
    ended = line.deploys(*arguments)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Put the Book Library on AWS")
    assert "./deploy/deploy.sh ENV --code-only" in ended.stderr
    assert said in ended.stderr.splitlines()[-1]
    assert line.calls == []


def test_no_other_folder_of_the_shells_search_path_is_taken_for_the_checkout(
    line: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere/deploy").mkdir(parents=True)
    ended = subprocess.run(
        ["bash", "deploy/deploy.sh", "Dev"],
        cwd=ROOT,
        env=line.environment(CDPATH=str(tmp_path / "elsewhere")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Please name the environment" in ended.stderr


@pytest.mark.parametrize("wrong", ["Contcat=me", "CodeKey=packages/x.zip", "Environment=prod"])
def test_a_parameter_that_nobody_may_give_is_refused_with_those_that_there_are(
    line: CommandLine, wrong: str
) -> None:
    ended = line.deploys("dev", wrong)
    assert ended.returncode == 1
    name = wrong.partition("=")[0]
    assert ended.stderr.startswith(f"There is no parameter {name}. There are:\n")
    told = ended.stderr.splitlines()[1:]
    assert {"Contact", "Architecture", "GoogleBooksApiKey"} <= set(told)
    assert not {"CodeKey", "Environment", "SecretKey"} & set(told)
    assert line.calls == []


@pytest.mark.parametrize("missing", ["aws", "curl"])
def test_a_missing_command_is_named(line: CommandLine, tmp_path: Path, missing: str) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for tool in ("bash", "dirname", "sed", "awk", "grep", "aws", "curl"):
        found = shutil.which(tool, path=f"{line.bin}:{os.environ['PATH']}")
        if found and tool != missing:
            (bare / tool).symlink_to(found)
    ended = line.deploys("dev", PATH=str(bare))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"The command {missing} is needed.")
    assert line.calls == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            refuses("ExpiredToken", "The security token included in the request is expired"),
            "The credentials have expired: please sign in again",
        ),
        (
            "echo 'Error when retrieving token from sso: Token has expired and refresh failed' >&2;"
            " exit 255",
            "The credentials have expired: please sign in again",
        ),
        (
            "echo 'Unable to locate credentials. You can configure credentials by running ...' >&2;"
            " exit 253",
            "please run  aws configure",
        ),
        (
            "echo 'The config profile (work) could not be found' >&2; exit 255",
            "The config profile (work) could not be found",
        ),
        (
            "echo 'Could not connect to the endpoint URL: \"https://sts...\"' >&2; exit 255",
            "AWS cannot be reached in eu-central-1.",
        ),
        (
            refuses(
                "InvalidClientTokenId", "The security token included in the request is invalid"
            ),
            "or the account has not enabled the region eu-central-1",
        ),
        (
            refuses("SignatureDoesNotMatch", "Signature expired: ..."),
            "This machine's clock is wrong",
        ),
        (refuses("AccessDenied", "nobody may ask"), "AWS does not accept the credentials:"),
    ],
)
def test_credentials_that_do_not_work_are_told_with_the_way_to_others(
    line: CommandLine, answer: str, said: str
) -> None:
    line.answers({"sts get-caller-identity*": answer})
    ended = line.deploys("dev")
    assert ended.returncode == 1
    assert said in ended.stderr
    assert [call.split()[:2] for call in line.calls] == [["sts", "get-caller-identity"]]


@pytest.mark.parametrize("region", ["", "Frankfurt", "eu-central", "eu_central_1"])
def test_a_region_that_is_none_is_asked_for(line: CommandLine, region: str) -> None:
    line.answers({"configure get region": f"echo {region}"} | SIGNED_IN)
    ended = line.deploys("dev", AWS_DEFAULT_REGION="")
    assert ended.returncode == 1
    assert f"Into which region? '{region}' is none." in ended.stderr
    assert "AWS_REGION=eu-central-1" in ended.stderr


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"AWS_REGION": "us-gov-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "us-gov-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": ""}, "ap-southeast-2"),
    ],
)
def test_the_region_of_both_command_lines_versions_counts(
    line: CommandLine, environment: dict[str, str], region: str
) -> None:
    line.answers(
        SIGNED_IN
        | {
            "configure get region": "echo ap-southeast-2",
            "cloudformation describe-stacks*": 'echo "in $AWS_REGION and $AWS_DEFAULT_REGION" >&2; '
            "exit 255",
        }
    )
    ended = line.deploys("dev", "--delete", **environment)
    assert ended.returncode == 1
    assert f"Account {ACCOUNT}, region {region}, environment dev\n" in ended.stderr
    assert f"in {region} and {region}" in ended.stderr


@pytest.mark.parametrize("option", ["--code-only", "--delete"])
def test_where_nothing_was_deployed_another_region_is_thought_of(
    line: CommandLine, option: str
) -> None:
    gone = refuses("ValidationError", "Stack with id BookLibrary-dev does not exist")
    line.answers(SIGNED_IN | {"cloudformation describe-stacks*": gone})
    ended = line.deploys("dev", option)
    assert ended.returncode == 1
    assert "in eu-central-1" in ended.stderr
    assert "(Was it deployed into another region? AWS_REGION=... names it.)" in ended.stderr
    assert {call.split()[1] for call in line.calls} == {"get-caller-identity", "describe-stacks"}


@pytest.mark.parametrize("option", ["--code-only", "--delete"])
def test_a_fault_of_cloudformation_is_no_missing_stack(line: CommandLine, option: str) -> None:
    denied = refuses("AccessDenied", "User is not authorized to perform DescribeStacks")
    line.answers(SIGNED_IN | {"cloudformation describe-stacks*": denied})
    ended = line.deploys("dev", option, *["--yes"] * (option == "--delete"))
    assert ended.returncode == 1
    assert "CloudFormation does not say how BookLibrary-dev is:" in ended.stderr
    assert "not authorized" in ended.stderr
    assert line.asked("delete") == []


def test_the_script_stays_one_that_is_read_at_once() -> None:
    assert len((ROOT / "deploy/deploy.sh").read_text("utf-8").splitlines()) < 150
