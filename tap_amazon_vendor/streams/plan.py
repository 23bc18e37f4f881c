"""What a run asks for: all windows of all selected streams, before the first call."""

from __future__ import annotations

import itertools
import logging
import typing as t
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from tap_amazon_vendor.reports.jobs import LISTED_DAYS, PlannedReport, Turn
from tap_amazon_vendor.reports.request import ReportKind, ReportRequest
from tap_amazon_vendor.reports.windows import Window, common, extend, plan, to_text, touches

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.reports.windows import Calendar, Horizon
    from tap_amazon_vendor.streams.base import ReportStream

logger = logging.getLogger("tap-amazon-vendor.plan")

#: What a request is about before it has a window.
NO_TIME = Window(date.min, date.min)

#: Days after which Amazon has forgotten a report (90, REPORTS.md 0.1), with a margin.
KEPT_DAYS = 85

#: How far back reports are looked for that Amazon makes by itself: as far as it lists them, less the length of a run.
LISTED = timedelta(days=LISTED_DAYS, hours=-1)


@dataclass(frozen=True)
class Demand:
    """What the streams of one report want of a partition.

    Attributes:
        request: What to ask for, before it has a window.
        completes: What is complete already, by the name of the stream.
    """

    request: ReportRequest
    completes: Mapping[str, Window | None]


def demands(streams: Iterable[ReportStream], today: date) -> list[Demand]:
    """Collect what streams want and have.

    Args:
        streams: The selected streams.
        today: The current UTC day.

    Returns:
        One for each partition that the account was not found to lack in the last days.
    """
    ranges: dict[ReportPartition, dict[str, Window | None]] = defaultdict(dict)
    calendars: dict[ReportPartition, Calendar] = {}
    kinds: dict[ReportPartition, ReportKind] = {}
    for stream in streams:
        for context in stream.partitions or ():
            partition = stream.first_partition(context)
            if stream.skipped_until(context, today):
                logger.info("%s: the account lacked %s, tried again after a week", stream.name, partition)
                continue
            calendar = stream.calendar(context)
            # Of streams that share a report, the one that needs the narrowest decides.
            calendars[partition] = min(calendars.get(partition, calendar), calendar, key=lambda each: each.span)
            kinds.setdefault(partition, stream.report_kind)
            ranges[partition][stream.name] = stream.complete_range(context)
    return [
        Demand(
            ReportRequest(*partition, window=NO_TIME, calendar=calendars[partition], kind=kinds[partition]), completes
        )
        for partition, completes in ranges.items()
    ]


def plan_reports(
    wanted: Iterable[Demand],
    horizon: Horizon,
    pending: Iterable[Mapping[str, t.Any]] = (),
    *,
    first_only: bool = False,
) -> dict[ReportPartition, list[PlannedReport]]:
    """Plan the reports of a run.

    Streams of one report share its reports: together they need what is not complete in all of
    them, and each reads every window.

    Args:
        wanted: What the selected streams want and have.
        horizon: What the settings and the clock say about time.
        pending: Reports that earlier runs asked for and did not read.
        first_only: Plan one window of each partition, for a connection test.

    Returns:
        The reports of each partition, in the order in which to ask for them.
    """
    waiting = _readable(pending)
    reports = {}
    # Whoever is furthest behind comes first, so that with `max_reports` each has its turn.
    for demand in sorted(wanted, key=lambda each: _behind(each.completes.values())):
        partition = demand.request.partition
        windows = _windows(demand.request, demand.completes, horizon, waiting.get(partition, []))
        reports[partition] = windows[:1] if first_only else windows
    return reports


def _behind(completes: Iterable[Window | None]) -> str:
    """Return a sort key by which a partition without a range comes first, then the oldest end."""
    return min(to_text(complete.next) if complete else "" for complete in completes)


def _readable(pending: Iterable[Mapping[str, t.Any]]) -> dict[ReportPartition, list[Window]]:
    """Return the windows of pending reports, by partition."""
    windows: dict[ReportPartition, list[Window]] = defaultdict(list)
    for entry in pending:
        try:
            request, asked = ReportRequest.from_state(entry), entry["report_id"]
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        # What may not have been asked for at all must not decide how time is cut.
        if asked:
            windows[request.partition].append(request.window)
    return windows


def _windows(
    request: ReportRequest, completes: Mapping[str, Window | None], horizon: Horizon, waiting: Iterable[Window]
) -> list[PlannedReport]:
    """Plan the reports of a partition: the request, for every window that is wanted."""
    calendar = request.calendar
    complete = common(completes.values())
    # A report that brings new days is read first, however old: what it holds of restated days is read again below.
    taken_up = _taken_up(complete, waiting, horizon, calendar)
    for window in taken_up:
        complete = extend(complete, window)
    known = [each.next for each in completes.values() if each]
    windows = plan(complete, horizon, calendar, down_to=min(known, default=None))
    planned = []
    for number, window in enumerate(dict.fromkeys([*taken_up, *windows])):
        turn = Turn.NEW if window in taken_up else turn_of(window, complete, first=number == 0)
        planned.append(
            PlannedReport(
                replace(request, window=window),
                readers=frozenset(completes),
                delivered=any(completes.values()),
                good_since=_good_since(request, window, horizon, taken_up=window in taken_up),
                turn=turn,
                listed=bool(request.kind.regenerates) or (turn is not Turn.AGAIN and calendar.unbroken),
            )
        )
    return planned


def turn_of(window: Window, complete: Window | None, *, first: bool) -> Turn:
    """Say why a window is read.

    Args:
        window: One of a plan.
        complete: What is complete already.
        first: It is the plan's first.
    """
    if first if complete is None else window.end > complete.end:
        return Turn.NEW
    return Turn.AGAIN if complete is not None and complete.start <= window.start else Turn.BACKFILL


def _good_since(request: ReportRequest, window: Window, horizon: Horizon, *, taken_up: bool) -> datetime:
    """Return since when a report must have been asked for to be as good as a new one."""
    kept = horizon.now - timedelta(days=KEPT_DAYS)
    if request.kind.made_by_amazon:
        return horizon.now - LISTED
    if taken_up:
        return kept
    # Figures that Amazon may still restate must not be older than a day, or than Amazon makes them anew.
    young = horizon.now - (request.kind.regenerates or timedelta(days=1))
    return max(kept, min(young, request.calendar.settles(window, horizon)))


def _taken_up(complete: Window | None, waiting: Iterable[Window], horizon: Horizon, calendar: Calendar) -> list[Window]:
    """Choose the pending windows that make the complete range grow upwards, in the order in which they do."""
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
    reports: Mapping[ReportPartition, list[PlannedReport]],
) -> list[PlannedReport]:
    """Put new windows first, then the backfill, then what is only read again; in each the partitions by turns.

    What is newest comes first everywhere, and no stream waits for another's history. Where `max_reports` ends a run,
    it is not what is read again that uses it up.
    """
    order = []
    for turn in Turn:
        columns = ([report for report in windows if report.turn is turn] for windows in reports.values())
        order += [report for one_of_each in itertools.zip_longest(*columns) for report in one_of_each if report]
    return order
