"""What answers a change of a book: the pieces that changed, the shelf's counts, and a toast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs

from markupsafe import Markup
from quart import Response, flash, request

from booklib.library import Changed
from booklib.models import User, UserBook
from booklib.models.shelf import count_changes, unpack_card
from booklib.web import cards
from booklib.web.context import current_user
from booklib.web.forms import rating_text
from booklib.web.respond import render_to_text
from booklib.web.security import parts_of
from booklib.wording import STATUS_WORDS, stars_in_words

UNDO: Final = "undo"
"""The form field by which a toast's button says that it undoes a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """A short message that says what just happened, perhaps with a button that undoes it."""

    message: str
    undo_url: str = ""
    undo_fields: Mapping[str, str] = field(default_factory=dict)
    undo_target: str = ""
    """A CSS selector: what the answer of the undo replaces."""
    kind: str = ""

    def context(self) -> dict[str, Any]:
        """The toast as its template takes it."""
        return {name: getattr(self, name) for name in self.__slots__}


def status_toast(changed: Changed, *, undone: bool) -> Toast:
    """What a change of status or dates says; its undo restores all three values."""
    before, after = changed
    if before.status == after.status:
        message = "Dates saved."
    else:
        message = f"Moved to {STATUS_WORDS[after.status]}."
    fields = {
        "status": before.status,
        "started": before.started_on,
        "finished": before.finished_on,
    }
    return _undoable(message, after, "status", fields, undone=undone)


def rating_toast(changed: Changed, *, undone: bool) -> Toast:
    """What a change of rating says."""
    before, after = changed
    message = f"Rated {stars_in_words(after.rating)}." if after.rating else "Rating taken away."
    fields = {"rating": rating_text(before.rating)}
    return _undoable(message, after, "rating", fields, undone=undone)


def again_toast(changed: Changed, *, undone: bool) -> Toast:
    """What beginning a book anew says; its undo makes the earlier reading the latest again."""
    before, after = changed
    fields = {
        "status": before.status,
        "started": before.started_on,
        "finished": before.finished_on,
    }
    return _undoable("Reading it again, from today.", after, "read-again", fields, undone=undone)


def deleted_toast(changed: Changed) -> Toast:
    """What a deletion says."""
    return Toast(
        message=f"Deleted {name_of(changed.after)}.",
        undo_url=f"/books/{changed.after.user_book_id}/undo",
    )


def restored_toast(changed: Changed) -> Toast:
    """What bringing a book back says."""
    return Toast(message=f"{name_of(changed.after)} is back.")


def _undoable(
    message: str, book: UserBook, verb: str, fields: Mapping[str, str], *, undone: bool
) -> Toast:
    if undone:
        return Toast(message="Undone.")
    return Toast(
        message=message,
        undo_url=f"/books/{book.user_book_id}/{verb}",
        undo_fields={**fields, UNDO: "1"},
        undo_target="#book-panel" if from_panel() else f"#b-{book.user_book_id}",
    )


def name_of(book: UserBook) -> str:
    """A book as a sentence names it."""
    title = cards.heading(unpack_card(book.card))
    return f"“{title if len(title) <= 80 else title[:79] + '…'}”"


def from_panel() -> bool:
    """Whether the request came from the panel of the book's own page."""
    return request.headers.get("HX-Target", "").endswith("#book-panel")


def edit_of(form: str, changed: Changed) -> str:
    """What tells another form of the page (`notes` or `review`) that this change is its own.

    Only a form that was as new as the one just sent is told: an older one shall be refused.
    """
    before, after = changed
    if before.edit == after.edit:
        return ""
    field = Markup('<input type="hidden" id="{}-edit" name="edit" value="{}">')
    target = f'#{form}-edit[value="{before.edit}"]'
    return partial(target, "outerHTML", field.format(form, after.edit))


def fragment(*pieces: str, status: int = 200) -> Response:
    """Pieces of HTML as one answer."""
    return Response("\n".join(pieces), status, content_type="text/html; charset=utf-8")


def counts_after(*changes: Changed | tuple[UserBook | None, UserBook]) -> str:
    """The shelf's counts as they are after some changes of the signed-in user's books."""
    moved = count_changes([(before, after) for before, after in changes])
    user = current_user()
    counts = {
        shelf: user.counts.get(shelf, 0) + moved.get(shelf, 0)
        for shelf in sorted({*user.counts, *moved})
    }
    after: User = replace(user, counts=counts)
    return _counts(tuple(after.counts.items()), after.total)


@lru_cache(maxsize=64)
def _counts(counts: tuple[tuple[str, int], ...], total: int) -> str:
    """The counts as HTML, which depends on nothing else: most changes leave them as they are."""
    return render_to_text("shelf/_counts.html", counts=dict(counts), total=total)


def toast(told: Toast) -> str:
    """A toast as HTML."""
    return render_to_text("_toast.html", **told.context())


def changed_book(changed: Changed, told: Toast, piece: str = "") -> Response:
    """The answer to a change: the card (or `piece` in its place), counts and a toast."""
    pieces = [piece or cards.card_of(changed.after), counts_after(changed)]
    if changed.before != changed.after:
        pieces.append(toast(told))
    return fragment(*pieces)


def gone(changed: Changed) -> Response:
    """The answer to a deletion: the card leaves the shelf."""
    return fragment(
        partial(f"#b-{changed.after.user_book_id}", "delete"),
        counts_after(changed),
        toast(deleted_toast(changed)),
    )


def restored(changed: Changed) -> Response:
    """The answer to bringing a book back: off the trash, or on top of the shelf that is shown."""
    book = changed.after
    piece = partial(f"#b-{book.user_book_id}", "delete") if in_trash() else on_top(book)
    return fragment(piece, counts_after(changed), toast(restored_toast(changed)))


def on_top(book: UserBook) -> str:
    """The card as the first of a shelf that begins with the newest, or of what was just added."""
    place = "#just-added" if adds_only() else "#shelf-cards" if shows_newest(book) else ""
    return partial(place, "afterbegin", cards.card_of(book, coming=True)) if place else ""


def adds_only() -> bool:
    """Whether the page that asks is the one for adding, which shows what came of it."""
    return parts_of(request.headers.get("HX-Current-URL", "")).path == "/books/new"


def shows_newest(book: UserBook) -> bool:
    """Whether the page that asks is a shelf on which a book just added comes first."""
    url = parts_of(request.headers.get("HX-Current-URL", ""))
    query = {name: values[-1] for name, values in parse_qs(url.query).items()}
    plain = not ({"q", "rating", "cursor", "dir"} & query.keys())
    return (
        url.path == "/library"
        and plain
        and query.get("sort", "added") == "added"
        and query.get("status", book.status) == book.status
    )


def in_trash() -> bool:
    """Whether the page that asks shows the deleted books."""
    query = parse_qs(parts_of(request.headers.get("HX-Current-URL", "")).query)
    return query.get("status") == ["deleted"]


def partial(target: str, swap: str, content: str = "") -> str:
    """A piece that goes where a CSS selector says; nothing happens where there is no such place."""
    return Markup('<hx-partial hx-target="{}" hx-swap="{}">{}</hx-partial>').format(
        target,
        swap,
        Markup(content),  # noqa: S704  # made by a template
    )


async def tell(told: Toast) -> None:
    """Keep a toast for the next page, for an answer that is a redirect."""
    await flash(told.context())  # type: ignore[arg-type]  # the session's JSON keeps a mapping too
