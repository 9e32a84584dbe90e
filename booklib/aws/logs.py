"""Logs as one line of JSON for each record, with the ids by which they are searched."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Lambda's own id of the invocation, which its own lines carry too."""

job_id: ContextVar[str] = ContextVar("job_id", default="")
user: ContextVar[str] = ContextVar("user", default="")
"""`hidden` of the id of whoever is signed in."""


class JsonLines(logging.Formatter):
    """A record as JSON; line ends inside of it are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "job_id": job_id.get(),
            "user": user.get(),
            "trace": self.formatException(record.exc_info) if record.exc_info else "",
        }
        return json.dumps({name: text for name, text in told.items() if text}, ensure_ascii=False)


def set_up() -> None:
    """Write to standard output, in place of what Lambda's runtime has set up."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def hidden(user_id: str) -> str:
    """A user's id so that lines of one user can be found together, and no more."""
    return hashlib.sha256(user_id.encode()).hexdigest()[:12]
