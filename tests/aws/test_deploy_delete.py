"""deploy.sh --delete, answered by a stand-in for the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.command_line import SIGNED_IN, CommandLine, refuses

pytestmark = pytest.mark.slow

NAMES = ("Users", "Books", "UserBooks", "Jobs")
GONE = refuses("ValidationError", "Stack with id x does not exist")
THINGS = r"printf 'FilesBucket\tfiles\nSecretKey\tarn:secret\nStaticBucket\tstatic\n'"


def stacks(folder: Path, *names: str) -> dict[str, str]:
    """Rules for stacks that are there until they are deleted."""
    (folder / "stacks").mkdir()
    for name in names:
        (folder / "stacks" / name).touch()
    there = f"'{folder}/stacks/'\"$4\""
    return {
        "cloudformation describe-stacks*": f"if [ -e {there} ]; then echo CREATE_COMPLETE; "
        f"else {GONE}; fi",
        "cloudformation delete-stack*": f"rm {there}",
        "cloudformation describe-stack-resources*": THINGS,
    }


TABLES = {
    "dynamodb list-tables*": "printf '"
    + r"\t".join([f"BookLibrary-{name}-dev" for name in NAMES])
    + r"\tBookLibrary-Users-dev2\tmy-BookLibrary-Users-dev\n'",
    "dynamodb describe-table*": "echo False",
    "dynamodb delete-table*": "exit 0",
    "dynamodb wait table-not-exists*": "exit 0",
}
BUCKETS = {
    "s3api head-bucket*": "exit 0",
    "s3api list-object-versions*": "echo '{\"Objects\": null}'",
    "s3api delete-bucket*": "exit 0",
}
REST = {"secretsmanager delete-secret*": "exit 0", "logs delete-log-group*": "exit 1"}


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    line = CommandLine(tmp_path)
    rules = stacks(tmp_path, "BookLibrary-dev", "BookLibrary-dev-data")
    line.answers(SIGNED_IN | rules | TABLES | BUCKETS | REST)
    return line


def removals(line: CommandLine) -> list[str]:
    return [call for call in line.calls if "delete" in call]


@pytest.mark.parametrize("typed", ["", "\n", "no\n", "de\n", "dev2\n", "yes\n"])
def test_nothing_is_removed_before_the_name_was_typed(line: CommandLine, typed: str) -> None:
    ended = line.deploys("dev", "--delete", typed=typed)
    assert ended.returncode == 1
    assert (
        "This removes the program of dev from account 123456789012, eu-central-1." in ended.stderr
    )
    assert ended.stderr.endswith("Nothing was removed.\n")
    assert removals(line) == []


def test_the_question_says_when_everything_goes(line: CommandLine) -> None:
    ended = line.deploys("dev", "--delete", "--with-data", typed="no\n")
    assert "This removes dev with ALL ITS BOOKS, READERS AND FILES" in ended.stderr
    assert removals(line) == []


def test_the_program_goes_and_what_stays_is_named(line: CommandLine) -> None:
    ended = line.deploys("dev", "--delete", typed="dev\n")
    assert ended.returncode == 0
    assert removals(line) == ["cloudformation delete-stack --stack-name BookLibrary-dev"]
    for kept in ("BookLibrary-dev-data", "/aws/lambda/", "book-library-deployment-eu-central-1"):
        assert kept in ended.stderr


def test_with_its_data_the_stored_things_go_first_and_their_stack_last(line: CommandLine) -> None:
    ended = line.deploys("dev", "--delete", "--with-data", "--yes")
    assert ended.returncode == 0
    done = [call.replace("--output text", "").strip() for call in removals(line)]
    assert done == [
        "cloudformation delete-stack --stack-name BookLibrary-dev",
        *(f"dynamodb delete-table --table-name BookLibrary-{name}-dev" for name in NAMES),
        "s3api delete-bucket --bucket files --expected-bucket-owner 123456789012",
        "secretsmanager delete-secret --secret-id arn:secret --recovery-window-in-days 7",
        "logs delete-log-group --log-group-name /aws/lambda/BookLibrary-API-dev",
        "logs delete-log-group --log-group-name /aws/lambda/BookLibrary-Worker-dev",
        "cloudformation delete-stack --stack-name BookLibrary-dev-data",
    ]


def test_what_an_interrupted_removal_left_goes_the_next_time(
    line: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "stacks/BookLibrary-dev").unlink()
    data = tmp_path / "stacks/BookLibrary-dev-data"
    line.answers(
        {
            "dynamodb list-tables*": "printf 'BookLibrary-Jobs-dev\n'",
            "s3api head-bucket*": refuses("404", "Not Found"),
            "secretsmanager delete-secret*": refuses(
                "InvalidRequestException", "it was marked for deletion"
            ),
        }
        | SIGNED_IN
        | {
            "cloudformation describe-stacks*-data *": f"[ -e '{data}' ] && echo DELETE_FAILED || "
            f"{{ {GONE}; }}",
            "cloudformation describe-stacks*": GONE,
            "cloudformation delete-stack*": f"rm '{data}'",
            "cloudformation describe-stack-resources*": THINGS,
        }
        | {name: rule for name, rule in TABLES.items() if "list" not in name}
        | REST
    )
    ended = line.deploys("dev", "--delete", "--with-data", "--yes")
    assert ended.returncode == 0, ended.stderr
    assert line.asked("delete-table") == ["dynamodb delete-table --table-name BookLibrary-Jobs-dev"]
    assert line.asked("delete-bucket") == []
    assert line.asked("delete-stack") == [
        "cloudformation delete-stack --stack-name BookLibrary-dev-data"
    ]


def test_protected_tables_are_never_removed_in_passing(line: CommandLine, tmp_path: Path) -> None:
    line.answers(
        {"dynamodb describe-table --table-name BookLibrary-Users-dev *": "echo True"}
        | SIGNED_IN
        | {
            "cloudformation describe-stacks*": "echo CREATE_COMPLETE",
            "cloudformation describe-stack-resources*": THINGS,
        }
        | TABLES
    )
    ended = line.deploys("dev", "--delete", "--with-data", "--yes")
    assert ended.returncode == 1
    assert "Tables of dev are protected against deletion. Nothing was removed." in ended.stderr
    assert ended.stderr.endswith(
        "    aws dynamodb update-table --region eu-central-1 --table-name BookLibrary-Users-dev "
        "--no-deletion-protection-enabled\n"
    )
    assert removals(line) == []


def test_a_list_of_tables_that_cannot_be_had_is_not_an_empty_one(line: CommandLine) -> None:
    denied = refuses("AccessDeniedException", "not authorized to list")
    line.answers(
        SIGNED_IN
        | {
            "dynamodb list-tables*": denied,
            "cloudformation describe-stacks*": "echo CREATE_COMPLETE",
            "cloudformation describe-stack-resources*": THINGS,
        }
    )
    ended = line.deploys("dev", "--delete", "--with-data", "--yes")
    assert ended.returncode != 0
    assert "not authorized to list" in ended.stderr
    assert removals(line) == []


def test_an_object_that_s3_does_not_give_up_ends_the_emptying(line: CommandLine) -> None:
    version = '{"Objects": [{"Key": "covers/1.jpg", "VersionId": "v"}]}'
    line.answers(
        {
            "s3api head-bucket*": "exit 0",
            "s3api list-object-versions*": f"echo '{version}'",
            "s3api delete-objects*": r"cat >/dev/null; printf 'covers/1.jpg\tAccess Denied\n'",
        }
    )
    ended = line.runs("empty_bucket files; echo went on")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "S3 does not remove an object of files: covers/1.jpg\tAccess Denied" in ended.stderr
    assert len(line.asked("delete-objects")) == 1
