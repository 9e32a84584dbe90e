"""The templates of infra/: what they promise to an owner, checked on what a deployment resolves."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from typing import Any

import pytest

from tests.aws.templates import Template, read
from tests.processes import ROOT

pytestmark = pytest.mark.slow

TOOLS = ROOT / ".venv-test-aws-tools/bin"
TEMPLATES = ("app.yaml", "data.yaml", "github.yaml")
SECRET = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:SecretKey-abcdef"
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/0a1b"
REPOSITORY = {"Repository": "somebody/book-library"}

OWN_NAME = {"DomainName": "books.example.org", "CertificateArn": CERTIFICATE}
OPTIONS = {
    "": set(),
    "CloudFront": {"Distribution", "OriginSecret", "PagesCache", "StaticAccess", "StaticCache"},
    "Waf": {"Firewall"},
    "OwnNameAtApi": {"ApiDomain", "ApiDomainMapping"},
    "RecordAtApi": {"ApiRecord"},
    "RecordAtCloudFront": {"CloudFrontRecord", "CloudFrontRecordIpv6"},
    "Dashboard": {"Charts"},
    "Budget": {"MonthlyCosts"},
}
ALARMS = {
    "AlarmTopic",
    "ApiErrors",
    "ServerErrors",
    "WorkerErrors",
    "ApiThrottles",
    "WorkerThrottles",
    "SlowPages",
    "DeadLetters",
    "OldMessages",
}

# Lambda's guide, "Using Lambda environment variables": a function that sets one is refused.
RESERVED = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}


def app(**parameters: str) -> Template:
    return Template("app.yaml", {"SecretKey": SECRET, **parameters})


def text(name: str) -> str:
    return (ROOT / "infra" / name).read_text(encoding="utf-8")


# -- Linters ---------------------------------------------------------------------------------------


def test_cfn_lint_has_nothing_to_say() -> None:
    told = subprocess.run(
        [TOOLS / "cfn-lint", *(ROOT / "infra" / name for name in TEMPLATES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.stdout, told.returncode) == ("", 0), told.stdout + told.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_waiver_has_its_reason_above_it(name: str) -> None:
    lines = text(name).splitlines()
    for at, line in enumerate(lines):
        if "ignore_checks" in line:
            for code in re.findall(r"[EWI]\d{4}", line):
                assert re.search(rf"# {code}: \w+", lines[at - 1]), f"{name}:{at + 1} {code}"


@pytest.mark.parametrize("role", ["ApiRole", "WorkerRole"])
@pytest.mark.parametrize("front", ["false", "true"])
def test_a_policy_check_finds_nothing_in_a_functions_role(role: str, front: str) -> None:
    assert findings(app(CloudFront=front).statements(role)) == []


def test_the_deploying_role_names_no_action_that_does_not_exist() -> None:
    # It has whole services on names of ours: that other actions of theirs know no such names is
    # no fault.
    statements = Template("github.yaml", REPOSITORY).statements("DeployRole")
    assert [each for each in findings(statements) if each["issue"] == "UNKNOWN_ACTION"] == []


def findings(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    told = subprocess.run(
        [TOOLS / "parliament", "--json", "--string", policy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode in (0, 1), told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


# -- What each option makes ------------------------------------------------------------------------


def optional(**parameters: str) -> set[str]:
    """What a deployment makes beyond what every one does; all of it must resolve."""
    template = app(**parameters)
    template.outputs()
    return set(template.resources()) - set(app().resources())


def test_every_option_makes_its_things_and_no_other() -> None:
    front = {"CloudFront": "true"}
    zone = {"HostedZoneId": "Z123", **OWN_NAME}
    budget = {"AlarmEmail": "owner@example.org", "MonthlyBudget": "5"}
    behind = OPTIONS["CloudFront"]
    named = OPTIONS["OwnNameAtApi"]
    assert optional() == set()
    assert optional(**front) == behind
    assert optional(**front, Waf="true") == behind | OPTIONS["Waf"]
    assert optional(**OWN_NAME) == named
    assert optional(**zone) == named | OPTIONS["RecordAtApi"]
    assert optional(**front, **OWN_NAME) == behind
    assert optional(**front, **zone) == behind | OPTIONS["RecordAtCloudFront"]
    assert optional(AlarmEmail="owner@example.org") == ALARMS
    assert optional(**budget) == ALARMS | OPTIONS["Budget"]
    assert optional(Dashboard="true") == OPTIONS["Dashboard"]
    every = {*app().resources(), *ALARMS}.union(*OPTIONS.values())
    assert every == set(read("app.yaml")["Resources"])


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"Waf": "true", "CloudFront": "true"}, "region us-east-1"),
        ({"Waf": "true"}, "Waf=true needs CloudFront=true"),
        ({"DomainName": "books.example.org"}, "needs CertificateArn"),
        ({"HostedZoneId": "Z123"}, "needs DomainName"),
        ({"MonthlyBudget": "5"}, "needs AlarmEmail"),
        ({}, ""),
        ({"CloudFront": "true", "HostedZoneId": "Z1", **OWN_NAME}, ""),
    ],
)
def test_options_that_do_not_go_together_are_refused_with_a_sentence(
    parameters: dict[str, str], said: str
) -> None:
    template = app(**parameters)
    refused = [
        assertion["AssertDescription"]
        for rule in template.source["Rules"].values()
        if template.resolve(rule["RuleCondition"])
        for assertion in rule["Assertions"]
        if not template.resolve(assertion["Assert"])
    ]
    assert bool(refused) == bool(said)
    assert said in " ".join(refused)


def test_whoever_keeps_the_record_elsewhere_is_told_what_it_points_at() -> None:
    assert "DomainTarget" not in app().outputs()
    assert app(**OWN_NAME).outputs()["DomainTarget"] == "apidomain-regionaldomainname"
    front = app(CloudFront="true", **OWN_NAME).outputs()
    assert front["DomainTarget"] == "distribution-domainname"
    assert front["Address"] == "https://books.example.org"


def test_the_dashboard_is_json_and_about_things_that_there_are() -> None:
    template = app(Dashboard="true", TableSuffix="-r1")
    charts = json.loads(template.properties("Charts")["DashboardBody"])
    assert all(widget["properties"]["metrics"] for widget in charts["widgets"])
    assert "BookLibrary-UserBooks-test-r1" in json.dumps(charts)


def test_access_logs_are_json_without_what_people_search_for() -> None:
    told = app().properties("DefaultStage")["AccessLogSettings"]["Format"]
    assert json.loads(told)["request_id"] == "$context.requestId"
    assert "query" not in told.lower()


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_parameter_is_explained_and_given_or_optional(name: str) -> None:
    ours = {"Environment", "CodeBucket", "CodeKey", "LayerKey", "FilesBucket", "SecretKey"}
    for parameter, facts in read(name)["Parameters"].items():
        assert facts["Description"].endswith("."), parameter
        assert "Default" in facts or parameter in ours | {"Repository"}, parameter


# -- Functions -------------------------------------------------------------------------------------


FUNCTIONS = {"ApiFunction": "ApiRole", "WorkerFunction": "WorkerRole"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_by_its_own_role_on_what_was_chosen(function: str) -> None:
    facts = app(Runtime="python3.12", Architecture="x86_64").properties(function)
    assert (facts["Runtime"], facts["Architectures"]) == ("python3.12", ["x86_64"])
    assert facts["FunctionName"] in {"BookLibrary-API-test", "BookLibrary-Worker-test"}
    assert read("app.yaml")["Resources"][function]["Properties"]["Role"] == {
        "Fn::GetAtt": [FUNCTIONS[function], "Arn"]
    }


def test_the_functions_are_as_large_as_was_measured() -> None:
    api, worker = (app().properties(name) for name in FUNCTIONS)
    assert (api["MemorySize"], api["Timeout"]) == ("1024", 30)
    assert (worker["MemorySize"], worker["Timeout"]) == ("512", 300)
    assert app().properties("Layer")["CompatibleRuntimes"] == [api["Runtime"]]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_handler_that_a_function_names_exists(function: str) -> None:
    module, _, name = app().properties(function)["Handler"].rpartition(".")
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            defined |= {ast.unparse(target) for target in node.targets}
        elif isinstance(node, ast.AnnAssign):
            defined.add(ast.unparse(node.target))
    assert name in defined


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_variable_of_a_function_is_read_by_the_program_and_none_is_reserved(
    function: str,
) -> None:
    sources = [ROOT / "booklib/settings.py", *(ROOT / "booklib/aws").rglob("*.py")]
    read_there = {
        node.value
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    told = set(app(CloudFront="true").environment(function))
    assert told - read_there == set()
    assert told & RESERVED == set()


def test_the_worker_knows_no_secret_of_the_pages() -> None:
    told = app(CloudFront="true").environment("WorkerFunction")
    assert not {"SECRET_KEY_ARN", "ORIGIN_SECRET"} & set(told)


@pytest.mark.parametrize(
    ("parameters", "address"),
    [
        ({}, ""),
        ({"PublicUrl": "https://books.example.net"}, "https://books.example.net"),
        (OWN_NAME, "https://books.example.org"),
        ({"CloudFront": "true", **OWN_NAME}, "https://books.example.org"),
        ({"CloudFront": "true"}, "https://distribution-domainname"),
    ],
)
def test_functions_know_the_address_that_people_type(
    parameters: dict[str, str], address: str
) -> None:
    for function in FUNCTIONS:
        assert app(**parameters).environment(function)["BOOKLIB_PUBLIC_URL"] == address


def test_lambda_makes_the_functions_log_groups() -> None:
    groups = app().resources("AWS::Logs::LogGroup").values()
    assert not [each for each in groups if "/aws/lambda" in each["Properties"]["LogGroupName"]]
