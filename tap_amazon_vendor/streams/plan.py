"""What a run asks for: all windows of all selected streams, before the first call."""

from __future__ import annotations

import itertools
import logging
import typing as t
from collections import defaultdict

from tap_amazon_vendor.reports.jobs import PlannedReport
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.windows import common, plan

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.reports.windows import Calendar, Horizon, Window
    from tap_amazon_vendor.streams.base import ReportStream

logger = logging.getLogger("tap-amazon-vendor.plan")


def plan_reports(
    streams: Iterable[ReportStream], horizon: Horizon, *, first_only: bool = False
) -> dict[ReportPartition, list[PlannedReport]]:
    """Plan the reports of a run.

    Streams of one report share its reports: together they need what is not complete in all of
    them, and each reads every window.

    Args:
        streams: The selected streams.
        horizon: What the settings and the clock say about time.
        first_only: Plan one window for each account and report type, for a connection test.

    Returns:
        The reports of each partition, in the order in which its streams read them.
    """
    ranges: dict[ReportPartition, dict[str, Window | None]] = defaultdict(dict)
    calendars: dict[ReportPartition, Calendar] = {}
    for stream in streams:
        for context in stream.partitions or ():
            partition = stream.report_partition(context)
            if stream.skipped(context, horizon.today):
                logger.info("%s: the account lacked %s, tried again after a week", stream.name, partition)
                continue
            calendars[partition] = stream.calendar(context)
            ranges[partition][stream.name] = stream.complete_range(context)
    reports = {}
    tried: set[tuple[str, str]] = set()
    for partition, completes in ranges.items():
        kind = (partition.account, partition.report_type)
        if first_only and kind in tried:
            continue
        tried.add(kind)
        windows = _windows(partition, completes, horizon, calendars[partition])
        reports[partition] = windows[:1] if first_only else windows
    return reports


def _windows(
    partition: ReportPartition, completes: Mapping[str, Window | None], horizon: Horizon, calendar: Calendar
) -> list[PlannedReport]:
    windows = plan(common(completes.values()), horizon, calendar)
    if not windows and calendar.wanted(horizon) is None:
        logger.warning(
            "Nothing of %s is closed and published between %s and %s: move `start_date`",
            partition,
            horizon.start,
            horizon.end or horizon.today,
        )
    return [
        PlannedReport(
            ReportRequest(*partition, window=window, calendar=calendar),
            readers=frozenset(completes),
            delivered=any(completes.values()),
            settled=window.end < calendar.restated(horizon),
        )
        for window in windows
    ]


def in_asking_order(
    reports: Mapping[ReportPartition, list[PlannedReport]],
) -> list[PlannedReport]:
    """Interleave partitions: the first window of each, then the second of each, and so on.

    What is newest comes first everywhere, and no stream waits for another's history.
    """
    rounds = itertools.zip_longest(*reports.values())
    return [report for one_of_each in rounds for report in one_of_each if report]
