"""The templates' promises about rights, what is stored, the queue and the address."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.aws.templates import Template, read
from tests.aws.test_infra import FUNCTIONS, REPOSITORY, app, text

pytestmark = pytest.mark.slow


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


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
