"""deploy.sh and the states a stack can be in, answered by a stand-in for the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.command_line import CommandLine, refuses

pytestmark = pytest.mark.slow

STATUS = "cloudformation describe-stacks --stack-name * --query Stacks[0].StackStatus*"
CHANGE_SETS = "cloudformation list-change-sets*"
DEPLOY = "cloudformation deploy*"
EVENTS = "cloudformation describe-stack-events*"
DELETE = "cloudformation delete-stack*"
GONE = refuses("ValidationError", "Stack with id BookLibrary-dev does not exist")
DEPLOYED = "deploy_stack BookLibrary-dev infra/app.yaml Environment=dev; echo changed: $changed"
NEWS = """
BookLibrary-dev|UPDATE_ROLLBACK_COMPLETE|AWS::CloudFormation::Stack|None
Queue|UPDATE_COMPLETE|AWS::SQS::Queue|None
BookLibrary-dev|UPDATE_ROLLBACK_IN_PROGRESS|AWS::CloudFormation::Stack|Some resources failed
Api|UPDATE_FAILED|AWS::ApiGatewayV2::Api|Resource update cancelled
Alarm|CREATE_FAILED|AWS::CloudWatch::Alarm|Second reason
Cert|CREATE_FAILED|AWS::ApiGatewayV2::DomainName|No such certificate
Queue|UPDATE_IN_PROGRESS|AWS::SQS::Queue|None
BookLibrary-dev|UPDATE_IN_PROGRESS|AWS::CloudFormation::Stack|User Initiated
Bucket|CREATE_FAILED|AWS::S3::Bucket|A reason of the year before
BookLibrary-dev|CREATE_IN_PROGRESS|AWS::CloudFormation::Stack|User Initiated
""".strip().replace("|", "\t")
FAILED = (
    "echo 'Failed to create/update the stack. Run the following command"
    "\nto fetch the list of events leading up to the failure' >&2; exit 255"
)


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    line = CommandLine(tmp_path)
    (tmp_path / "events").write_text(NEWS + "\n", encoding="utf-8")
    return line


def in_turn(folder: Path, *answers: str) -> str:
    """A script that gives one answer after the other, and the last one from then on."""
    count = f"echo >>'{folder}/turns'; turn=$(($(wc -l <'{folder}/turns')))"
    cases = "".join(f"{turn}) {answer} ;; " for turn, answer in enumerate(answers[:-1], 1))
    return f"{count}; case $turn in {cases}*) {answers[-1]} ;; esac"


def events(line: CommandLine) -> str:
    return f"cat '{line.log.parent}/events'"


@pytest.mark.parametrize(
    "state",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"],
)
def test_a_stack_at_rest_is_deployed(line: CommandLine, state: str) -> None:
    line.answers({STATUS: f"echo {state}", DEPLOY: "echo Successfully created/updated stack"})
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 0
    assert ended.stdout == "changed: true\n"
    (call,) = line.asked("cloudformation deploy")
    assert "--no-fail-on-empty-changeset" in call
    assert "--capabilities CAPABILITY_" in call
    assert call.endswith("--parameter-overrides Environment=dev")


def test_a_stack_without_changes_is_called_up_to_date(line: CommandLine) -> None:
    nothing = "echo 'No changes to deploy. Stack BookLibrary-dev is up to date'"
    line.answers({STATUS: "echo CREATE_COMPLETE", DEPLOY: nothing})
    ended = line.runs(DEPLOYED)
    assert ended.stdout == "changed: false\n"
    assert ended.stderr.endswith("  It is up to date.\n")


@pytest.mark.parametrize("state", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_what_a_failed_first_deployment_left_is_removed_and_made_anew(
    line: CommandLine, tmp_path: Path, state: str
) -> None:
    states = in_turn(tmp_path, f"echo {state}", "echo DELETE_IN_PROGRESS", GONE)
    line.answers({STATUS: states, DELETE: "exit 0", DEPLOY: "echo done"})
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 0
    assert f"The first deployment of BookLibrary-dev had failed ({state})" in ended.stderr
    assert "Books, readers and files are never in such a stack." in ended.stderr
    verbs = [call.split()[1] for call in line.calls if "describe-stacks" not in call]
    assert verbs == ["delete-stack", "deploy"]


def test_a_change_set_that_failed_leaves_a_stack_that_is_removed(
    line: CommandLine, tmp_path: Path
) -> None:
    line.answers(
        {
            STATUS: in_turn(tmp_path, "echo REVIEW_IN_PROGRESS", GONE),
            CHANGE_SETS: r"printf 'FAILED\tUNAVAILABLE\n'",
            DELETE: "exit 0",
            DEPLOY: "echo done",
        }
    )
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 0
    assert "had failed (REVIEW_IN_PROGRESS)" in ended.stderr
    assert line.asked("delete-stack") != []


def test_a_stack_that_another_deployment_is_starting_is_not_taken_away(
    line: CommandLine, tmp_path: Path
) -> None:
    line.answers(
        {
            STATUS: in_turn(
                tmp_path,
                "echo REVIEW_IN_PROGRESS",
                "echo REVIEW_IN_PROGRESS",
                "echo CREATE_IN_PROGRESS",
                "echo CREATE_COMPLETE",
            ),
            CHANGE_SETS: r"printf 'CREATE_COMPLETE\tAVAILABLE\n'",
            DEPLOY: "echo done",
        }
    )
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 0
    assert line.asked("delete-stack") == []
    assert "BookLibrary-dev is being worked on (REVIEW_IN_PROGRESS)" in ended.stderr


def test_a_stack_that_nobody_goes_on_starting_is_removed_after_a_minute(
    line: CommandLine, tmp_path: Path
) -> None:
    line.answers(
        {
            STATUS: in_turn(tmp_path, *["echo REVIEW_IN_PROGRESS"] * 13, GONE),
            CHANGE_SETS: r"printf 'CREATE_COMPLETE\tAVAILABLE\n'",
            DELETE: "exit 0",
            DEPLOY: "echo done",
        }
    )
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 0
    assert len(line.asked("delete-stack")) == 1


@pytest.mark.parametrize(
    "state",
    [
        "CREATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
    ],
)
def test_another_deployment_is_waited_for_and_told_once(
    line: CommandLine, tmp_path: Path, state: str
) -> None:
    rest = "echo UPDATE_COMPLETE" if "DELETE" not in state else GONE
    line.answers({STATUS: in_turn(tmp_path, *[f"echo {state}"] * 4, rest), DEPLOY: "echo done"})
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 0
    assert ended.stderr.count(f"is being worked on ({state}): waiting") == 1
    assert line.calls.index(line.asked("cloudformation deploy")[0]) == 5


def test_a_stack_that_never_comes_to_rest_is_not_waited_for_for_ever(line: CommandLine) -> None:
    line.answers({STATUS: "echo UPDATE_IN_PROGRESS"})
    ended = line.runs("pause=600; " + DEPLOYED)
    assert ended.returncode == 1
    assert "is still UPDATE_IN_PROGRESS after an hour" in ended.stderr
    assert line.asked("cloudformation deploy") == []


@pytest.mark.parametrize(
    "words",
    [
        "An error occurred (AlreadyExistsException) when calling the CreateChangeSet operation",
        "ExecuteChangeSet operation: Stack is in UPDATE_IN_PROGRESS state and can not be updated",
        "An error occurred (ChangeSetNotFound) when calling the ExecuteChangeSet operation",
        "An error occurred (InvalidChangeSetStatus) when calling the ExecuteChangeSet operation",
    ],
)
def test_two_deployments_at_once_end_with_one_clear_message(line: CommandLine, words: str) -> None:
    line.answers({STATUS: "echo CREATE_COMPLETE", DEPLOY: f"echo '{words}' >&2; exit 255"})
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[1:] == [
        "Another deployment of dev began at the same moment, and goes on. "
        "Run this again when it is through."
    ]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("DELETE_FAILED", "    ./deploy/deploy.sh dev --delete\n"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "    aws cloudformation continue-update-rollback --region eu-central-1 "
            "--stack-name BookLibrary-dev\n",
        ),
    ],
)
def test_a_stack_that_cannot_be_deployed_is_explained_with_the_way_out(
    line: CommandLine, state: str, said: str
) -> None:
    line.answers({STATUS: f"echo {state}", EVENTS: events(line)})
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert line.asked("cloudformation deploy") == []
    assert line.asked("delete") == []


def test_a_failed_update_names_the_first_causes_of_this_time_alone(
    line: CommandLine, tmp_path: Path
) -> None:
    states = in_turn(tmp_path, "echo CREATE_COMPLETE", "echo UPDATE_ROLLBACK_COMPLETE")
    line.answers({STATUS: states, DEPLOY: FAILED, EVENTS: events(line)})
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[1:] == [
        "BookLibrary-dev could not be deployed (UPDATE_ROLLBACK_COMPLETE). What failed first:",
        "    Cert (AWS::ApiGatewayV2::DomainName): No such certificate",
        "    Alarm (AWS::CloudWatch::Alarm): Second reason",
        "The site runs on as it was before.",
        "When the cause is mended, run the same command again; it clears up what this run left.",
    ]


def test_a_deployment_that_cloudformation_does_not_take_says_why(line: CommandLine) -> None:
    refused = refuses("ValidationError", "DomainName needs CertificateArn")
    line.answers({STATUS: "echo CREATE_COMPLETE", DEPLOY: refused})
    ended = line.runs(DEPLOYED)
    assert ended.returncode == 1
    assert "CloudFormation did not take the deployment of BookLibrary-dev:" in ended.stderr
    assert "DomainName needs CertificateArn" in ended.stderr
    assert line.asked("describe-stack-events") == []


def test_a_stack_that_cannot_be_removed_names_what_stands_in_the_way(
    line: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "events").write_text(
        "BookLibrary-dev\tDELETE_FAILED\tAWS::CloudFormation::Stack\tThe following resources\n"
        "StaticBucket\tDELETE_FAILED\tAWS::S3::Bucket\tThe bucket is not empty\n"
        "BookLibrary-dev\tDELETE_IN_PROGRESS\tAWS::CloudFormation::Stack\tUser Initiated\n",
        encoding="utf-8",
    )
    line.answers({DELETE: "exit 0", STATUS: "echo DELETE_FAILED", EVENTS: events(line)})
    ended = line.runs("remove_stack BookLibrary-dev")
    assert ended.returncode == 1
    assert "    StaticBucket (AWS::S3::Bucket): The bucket is not empty\n" in ended.stderr


@pytest.mark.parametrize(
    ("in_the_stack", "given", "settings"),
    [
        (GONE, "", "arm64 python3.13 512"),
        (r"printf 'Runtime\tpython3.12\nContact\t\n'", "", "arm64 python3.12 512"),
        (r"printf 'Architecture\tx86_64\nRuntime\tNone\n'", "", "x86_64 python3.13 512"),
        (r"printf 'Architecture\tarm64\n'", "Architecture=x86_64", "x86_64 python3.13 512"),
    ],
)
def test_a_parameter_is_what_was_given_now_or_before_or_what_the_template_says(
    line: CommandLine, in_the_stack: str, given: str, settings: str
) -> None:
    line.answers({"cloudformation describe-stacks*Parameters*": in_the_stack})
    ended = line.runs(
        f"parameters=({given}); before=$(parameters_of BookLibrary-dev); "
        'for name in Architecture Runtime WorkerMemory; do setting $name "$before"; done'
    )
    assert " ".join(ended.stdout.split()) == settings


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("https://books.example.org", "https://books.example.org"),
        ("None", "https://api1.execute-api.eu-central-1.amazonaws.com"),
        ("https://api1.execute-api.eu-central-1.amazonaws.com/", "https://api1.execute-api"),
    ],
)
def test_the_address_is_the_stacks_or_the_apis_own(
    line: CommandLine, told: str, address: str
) -> None:
    line.answers(
        {
            "cloudformation describe-stacks*Outputs*": f"echo {told}",
            "apigatewayv2 get-api --api-id api1*": "echo https://api1.execute-api.eu-central-1"
            ".amazonaws.com",
        }
    )
    ended = line.runs(r"address_of_site $'Queue\tq\nHttpApi\tapi1'")
    assert ended.stdout.startswith(address)


def test_a_site_that_does_not_say_that_it_is_well_is_asked_again_and_then_told(
    line: CommandLine,
) -> None:
    line.has("curl", r"""printf '{"status": "storage is down"}\n503'""")
    ended = line.runs("smoke_test https://books.example.org")
    assert ended.returncode == 1
    assert ended.stderr.count("does not answer yet: trying again") == 1
    assert '{"status": "storage is down"}\n503\n' in ended.stderr
    assert "aws logs tail --region eu-central-1 /aws/lambda/BookLibrary-API-dev" in ended.stderr
