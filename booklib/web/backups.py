"""What a reader is told of the copies that are made of the library."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from booklib.web.context import current_user, site, world
from booklib.wording import count_in_words, day_in_words

LATE = timedelta(days=2)
ON_AWS = "DynamoDB keeps every second of the last 35 days."
NOT_YET = "The first copy of the library is made within a minute of the start."
FAILED = "The last backup did not succeed: {problem}"


class Told(NamedTuple):
    """How the backups stand, in a sentence."""

    text: str
    warning: bool


async def told() -> Told | None:
    """How they stand; None where nobody knows."""
    if site().storage == "dynamodb":
        return Told(ON_AWS, warning=False)
    backups = world().backups
    if backups is None:
        return None
    state, now = await backups.state(), world().now()
    failed = FAILED.format(problem=state.problem)
    if state.last is None:
        return Told(failed if state.problem else NOT_YET, warning=bool(state.problem))
    days = count_in_words(state.kept, "day is", "days are")
    text = f"The last backup was made {_when(state.last, now)}; {days} kept."
    if state.problem:
        return Told(f"{text} {failed}", warning=True)
    return Told(text, now - state.last > LATE)


def _when(moment: datetime, now: datetime) -> str:
    """A moment of the past where the reader lives: `today at 03:12`."""
    try:
        zone: ZoneInfo | None = ZoneInfo(current_user().time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    there = moment.astimezone(zone or moment.tzinfo)
    days = (now.astimezone(zone or now.tzinfo).date() - there.date()).days
    day = {0: "today", 1: "yesterday"}.get(days) or f"on {day_in_words(there)}"
    return f"{day} at {there:%H:%M}"
