"""Print what the Book Library costs on AWS a month: requests, units of capacity, prices.

deploy/README.md holds the output between two markers; a test compares them. Run it as
`python3 deploy/costs.py --write` after changing a figure.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- costs: made by deploy/costs.py -->", "<!-- end of costs -->"

READERS = (0, 1, 100, 10_000)
BOOKS = 300
"""Books of one reader."""
VISITS = 20
"""Visits of one reader a month, each a cold start: right for few readers, too much for many."""
HOURS = 730
"""Hours of a month, as AWS counts them."""


class Action(NamedTuple):
    """What one reader does in a month, and what DynamoDB counts for it each time."""

    what: str
    times: int
    reads: float
    """Read request units, with the one for the session's user."""
    writes: float
    """Write request units, with those of the indexes and doubled in transactions."""
    kilobytes: float
    """What is sent to the browser, compressed."""


ACTIONS = (
    Action("page of the shelf", 80, 4, 0, 12),
    Action("page of a book", 40, 3, 0, 6),
    Action("status or rating changed", 30, 3, 9, 2),
    Action("book added by ISBN", 10, 5, 14, 3),
    Action("look whether its details have come", 30, 3, 0, 2),
    Action("its details fetched (worker)", 10, 6, 24, 0),
    Action("its cover fetched (worker)", 10, 6, 18, 0),
    Action("cover shown for the first time", 150, 2, 0, 12),
    Action("photo scanned", 2, 3, 1, 3),
    Action("signing in", 2, 4, 4, 2),
    Action("style sheet or script", 20, 0, 0, 8),
)
WORKER = "(worker)"

API_GB, WORKER_GB = 1024 / 1024, 512 / 1024
"""Memory of the functions, as in infra/app.yaml."""
REQUEST_S, COLD_START_S, PHOTO_S = 0.06, 1.5, 2.0
JOB_S = 3.0
"""A look-up waits for its provider most of the time."""
SWEEPS, SWEEP_S = 12 * HOURS, 2.5
"""Every five minutes, each a cold start."""
POLLS = 5 * 3 * 60 * HOURS
"""Lambda listens to a queue with up to five connections, each asking every 20 seconds."""
ITEM_KB = 3.5
"""A copy with its four lists' projections and its share of Book and job."""
COVER_KB = 80
LOG_KB = 1.5
"""Of one request: the access log, the function's line and Lambda's own."""


class Line(NamedTuple):
    """One line of the bill."""

    what: str
    fixed: float
    each: float
    """Quantity for each reader."""
    usd: float
    per: float
    """The price is for so many."""
    free: float = 0.0
    """What AWS gives every account for nothing, month by month, for ever."""
    unit: str = ""

    def costs(self, readers: int, *, free: bool) -> float:
        """US dollars a month, with or without what is free."""
        quantity = self.fixed + self.each * readers
        return max(quantity - (self.free if free else 0), 0) / self.per * self.usd


def lines() -> list[Line]:
    """The bill by the assumptions above and the list prices of us-east-1 of November 2026."""
    requests = sum(action.times for action in ACTIONS if WORKER not in action.what)
    jobs = sum(action.times for action in ACTIONS if WORKER in action.what)
    reads = sum(action.times * action.reads for action in ACTIONS)
    writes = sum(action.times * action.writes for action in ACTIONS)
    sent_gb = sum(action.times * action.kilobytes for action in ACTIONS) / 1e6
    photos = next(action.times for action in ACTIONS if "photo" in action.what)
    api_s = requests * REQUEST_S + VISITS * COLD_START_S + photos * PHOTO_S
    stored_gb = BOOKS * ITEM_KB / 1e6
    covers = BOOKS / 3  # readers have two of three editions in common with others
    million = 1e6
    return [
        Line("DynamoDB, reads", SWEEPS * 0.5, reads, 0.125, million, unit="units"),
        Line("DynamoDB, writes", 0, writes, 0.625, million, unit="units"),
        Line("DynamoDB, stored", 0, stored_gb, 0.25, 1, 25, "GB"),
        Line("DynamoDB, point-in-time recovery", 0, stored_gb, 0.20, 1, unit="GB"),
        Line("KMS, keys of the tables", 2 * SWEEPS, 4 * VISITS, 0.03, 10_000, 20_000, "requests"),
        Line("Lambda, requests", SWEEPS, requests + jobs, 0.20, million, million, "requests"),
        Line(
            "Lambda on arm64, time",
            SWEEPS * SWEEP_S * WORKER_GB,
            api_s * API_GB + jobs * JOB_S * WORKER_GB,
            0.0000133334,
            1,
            400_000,
            "GB-s",
        ),
        Line("API Gateway, HTTP API", 0, requests, 1.00, million, unit="requests"),
        Line("SQS", POLLS, jobs * 3, 0.40, million, million, "requests"),
        Line("S3, stored", 0.05, covers * COVER_KB / 1e6, 0.023, 1, unit="GB"),
        Line("S3, pictures stored", 0, jobs, 0.005, 1000, unit="requests"),
        Line("S3, pictures read", 0, 150, 0.0004, 1000, unit="requests"),
        Line("Secrets Manager", 1, 0, 0.40, 1, unit="secret"),
        Line("CloudWatch, logs", SWEEPS / 1e6, requests * LOG_KB / 1e6, 0.50, 1, 5, "GB"),
        Line("Sent to the internet", 0, sent_gb, 0.09, 1, 100, "GB"),
    ]


def dollars(amount: float) -> str:
    """With cents; what is less than half a cent is told as such."""
    if 0 < amount < 0.005:
        return "< 0.01"
    return f"{amount:,.2f}"


def number(quantity: float) -> str:
    """At most three significant digits, without exponents."""
    if quantity >= 100:
        return f"{quantity:,.0f}"
    return f"{quantity:.3g}"


def price(line: Line) -> str:
    per = "" if line.per == 1 else "million " if line.per == 1e6 else f"{line.per:,.0f} "
    return f"{line.usd:.10f}".rstrip("0").ljust(4, "0") + f" / {per}{line.unit}"


def report() -> str:
    """Both tables as Markdown."""
    rows = [
        "| one reader, a month | times | reads each | writes each | reads | writes |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for action in ACTIONS:
        reads, writes = action.times * action.reads, action.times * action.writes
        rows.append(
            f"| {action.what} | {action.times} | {action.reads:g} | {action.writes:g} "
            f"| {number(reads)} | {number(writes)} |"
        )
    heads = ("nobody", "1 reader", "100 readers", "10,000 readers")
    rows += [
        "",
        "| US dollars a month | fixed | each reader | list price | " + " | ".join(heads) + " |",
        "|---|--:|--:|--:|" + "--:|" * len(heads),
    ]
    bill = lines()
    for line in bill:
        costs = " | ".join(dollars(line.costs(readers, free=False)) for readers in READERS)
        quantities = f"{number(line.fixed)} | {number(line.each)}"
        rows.append(f"| {line.what} | {quantities} | {price(line)} | {costs} |")
    for title, free in (("at list prices", False), ("less what AWS gives for ever", True)):
        sums = (sum(line.costs(readers, free=free) for line in bill) for readers in READERS)
        rows.append(
            f"| **{title}** | | | | " + " | ".join(f"**{dollars(s)}**" for s in sums) + " |"
        )
    return "\n".join(rows) + "\n"


def main(arguments: list[str]) -> None:
    """Print the tables, or with --write put them into deploy/README.md."""
    if arguments != ["--write"]:
        print(report(), end="")
        return
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n\n{report()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
