"""The small changes of every day: status, dates, rating."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from booklib.errors import Invalid
from booklib.library.saving import Changed, change, on_the_shelf
from booklib.models import MAX_RATING, STATUSES, Status, User, UserBook
from booklib.models.shelf import rekey
from booklib.ports import World


class Keep:
    """The type of KEEP, which says: leave this value as it is."""


KEEP: Final = Keep()


async def set_status(
    world: World,
    user: User,
    user_book_id: str,
    status: Status,
    *,
    started: str | Keep = KEEP,
    finished: str | Keep = KEEP,
) -> Changed:
    """Move a book to another status and date that move; the last of two changes wins.

    `reading` fills an empty start date, `read` sets the finish date, both with the user's today;
    `started` and `finished` (as precise as known, or empty) given by the caller stand instead (an
    undo restores both).
    Raises Invalid, NotFound and Moved.
    """
    if status not in STATUSES:
        raise Invalid.at("status", f"A status is one of: {', '.join(STATUSES)}.")
    today = user.today(world.now()).isoformat()

    def make(before: UserBook) -> UserBook:
        on_the_shelf(before)
        began, ended = before.started_on, before.finished_on
        if status != before.status:
            began = began or today if status == "reading" else began
            ended = today if status == "read" else ended
        return rekey(
            replace(
                before,
                status=status,
                started_on=began if isinstance(started, Keep) else started,
                finished_on=ended if isinstance(finished, Keep) else finished,
            )
        )

    return await change(world, user.user_id, user_book_id, make)


async def set_rating(world: World, user_id: str, user_book_id: str, rating: int) -> Changed:
    """Rate a book in half stars, 1 to 10; 0 takes the rating away. The last of two changes wins.

    Raises Invalid, NotFound and Moved.
    """
    if not 0 <= rating <= MAX_RATING:
        raise Invalid.at("rating", "A rating is half a star to five stars.")

    def make(before: UserBook) -> UserBook:
        on_the_shelf(before)
        return replace(before, rating=rating)

    return await change(world, user_id, user_book_id, make)
