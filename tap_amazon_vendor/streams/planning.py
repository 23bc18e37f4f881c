"""Plans what a run requests: all windows of all selected streams, before the first call."""

from __future__ import annotations

import itertools
import logging
import typing as t
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from tap_amazon_vendor.engine.checkpoint import LISTED_DAYS
from tap_amazon_vendor.engine.model import PlannedJob, Priority
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.windows import Window, common, extend, to_text, touches

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_amazon_vendor.engine.model import PendingJob
    from tap_amazon_vendor.reports.calendars import Calendar, Horizon
    from tap_amazon_vendor.reports.report_type import ReportType
    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.streams.report_stream import ReportStream

logger = logging.getLogger("tap-amazon-vendor.plan")

#: Placeholder for a request that has no window yet.
NO_TIME = Window(date.min, date.min)

#: Days after which Amazon has forgotten a report (90, docs/amazon/reports-api.md#retention), with a margin.
KEPT_DAYS = 85

#: How far back Amazon-generated reports are searched: as far as Amazon lists them, less the length of a run.
LISTED = timedelta(days=LISTED_DAYS, hours=-1)


@dataclass(frozen=True)
class Demand:
    """What the streams of one report need from a partition.

    Attributes:
        request: The request, without a window yet.
        completes: The range that was read already, by stream name.
        holes: Windows within those ranges that failed.
        quiet: The newest that was read had no rows.
    """

    request: ReportRequest
    completes: Mapping[str, Window | None]
    holes: frozenset[Window] = frozenset()
    quiet: bool = False


def demands(streams: Iterable[ReportStream], horizon: Horizon) -> list[Demand]:
    """Collect what streams need and have.

    Args:
        streams: The selected streams.
        horizon: The time bounds from settings and clock.

    Returns:
        One for each partition, except those that the account was recently found to lack.
    """
    ranges: dict[ReportPartition, dict[str, Window | None]] = defaultdict(dict)
    calendars: dict[ReportPartition, Calendar] = {}
    types: dict[ReportPartition, ReportType] = {}
    loud: set[ReportPartition] = set()
    holes: dict[ReportPartition, set[Window]] = defaultdict(set)
    for stream in streams:
        for context in stream.partitions or ():
            own = stream.declaration
            partition = own.first_partition(context)
            if stream.skipped_until(context, horizon.today):
                logger.info("%s: the account lacked %s, tried again after a week", stream.name, partition)
                continue
            calendar = own.calendar(context)
            # Among streams that share a report, the one that needs the narrowest windows decides.
            calendars[partition] = min(calendars.get(partition, calendar), calendar, key=lambda each: each.span)
            types.setdefault(partition, own.report)
            coverage = stream.coverage(context, horizon)
            ranges[partition][stream.name] = coverage.read
            holes[partition].update(coverage.holes)
            if stream.had_rows(context):
                loud.add(partition)
    return [
        Demand(
            ReportRequest(*partition, window=NO_TIME, calendar=calendars[partition], policy=types[partition]),
            completes,
            frozenset(holes[partition]),
            quiet=partition not in loud,
        )
        for partition, completes in ranges.items()
    ]


def plan_reports(
    wanted: Iterable[Demand],
    horizon: Horizon,
    pending: Iterable[PendingJob] = (),
    *,
    first_only: bool = False,
) -> dict[ReportPartition, list[PlannedJob]]:
    """Plan the reports of a run.

    Streams of one report type share its reports: together they need what is not complete in all
    of them, and each reads every window.

    Args:
        wanted: What the selected streams need and have.
        horizon: The time bounds from settings and clock.
        pending: Reports that earlier runs requested but did not read.
        first_only: Plan one window of each partition, for a connection test.

    Returns:
        The reports of each partition, in the order in which to request them.
    """
    waiting: dict[ReportPartition, list[Window]] = defaultdict(list)
    for each in pending:
        # Reports that may not have been created must not decide how time is split.
        if each.job_id:
            waiting[each.request.partition].append(each.request.window)
    reports = {}
    # The partition that is furthest behind comes first, so that `max_reports` starves none.
    for demand in sorted(wanted, key=lambda each: _behind(each.completes.values())):
        partition = demand.request.partition
        windows = _windows(demand, horizon, waiting.get(partition, []))
        reports[partition] = windows[:1] if first_only else windows
    return reports


