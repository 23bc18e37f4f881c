"""Plans what a run requests: all windows of all selected streams, before the first call."""

from __future__ import annotations

import itertools
import logging
import typing as t
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tap_amazon_vendor.engine.checkpoint import LISTED_DAYS
from tap_amazon_vendor.engine.model import PlannedJob, Priority
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.reports.windows import Window, common, extend, of_one_kind, to_text, touches

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from tap_amazon_vendor.engine.model import PendingJob
    from tap_amazon_vendor.reports.calendars import Calendar, Horizon
    from tap_amazon_vendor.streams.job_stream import JobStream

logger = logging.getLogger("tap-amazon-vendor.plan")

#: How far back Amazon-generated reports are searched: as far as Amazon lists them, less the length of a run.
LISTED = timedelta(days=LISTED_DAYS, hours=-1)


@dataclass(frozen=True)
class Demand:
    """What the streams that read the same jobs need from a partition.

    Attributes:
        request: The kind's request, without a window yet: a dataclass with a `calendar`.
        completes: The range that was read already, by stream name.
        holes: Windows within those ranges that failed.
        due: Windows within those ranges that were to be read again and were not.
        quiet: The newest that was read had no rows.
    """

    request: t.Any
    completes: Mapping[str, Window | None]
    holes: frozenset[Window] = frozenset()
    due: frozenset[Window] = frozenset()
    quiet: bool = False


def demands(streams: Iterable[JobStream], horizon: Horizon) -> list[Demand]:
    """Collect what streams need and have.

    Args:
        streams: The selected streams.
        horizon: The time bounds from settings and clock.

    Returns:
        One for each partition, except those that the account was recently found to lack.
    """
    ranges: dict[Hashable, dict[str, Window | None]] = defaultdict(dict)
    requests: dict[Hashable, t.Any] = {}
    loud: set[Hashable] = set()
    holes: dict[Hashable, set[Window]] = defaultdict(set)
    due: dict[Hashable, set[Window]] = defaultdict(set)
    for stream in streams:
        for context in stream.partitions or ():
            request = stream.first_request(context)
            partition = request.partition
            if stream.skipped_until(context, horizon.today):
                logger.info(
                    "%s: skipping %s, which the account lacked; a later run tries it again after a week",
                    stream.name,
                    partition,
                )
                continue
            # Among streams that share a job, the one that needs the narrowest windows decides.
            known = requests.get(partition, request)
            requests[partition] = min(known, request, key=lambda each: each.calendar.span)
            coverage = stream.coverage(context, horizon)
            ranges[partition][stream.name] = coverage.read
            holes[partition].update(coverage.holes)
            due[partition].update(coverage.due)
            if stream.had_rows(context):
                loud.add(partition)
    return [
        Demand(
            requests[partition],
            completes,
            frozenset(holes[partition]),
            frozenset(due[partition]),
            quiet=partition not in loud,
        )
        for partition, completes in ranges.items()
    ]


def plan_jobs(
    wanted: Iterable[Demand],
    horizon: Horizon,
    pending: Iterable[PendingJob] = (),
    *,
    first_only: bool = False,
) -> dict[t.Any, list[PlannedJob]]:
    """Plan the jobs of a run.

    Streams that read the same jobs share them: together they need what is not complete in all
    of them, and each reads every window.

    Args:
        wanted: What the selected streams need and have.
        horizon: The time bounds from settings and clock.
        pending: Jobs that earlier runs requested but did not read.
        first_only: Plan one window of each partition, for a connection test.

    Returns:
        The jobs of each partition, in the order in which to request them.
    """
    waiting: dict[Hashable, list[Window]] = defaultdict(list)
    for each in pending:
        # Jobs that may not have been created must not decide how time is split.
        if each.known_pages:
            waiting[each.request.partition].append(each.request.window)
    jobs = {}
    # The partition that is furthest behind comes first, so that `max_reports` starves none.
    for demand in sorted(wanted, key=lambda each: _behind(each.completes.values())):
        partition = demand.request.partition
        windows = _windows(demand, horizon, waiting.get(partition, []))
        jobs[partition] = windows[:1] if first_only else windows
    return jobs


def _behind(completes: Iterable[Window | None]) -> str:
    """Return a sort key: partitions without a range first, then by oldest end."""
    return min(to_text(complete.next) if complete else "" for complete in completes)


def _windows(demand: Demand, horizon: Horizon, waiting: Iterable[Window]) -> list[PlannedJob]:
    """Plan the jobs of a partition: one request for every window that is needed."""
    request, completes = demand.request, demand.completes
    calendar = request.calendar
    complete = common(completes.values())
    # A pending job with new days is read first, however old: its restated days are read again below.
    taken_up = _taken_up(complete, waiting, horizon, calendar)
    for window in taken_up:
        complete = extend(complete, window)
    known = [each.next for each in completes.values() if each]
    down_to = min(known, default=None)
    windows = plan(complete, horizon, calendar, down_to=down_to, holes=demand.holes, due=sorted(demand.due))
    planned = []
    for number, window in enumerate(dict.fromkeys([*taken_up, *windows])):
        priority = Priority.NEW if window in taken_up else priority_of(window, complete, first=number == 0)
        adoptable = bool(request.refresh_interval) or (priority is not Priority.RESTATEMENT and calendar.unbroken)
        if priority is Priority.RESTATEMENT and any(hole.start <= window.start <= hole.end for hole in demand.holes):
            # What is missing comes before what is only older than it should be.
            priority = Priority.BACKFILL
        planned.append(
            PlannedJob(
                replace(request, window=window),
                readers=frozenset(completes),
                known_available=any(completes.values()),
                fresh_since=_good_since(request, window, horizon, taken_up=window in taken_up),
                priority=priority,
                adoptable=adoptable,
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


def _good_since(request: t.Any, window: Window, horizon: Horizon, *, taken_up: bool) -> datetime:  # noqa: ANN401
    """Return the earliest time at which an existing job may have been requested to serve instead of a new one."""
    kept: datetime = horizon.now - request.kept
    if request.amazon_generated:
        return horizon.now - LISTED
    if taken_up:
        return kept
    # Figures that Amazon may still restate must not be older than a day, or than Amazon's refresh interval.
    young = horizon.now - (request.refresh_interval or timedelta(days=1))
    settled: datetime = request.calendar.settles(window, horizon)
    return max(kept, min(young, settled))


def _taken_up(complete: Window | None, waiting: Iterable[Window], horizon: Horizon, calendar: Calendar) -> list[Window]:
    """Choose the pending windows that extend the end of the complete range, in order."""
    wanted = calendar.wanted(horizon)
    if wanted is None or not calendar.unbroken:
        return []
    chosen = []
    for window in sorted(each for each in waiting if of_one_kind(each.start, wanted.start)):
        grows = complete is None or window.end > complete.end
        if grows and touches(complete, window) and wanted.start <= window.end <= wanted.end:
            chosen.append(window)
            complete = extend(complete, window)
    return chosen


def in_asking_order(
    jobs: Mapping[t.Any, list[PlannedJob]],
) -> list[PlannedJob]:
    """Return new windows first, then holes and the backfill, then restatements.

    Within each, partitions are taken round-robin. The newest data comes first everywhere, and no stream waits for
    another's history. Where `max_reports` limits a run, restatements do not use it up.
    """
    order = []
    for priority in Priority:
        columns = ([job for job in windows if job.priority is priority] for windows in jobs.values())
        order += [job for one_of_each in itertools.zip_longest(*columns) for job in one_of_each if job]
    return order
