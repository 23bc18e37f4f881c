"""How near a run comes to the bound that Amazon's quotas and processing times set.

    python benchmarks/quota.py [--speed 60] [--json FILE]

Runs the tap against the sandbox on a clock that is some times faster than the computer's, and prints a table: the
calls of createReport and createQuery that it made and the fewest that are possible, its time and the bound. Beside it
stands a model of the way peers do it: one day a report, one report after the other. All times are Amazon's, not the
computer's; but what the computer takes counts, as many times as the clock is faster.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
import time
import typing as t
from collections import Counter as Tally
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain
from pathlib import Path
from random import Random

from amazon_sandbox import Sandbox, running
from tap_amazon_vendor.reports.calendars import PERIODS
from tap_amazon_vendor.singer.writer import MessageWriter
from tap_amazon_vendor.streams import REPORT_STREAMS, STREAMS
from tap_amazon_vendor.streams.paged import PagedRows
from tap_amazon_vendor.tap import TapAmazonVendor

if t.TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from tap_amazon_vendor.engine.model import PlannedJob

#: A quota of createReport and getReportDocument (docs/amazon/quotas.md#usage-plans): calls at once, seconds for one
#: more.
BURST, REFILL = 15, 1 / 0.0167

#: Days that a report may cover by DAY (docs/amazon/calendars.md#widths-and-look-back).
WIDEST_DAYS = 15

#: The streams whose reports have a view and a program, and those without.
FINANCIAL = ("vendor_sales", "vendor_sales_totals")
#: Two views of Data Kiosk, and lists whose pages are called for.
QUERIES = ("vendor_analytics_manufacturing", "vendor_analytics_sourcing")
PAGED = tuple(
    f"vendor_{name}"
    for name in ("purchase_orders", "purchase_order_items", "purchase_order_statuses", "shipments", "invoices")
)
EVERYTHING = tuple(stream.name for stream in REPORT_STREAMS if stream.account_type == "vendor" and not stream.opt_in)


class FastClock:
    """A clock that runs faster than this computer's."""

    def __init__(self, speed: float) -> None:
        """Start at noon."""
        self._speed = speed
        self._begin = time.monotonic()
        self._noon = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        """Return the time."""
        return self._noon + timedelta(seconds=(time.monotonic() - self._begin) * self._speed)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds / self._speed)

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait for a condition."""
        condition.wait(None if seconds == math.inf else seconds / self._speed)


class Counter(MessageWriter):
    """Counts records instead of writing them."""

    def __init__(self) -> None:
        """Start at none."""
        super().__init__()
        self.records = 0
        #: Account, report type and options of what an account lacks, by the ledger.
        self.skipped: set[tuple[str, str, str]] = set()

    def _put(self, lines: bytes | bytearray) -> None:
        for line in bytes(lines).splitlines():
            message = json.loads(line)
            if message["type"] == "RECORD":
                self.records += 1
                row = message["record"]
                if row.get("outcome") == "skipped":
                    self.skipped.add((row["account"], row["report_type"], row["report_options"]))

    def flush(self) -> None:
        """Do nothing: there is no file."""


@dataclass(frozen=True)
class Case:
    """What a user might want.

    Attributes:
        name: What to call it.
        streams: The streams.
        days: How far back.
        accounts: Labels of accounts of the sandbox.
        programs: Selling programs.
    """

    name: str
    streams: tuple[str, ...]
    days: int
    accounts: tuple[str, ...] = ("vendor-us",)
    programs: tuple[str, ...] = ("RETAIL",)


CASES = (
    Case("one stream, 730 days", ("vendor_traffic",), 730),
    Case(
        "all vendor streams × 2 views × 3 programs, 90 days", EVERYTHING, 90, programs=("RETAIL", "BUSINESS", "FRESH")
    ),
    Case(
        "five accounts in three regions, sales and traffic, 180 days",
        (*FINANCIAL, "vendor_traffic"),
        180,
        ("vendor-us", "vendor-ca", "vendor-de", "vendor-uk", "vendor-jp"),
    ),
    Case("reports, queries and paged calls, 170 days", (*FINANCIAL, "vendor_traffic", *QUERIES, *PAGED), 170),
)


@dataclass
class Row:
    """A line of the table. Times in seconds."""

    case: str
    created: int
    minimum: int
    records: int
    wall: float
    bound: float
    refused: int
    polls: int
    peers_created: int
    peers_wall: float

    @property
    def ratio(self) -> float:
        """Wall time in parts of the bound."""
        return self.wall / self.bound


def measure(case: Case, speed: float) -> Row:
    """Run a case once."""
    clock = FastClock(speed)
    sandbox = Sandbox(seed=1, clock=clock, asins=3)
    with running(sandbox) as server:
        accounts = [account for account in sandbox.accounts if account.label in case.accounts]
        config = {
            "accounts": [
                {
                    "account": account.label,
                    "client_id": account.client_id,
                    "client_secret": account.client_secret,
                    "refresh_token": account.refresh_token,
                    "marketplaces": [account.marketplaces[0]],
                    "api_url": server.url,
                    "auth_url": server.auth_url,
                }
                for account in accounts
            ],
            "start_date": (clock().date() - timedelta(days=case.days)).isoformat(),
            "selling_programs": list(case.programs),
        }
        writer = Counter()
        tap = TapAmazonVendor(config=config, clock=clock, rng=Random(1), message_writer=writer)
        for name, stream in tap.streams.items():
            stream.selected = name in (*case.streams, "report_ledger")
        begin = clock()
        tap.sync_all()
        wall = (clock() - begin).total_seconds()
        calls = sandbox.calls
        creates = [call for call in calls if call.operation in {"createReport", "createQuery"}]
        created = [call for call in creates if call.status == 202]
        minimum = _fewest(tap, writer.skipped)
        durations = [_durations(sandbox, account.label, clock()) for account in accounts]
        peers = _days(tap)
        return Row(
            case.name,
            len(created),
            minimum,
            writer.records,
            wall,
            max(
                *map(bound, durations),
                *(_bound_of_queries(sandbox, account.label, clock()) for account in accounts),
                _bound_of_pages(call.operation for call in calls),
            ),
            sum(call.status == 429 for call in calls),
            sum(call.operation in {"getReport", "getQuery"} for call in calls),
            peers,
            _peers_time(peers / len(accounts), [*chain(*durations)]),
        )


def _durations(sandbox: Sandbox, label: str, now: datetime) -> list[float]:
    """Return how long Amazon took for each report of an account, in the order in which they were requested."""
    account = next(account for account in sandbox.accounts if account.label == label)
    jobs = [*sandbox.jobs.of(account, now)][::-1]
    return [(job.waiting + job.working).total_seconds() for job in jobs]


def bound(durations: list[float]) -> float:
    """Return the least seconds in which an account can have its reports.

    Each is requested as early as the quota allows, takes its time, and is fetched as early as the same quota of
    documents allows.
    """
    asked = [max(0, number - BURST + 1) * REFILL for number in range(len(durations))]
    fetched: list[float] = []
    for number, done in enumerate(sorted(at + seconds for at, seconds in zip(asked, durations, strict=True))):
        tokens = (at + (number - earlier + 1 - BURST) * REFILL for earlier, at in enumerate(fetched))
        fetched.append(max(done, *tokens, 0.0))
    return fetched[-1] if fetched else 1.0


def _bound_of_queries(sandbox: Sandbox, label: str, now: datetime) -> float:
    """Return the least seconds in which an account can have its queries: Amazon works on one at a time."""
    account = next(account for account in sandbox.accounts if account.label == label)
    working = [each.working.total_seconds() for each in sandbox.queries.of(account, now)][::-1]
    done = 0.0
    for number, seconds in enumerate(working):
        done = max(done, max(0, number - BURST + 1) * REFILL) + seconds
    return done


def _bound_of_pages(operations: Iterable[str]) -> float:
    """Return the least seconds in which the pages of lists can be called for: each operation has a quota of its own."""
    called = Tally(operations)
    plans = {stream.listing.operation for stream in STREAMS if isinstance(stream, PagedRows)}
    return max(max(0, called[plan.name] - plan.burst) / plan.rate for plan in plans)


def _fewest(tap: TapAmazonVendor, skipped: set[tuple[str, str, str]]) -> int:
    """Count the reports that are indispensable: the days by 15, and one for each thing that an account lacks."""
    total = 0
    for partition, reports in tap.run.plan.items():
        options = ",".join(f"{name}={value}" for name, value in partition.options)
        if (partition.account, partition.report_type, options) in skipped:
            total += 1
        elif reports and reports[0].request.calendar is PERIODS["DAY"]:
            total += math.ceil(_length(reports) / WIDEST_DAYS)
        else:
            total += len(reports)
    return total


def _length(reports: list[PlannedJob]) -> int:
    """Count the days of some reports."""
    windows = [planned.request.window for planned in reports]
    return int((max(window.end for window in windows) - min(window.start for window in windows)).days + 1)


def _days(tap: TapAmazonVendor) -> int:
    """Count the reports that it takes with one day a report; what has no days counts as it is."""
    total = 0
    for reports in tap.run.plan.values():
        is_day = reports and reports[0].request.calendar is PERIODS["DAY"]
        total += _length(reports) if is_day else len(reports)
    return total


def _peers_time(reports: float, durations: list[float]) -> float:
    """Return the time that sequential reports take: each is requested when the one before is read."""
    usual = sum(durations) / max(1, len(durations))
    return reports * max(usual, REFILL)


def table(rows: list[Row]) -> str:
    """Write the table in Markdown."""
    columns = ("case", "reports and queries asked for", "fewest possible", "wall time", "bound", "ratio", "429s",
               "polls each", "one day a report, one after the other")  # fmt: skip
    lines = [columns, ("---", *["---:"] * (len(columns) - 1))]
    lines += [
        (
            row.case,
            str(row.created),
            str(row.minimum),
            _time(row.wall),
            _time(row.bound),
            f"{row.ratio:.3f}",
            str(row.refused),
            f"{row.polls / max(1, row.created):.1f}",
            f"{row.peers_created} reports, {_time(row.peers_wall)}",
        )
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _time(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{seconds / 60:.1f} min"


def main() -> None:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, default=60, help="how many times faster than this computer's clock")
    parser.add_argument("--case", type=int, choices=range(1, len(CASES) + 1), help="only this case")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args()
    logging.disable(logging.INFO)
    rows = []
    for case in CASES if arguments.case is None else [CASES[arguments.case - 1]]:
        rows.append(measure(case, arguments.speed))
        print(table(rows[-1:]).splitlines()[-1], file=sys.stderr)
    print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
