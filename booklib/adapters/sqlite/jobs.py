"""Jobs by claim and lease. Every function runs in a connection's thread."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from booklib.adapters.sqlite.codec import JOB_COLUMNS, assignments, insert, job_of, job_values
from booklib.models import Job
from booklib.models.shelf import stamp


def get(db: sqlite3.Connection, job_id: str) -> Job | None:
    """One job."""
    row = db.execute(f"SELECT {JOB_COLUMNS} FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
    return job_of(row) if row else None


def add(db: sqlite3.Connection, job: Job) -> bool:
    """False if there is one with this id."""
    if get(db, job.job_id):
        return False
    insert(db, "jobs", job_values(job))
    return True


def add_or_replace(db: sqlite3.Connection, job: Job) -> None:
    """Store a job unless there is one that still counts."""
    stored = get(db, job.job_id)
    if stored is None:
        insert(db, "jobs", job_values(job))
    elif stored.outlived(job.created_at):
        _overwrite(db, replace(job, rev=stored.rev + 1))


def _overwrite(db: sqlite3.Connection, job: Job) -> None:
    values = job_values(job)
    db.execute(f"UPDATE jobs SET {assignments(values)} WHERE job_id = :job_id", values)


def claim(db: sqlite3.Connection, job_id: str, now: datetime, lease_s: int) -> Job | None:
    """Take a job whose time has come; a conditional update decides between two workers."""
    lease = stamp(now + timedelta(seconds=lease_s))
    row = db.execute(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, due_at = NULL, "
        "lease_until = :lease, next_at = :lease, rev = rev + 1 "
        f"WHERE job_id = :job_id AND next_at <= :now RETURNING {JOB_COLUMNS}",
        {"lease": lease, "job_id": job_id, "now": stamp(now)},
    ).fetchone()
    return job_of(row) if row else None


def save(db: sqlite3.Connection, before: Job, after: Job) -> bool:
    """False if the stored one is not `before` any more."""
    stored = get(db, before.job_id)
    if stored is None or stored.rev != before.rev:
        return False
    _overwrite(db, replace(after, rev=before.rev + 1))
    return True


def due(db: sqlite3.Connection, now: datetime, limit: int) -> list[Job]:
    """Longest waiting first."""
    rows = db.execute(
        f"SELECT {JOB_COLUMNS} FROM jobs WHERE next_at <= ? ORDER BY next_at, job_id LIMIT ?",
        (stamp(now), limit),
    ).fetchall()
    return [job_of(row) for row in rows]
