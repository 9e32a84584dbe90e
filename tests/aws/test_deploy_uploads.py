"""What deploy.sh puts into S3 and Lambda, answered by a stand-in for the command line."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from booklib.web.assets import TYPES
from deploy.static_files import lay_out
from tests.aws.command_line import CommandLine, refuses
from tests.processes import ROOT

pytestmark = pytest.mark.slow

POLICY = "s3api get-bucket-policy*"
CREATE = "s3api create-bucket*"
NO_BUCKET = refuses("NoSuchBucket", "The specified bucket does not exist")
FINISHED = {
    "s3api put-public-access-block*": "exit 0",
    "s3api put-bucket-encryption*": "exit 0",
    "s3api put-bucket-policy*": "exit 0",
}


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def test_a_bucket_that_is_there_is_only_looked_at(line: CommandLine) -> None:
    line.answers({POLICY: "echo '{}'"})
    assert line.runs("need_bucket").returncode == 0
    (call,) = line.calls
    assert call.endswith("--bucket packages --expected-bucket-owner 123456789012")


def test_a_missing_bucket_is_made_shut_and_gets_its_policy_last(line: CommandLine) -> None:
    line.answers({POLICY: NO_BUCKET, CREATE: "exit 0"} | FINISHED)
    assert line.runs("need_bucket").returncode == 0
    called = [call.split()[1] for call in line.calls if call.startswith("s3api")]
    assert called == [
        *("get-bucket-policy", "create-bucket"),
        *("put-public-access-block", "put-bucket-encryption", "put-bucket-policy"),
    ]
    assert "LocationConstraint=eu-central-1" in line.asked("create-bucket")[0]


def test_the_oldest_region_must_not_be_named(line: CommandLine) -> None:
    line.answers({POLICY: NO_BUCKET, CREATE: "exit 0"} | FINISHED)
    assert line.runs("region=us-east-1; need_bucket").returncode == 0
    assert line.asked("create-bucket") == ["s3api create-bucket --bucket packages"]


def test_a_bucket_that_was_left_unfinished_is_finished(line: CommandLine) -> None:
    line.answers({POLICY: refuses("NoSuchBucketPolicy", "there is none")} | FINISHED)
    assert line.runs("need_bucket").returncode == 0
    assert line.asked("create-bucket") == []
    assert line.asked("put-bucket-policy") != []


def test_two_deployments_may_make_the_bucket_at_once(line: CommandLine) -> None:
    line.answers({POLICY: NO_BUCKET, CREATE: refuses("BucketAlreadyOwnedByYou")} | FINISHED)
    assert line.runs("need_bucket").returncode == 0
    assert line.asked("put-bucket-policy") != []


@pytest.mark.parametrize(
    ("policy", "create", "said"),
    [
        (refuses("AccessDenied", "Access Denied"), "", "belongs to another account"),
        (NO_BUCKET, refuses("BucketAlreadyExists"), "Another account has taken the bucket name"),
        (NO_BUCKET, refuses("OperationAborted"), "Another deployment is making the bucket"),
        (NO_BUCKET, refuses("AccessDenied", "no s3:CreateBucket"), "no s3:CreateBucket"),
        (refuses("PermanentRedirect"), "", "lies in another region than its name says"),
        (refuses("SlowDown", "Please reduce"), "", "S3 does not answer for the bucket packages:"),
    ],
)
def test_a_bucket_that_cannot_be_had_is_explained(
    line: CommandLine, policy: str, create: str, said: str
) -> None:
    line.answers({POLICY: policy, CREATE: create or "exit 98"})
    ended = line.runs("need_bucket; echo went on")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in ended.stderr
    assert line.asked("put-") == []


@pytest.mark.parametrize("there", [True, False])
def test_a_package_is_named_by_its_content_and_sent_once(
    line: CommandLine, tmp_path: Path, there: bool
) -> None:
    package = tmp_path / "package.zip"
    package.write_bytes(b"a package")
    head = "exit 0" if there else refuses("404", "Not Found")
    line.answers({"s3api head-object*": head, "s3 cp*": "exit 0"})
    ended = line.runs(f"python=python3; upload {package} packages; echo $key")
    wanted = f"packages/{hashlib.sha256(b'a package').hexdigest()}.zip"
    assert ended.stdout == f"{wanted}\n"
    sent = [f"s3 cp --only-show-errors {package} s3://packages/{wanted}"]
    assert line.asked("s3 cp") == ([] if there else sent)


def test_an_upload_that_fails_ends_the_deployment(line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(b"a package")
    line.answers({"s3api head-object*": "exit 254", "s3 cp*": "echo no >&2; exit 1"})
    ended = line.runs(f"python=python3; upload {tmp_path}/package.zip packages; echo went on")
    assert (ended.returncode, ended.stdout) == (1, "")


def test_code_goes_only_to_a_function_that_runs_another(line: CommandLine, tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    package.write_bytes(b"a package")
    digest = base64.b64encode(hashlib.sha256(b"a package").digest()).decode()
    line.answers(
        {
            "lambda get-function-configuration --function-name BookLibrary-API-dev*": "echo other",
            "lambda get-function-configuration*": f"echo {digest}",
            "lambda update-function-code*": "exit 0",
            "lambda wait function-updated-v2*": "exit 0",
        }
    )
    ended = line.runs(f"python=python3; send_code packages/x.zip {package}; echo $changed")
    assert ended.stdout == "true\n"
    assert line.asked("update-function-code") == [
        "lambda update-function-code --function-name BookLibrary-API-dev "
        "--s3-bucket packages --s3-key packages/x.zip"
    ]


def test_static_files_are_laid_out_by_type_as_pages_ask_for_them(tmp_path: Path) -> None:
    first = lay_out(tmp_path / "a")
    assert lay_out(tmp_path / "b") == first
    kinds = dict(
        line.split("\t") for line in (tmp_path / "a/types").read_text("utf-8").splitlines()
    )
    found = {
        path.relative_to(tmp_path / "a" / number).as_posix(): kind
        for number, kind in kinds.items()
        for path in (tmp_path / "a" / number).rglob("*")
        if path.is_file()
    }
    assert found["book-library.css"] == "text/css; charset=utf-8"
    assert (
        found["book-library.js"] == found["vendor/htmx.min.js"] == "text/javascript; charset=utf-8"
    )
    static = ROOT / "static"
    files = {
        path.relative_to(static).as_posix() for path in static.rglob("*") if path.suffix in TYPES
    }
    assert set(found) == files | {"book-library.css", "book-library.js"}


def test_one_changed_letter_is_another_set_of_static_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "css").mkdir(parents=True)
        (tmp_path / name / "css/site.css").write_text(f"p {{ content: '{name}' }}", "utf-8")
    assert lay_out(tmp_path / "1", tmp_path / "a") != lay_out(tmp_path / "2", tmp_path / "b")
