"""What people are told of a job that waits: why, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from booklib.models import Job
from booklib.ports import World


async def waiting_note(world: World, job: Job, user_id: str) -> str:
    """Why a job waits, and until when where its owner lives."""
    user = await world.storage.user(user_id)
    at = when(job.due_at or world.now(), world.now(), user.time_zone if user else "UTC")
    return f"{job.message} Next try {at}."


def when(moment: datetime, now: datetime, time_zone: str) -> str:
    """A moment as said to a person: "within a minute", "at 14:05", "tomorrow at 09:00"."""
    if moment - now < timedelta(minutes=1):
        return "within a minute"
    try:
        zone: ZoneInfo | None = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    there, here = moment.astimezone(zone or UTC), now.astimezone(zone or UTC)
    clock = f"at {there:%H:%M}" + ("" if zone else " UTC")
    days = (there.date() - here.date()).days
    if days == 0:
        return clock
    return f"tomorrow {clock}" if days == 1 else f"on {there.day} {there:%B} {clock}"