def _behind(completes: Iterable[Window | None]) -> str:
    """Return a sort key: partitions without a range first, then by oldest end."""
    return min(to_text(complete.next) if complete else "" for complete in completes)


def _windows(demand: Demand, horizon: Horizon, waiting: Iterable[Window]) -> list[PlannedJob]:
    """Plan the reports of a partition: one request for every window that is needed."""
    request, completes = demand.request, demand.completes
    calendar = request.calendar
    complete = common(completes.values())
    # A pending report with new days is read first, however old: its restated days are read again below.
    taken_up = _taken_up(complete, waiting, horizon, calendar)
    for window in taken_up:
        complete = extend(complete, window)
    known = [each.next for each in completes.values() if each]
    windows = plan(complete, horizon, calendar, down_to=min(known, default=None), holes=demand.holes)
    planned = []
    for number, window in enumerate(dict.fromkeys([*taken_up, *windows])):
        priority = Priority.NEW if window in taken_up else priority_of(window, complete, first=number == 0)
        planned.append(
            PlannedJob(
                replace(request, window=window),
                readers=frozenset(completes),
                known_available=any(completes.values()),
                fresh_since=_good_since(request, window, horizon, taken_up=window in taken_up),
                priority=priority,
                adoptable=bool(request.policy.refresh_interval)
                or (priority is not Priority.RESTATEMENT and calendar.unbroken),
                quiet=demand.quiet,
                once=not calendar.unbroken,
            )
        )
    return planned


def priority_of(window: Window, complete: Window | None, *, first: bool) -> Priority:
    """Return why a window is read.

    Args:
        window: A window of a plan.
        complete: What is complete already.
        first: Whether it is the plan's first.
    """
    if first if complete is None else window.end > complete.end:
        return Priority.NEW
    return Priority.RESTATEMENT if complete is not None and complete.start <= window.start else Priority.BACKFILL


def _good_since(request: ReportRequest, window: Window, horizon: Horizon, *, taken_up: bool) -> datetime:
    """Return the earliest time at which an existing report may have been requested to serve instead of a new one."""
    kept = horizon.now - timedelta(days=KEPT_DAYS)
    if request.policy.amazon_generated:
        return horizon.now - LISTED
    if taken_up:
        return kept
    # Figures that Amazon may still restate must not be older than a day, or than Amazon's refresh interval.
    young = horizon.now - (request.policy.refresh_interval or timedelta(days=1))
    return max(kept, min(young, request.calendar.settles(window, horizon)))


def _taken_up(complete: Window | None, waiting: Iterable[Window], horizon: Horizon, calendar: Calendar) -> list[Window]:
    """Choose the pending windows that extend the end of the complete range, in order."""
    wanted = calendar.wanted(horizon)
    if wanted is None or not calendar.unbroken:
        return []
    chosen = []
    for window in sorted(waiting):
        grows = complete is None or window.end > complete.end
        if grows and touches(complete, window) and wanted.start <= window.end <= wanted.end:
            chosen.append(window)
            complete = extend(complete, window)
    return chosen


def in_asking_order(
    reports: Mapping[ReportPartition, list[PlannedJob]],
) -> list[PlannedJob]:
    """Return new windows first, then the backfill, then restatements; within each, partitions are taken round-robin.

    The newest data comes first everywhere, and no stream waits for another's history. Where `max_reports` limits a
    run, restatements do not use it up.
    """
    order = []
    for priority in Priority:
        columns = ([report for report in windows if report.priority is priority] for windows in reports.values())
        order += [report for one_of_each in itertools.zip_longest(*columns) for report in one_of_each if report]
    return order
