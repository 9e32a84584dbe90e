"""What a reader does with their books; every function takes the world and the owner first."""

from booklib.library.adding import Added, Outcome, add_by_hand, add_edition, add_isbn
from booklib.library.changing import KEEP, Keep, set_notes, set_rating, set_status
from booklib.library.editing import below, edit, merge
from booklib.library.known import owned_isbns
from booklib.library.removing import delete, undo_delete, undoable_until
from booklib.library.saving import Changed
from booklib.library.shelf import PAGE_SIZE, Entry, entry, shelf

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
    "below",
    "delete",
    "edit",
    "entry",
    "merge",
    "owned_isbns",
    "set_notes",
    "set_rating",
    "set_status",
    "shelf",
    "undo_delete",
    "undoable_until",
]
