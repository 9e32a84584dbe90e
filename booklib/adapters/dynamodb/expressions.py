"""Requests with expressions: `#name` is the attribute `name`, `:name` a value given by that name.

Every attribute goes by a placeholder, because many of ours (`status`, `until`) are reserved words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from booklib.adapters.dynamodb.codec import Plain, typed
from booklib.adapters.dynamodb.schema import Request

_ATTRIBUTE = re.compile(r"#(\w+)")


def filled(request: Request, **values: Plain) -> Request:
    """The request with the names of its expressions and the values that they use."""
    text = " ".join(part for name, part in request.items() if name.endswith("Expression"))
    names = {f"#{name}": name for name in _ATTRIBUTE.findall(text)}
    typed_values = {f":{name}": typed(value) for name, value in values.items()}
    return {
        **request,
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": typed_values} if typed_values else {}),
    }


def update(
    table: str,
    key: Mapping[str, str],
    change: str,
    condition: str = "",
    **values: Plain,
) -> Request:
    """An UpdateItem, also as a part of a transaction."""
    request: Request = {
        "TableName": table,
        "Key": {name: typed(value) for name, value in key.items()},
        "UpdateExpression": change,
    }
    return filled(request | ({"ConditionExpression": condition} if condition else {}), **values)


def replaced(values: Mapping[str, Plain]) -> tuple[str, dict[str, Plain]]:
    """An update expression that sets what has a value and removes the rest, and its values."""
    there: dict[str, Plain] = {
        name: value for name, value in values.items() if value is not None and value != ""
    }
    gone = [name for name in values if name not in there]
    change = "SET " + ", ".join(f"#{name} = :{name}" for name in there)
    if gone:
        change += " REMOVE " + ", ".join(f"#{name}" for name in gone)
    return change, there
