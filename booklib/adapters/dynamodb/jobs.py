"""Jobs by claim and lease; an index that only those have which may be claimed finds what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from booklib.adapters.dynamodb import schema
from booklib.adapters.dynamodb.calls import Dynamo
from booklib.adapters.dynamodb.codec import job_item, job_of, next_at
from booklib.adapters.dynamodb.expressions import filled, update
from booklib.adapters.dynamodb.faults import Refused
from booklib.adapters.dynamodb.schema import Request
from booklib.models import Job
from booklib.models.shelf import stamp


async def get(dynamo: Dynamo, job_id: str) -> Job | None:
    """One job as of now."""
    found = await dynamo.get(dynamo.tables.jobs, job_id=job_id)
    return job_of(found) if found else None


async def add(dynamo: Dynamo, job: Job) -> bool:
    """False if there is one with this id."""
    return await _put(dynamo, new(dynamo, job))


def new(dynamo: Dynamo, job: Job) -> Request:
    """A Put that needs the id to be free."""
    condition = "attribute_not_exists(#job_id)"
    return filled(
        {
            "TableName": dynamo.tables.jobs,
            "Item": job_item(job),
            "ConditionExpression": condition,
        }
    )


def over(dynamo: Dynamo, before: Job, after: Job) -> Request:
    """A Put over a job that is still the one that was read."""
    return filled(
        {
            "TableName": dynamo.tables.jobs,
            "Item": job_item(after, before.rev + 1),
            "ConditionExpression": "#rev = :rev",
        },
        rev=before.rev,
    )


async def _put(dynamo: Dynamo, request: Request) -> bool:
    # Of a Put whose answer was lost the next try is refused, which reads as somebody else's work:
    # the row is the truth, and its lease ends.
    try:
        await dynamo.call("put_item", request)
    except Refused:
        return False
    return True


async def claim(dynamo: Dynamo, job_id: str, now: datetime, lease_s: int) -> Job | None:
    """Take a job whose time has come; a condition decides between two workers."""
    request = update(
        dynamo.tables.jobs,
        {"job_id": job_id},
        "SET #state = :running, #lease_until = :lease, #next_at = :lease, "
        "#attempts = #attempts + :one, #rev = #rev + :one REMOVE #due_at",
        "#next_at <= :now",
        running="running",
        lease=stamp(now + timedelta(seconds=lease_s)),
        one=1,
        now=stamp(now),
    )
    try:
        answer = await dynamo.call("update_item", request | {"ReturnValues": "ALL_NEW"})
    except Refused:
        return None
    return job_of(answer["Attributes"])


async def save(dynamo: Dynamo, before: Job, after: Job) -> bool:
    """False if the stored one is not `before` any more."""
    return await _put(dynamo, over(dynamo, before, after))


async def due(dynamo: Dynamo, now: datetime, limit: int) -> list[Job]:
    """Longest waiting first; the index proposes and the jobs themselves, read now, decide."""
    request = filled(
        {
            "TableName": dynamo.tables.jobs,
            "IndexName": schema.DUE_INDEX,
            "KeyConditionExpression": "#due = :due AND #next_at <= :now",
            "Limit": limit,
        },
        due=schema.DUE,
        now=stamp(now),
    )
    found: list[Job] = []
    async for page in dynamo.pages("query", request):
        ids = [row["job_id"]["S"] for row in page]
        jobs = [job_of(row) for row in await dynamo.get_many(dynamo.tables.jobs, "job_id", ids)]
        found += [job for job in jobs if (since := next_at(job)) and since <= now]
        if len(found) >= limit:
            break
    return sorted(found, key=lambda job: (next_at(job), job.job_id))[:limit]
