"""Forecasts the next run, using the run's own plan and without requesting a report."""

from __future__ import annotations

import itertools
import math
import typing as t
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta

from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.config.settings import default_start
from tap_amazon_vendor.engine.model import Priority, Source
from tap_amazon_vendor.engine.pace import FIRST_GUESS, polls_of_first
from tap_amazon_vendor.errors import CredentialsError, UnavailableError
from tap_amazon_vendor.reports.coverage import Coverage, plan, reachable
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.run.paged_reader import partition_of
from tap_amazon_vendor.streams.partition_windows import PartitionWindows
from tap_amazon_vendor.streams.planning import in_asking_order, plan_jobs, priority_of
from tap_amazon_vendor.streams.reach import remarks

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from tap_amazon_vendor.engine.model import PlannedJob
    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.reports.request import ReportPartition, ReportRequest
    from tap_amazon_vendor.run.run import Run
    from tap_amazon_vendor.streams.paged_stream import PagedStream
    from tap_amazon_vendor.streams.planning import Demand

#: Maximum of daily runs to forecast.
MOST_RUNS = 1000

#: Windows to plan for that, in at least so many runs; beyond them the rate of these runs is taken to last.
MOST_WINDOWS, LEAST_RUNS = 20_000, 3


@dataclass(frozen=True)
class Windows:
    """The windows of a partition that are read for one reason.

    Attributes:
        partition: Account, report type or operation, marketplace and options.
        streams: Names of the streams that read them.
        priority: Why they are read.
        ranges: The windows, in the order in which they are requested.
        service: The API that is asked: `REPORTS`, `DATA_KIOSK`, or none for an operation, which needs no job.
        sources: Number of reports or queries by source; empty for an operation.
        proven: The account has had the partition before. If not, one window is tried before the others.
    """

    partition: ReportPartition
    streams: tuple[str, ...]
    priority: Priority
    ranges: tuple[Window, ...]
    service: str | None
    sources: Mapping[Source, int]
    proven: bool

    @property
    def country(self) -> str:
        """The marketplace, as a country code."""
        return country_of(self.partition.marketplace_id) or ""

    @property
    def span(self) -> Window:
        """From the start of the first to the end of the last."""
        return Window(min(window.start for window in self.ranges), max(window.end for window in self.ranges))


@dataclass(frozen=True)
class Skipped:
    """A partition that the account was found to lack.

    Attributes:
        partition: Account, report type or operation, marketplace and options.
        streams: Names of the streams that would read it.
        until: The day on which it is retried.
    """

    partition: ReportPartition
    streams: tuple[str, ...]
    until: date

    @property
    def country(self) -> str:
        """The marketplace, as a country code."""
        return country_of(self.partition.marketplace_id) or ""


@dataclass(frozen=True)
class Outlook:
    """What the next run would do.

    Attributes:
        now: When it would begin.
        windows: What it would read, in the order of the first requests.
        skipped: What it would skip.
        seconds: Estimated time of the run in seconds, by account.
        runs: Daily runs until the backfill is complete; 0 if nothing is left beyond this run's new windows. None if
            that exceeds the forecast's limits.
        notes: Limitations of the forecast, and remarks for the user.
    """

    now: datetime
    windows: Sequence[Windows]
    skipped: Sequence[Skipped]
    seconds: Mapping[str, float]
    runs: int | None
    notes: Sequence[str]

    def count(self, source: Source, service: str | None = None) -> int:
        """Return the number of reports and queries from a source, or of those of one service."""
        return sum(windows.sources.get(source, 0) for windows in self.windows if service in {None, windows.service})

    @property
    def unproven(self) -> int:
        """Reports and queries that are requested only if the first window shows that the account has the partition."""
        firsts = {windows.partition for windows in self.windows if not windows.proven}
        asked = sum(windows.sources.get(Source.CREATED, 0) for windows in self.windows if not windows.proven)
        return max(0, asked - len(firsts))

    @property
    def get_calls(self) -> int:
        """About how many GET calls the run makes: each job is polled, then its document is looked up.

        Jobs of a type that the run knows from earlier jobs are polled less often. Each listing has at least one page.
        """
        jobs = sum(self.count(source) for source in Source if source is not Source.DEFERRED)
        listings = {windows.partition.account for windows in self.windows if windows.service}
        pages = sum(len(windows.ranges) for windows in self.windows if windows.service is None)
        return jobs * (polls_of_first(FIRST_GUESS) + 1) + len(listings) + pages

    @property
    def duration(self) -> timedelta:
        """Estimated time of the run: accounts do not wait for each other."""
        return timedelta(seconds=round(max(self.seconds.values(), default=0.0)))

    @property
    def complete_on(self) -> date | None:
        """The day of the last of the counted daily runs, None if there is none."""
        return (self.now + timedelta(days=self.runs - 1)).date() if self.runs else None


