"""Every fault × every kind of stream: what a run under it and the run after it leave in the tables.

The tables must be those of two runs without a fault. `scripts/prove.py` tries all, `test_fault_matrix.py` a part.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import ads_seed
import inbox_faults
from clocks import NOW, FakeClock
from local_faults import COMPUTER, DIES_AT, TARGET, DyingTarget, Strikes
from world import Key, Row, Run, World

from amazon_sandbox import Sandbox, running
from amazon_sandbox.faults import (
    ADS,
    ANSWER,
    ASKED,
    CONSENT,
    CONTENT,
    DOWNLOAD,
    FLAT_CONTENT,
    GATE,
    GZIP,
    JOB,
    JSON_CONTENT,
    LOGIN,
    PAGE,
    QUERY,
)
from tap_amazon_vendor.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

#: How often a fault strikes; None is for the whole first run.
TIMES = (1, 3, None)

#: The second run comes so long after the first began, however long that took.
LATER = timedelta(hours=26)

#: Of a row that is there, these say how it came, and not what it says.
HOW = {"report_id", "seen_at", "_extra"}

#: Reports that a fault may cost: one more, or the two halves of a window that may have been too wide.
MOST_AGAIN = 2

#: Calls for which a token is valid before it is revoked.
SOME_CALLS = 3

ASKING = {"createReport", "createQuery", "createAdsReport"}


@dataclass(frozen=True)
class Kind:
    """A kind of stream.

    Attributes:
        streams: Streams of that kind.
        faults: The faults that may strike it.
        settings: Makes the settings, and files in a folder of its own where the kind has some.
        pages: The number of jobs that a window may have. Only the first page can be found in Amazon's list, so a later
            page whose state is lost is requested again.
    """

    streams: tuple[str, ...]
    faults: Collection[str]
    settings: Callable[[World, Path], Row]
    pages: int = 1


def _vendor(world: World, _: Path) -> Row:
    return world.config(
        start_date=world.day(20), selling_programs=["RETAIL"], distributor_views=["MANUFACTURING"], restatement_days=7
    )


def _seller(world: World, _: Path) -> Row:
    return world.config("seller-us", account_type="seller", start_date=world.day(12))


def _ads(world: World, _: Path) -> Row:
    consent = ads_seed.consent(world.server.url, world.server.auth_url, "vendor-us")
    return {"ads": consent, "marketplaces": ["US"], "start_date": world.day(20)}


def _inbox(_: World, folder: Path) -> Row:
    inbox_faults.fill(folder / "inbox")
    return {"inbox": str(folder / "inbox"), "marketplaces": ["US"]}


#: Faults of the computer and the target, which any stream can meet.
_HERE = {*COMPUTER, *TARGET}
#: Faults of SP-API and its login.
_CALLS = {*GATE, *LOGIN, *CONSENT, *ANSWER, *_HERE}
#: Faults of jobs and documents.
_JOBS_ONLY = {
    "quota_exceeded", "connection_reset", "gzip_unlabelled", "document_gone", "document_gone_tersely",
}  # fmt: skip
#: These change what the document says; `test_flat_files.py` and `test_row_marketplaces.py` tell what becomes of it.
_OTHER_ROWS = {
    "dirty_cells", "dirty_lines", "lines_missing", "equal_lines", "marketplace_ignored", "gzip_unlabelled",
}  # fmt: skip
_FILES = {*DOWNLOAD, *GZIP}

KINDS = {
    "JSON report": Kind(("vendor_sales", "vendor_traffic"), {*_CALLS, *JOB, *CONTENT, *JSON_CONTENT, *_FILES}, _vendor),
    "flat file": Kind(
        ("seller_fulfilled_shipments", "seller_customer_returns"),
        {*_CALLS, *JOB, *CONTENT, *_FILES, *FLAT_CONTENT} - _OTHER_ROWS,
        _seller,
    ),
    "paged API": Kind(
        ("vendor_purchase_orders", "vendor_purchase_order_items"), {*_CALLS, *PAGE} - _JOBS_ONLY, _vendor
    ),
    "Data Kiosk": Kind(
        ("vendor_analytics_manufacturing",),
        {*_CALLS, *QUERY, *ASKED, *_FILES} - {"ascending_refused", "gzip_unlabelled"},
        _vendor,
        pages=6,
    ),
    "Ads": Kind(("ads_sp_campaigns", "ads_sb_campaigns"), {*ADS, *LOGIN, *CONSENT, *DOWNLOAD, *GZIP, *_HERE}, _ads),
    # It calls nobody, and asks no clock.
    "inbox": Kind(inbox_faults.STREAMS, {*inbox_faults.FILE_FAULTS, "disk_full", *TARGET}, _inbox),
}

#: Each fault with the kinds that it may strike.
CASES = [(kind, fault) for kind, each in KINDS.items() for fault in sorted(each.faults)]


@dataclass
class Survival:
    """What became of the rows.

    Attributes:
        struck: How often the fault struck.
        lost: Rows that are missing after the second run.
        doubled: Rows that should not be there.
        wrong: Rows whose values are neither those of the first day nor those of the second.
        wasted: Reports and queries that were asked for beyond those of runs without a fault, and for which the fault
            is no cause.
        hours: How long the run under the fault took, by Amazon's clock.
        outcomes: The outcomes that its ledger has, apart from those of the run without a fault.
        problem: What else is not as it should be.
    """

    struck: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    wasted: int = 0
    hours: float = 0.0
    outcomes: set[str] = field(default_factory=set)
    problem: str = ""

    @property
    def whole(self) -> bool:
        """Whether the fault struck, and all is as without it."""
        return bool(self.struck) and not (self.lost or self.doubled or self.wrong or self.wasted or self.problem)


Table = dict[Key, Row]


@dataclass
class _Days:
    """Two runs: their tables, and how much they asked for."""

    first: Run
    second: Run
    asked: int
    struck: int
    hours: float

    def table(self, stream: str) -> Table:
        rows = self.first.upserted(stream) if self.first.records(stream) else {}
        return self.second.upserted(stream, rows) if self.second.records(stream) else rows


def survive(kind: str, fault: str, times: int | None) -> Survival:
    """Let a fault strike a run, and compare what is there after the next run.

    Args:
        kind: One of KINDS.
        fault: One of its faults.
        times: How often it strikes; None for the whole first run.
    """
    truth, days = _without_fault(kind), two_runs(kind, fault, times)
    survival = Survival(struck=days.struck, hours=days.hours)
    again = max(MOST_AGAIN, KINDS[kind].pages) if fault in TARGET else MOST_AGAIN
    survival.wasted = max(0, days.asked - truth.asked - again * days.struck)
    survival.outcomes = {outcome for *_, outcome in days.first.windows} - {Outcome.LOADED.value, Outcome.EMPTY.value}
    if days.second.error:
        survival.problem = f"the second run failed: {days.second.error}"
    for stream in KINDS[kind].streams:
        there, wanted = days.table(stream), truth.table(stream)
        versions = (truth.first.upserted(stream), wanted, _as_of_the_second_day(kind).upserted(stream))
        survival.lost += len(wanted.keys() - there.keys())
        survival.doubled += len(there.keys() - {*versions[0], *versions[1], *versions[2]})
        survival.wrong += sum(
            _told(row) not in [_told(version[key]) for version in versions if key in version]
            for key, row in there.items()
            if key in wanted
        )
    return survival


def _told(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in HOW}


@contextmanager
def _world() -> Iterator[World]:
    clock = FakeClock(NOW)
    sandbox = Sandbox(seed=7, clock=clock, asins=12, stall_seconds=0.05)
    sandbox.page_records = 2
    sandbox.pause = clock.sleep
    with running(sandbox) as server:
        yield World(sandbox, server, clock)


@contextmanager
def _striking(world: World, folder: Path, fault: str | None, times: int | None) -> Iterator[Strikes]:
    """Let a fault strike as long as the context lasts."""
    if fault in COMPUTER:
        with COMPUTER[fault](world, times) as strikes:
            yield strikes
    elif fault in inbox_faults.FILE_FAULTS:
        with inbox_faults.striking(fault, folder / "inbox", times) as strikes:
            yield strikes
    elif fault in TARGET:
        yield Strikes(len(DIES_AT[times]))
    else:
        strikes = Strikes()
        if fault:
            # Expire the token during the run, so that there is a second login, at which the consent is revoked.
            if fault in CONSENT:
                for expired in ("token_expired_early", "ads_token_expired_early"):
                    world.sandbox.inject(expired, skip=SOME_CALLS)
            world.sandbox.inject(fault, times, skip=int(fault in CONSENT))
        yield strikes
        strikes.count = sum(each.struck for each in world.sandbox.faults.armed if each.name == fault)
        world.sandbox.faults.clear()


def two_runs(kind: str, fault: str | None, times: int | None) -> _Days:
    """Run, under a fault if one is named, and run again a day later without it."""
    streams = (*KINDS[kind].streams, "report_ledger")
    with tempfile.TemporaryDirectory(prefix="tav-test-") as name, _world() as world:
        folder = Path(name)
        config = KINDS[kind].settings(world, folder)
        with _striking(world, folder, fault, times) as strikes:
            if fault in TARGET:
                first = _with_dying_target(world, config, kind, fault, times)
            else:
                first = world.run(config, streams=streams)
        hours = (world.clock() - NOW) / timedelta(hours=1)
        world.clock.now = max(NOW + LATER, world.clock.now)
        if "inbox" in config:
            inbox_faults.fill(folder / "inbox")
        second = world.run(config, first.state, streams=streams)
        asked = sum(call.operation in ASKING and call.status in {0, 200, 202} for call in world.sandbox.calls)
    return _Days(first, second, asked, strikes.count, hours)


def _with_dying_target(world: World, config: Row, kind: str, fault: str, times: int | None) -> Run:
    """Run into targets that die in turn: together they keep one table, and each run starts from the last state."""
    lines: list[bytes] = []
    for part in DIES_AT[times]:
        target = DyingTarget(int(part * len(_without_fault(kind).first.lines)))
        world.run(config, Run(lines).state, streams=(*KINDS[kind].streams, "report_ledger"), recorder=target)
        lines += target.kept(fault)
    return Run(lines)


@cache
def _without_fault(kind: str) -> _Days:
    return two_runs(kind, None, 0)


@cache
def _as_of_the_second_day(kind: str) -> Run:
    with tempfile.TemporaryDirectory(prefix="tav-test-") as name, _world() as world:
        config = KINDS[kind].settings(world, Path(name))
        world.clock.now = NOW + LATER
        return world.run(config, streams=KINDS[kind].streams)
