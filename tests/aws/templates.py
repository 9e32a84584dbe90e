"""The CloudFormation templates as a deployment resolves them: tables, roles, environments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.processes import ROOT

REGION, ACCOUNT = "eu-central-1", "000000000000"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
GONE = object()
"""What AWS::NoValue resolves to: the property is not there."""

ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::WAFv2::WebACL": "wafv2:{region}:{account}:global/webacl/{name}/1",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
}
_NAMES = ("TableName", "QueueName", "FunctionName", "BucketName", "RoleName", "Name")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms as the long ones."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)


@cache
def read(name: str) -> dict[str, Any]:
    """A template of infra/ as it is written, short forms made long."""
    path = Path(ROOT, "infra", name)
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


@dataclass
class Template:
    """One template with its parameters filled in.

    `attributes` are known ids by `Resource` and `Resource.Attribute`; what is missing there is made
    up from the resource's type and name.
    """

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.source = read(self.name)
        told = {"Environment": "test", **self.parameters}
        unknown = set(told) - set(self.source["Parameters"])
        assert not unknown, f"{self.name} has no parameters {unknown}"
        self.values = {
            name: str(told.get(name, facts.get("Default", f"some-{name.lower()}")))
            for name, facts in self.source["Parameters"].items()
        }

    def resources(self, kind: str = "") -> dict[str, dict[str, Any]]:
        """The resources (of a type) that a deployment makes, by logical id, resolved."""
        return {
            name: self.resolve(facts)
            for name, facts in self.source["Resources"].items()
            if self.is_made(name) and kind in ("", facts["Type"])
        }

    def properties(self, name: str) -> dict[str, Any]:
        """The resolved properties of one resource."""
        return self.resolve(self.source["Resources"][name].get("Properties", {}))

    def is_made(self, name: str) -> bool:
        """Whether the resource's condition holds."""
        condition = self.source["Resources"][name].get("Condition")
        return condition is None or self.holds(condition)

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template holds."""
        return bool(self.resolve(self.source["Conditions"][condition]))

    def outputs(self) -> dict[str, Any]:
        """The outputs that a deployment tells, resolved."""
        return {
            name: self.resolve(facts["Value"])
            for name, facts in self.source["Outputs"].items()
            if "Condition" not in facts or self.holds(facts["Condition"])
        }

    def environment(self, function: str) -> dict[str, str]:
        """The variables of a function."""
        variables = self.properties(function)["Environment"]["Variables"]
        return {name: str(value) for name, value in variables.items()}

    def statements(self, role: str) -> list[dict[str, Any]]:
        """What a role may do: the statements of all its inline policies."""
        policies = self.properties(role).get("Policies", [])
        return [statement for each in policies for statement in each["PolicyDocument"]["Statement"]]

    def resolve(self, value: Any) -> Any:
        """A value with every function of CloudFormation carried out."""
        if isinstance(value, dict):
            if len(value) == 1:
                (name, argument), *_ = value.items()
                if name in ("Ref", "Condition") or name.startswith("Fn::"):
                    return self._call(name.removeprefix("Fn::"), argument)
            found = {name: self.resolve(each) for name, each in value.items()}
            return {name: each for name, each in found.items() if each is not GONE}
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not GONE]
        return value

    def _call(self, name: str, argument: Any) -> Any:
        if name == "If":
            condition, yes, no = argument
            return self.resolve(yes if self.holds(condition) else no)
        if name == "Ref":
            return self._ref(argument)
        if name == "Condition":
            return self.holds(argument) if isinstance(argument, str) else {name: argument}
        if name == "GetAtt":
            return self._attribute(*argument)
        if name == "Sub":
            return self._sub(argument)
        given = self.resolve(argument)
        plain = {
            "Equals": lambda: str(given[0]) == str(given[1]),
            "Not": lambda: not given[0],
            "And": lambda: all(given),
            "Or": lambda: any(given),
            "Join": lambda: given[0].join(given[1]),
            "Select": lambda: given[1][int(given[0])],
            "Split": lambda: given[1].split(given[0]),
            "Contains": lambda: given[1] in given[0],
            "FindInMap": lambda: self.source["Mappings"][given[0]][given[1]][given[2]],
        }
        return plain[name]()

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return GONE
        if name in PSEUDO:
            return PSEUDO[name]
        if name == "AWS::StackName":
            return f"BookLibrary-{self.values['Environment']}"
        if name in self.values:
            return self.values[name]
        if name in self.attributes:
            return self.attributes[name]
        kind = self.source["Resources"][name]["Type"]
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self._name_of(name)}"
        if kind == "AWS::SecretsManager::Secret":
            return self._attribute(name, "Arn")
        return self._name_of(name)

    def _name_of(self, name: str) -> str:
        properties = self.source["Resources"][name].get("Properties", {})
        for key in _NAMES:
            if isinstance(properties, dict) and key in properties:
                return str(self.resolve(properties[key]))
        return name.lower()

    def _attribute(self, name: str, attribute: str) -> str:
        if f"{name}.{attribute}" in self.attributes:
            return self.attributes[f"{name}.{attribute}"]
        kind = self.source["Resources"][name]["Type"]
        if attribute == "Arn" and kind in ARNS:
            named = self.attributes.get(name, self._name_of(name))
            where = ARNS[kind].format(region=REGION, account=ACCOUNT, name=named)
            return f"arn:aws:{where}"
        return f"{name.lower()}-{attribute.lower()}"

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})

        def replaced(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in own:
                return str(self.resolve(own[name]))
            if "." in name:
                return self._attribute(*name.split(".", 1))
            return str(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", replaced, text)


_CREATED_WITH = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "TableName",
)


def tables(environment: str = "test") -> dict[str, dict[str, Any]]:
    """What create_table takes for each table of infra/data.yaml, by logical id."""
    template = Template("data.yaml", {"Environment": environment})
    return {
        name: {key: facts["Properties"][key] for key in _CREATED_WITH if key in facts["Properties"]}
        for name, facts in template.resources("AWS::DynamoDB::Table").items()
    }


async def create_tables(client: Any, environment: str) -> tuple[str, str, str, str]:
    """Make the tables as the template has them; the names of users, books, user_books, jobs."""
    wanted = tables(environment)
    for request in wanted.values():
        await client.create_table(**request)
    users, books, user_books, jobs = (
        wanted[f"{name}Table"]["TableName"] for name in ("Users", "Books", "UserBooks", "Jobs")
    )
    return users, books, user_books, jobs
