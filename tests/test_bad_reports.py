"""One bad report, of each type in its turn: no row is missing after the next run, or ledger and warning say so."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

import pytest
from clocks import NOW, FakeClock
from in_process import serve
from world import World

from amazon_sandbox import Sandbox
from amazon_sandbox.documents import Documents
from amazon_sandbox.jobs import UNKNOWN_TEXT, Jobs
from amazon_sandbox.rules import verdicts
from amazon_sandbox.rules.verdicts import Verdict, fatal
from tap_amazon_vendor.reports.calendars import Hours, Period
from tap_amazon_vendor.streams import REPORT_STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import Row, Run

    from amazon_sandbox.jobs import Job
    from amazon_sandbox.rules.verdicts import ReportRequest
    from tap_amazon_vendor.streams.report_rows import ReportRows

LEDGER = "report_ledger"
DAY = 86_400
CANCELLED = Verdict("CANCELLED")
NO_DOCUMENT = Verdict("FATAL")

#: How a report ends for which Amazon has rows: what may be passing.
PASSING = {
    "cancelled": CANCELLED,
    "no document": NO_DOCUMENT,
    "unknown text": fatal(UNKNOWN_TEXT),
    "client error": fatal(verdicts.CLIENT_ERROR),
    "unavailable": fatal(verdicts.DATA_UNAVAILABLE),
    "not yet": fatal(verdicts.NOT_YET_AVAILABLE),
}
#: The other texts of FATAL reports.
EXPLAINED = {
    "no dates": fatal(verdicts.DATES_MISSING),
    "no options": fatal("This report type requires the reportPeriod, distributorView, sellingProgram reportOption"),
    "scheduled": fatal(verdicts.SCHEDULED),
    "marketplace": fatal(verdicts.WRONG_MARKETPLACE.format(marketplace="A1F83G8C2ARO7P")),
    "no view": fatal(verdicts.NO_MANUFACTURING),
    "no program": fatal(verdicts.INVALID_VALUE.format(option="sellingProgram")),
    "no rights": fatal(verdicts.NO_RIGHTS),
    "too wide": fatal(verdicts.ORDERS_TOO_WIDE),
}
#: Status in which a report stays that Amazon makes by itself.
UNMADE = {"stuck": Verdict(cast("Any", "IN_QUEUE"))}
#: How the document of a report that is DONE is bad.
DONE = ("no rows", "error: unknown", "error: client error", "error: unavailable", "error: not yet")
BAD = (*PASSING, *EXPLAINED, *DONE)

#: Streams with few rows.
SPARSE = ("seller_stranded", "seller_sales_and_traffic", "seller_long_term")
#: A stream whose windows have no rows once a client error has halved them.
HALVED = "seller_replacements"
#: When a snapshot was taken.
SNAPSHOT = {"snapshot_time", "snapshot_date", "forecast_generation_date"}
#: Days from the first run of a test to its last one, and one more.
LASTS = 12
UNITS = {"DAY": 1, "WEEK": 7, "MONTH": 31}


@cache
def types() -> dict[str, list[ReportRows]]:
    """The streams of each report type that is asked for, or made by Amazon; the name is that of the first."""
    found: dict[str, list[ReportRows]] = {}
    for stream in REPORT_STREAMS:
        if not stream.report.inbox_only:
            found.setdefault(stream.report.name, []).append(stream)
    return {streams[0].name: streams for streams in found.values()}


def label_of(stream: ReportRows) -> str:
    """An account of the sandbox that has the stream."""
    if stream.account_type == "vendor":
        return "vendor-us"
    return next(
        label
        for country, label in {"US": "seller-us", "DE": "seller-de", "IN": "seller-in"}.items()
        if stream.countries is None or country in stream.countries
    )


def settings(world: World, streams: list[ReportRows]) -> Row:
    """Settings with which a first run asks for three reports, as far as the calendar has so many."""
    stream = streams[0]
    times: Any = stream.time
    name = "DAY"
    if not hasattr(times, "span"):
        # Follows: DAY is none of its option's values.
        allowed = [value for option in stream.report.options for value in option.values] or [*times]
        name = next(name for name in UNITS if name in times and name in allowed)
        times = times[name]
    days = 400
    if isinstance(times, Hours):
        # The hours that Amazon still has move on.
        kept = times.look_back // 24
        days = min(times.span * 5 // 48, kept - (LASTS if kept > 2 * LASTS else 3))
    elif isinstance(times, Period):
        # The start of Amazon's history moves from run to run: a day of it that was not read is gone.
        kept = (world.today - times.oldest_day(world.today)).days - LASTS
        # The stream that needs the narrowest windows decides.
        span = min(cast("Any", each.time)[name].span for each in streams) if len(streams) > 1 else times.span
        days = min((5 + span * 5 // 2) * UNITS[times.name], 110 if times.name == "MONTH" else 80, kept)
    changes: Row = {"account_type": stream.account_type, "report_periods": [name], "start_date": world.day(days)}
    if stream.account_type == "vendor":
        changes |= {"selling_programs": ["RETAIL"], "distributor_views": ["MANUFACTURING"]}
    return world.config(label_of(stream), **changes)


@dataclass
class Spoiler:
    """Lets some reports of Amazon end badly, though there are rows.

    Attributes:
        bad: One of BAD.
        times: How many reports still end so.
        first: The report that is bad the first time; those with its last day are bad later.
    """

    bad: str = ""
    times: float = 0
    first: Callable[[Any], bool] = field(default=lambda _: False)
    documents: set[str] = field(default_factory=set)
    generated: list[Job] = field(default_factory=list)
    made: dict[str, Any] = field(default_factory=dict)

    def begin(self, bad: str, times: float, first: Callable[[Any], bool]) -> None:
        """Spoil other reports, of another Amazon."""
        self.bad, self.times, self.first, self.documents, self.generated = bad, times, first, set(), []

    def end(self) -> None:
        """Spoil no more, and repair the reports that Amazon makes by itself, because nobody can request them again."""
        self.times = 0
        for job in self.generated:
            job.verdict = Verdict("DONE")
            self.documents.discard(job.document_id)
            self.made.pop(job.document_id, None)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        verdict_of, add, text = Jobs._verdict, Jobs._add, Documents._text

        def verdict(jobs: Jobs, account: Any, request: ReportRequest, now: Any) -> Verdict:
            real = verdict_of(jobs, account, request, now)
            return self.verdict if self.bad not in DONE and real.status == "DONE" and self.strikes(request) else real

        def added(jobs: Jobs, account: Any, request: ReportRequest, *rest: Any, **options: Any) -> Job:
            job = add(jobs, account, request, *rest, **options)
            generated = options.get("by") == "amazon"
            if (self.bad in DONE or generated) and job.verdict.status == "DONE" and self.strikes(request):
                self.documents.add(job.document_id)
                if generated:
                    self.generated.append(job)
                if self.bad not in DONE:
                    job.verdict = self.verdict
            return job

        def spoilt(documents: Documents, job: Job) -> Iterator[bytes]:
            self.made = documents._made
            if job.document_id not in self.documents or self.bad not in DONE:
                return text(documents, job)
            if self.bad != "no rows":
                words = {**PASSING, "unknown": PASSING["unknown text"]}[self.bad.removeprefix("error: ")].details
                return iter([f'{{"errorDetails": "{words}"}}'.encode()])
            job.fault = "empty_arrays"
            whole = b"".join(text(documents, job))
            return iter([whole if whole.startswith((b"{", b"<")) else whole.split(b"\n")[0] + b"\n"])

        # Each poll is a request, and how long Amazon takes decides nothing here.
        monkeypatch.setattr(Jobs, "_durations", lambda *_: (timedelta(seconds=1), timedelta(seconds=1)))
        monkeypatch.setattr(Jobs, "_verdict", verdict)
        monkeypatch.setattr(Jobs, "_add", added)
        monkeypatch.setattr(Documents, "_text", spoilt)

    @property
    def verdict(self) -> Verdict:
        return (PASSING | EXPLAINED | UNMADE)[self.bad]

    def strikes(self, request: ReportRequest) -> bool:
        if self.times <= 0 or not self.first(request):
            return False
        self.times -= 1
        return True


def holds(target: ReportRequest, request: ReportRequest) -> bool:
    """Whether a report has the last day of another one."""
    if (request.report_type, request.marketplace_ids) != (target.report_type, target.marketplace_ids):
        return False
    if target.end is None or target.start is None or request.start is None or request.end is None:
        return True
    if target.end.hour or request.end.hour:
        # Of hours the end is that of another one.
        return request.start < target.end <= request.end
    return request.start <= target.end <= request.end


@dataclass
class Case:
    """One report type, on a local Amazon of its own."""

    streams: list[ReportRows]
    world: World

    @property
    def names(self) -> list[str]:
        return [stream.name for stream in self.streams]

    def run(self, state: Row | None = None) -> Run:
        return self.world.run(self.config, state, streams=[*self.names, LEDGER])

    def __post_init__(self) -> None:
        self.config = settings(self.world, self.streams)

    def keys(self, *runs: Run) -> set[Any]:
        """What rows there are, whenever a snapshot of them was taken: the weeks of a forecast move on, too."""
        moving = SNAPSHOT if self.streams[0].name != "vendor_forecasting" else {*SNAPSHOT, "start_date", "end_date"}
        return {
            (name, *(str(row[key]) for key in run.keys(name) if key not in moving))
            for run in runs
            for name in self.names
            for row in run.records(name)
        }


@pytest.fixture
def case(
    request: pytest.FixtureRequest,
    bare_environment: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], Case]:
    """Make the local Amazon anew, as often as wanted."""

    def make() -> Case:
        # Of two products some reports have days without rows, about which Amazon is asked on another day, too.
        asins = 8 if request.param.startswith((*SPARSE, HALVED)) else 2
        sandbox = Sandbox(seed=7, clock=(clock := FakeClock(NOW)), asins=asins)
        return Case(types()[request.param], World(sandbox, serve(sandbox, monkeypatch), clock))

    return make


#: What a run without trouble has, by stream: rows after a day, and the reports that the first run asks for.
_WHOLE: dict[str, tuple[set[Any], list[ReportRequest]]] = {}


def whole(make: Callable[[], Case], spoiler: Spoiler) -> tuple[set[Any], list[ReportRequest]]:
    """What two runs without trouble bring, and what reports are read."""
    case = make()
    name = case.names[0]
    if name not in _WHOLE:
        asked: list[ReportRequest] = []

        def note(request: ReportRequest) -> bool:
            asked.append(request)
            return False

        spoiler.times, spoiler.first = 1, note
        first = case.run()
        spoiler.first = lambda _: False
        case.world.clock.advance(DAY)
        second = case.run(first.state)
        assert (first.error, second.error) == (None, None)
        assert case.keys(first, second)
        own = {stream.report.name for stream in case.streams}
        reports = [*{str(each): each for each in asked if each.report_type in own}.values()]
        if name == "seller_settlements":
            # Amazon lists the oldest for a few days more only.
            reports = [each for each in reports if each.end and each.end > NOW - timedelta(days=85 - LASTS)]
        # Amazon makes many settlements, all alike.
        few = {str(reports[at]): reports[at] for at in (0, len(reports) // 2, -1)}
        _WHOLE[name] = case.keys(first, second), [*few.values()]
    return _WHOLE[name]


@pytest.mark.sampled(250)
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("times", [1, 2])
# Amazon makes a settlement once: a second one, which is good, there is not.
@pytest.mark.parametrize("case", [name for name in types() if name != "seller_settlements"], indirect=True)
def test_after_one_bad_report_or_two_the_next_run_has_all_rows(
    case: Callable[[], Case], bad: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiler = Spoiler()
    spoiler.install(monkeypatch)
    wanted, reports = whole(case, spoiler)
    for number, report in enumerate(reports):
        one = case()
        spoiler.begin(bad, times, partial(holds, report))
        first = one.run()
        left = spoiler.times
        assert left < times, (number, report, said(first))
        one.world.clock.advance(DAY)
        runs = [first, one.run(first.state)]
        if spoiler.times < left:
            # Amazon has said it on two days: in between it may not make the report again.
            one.world.clock.advance(DAY)
            runs.append(one.run(runs[-1].state))
        missing = wanted - one.keys(*runs)
        if missing and one.names == ["seller_orders_by_last_update"]:
            # An order that was changed meanwhile is among those of a later day.
            one.world.clock.advance(DAY)
            runs.append(one.run(runs[-1].state))
            missing = wanted - one.keys(*runs)
        assert not missing, (number, len(missing), said(*runs))


@pytest.mark.exhaustive
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("case", types(), indirect=True)
def test_what_amazon_says_for_days_is_in_the_ledger_and_comes_once_it_is_over(
    case: Callable[[], Case], bad: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spoiler = Spoiler()
    spoiler.install(monkeypatch)
    wanted, reports = whole(case, spoiler)
    for number, report in enumerate(reports):
        one = case()
        spoiler.begin(bad, float("inf"), partial(holds, report))
        caplog.clear()
        runs: list[Run] = []
        for _ in range(4):
            runs.append(one.run(runs[-1].state if runs else None))
            one.world.clock.advance(DAY)
        missing = wanted - one.keys(*runs)
        reasons = [row for run in runs for row in run.records(LEDGER) if row["outcome"] != "loaded"]
        warnings = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
        if missing:
            assert any(row["reason"] for row in reasons), (number, report, said(*runs))
            # An account may never have had such rows: nothing contradicts that.
            before = next((at for at, run in enumerate(runs, 1) if "empty" in {end for *_, end in run.windows}), 4)
            told = warnings or runs[-1].error or not one.keys(*runs[:before])
            # Nor beside months that are without rows.
            assert told or one.names[0].startswith(SPARSE), (number, report, said(*runs))
        believed = [row for row in reasons if row["outcome"] == "empty"]
        assert all(row["reason"] for row in believed), said(*runs)
        spoiler.end()
        # A partition that the account was found to lack is tried again after a week.
        for days in (0, 7):
            one.world.clock.advance(days * DAY)
            runs.append(one.run(runs[-1].state))
        missing = wanted - one.keys(*runs)
        if isinstance(case_time := one.streams[0].time, Hours) and case_time.look_back < 48 * LASTS:
            continue  # Amazon does not keep them for so long.
        told = any("It has said so since" in str(row["reason"]) for row in believed)
        assert not missing or told or (believed and one.names[0].startswith(SPARSE)), (
            number, report, len(missing), said(*runs),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "reason"), [("cancelled", "Amazon cancelled the report"), ("stuck", "working on the report for more than")]
)
@pytest.mark.parametrize("case", ["seller_settlements"], indirect=True)
def test_a_settlement_that_amazon_lists_but_has_not_made_is_warned_about_until_it_can_be_read(
    case: Callable[[], Case], bad: str, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spoiler, one = Spoiler(), case()
    spoiler.install(monkeypatch)
    spoiler.begin(bad, 1, lambda request: bool(request.end) and request.end.month == 11)
    first = one.run()
    assert [outcome for *_, outcome in first.windows].count("later") == 1
    assert reason in caplog.text
    assert first.error is None
    # For other reports in progress, a run waits an hour.
    assert (one.world.clock() - NOW).total_seconds() < 600
    one.world.clock.advance(DAY)
    second = one.run(first.state)
    assert [outcome for *_, outcome in second.windows] == ["later"]
    spoiler.end()
    third = one.run(second.state)
    assert [outcome for *_, outcome in third.windows] == ["loaded"]
    assert third.records("seller_settlements")


@pytest.mark.parametrize("case", ["vendor_traffic"], indirect=True)
def test_the_oldest_window_ends_alike_in_each_run_though_it_moves(
    case: Callable[[], Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the default `start_date`, the first window of each run begins a day later than that of the run before."""
    spoiler, one = Spoiler(), case()
    spoiler.install(monkeypatch)
    lacks = one.world.today - timedelta(days=25)
    spoiler.begin("client error", float("inf"), lambda request: request.start.date() <= lacks)
    del one.config["start_date"]
    state, ends = None, []
    for _ in range(5):
        run = one.run(state)
        state = run.state
        ends.append({outcome for _, start, _, outcome in run.windows if start <= lacks.isoformat()})
        one.world.clock.advance(DAY)
    assert ends == [{"later"}, *[{"failed"}] * 4]


def said(*runs: Run) -> list[Any]:
    """The ledgers of runs."""
    return list(
        itertools.chain.from_iterable(
            [(*each, row["reason"]) for each, row in zip(run.windows, run.records(LEDGER), strict=True)] + ["---"]
            for run in runs
        )
    )
