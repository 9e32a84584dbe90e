"""Use cases of accounts: join, sign in and out, change password and profile, leave."""

from booklib.accounts.joining import open_to_new, register
from booklib.accounts.leaving import close_account, closing_job, start_closing
from booklib.accounts.profile import (
    change_password,
    reset_password,
    save_profile,
    time_zones,
)
from booklib.accounts.sessions import end_all_sessions, end_session, still_valid
from booklib.accounts.signing_in import sign_in

__all__ = [
    "change_password",
    "close_account",
    "closing_job",
    "end_all_sessions",
    "end_session",
    "open_to_new",
    "register",
    "reset_password",
    "save_profile",
    "sign_in",
    "start_closing",
    "still_valid",
    "time_zones",
]
