"""The engine and the windows through thousands of seeded schedules of trouble, on a made-up clock."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import pytest
from test_engine import NOT_YET, NOW, FakeAmazon, Fate, engine

from tap_amazon_vendor.engine.model import JobResult, PendingJob, PlannedJob, Priority, Processing
from tap_amazon_vendor.errors import AmazonError, DocumentError, UnansweredError, UnavailableError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.calendars import PERIODS, Horizon
from tap_amazon_vendor.reports.coverage import Coverage, plan
from tap_amazon_vendor.reports.request import ReportPartition, ReportRequest
from tap_amazon_vendor.reports.windows import Window, touches
from tap_amazon_vendor.streams.partition_windows import PartitionWindows

if t.TYPE_CHECKING:
    from clocks import FakeClock

    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.engine.model import JobStatus

DAYS = 100
HORIZON = Horizon(NOW, NOW.date() - timedelta(days=DAYS), None, availability_days=4, restatement_days=0)
PARTITIONS = [
    ReportPartition(
        "a", "GET_VENDOR_SALES_REPORT", "ATVPDKIKX0DER", (("reportPeriod", "DAY"), ("sellingProgram", name))
    )
    for name in ("BUSINESS", "RETAIL")
]


class Killed(BaseException):
    """The process is gone."""


class TroubledAmazon(FakeAmazon):
    """Goes wrong at random, and kills whoever calls it at a given call."""

    def prepare(self, rng: Random) -> None:
        self.rng = rng
        self.calls = 0
        self.deadly = 0
        self.causes: Counter[ReportRequest] = Counter()
        self.calm = False
        self.refused = 0

    def step(self, *errors: AmazonError) -> None:
        """Count a call, and raise what belongs to it now and then."""
        self.calls += 1
        if self.calls == self.deadly:
            raise Killed
        if errors and not self.calm and self.rng.random() < 0.04:
            raise self.rng.choice(errors)

    def create(self, request: ReportRequest) -> str:
        trouble = self.rng.random()
        try:
            self.step(UnavailableError("createReport still failed: 429"), UnavailableError("HTTP 500"))
        except UnavailableError:
            self.causes[request] += 1
            raise
        if not self.calm and trouble < 0.03:
            self.causes[request] += 1
            text = "the connection broke before"
            raise UnansweredError(text)
        fate = self.fate()
        self.fates[request] = [fate]
        if fate.processing is not Processing.DONE or fate.empty or fate.specification or fate.document_error:
            self.causes[request] += 1
        report_id = super().create(request)
        # Created, and then the answer is lost, or the process.
        if not self.calm and trouble < 0.06:
            text = "the connection broke after"
            raise UnansweredError(text)
        self.step()
        return report_id

    def fate(self) -> Fate:
        if self.calm:
            return Fate(seconds=20)
        seconds = self.rng.choice((0, 20, 60, 300, 5000))
        good = [Fate(seconds=seconds)] * 12
        bad = [
            Fate(Processing.FATAL, seconds),
            Fate(Processing.FATAL, seconds, text="an unknown reason"),
            Fate(Processing.FATAL, seconds, text=NOT_YET),
            Fate(Processing.CANCELLED, seconds),
            Fate(empty=True, seconds=seconds),
            Fate(specification={"reportType": "OTHER"}, seconds=seconds),
            Fate(document_error=DocumentError("truncated"), seconds=seconds),
        ]
        return self.rng.choice(good + bad)

    def status(self, report_id: str) -> JobStatus:
        self.step(UnavailableError("getReport still failed"))
        return super().status(report_id)

    def fetch(self, document_id: str, request: ReportRequest) -> Document:
        self.step(UnavailableError("the download broke off"))
        return super().fetch(document_id, request)

    def listed(self, *arguments: t.Any, **options: t.Any) -> t.Any:
        try:
            self.step(AmazonError("getReports: refused"))
        except AmazonError:
            self.refused += 1
            raise
        return super().listed(*arguments, **options)


def days(window: Window) -> list[date]:
    """The days of a window."""
    return [window.start + timedelta(days=number) for number in range((window.end - window.start).days + 1)]


@dataclass
class Warehouse:
    """What was written: rows by partition and day, and the last state."""

    rows: Counter[tuple[ReportPartition, date]] = field(default_factory=Counter)
    complete: dict[ReportPartition, Window] = field(default_factory=dict)
    pending: list[PendingJob] = field(default_factory=list)
    said_empty: int = 0
    loose: int = 0
    skipped: dict[ReportPartition, date] = field(default_factory=dict)
    #: How each day ended last, with its reason.
    ledger: dict[tuple[ReportPartition, date], tuple[Outcome, str]] = field(default_factory=dict)

    def run(self, amazon: FakeAmazon) -> None:
        """Do what the tap does in a run."""
        complete = dict(self.complete)

        def save() -> None:
            self.complete, self.pending = dict(complete), jobs.pending()

        jobs = engine(amazon, save=save)
        windows = {}
        planned = []
        for partition in PARTITIONS:
            if amazon.clock().date() - self.skipped.get(partition, date.min) < timedelta(days=7):
                continue
            calendar = PERIODS["DAY"]
            requests = [
                ReportRequest(*partition, window=window, calendar=calendar)
                for window in plan(complete.get(partition), HORIZON, calendar)
            ]
            windows[partition] = PartitionWindows(Coverage.of(complete.get(partition)), requests)
            planned += [
                PlannedJob(
                    request,
                    frozenset("s"),
                    known_available=partition in complete,
                    fresh_since=calendar.settles(request.window, HORIZON),
                    priority=Priority.NEW,
                )
                for request in requests
            ]
        jobs.plan(planned, self.pending)
        while request := jobs.next_finished():
            ranges = windows[request.partition]
            while ready := ranges.ready(jobs.is_finished):
                result = jobs.result(ready)
                # Shortened, a window may no longer join the range: then it is written once more, later.
                good = result.outcome.completes and touches(ranges.complete, result.request.window)
                done = result.request.window if good else None
                self.loose += result.outcome.completes and not good
                self.write(ready, result)
                self.said_empty += result.outcome is Outcome.EMPTY
                lost = ranges.decide(ready, done)
                for other in lost:
                    jobs.release(other, "s", read=False)
                    self.write(other, JobResult(Outcome.LATER, other, "a window between is missing"))
                if result.outcome is Outcome.SKIPPED and result.lasting:
                    self.skipped[ready.partition] = amazon.clock().date()
                if ranges.complete:
                    complete[ready.partition] = ranges.complete
                jobs.release(ready, "s", read=good)
                save()

    def write(self, request: ReportRequest, result: JobResult) -> None:
        """Write the rows of a window and how it ended."""
        read = result.request.window
        for day in days(request.window):
            outcome = Outcome.LATER if result.outcome.completes and day > read.end else result.outcome
            self.ledger[request.partition, day] = (outcome, str(result.reason))
        for day in days(read) if result.document else ():
            self.rows[request.partition, day] += 1


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in range(1, 10))])
def test_whatever_happens_every_day_is_written_once_and_nothing_is_asked_for_twice_without_cause(
    clock: FakeClock, part: int
) -> None:
    for seed in range(part * 100, part * 100 + 100):
        rng = Random(seed)
        clock.now = NOW
        amazon = TroubledAmazon(clock)
        amazon.prepare(rng)
        warehouse = Warehouse()
        kills = 0
        for run in range(12):
            amazon.calm = run >= 8
            amazon.deadly = amazon.calls + rng.randint(1, 60) if run < rng.randint(0, 5) else 0
            try:
                warehouse.run(amazon)
            except Killed:
                kills += 1
            # What the state says is complete has been written, but for what Amazon said it has not.
            if not warehouse.said_empty:
                for partition, window in warehouse.complete.items():
                    day = window.start
                    while day <= window.end:
                        assert warehouse.rows[partition, day], seed
                        day += timedelta(days=1)
            clock.advance(600)
        wanted = Window(HORIZON.start, HORIZON.today - timedelta(days=4))
        assert set(warehouse.complete.values()) == {wanted}, seed
        assert len(warehouse.complete) == len(PARTITIONS), seed
        # A day is written again only where a kill came between its rows and the state.
        most = max(warehouse.rows.values(), default=0)
        assert most <= 1 + kills + warehouse.loose, seed
        asked = Counter(amazon.created)
        for request, times in asked.items():
            assert times <= 1 + amazon.causes[request] + amazon.refused, (seed, str(request))


WANTED = Window(HORIZON.start, HORIZON.today - timedelta(days=4))

#: What Amazon says of a report that has rows. What is final by its nature is not among them.
BAD = {
    "cancelled": Fate(Processing.CANCELLED),
    "no rows": Fate(empty=True),
    "no reason": Fate(Processing.FATAL),
    "unknown reason": Fate(Processing.FATAL, text="an unknown reason"),
    "error in a report that is done": Fate(text="an unknown reason"),
    "not yet": Fate(Processing.FATAL, text=NOT_YET),
    "client error": Fate(Processing.FATAL, text="A client error occurred. Please double check"),
    "unavailable": Fate(Processing.FATAL, text="The requested data is unavailable. Please try a different date range"),
}


class WrongOnce(FakeAmazon):
    """Answers badly for all reports of one partition that hold one day, some times, and well for all others."""

    def prepare(self, partition: ReportPartition, day: date, bad: Fate, times: float) -> None:
        self.partition, self.day, self.bad, self.times = partition, day, bad, times

    def create(self, request: ReportRequest) -> str:
        strikes = request.partition == self.partition and self.day in days(request.window) and self.times > 0
        self.times -= strikes
        self.fates[request] = [self.bad if strikes else Fate(seconds=20)]
        return super().create(request)


def of_each_report() -> list[t.Any]:
    """The partition and a day of each report of a first run; CI takes the ends, the inner ones and the middle."""
    windows = plan(None, HORIZON, PERIODS["DAY"])
    quick = {0, 1, len(windows) // 2, len(windows) - 1}
    return [
        pytest.param(partition, window.end, marks=[] if number in quick else [pytest.mark.exhaustive])
        for partition in PARTITIONS
        for number, window in enumerate(windows)
    ]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("partition", "day"), of_each_report())
def test_after_one_bad_answer_or_two_the_next_run_has_all_rows(
    clock: FakeClock, partition: ReportPartition, day: date, bad: Fate, times: int
) -> None:
    amazon = WrongOnce(clock)
    if bad is BAD["not yet"] and day == WANTED.end:
        # Amazon says so on two days then, of a day that it may well not have published.
        times = 1
    amazon.prepare(partition, day, bad, times)
    warehouse = Warehouse()
    warehouse.run(amazon)
    clock.advance(86_400)
    warehouse.run(amazon)
    missing = [(each.options, day) for each in PARTITIONS for day in days(WANTED) if not warehouse.rows[each, day]]
    assert not missing
    assert set(warehouse.complete.values()) == {WANTED}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize(("partition", "day"), of_each_report())
def test_what_amazon_says_for_days_is_in_the_ledger(
    clock: FakeClock, partition: ReportPartition, day: date, bad: Fate
) -> None:
    amazon = WrongOnce(clock)
    amazon.prepare(partition, day, bad, times=float("inf"))
    warehouse = Warehouse()
    for _ in range(4):
        warehouse.run(amazon)
        clock.advance(86_400)
    missing = [(each, day) for each in PARTITIONS for day in days(WANTED) if not warehouse.rows[each, day]]
    assert {each for each, _ in missing} == {partition}
    for part in missing:
        outcome, reason = warehouse.ledger[part]
        assert outcome is not Outcome.LOADED
        assert reason
        if outcome is Outcome.EMPTY:
            assert "It has said so since" in reason


def test_an_outage_that_every_report_is_fatal_in_skips_nothing(clock: FakeClock) -> None:
    amazon = FakeAmazon(clock)
    warehouse = Warehouse()
    amazon.create_default = BAD["client error"]
    warehouse.run(amazon)
    assert {outcome for outcome, _ in warehouse.ledger.values()} == {Outcome.LATER}
    # Of each partition the newest window, because it may not be published yet, and another one, both twice.
    assert len(amazon.created) == 4 * len(PARTITIONS)
    amazon.create_default = Fate()
    warehouse.run(amazon)
    assert set(warehouse.complete.values()) == {WANTED}