def look_ahead(run: Run, labels: Iterable[str], *, ask_amazon: bool) -> Outlook:
    """Forecast a run.

    Args:
        run: A run with configuration, state and selection. It can't be executed afterwards.
        labels: The accounts to forecast.
        ask_amazon: Check which reports Amazon has already (getReports).

    Returns:
        What the run would do for these accounts.
    """
    labels = list(labels)
    if not ask_amazon:
        run.advertising.assume()
    reports = run.plan
    about = remarks(run.amazon_streams, run.horizon, start_given=run.settings.start_given)
    notes = [message for _, message in about]
    notes += _look(run, labels) if ask_amazon else ["Amazon was not asked which reports exist already"]
    sources = run.engine.sources(guess=True)
    progress = run.engine.progress(sources)
    chosen = {partition: found for partition, found in reports.items() if partition.account in labels}
    return Outlook(
        now=run.now,
        windows=[*_windows(chosen, sources), *_operations(run, labels)],
        skipped=[each for each in _skipped(run) if each.partition.account in labels],
        seconds={account: seconds for account, seconds in progress.seconds_by_account.items() if account in labels},
        runs=_daily_runs(run, sources, labels),
        notes=[*notes, *_left_out(run, labels)],
    )


def _left_out(run: Run, labels: Iterable[str]) -> Iterator[str]:
    """Yield the streams that the settings leave without any partition, and why."""
    types = {account.kind for account in run.settings.accounts if account.label in labels}
    for stream in run.job_streams:
        reason = stream.declaration.left_out(run.settings)
        if reason and stream.declaration.account_type in types:
            yield f"{stream.name}: {reason}"


def _look(run: Run, labels: Iterable[str]) -> list[str]:
    """Let Amazon list its existing reports; return notes on what failed."""
    notes = []
    for label in labels:
        try:
            run.engine.query_listings(label)
        except CredentialsError as error:  # noqa: PERF203  # each account has its own login
            notes.append(f"The run would fail. {error}")
        except UnavailableError as error:
            # Finding the same for every account would take long.
            notes.append(
                f"Could not ask which reports Amazon already has, for account {label!r} and those after it: {error}"
            )
            break
    return notes


def _windows(
    reports: Mapping[ReportPartition, list[PlannedJob]], sources: Mapping[ReportRequest, Source]
) -> Iterator[Windows]:
    grouped: dict[tuple[Priority, ReportPartition], list[PlannedJob]] = defaultdict(list)
    for report in in_asking_order(reports):
        grouped[report.priority, report.request.partition].append(report)
    for (priority, partition), some in grouped.items():
        yield Windows(
            partition,
            tuple(sorted(some[0].readers)),
            priority,
            tuple(report.request.window for report in some),
            some[0].request.service.name,
            Counter(sources[report.request] for report in some),
            some[0].known_available,
        )


def _operations(run: Run, labels: Iterable[str]) -> Iterator[Windows]:
    """Yield the windows of paged operations, which need no report."""
    # Streams that want the same windows read the same pages.
    found: dict[tuple[ReportPartition, Priority, tuple[Window, ...], bool], list[str]] = defaultdict(list)
    for stream, context, partition in _paged(run):
        if partition.account not in labels or stream.skipped_until(context, run.today):
            continue
        complete = stream.complete_range(context, run.horizon)
        grouped: dict[Priority, list[Window]] = defaultdict(list)
        for number, window in enumerate(plan(complete, run.horizon, stream.declaration.calendar(context))):
            grouped[priority_of(window, complete, first=number == 0)].append(window)
        for priority, some in grouped.items():
            found[partition, priority, tuple(some), complete is not None].append(stream.name)
    for (partition, priority, ranges, proven), names in found.items():
        yield Windows(partition, tuple(sorted(names)), priority, ranges, None, {}, proven)


