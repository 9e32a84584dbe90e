"""The templates of infra/: what they promise to an owner, checked on what a deployment resolves."""

from __future__ import annotations

import json
import re
import subprocess
from fnmatch import fnmatchcase
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


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


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
    assert (worker["MemorySize"], worker["Timeout"]) == ("512", 60)
    assert app().properties("Layer")["CompatibleRuntimes"] == [api["Runtime"]]


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


# -- Rights ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("function", "role"), FUNCTIONS.items())
def test_a_functions_role_names_each_action_and_each_thing(function: str, role: str) -> None:
    facts = app().properties(role)
    assert "ManagedPolicyArns" not in facts
    trusts = facts["AssumeRolePolicyDocument"]["Statement"]
    assert [each["Principal"] for each in trusts] == [{"Service": "lambda.amazonaws.com"}]
    name = app().properties(function)["FunctionName"]
    for statement in app().statements(role):
        assert statement["Effect"] == "Allow"
        assert "*" not in "".join(listed(statement["Action"]))
        for thing in listed(statement["Resource"]):
            ends = thing.removesuffix("/*").removesuffix(f"/aws/lambda/{name}:*")
            assert "*" not in ends, thing


@pytest.mark.parametrize("role", FUNCTIONS.values())
def test_tables_and_indexes_that_a_role_names_exist(role: str) -> None:
    there = set()
    for facts in Template("data.yaml").resources("AWS::DynamoDB::Table").values():
        table = facts["Properties"]
        there.add(f"table/{table['TableName']}")
        for index in table["GlobalSecondaryIndexes"]:
            there.add(f"table/{table['TableName']}/index/{index['IndexName']}")
    named = {
        thing.rsplit(":", 1)[1]
        for statement in app().statements(role)
        for thing in listed(statement["Resource"])
        if ":dynamodb:" in thing
    }
    assert named <= there


@pytest.mark.parametrize("role", FUNCTIONS.values())
def test_only_the_pages_may_read_the_secret_and_only_the_worker_its_messages(role: str) -> None:
    actions = {action for each in app().statements(role) for action in listed(each["Action"])}
    assert ("secretsmanager:GetSecretValue" in actions) == (role == "ApiRole")
    assert ("sqs:ReceiveMessage" in actions) == (role == "WorkerRole")


def test_the_role_that_deploys_has_a_reason_for_each_star() -> None:
    lines = text("github.yaml").splitlines()
    for at, line in enumerate(lines):
        if line.strip() == 'Resource: "*"':
            above = next(n for n in range(at, 0, -1) if "- Sid:" in lines[n])
            assert lines[above - 1].strip().startswith("#"), lines[above]


def test_only_one_repository_and_environment_may_deploy() -> None:
    role = Template("github.yaml", {**REPOSITORY, "Environment": "prod"}).properties("DeployRole")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": (
                "repo:somebody/book-library:environment:prod"
            ),
        }
    }


# -- What is stored --------------------------------------------------------------------------------


def buckets() -> list[tuple[Template, str, dict[str, Any]]]:
    return [
        (template, name, facts["Properties"])
        for template in (app(), app(CloudFront="true"), Template("data.yaml"))
        for name, facts in template.resources("AWS::S3::Bucket").items()
    ]


