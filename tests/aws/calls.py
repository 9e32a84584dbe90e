"""Which permissions a call of AWS asks for: the action and the resource, as IAM names them.

After the Service Authorization Reference (actions, resources, and condition keys of each service).
It is made by hand: evidence, not AWS's own judgement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.aws.templates import ACCOUNT, REGION


class Permission(NamedTuple):
    """What one part of a call needs."""

    action: str
    resource: str


Parameters = Mapping[str, Any]

_WRITES = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_S3 = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
}


def permissions(service: str, operation: str, parameters: Parameters) -> list[Permission]:
    """What a call needs; raises LookupError for one that nobody has thought of here."""
    if service == "dynamodb":
        return list(_dynamodb(operation, parameters))
    if service == "s3":
        return list(_s3(operation, parameters))
    if service == "sqs":
        _, account, name = urlsplit(parameters["QueueUrl"]).path.split("/")
        return [Permission(f"sqs:{operation}", f"arn:aws:sqs:{REGION}:{account}:{name}")]
    if service == "secretsmanager":
        return [Permission(f"secretsmanager:{operation}", parameters["SecretId"])]
    raise LookupError(f"{service}:{operation}")


def table_arn(name: str) -> str:
    """The ARN of a table."""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def _dynamodb(operation: str, parameters: Parameters) -> Iterator[Permission]:
    if operation == "TransactWriteItems":
        for part in parameters["TransactItems"]:
            for kind, request in part.items():
                yield Permission(f"dynamodb:{_WRITES[kind]}", table_arn(request["TableName"]))
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for name in parameters["RequestItems"]:
            yield Permission(f"dynamodb:{operation}", table_arn(name))
    elif operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem"):
        yield Permission(f"dynamodb:{operation}", table_arn(parameters["TableName"]))
    elif operation in ("Query", "Scan"):
        index = parameters.get("IndexName")
        where = table_arn(parameters["TableName"])
        yield Permission(f"dynamodb:{operation}", f"{where}/index/{index}" if index else where)
    else:
        raise LookupError(f"dynamodb:{operation}")


def _s3(operation: str, parameters: Parameters) -> Iterator[Permission]:
    bucket = f"arn:aws:s3:::{parameters['Bucket']}"
    if operation == "ListObjectsV2":
        yield Permission("s3:ListBucket", bucket)
    elif operation == "DeleteObjects":
        for each in parameters["Delete"]["Objects"]:
            yield Permission("s3:DeleteObject", f"{bucket}/{each['Key']}")
    elif operation == "CreateBucket":
        # By which botocore finds the address of a signed form; whoever sends it puts a file.
        yield Permission("s3:PutObject", f"{bucket}/*")
    else:
        if operation not in _S3:
            raise LookupError(f"s3:{operation}")
        yield Permission(_S3[operation], f"{bucket}/{parameters['Key']}")
