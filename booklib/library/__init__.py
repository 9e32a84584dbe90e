"""What a reader does with their books; every function takes the world and the owner first."""

from booklib.library.adding import Added, Outcome, add_by_hand, add_edition, add_isbn
from booklib.library.changing import KEEP, Keep, set_rating, set_status
from booklib.library.editing import below, edit, merge
from booklib.library.known import owned_isbns
from booklib.library.readings import (
    add_reading,
    check_order,
    read_again,
    remove_reading,
    times_read,
    undo_read_again,
)
from booklib.library.removing import delete, undo_delete, undoable_until
from booklib.library.saving import Changed
from booklib.library.shelf import PAGE_SIZE, Entry, entry, shelf
from booklib.library.tagging import distinct, set_tags
from booklib.library.writing import set_notes, set_review

__all__ = [
    "KEEP",
    "PAGE_SIZE",
    "Added",
    "Changed",
    "Entry",
    "Keep",
    "Outcome",
    "add_by_hand",
    "add_edition",
    "add_isbn",
    "add_reading",
    "below",
    "check_order",
    "delete",
    "distinct",
    "edit",
    "entry",
    "merge",
    "owned_isbns",
    "read_again",
    "remove_reading",
    "set_notes",
    "set_rating",
    "set_review",
    "set_status",
    "set_tags",
    "shelf",
    "times_read",
    "undo_delete",
    "undo_read_again",
    "undoable_until",
]