def test_every_bucket_is_private_encrypted_and_named_by_cloudformation() -> None:
    assert len(buckets()) == 3
    for _, name, facts in buckets():
        assert set(facts["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert len(facts["PublicAccessBlockConfiguration"]) == 4
        (rule,) = facts["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert "BucketName" not in facts


def test_every_bucket_and_queue_is_spoken_to_over_tls_alone() -> None:
    for template in (app(), app(CloudFront="true"), Template("data.yaml")):
        policies = [
            *template.resources("AWS::S3::BucketPolicy").values(),
            *template.resources("AWS::SQS::QueuePolicy").values(),
        ]
        shut = set()
        for policy in policies:
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Deny":
                    assert statement["Principal"] == "*"
                    assert statement["Action"] in ("s3:*", "sqs:*")
                    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
                    shut |= set(listed(statement["Resource"]))
        for kind in ("AWS::S3::Bucket", "AWS::SQS::Queue"):
            for name in template.resources(kind):
                arn = template.resolve({"Fn::GetAtt": [name, "Arn"]})
                assert arn in shut
                assert kind == "AWS::SQS::Queue" or f"{arn}/*" in shut


def test_tables_are_on_demand_encrypted_restorable_and_kept() -> None:
    for environment in ("dev", "prod"):
        tables = Template("data.yaml", {"Environment": environment}).resources(
            "AWS::DynamoDB::Table"
        )
        assert len(tables) == 4
        for facts in tables.values():
            table = facts["Properties"]
            assert table["BillingMode"] == "PAY_PER_REQUEST"
            assert table["SSESpecification"] == {"SSEEnabled": True}
            assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
            assert table["DeletionProtectionEnabled"] == (environment == "prod")


def test_what_holds_data_outlives_its_stack_and_what_does_not_goes_with_it() -> None:
    kept = {
        name
        for name, facts in read("data.yaml")["Resources"].items()
        if facts.get("DeletionPolicy") == "RetainExceptOnCreate"
        and facts.get("UpdateReplacePolicy") == "Retain"
    }
    assert set(read("data.yaml")["Resources"]) - kept == {"FilesBucketPolicy"}
    assert [
        name for name, facts in read("app.yaml")["Resources"].items() if "DeletionPolicy" in facts
    ] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_program_uses_the_tables_of_the_data_stack(function: str) -> None:
    made = {
        facts["Properties"]["TableName"]
        for facts in Template("data.yaml").resources("AWS::DynamoDB::Table").values()
    }
    for suffix in ("", "-r1"):
        told = app(TableSuffix=suffix).environment(function)
        assert {told[name] for name in told if name.endswith("_TABLE")} == {
            f"{name}{suffix}" for name in made
        }


# -- Queue and address -----------------------------------------------------------------------------


def test_a_message_that_fails_three_times_waits_two_weeks_for_its_owner() -> None:
    queue, dead = app().properties("Queue"), app().properties("DeadLetterQueue")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 3
    assert queue["RedrivePolicy"]["deadLetterTargetArn"].endswith(dead["QueueName"])
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True


def test_a_message_stays_hidden_for_six_times_as_long_as_the_worker_may_take() -> None:
    assert (
        app().properties("Queue")["VisibilityTimeout"]
        >= 6 * (app().properties("WorkerFunction")["Timeout"])
    )


def test_the_worker_gets_messages_in_batches_that_may_fail_in_part() -> None:
    mapping = app().properties("QueueToWorker")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2  # AWS takes no fewer


def test_the_sweep_comes_every_five_minutes_and_may_call_the_worker() -> None:
    rule, permission = app().properties("Sweep"), app().properties("SweepMayCallWorker")
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert permission["FunctionName"] == "BookLibrary-Worker-test"
    assert permission["Principal"] == "events.amazonaws.com"


def test_every_address_reaches_the_pages_by_events_of_version_2_and_no_other_site_does() -> None:
    assert app().properties("DefaultStage")["StageName"] == "$default"
    assert app().properties("DefaultRoute")["RouteKey"] == "$default"
    assert app().properties("ApiIntegration")["PayloadFormatVersion"] == "2.0"
    assert "CorsConfiguration" not in app().properties("HttpApi")


def test_cloudfront_keeps_no_page_and_shows_its_secret() -> None:
    template = app(CloudFront="true")
    facts = template.properties("Distribution")["DistributionConfig"]
    pages, static = facts["Origins"]
    (header,) = pages["OriginCustomHeaders"]
    assert header["HeaderName"] == "x-origin-secret"
    assert header["HeaderValue"] == template.environment("ApiFunction")["ORIGIN_SECRET"]
    assert "OriginAccessControlId" in static
    assert facts["DefaultCacheBehavior"]["TargetOriginId"] == pages["Id"]
    assert facts["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    (behaviour,) = facts["CacheBehaviors"]
    assert (behaviour["PathPattern"], behaviour["TargetOriginId"]) == ("/static/*", static["Id"])
    assert behaviour["Compress"] is True
    kept = template.properties("PagesCache")["CachePolicyConfig"]
    assert (kept["MinTTL"], kept["DefaultTTL"], kept["MaxTTL"]) == (0, 0, 1)


def test_only_our_cloudfront_may_read_the_static_files() -> None:
    def allowed(**parameters: str) -> list[dict[str, Any]]:
        policy = app(**parameters).properties("StaticBucketPolicy")["PolicyDocument"]
        return [each for each in policy["Statement"] if each["Effect"] == "Allow"]

    assert allowed() == []
    (statement,) = allowed(CloudFront="true")
    assert statement["Action"] == "s3:GetObject"
    assert fnmatchcase("arn:aws:s3:::staticbucket/static/site.css", statement["Resource"])
    assert "distribution/" in statement["Condition"]["StringEquals"]["aws:SourceArn"]


def test_photos_and_notes_get_through_the_firewall() -> None:
    rules = app(CloudFront="true", Waf="true").properties("Firewall")["Rules"]
    common = rules[-1]["Statement"]["ManagedRuleGroupStatement"]
    counted = {each["Name"] for each in common["RuleActionOverrides"]}
    assert {"SizeRestrictions_BODY", "CrossSiteScripting_BODY"} <= counted
