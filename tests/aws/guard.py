"""A role's statements at work: what they do not allow is refused, what nobody used is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from tests.aws.calls import Permission, permissions

BY_LAMBDA_ITSELF = {
    "logs:CreateLogGroup": "Lambda writes what a function prints",
    "logs:CreateLogStream": "the same",
    "logs:PutLogEvents": "the same",
    "sqs:ReceiveMessage": "the event source mapping takes messages with the worker's role",
    "sqs:DeleteMessage": "the same, after the worker has answered",
    "sqs:GetQueueAttributes": "the same, to know how many wait",
}
"""What no code of ours calls, though the role must have it (Lambda Developer Guide)."""

BY_S3_ITSELF = {"s3:ListBucket": "else a file that is not there is refused, not missing"}
"""What S3 looks at beside the permission that a call asks for (S3 API Reference, GetObject)."""


class Grant(NamedTuple):
    """One action on one resource, as a statement has them."""

    action: str
    resource: str

    def covers(self, wanted: Permission) -> bool:
        """Whether it allows what is wanted; stars and question marks as IAM reads them."""
        return fnmatchcase(wanted.action.lower(), self.action.lower()) and fnmatchcase(
            wanted.resource, self.resource
        )


def grants_of(statements: Iterable[Mapping[str, Any]]) -> list[Grant]:
    """Each action on each resource that the statements allow; they may say nothing else."""
    found = []
    for statement in statements:
        assert statement["Effect"] == "Allow", f"not thought of: {statement}"
        assert "Condition" not in statement, f"not thought of: {statement}"
        for action in _listed(statement["Action"]):
            found += [Grant(action, resource) for resource in _listed(statement["Resource"])]
    return found


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


class Guard:
    """Lets through what the statements allow, and remembers which of them were needed."""

    def __init__(self, *statements: Iterable[Mapping[str, Any]]) -> None:
        self.grants = [grant for each in statements for grant in grants_of(each)]
        self.used: set[Grant] = set()
        self.refused: list[Permission] = []
        self.asked: set[Permission] = set()

    def missing(self, service: str, operation: str, parameters: Mapping[str, Any]) -> str:
        """What is not allowed of a call; empty where all of it is."""
        lacking = []
        for wanted in permissions(service, operation, parameters):
            self.asked.add(wanted)
            covering = [grant for grant in self.grants if grant.covers(wanted)]
            self.used.update(covering)
            if not covering:
                lacking.append(wanted)
        self.refused += lacking
        return ", ".join(f"{action} on {resource}" for action, resource in lacking)

    def watch(self, client: Any) -> None:
        """Refuse on this client what is not allowed."""
        client.meta.events.register_last("before-parameter-build.*.*", self._hook)

    def _hook(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.service_name
        if lacking := self.missing(service, model.name, params):
            refusal = {"Code": "AccessDeniedException", "Message": f"not authorized: {lacking}"}
            raise ClientError({"Error": refusal}, model.name)

    def unused(self) -> list[Grant]:
        """Grants that nothing has needed, but for those of which we know who needs them."""
        known = {**BY_LAMBDA_ITSELF, **BY_S3_ITSELF}
        return [
            grant for grant in self.grants if grant not in self.used and grant.action not in known
        ]