def _paged(run: Run) -> Iterator[tuple[PagedStream, dict[str, t.Any], ReportPartition]]:
    accounts = {account.label: account for account in run.settings.accounts}
    for stream in run.paged_streams:
        for context in stream.partitions or ():
            yield stream, context, partition_of(stream, context, accounts[context["account"]])


def _skipped(run: Run) -> Iterator[Skipped]:
    found: dict[tuple[ReportPartition, date], list[str]] = defaultdict(list)
    for stream in run.job_streams:
        for context in stream.partitions or ():
            if until := stream.skipped_until(context, run.today):
                found[stream.declaration.report_partition(context), until].append(stream.name)
    for paged, context, partition in _paged(run):
        if until := paged.skipped_until(context, run.today):
            found[partition, until].append(paged.name)
    for (partition, until), names in found.items():
        yield Skipped(partition, tuple(sorted(names)), until)


def _daily_runs(run: Run, sources: Mapping[ReportRequest, Source], labels: Iterable[str]) -> int | None:
    """Count the daily runs until nothing is left to be read for the first time.

    Each run requests as much as the first. What an account lacks is not known before it is tried.
    """
    reports, wanted, planned = run.plan, run.demands, 0
    left: list[int] = []
    first = _first_time(reports, labels)
    if not any(report.priority is Priority.BACKFILL or sources[report.request] is Source.DEFERRED for report in first):
        return 0
    for number in range(1, MOST_RUNS + 1):
        left.append(sum(sources[report.request] is Source.DEFERRED for report in _first_time(reports, labels)))
        if not left[-1]:
            return number
        planned += len(sources)
        if planned > MOST_WINDOWS and number >= LEAST_RUNS:
            return _at_this_rate(left)
        read = {request for request, source in sources.items() if source is not Source.DEFERRED}
        horizon = _horizon(run, days=number)
        wanted = [_after(demand, reports.get(demand.request.partition, ()), read, horizon) for demand in wanted]
        reports = plan_jobs(wanted, horizon)
        allowance = run.engine.quota_forecast()
        sources = {
            request: Source.CREATED if request.amazon_generated or allowance.take(request) else Source.DEFERRED
            for request in (report.request for report in in_asking_order(reports))
        }
    return None


def _at_this_rate(left: Sequence[int]) -> int | None:
    """Return after how many runs nothing is left, None for too many.

    Args:
        left: The reports that each of the first runs leaves for later. The first one has more to spend on the history
            than the others, which also read new days.
    """
    done = left[1] - left[-1]
    if done <= 0:
        return None
    runs = len(left) + math.ceil(left[-1] * (len(left) - 2) / done)
    return runs if runs <= MOST_RUNS else None


def _first_time(reports: Mapping[ReportPartition, Iterable[PlannedJob]], labels: Iterable[str]) -> Iterator[PlannedJob]:
    """Yield the reports of some accounts that are not restatements."""
    return (
        report
        for report in itertools.chain.from_iterable(reports.values())
        if report.priority is not Priority.RESTATEMENT and report.request.account in labels
    )


def _after(demand: Demand, reports: Iterable[PlannedJob], read: set[ReportRequest], horizon: Horizon) -> Demand:
    """Return what is needed once some reports are read."""
    calendar = demand.request.calendar
    if not calendar.unbroken:
        return demand
    completes = {}
    for name, complete in demand.completes.items():
        windows: PartitionWindows[t.Any] = PartitionWindows(
            Coverage.of(complete), [report.request for report in reports]
        )
        while ready := windows.ready(read.__contains__):
            windows.decide(ready, ready.window)
        completes[name] = reachable(windows.complete, horizon, calendar)
    return replace(demand, completes=completes, holes=frozenset(), due=frozenset())


def _horizon(run: Run, *, days: int) -> Horizon:
    """Return the time bounds of a run some days later."""
    horizon = replace(run.horizon, now=run.now + timedelta(days=days))
    return horizon if run.settings.start_given else replace(horizon, start=default_start(horizon.today, horizon.end))
