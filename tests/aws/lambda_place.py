"""The whole of AWS that the program runs in, on one machine: what the package tests go through.

The tables, the bucket, the queue and the secret are made from the templates on moto's server; the
functions are the built package with its layer, driven by AWS's own runtime client. Each reaches
moto only by a way that lets through what its role may do.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aws import emulators
from tests.aws.front import front
from tests.aws.function_code import Code
from tests.aws.guard import Guard
from tests.aws.proxy import guarded
from tests.aws.pump import Pump
from tests.aws.runtime_api import Function, function
from tests.aws.templates import Template, create_tables
from tests.provider_server import ProviderServer


@dataclass
class Place:
    """An installation: functions, what they work on, and the way in."""

    url: str
    """The address of the HTTP API."""
    template: Template
    api: Function
    worker: Function
    pump: Pump
    """Carries messages from the queue to the worker, as fast as a test asks it to."""
    provider: ProviderServer
    aws: dict[str, Any]
    """Clients that may do everything, by service."""

    @property
    def port(self) -> int:
        """The port of `url`."""
        return int(self.url.rpartition(":")[2])

    @property
    def layer(self) -> Path:
        """The unpacked layer."""
        assert self.api.code.layer
        return self.api.code.layer

    @property
    def dead(self) -> str:
        """The address of the dead-letter queue."""
        return self.template.attributes["DeadLetterQueue"]

    async def dead_letters(self) -> list[str]:
        """The bodies of the messages that were given up."""
        reply = await self.aws["sqs"].receive_message(
            QueueUrl=self.dead, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [message["Body"] for message in reply.get("Messages", [])]

    def logged(self, function: Function) -> list[dict[str, Any]]:
        """The lines of a function's log that are JSON."""
        found = []
        for line in function.log:
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [line for line in found if isinstance(line, dict)]


@contextlib.asynccontextmanager
async def placed(moto: str, task: Path, layer: Path, **parameters: str) -> AsyncIterator[Place]:
    """An installation of its own on moto's server; `parameters` are those of infra/app.yaml."""
    name = f"t{secrets.token_hex(6)}"
    async with AsyncExitStack() as stack:
        aws = {
            service: await stack.enter_async_context(emulators.client(service, moto))
            for service in ("dynamodb", "s3", "secretsmanager", "sqs")
        }
        provider = await stack.enter_async_context(ProviderServer())
        template = await _made(aws, name, provider.url, parameters)
        guards = {which: Guard(template.statements(f"{which}Role")) for which in ("Worker", "Api")}
        running = []
        for which, guard in guards.items():
            endpoint = await stack.enter_async_context(guarded(moto, guard))
            code = _code(template, f"{which}Function", task, layer, endpoint)
            running.append(await stack.enter_async_context(function(code)))
        worker, api = running
        url = await stack.enter_async_context(front(api))
        queue = template.attributes["Queue"]
        batch = template.properties("QueueToWorker")["BatchSize"]
        pump = Pump(aws["sqs"], queue, worker, batch, visible_again_s=0)
        yield Place(url, template, api, worker, pump, provider, aws)
        assert [guard.refused for guard in guards.values()] == [[], []], "a role may do too little"


async def _made(
    aws: dict[str, Any], name: str, provider: str, parameters: dict[str, str]
) -> Template:
    """The app's template, after what it and the data's name was made."""
    await create_tables(aws["dynamodb"], name)
    await aws["s3"].create_bucket(
        Bucket=f"files-{name}",
        CreateBucketConfiguration={"LocationConstraint": emulators.REGION},
    )
    secret = await aws["secretsmanager"].create_secret(
        Name=f"key-{name}", SecretString=secrets.token_urlsafe(48)
    )
    told = {
        "Environment": name,
        "FilesBucket": f"files-{name}",
        "SecretKey": secret["ARN"],
        "OpenLibraryUrl": provider,
        "OpenLibraryCoversUrl": provider,
        "Architecture": "x86_64",
        **parameters,
    }
    return Template("app.yaml", told, await _queues(aws["sqs"], Template("app.yaml", told)))


async def _queues(client: Any, template: Template) -> dict[str, str]:
    """The queues as the template has them; their addresses and ARNs by logical id."""
    ids: dict[str, str] = {}
    for queue in ("DeadLetterQueue", "Queue"):
        facts = Template(template.name, template.parameters, ids).properties(queue)
        attributes = {
            key: json.dumps(value) if isinstance(value, dict) else str(value)
            for key, value in facts.items()
            if key != "QueueName"
        }
        made = await client.create_queue(QueueName=facts["QueueName"], Attributes=attributes)
        url = made["QueueUrl"]
        reply = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        ids |= {queue: url, f"{queue}.Arn": reply["Attributes"]["QueueArn"]}
    return ids


def _code(template: Template, which: str, task: Path, layer: Path, endpoint: str) -> Code:
    facts = template.properties(which)
    return Code(
        task=task,
        layer=layer,
        handler=facts["Handler"],
        name=facts["FunctionName"],
        memory=int(facts["MemorySize"]),
        timeout_s=float(facts["Timeout"]),
        variables=template.environment(which) | {"AWS_ENDPOINT_URL": endpoint},
    )


def mapped(function: Function, name: str) -> list[str]:
    """The files of that name that the processes of a function have loaded."""
    found = set()
    for container in function.containers:
        for pid in container.family():
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
                found |= {line.split()[-1] for line in lines if name in line}
    return sorted(found)
