"""What a run still has to read of a partition: from its complete range to windows, in reading order."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import replace
from datetime import datetime, timedelta

from tap_amazon_vendor.reports.windows import DAY, HOUR, Window

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from tap_amazon_vendor.reports.calendars import Calendar, Horizon


class Coverage(t.NamedTuple):
    """What earlier runs read of a partition.

    Attributes:
        complete: The unbroken range that is complete, None if there is none.
        read: The range that was read: `complete`, and what is beyond windows that failed.
        holes: The windows within `read` that failed, in no order. None overlaps `complete`.
        due: The windows within `read` that were to be read again and were not: what is there is older than it should
            be. None overlaps a hole.
    """

    complete: Window | None
    read: Window | None
    holes: tuple[Window, ...] = ()
    due: tuple[Window, ...] = ()

    @classmethod
    def of(cls, complete: Window | None) -> Coverage:
        """Return the coverage of a range without holes."""
        return cls(complete, complete)


def pieces(read: Window, holes: Iterable[Window]) -> list[Window]:
    """Cut the holes out of a range; return what is left, in order."""
    found, start = [], read.start
    for hole in sorted(holes):
        if hole.start >= read.next:
            break
        if hole.start > start:
            found.append(hole.before(start))
        start = max(start, hole.next)
    if start < read.next:
        found.append(Window(start, read.end))
    return found


def in_reading_order(complete: Window | None, windows: Iterable[Window]) -> list[Window]:
    """Order windows so that a range grows without a gap: upwards from its end, then down from its start.

    Args:
        complete: The range to grow.
        windows: Windows that do not overlap.

    Returns:
        The windows, newest first if there is no range yet.
    """
    newest_first = sorted(windows, reverse=True)
    if complete is None:
        return newest_first
    upwards = [window for window in newest_first if window.end > complete.end]
    return upwards[::-1] + [window for window in newest_first if window.end <= complete.end]


def reachable(complete: Window | None, horizon: Horizon, calendar: Calendar) -> Window | None:
    """Return a complete range, or None if Amazon no longer has what follows it.

    A range that can't be continued without a gap is given up, and a new one begins.
    """
    if complete is None or complete.next < calendar.oldest(horizon):
        return None
    return complete


def plan(  # noqa: PLR0913  # each is one fact
    complete: Window | None,
    horizon: Horizon,
    calendar: Calendar,
    *,
    down_to: date | None = None,
    holes: Iterable[Window] = (),
    due: Iterable[Window] = (),
) -> list[Window]:
    """List the windows that a run requests, in reading order.

    Upwards from the complete range to the newest unit, with what may have been restated; then
    backwards to the first wanted one. With nothing complete everything is backwards, so that a
    first run starts with the newest window. A range that grows in this order never has a gap.

    Args:
        complete: The unbroken range that was read.
        horizon: The time that is wanted.
        calendar: How the report's time is cut.
        down_to: Go back at least to here: where the range of one of several streams ends.
        holes: Windows within that range that failed. Each is requested again by itself, so that it fails nothing else.
        due: Windows within that range that an earlier run was to read again and did not. Each is requested as it was,
            so that a report that is still being made serves, as long as the calendar is patient with it.

    Returns:
        Aligned windows, each no wider than Amazon allows, that do not overlap.
    """
    wanted = calendar.wanted(horizon)
    if wanted is None:
        return []
    if complete is None or not calendar.unbroken:
        start = wanted.start if down_to is None else min(wanted.start, down_to)
        return list(_backwards(Window(start, wanted.end), calendar))
    unfinal = calendar.restated(_when_last_read(complete, wanted, horizon))
    restated = max(min(calendar.read_again(complete, horizon), unfinal), calendar.oldest(horizon))
    upwards = Window(min(complete.next, max(complete.start, restated)), wanted.end)
    backwards = complete.before(wanted.start)
    missing = [hole for hole in holes if hole.start >= max(complete.start, wanted.start) and hole.end <= wanted.end]
    for window in due:
        if complete.start <= window.start and window.end <= min(complete.end, wanted.end):
            missing += _still_due(window, missing, horizon, calendar)
    older = [hole for hole in missing if hole.next <= upwards.start]
    rest = pieces(upwards, missing)
    apart = sorted({*rest, *missing} - {*older})
    return [
        *itertools.chain.from_iterable(_forwards(each, calendar) for each in (*sorted(older), *apart)),
        *_backwards(backwards, calendar),
    ]


def _still_due(window: Window, missing: Iterable[Window], horizon: Horizon, calendar: Calendar) -> list[Window]:
    """Return what of a window that was to be read again still is, and is not asked for otherwise."""
    patience, oldest = calendar.due_from(horizon), calendar.oldest(horizon)
    units = [each for each in calendar.cut(window) if each.end >= patience and each.start >= oldest]
    return pieces(Window(units[0].start, units[-1].end), missing) if units else []


def _when_last_read(complete: Window, wanted: Window, horizon: Horizon) -> Horizon:
    """Return the time bounds of the run that should have followed the last one.

    What was read before it was final is read once more, however long the schedule paused. How long that was shows in
    how far the range is behind.
    """
    unit = HOUR if isinstance(complete.end, datetime) else DAY
    return replace(horizon, now=horizon.now - max(wanted.end - complete.end - unit, timedelta()))


def _forwards(window: Window, calendar: Calendar) -> Iterator[Window]:
    units = calendar.cut(window)
    for at in range(0, len(units), calendar.span):
        chunk = units[at : at + calendar.span]
        yield Window(chunk[0].start, chunk[-1].end)


def _backwards(window: Window, calendar: Calendar) -> Iterator[Window]:
    units = calendar.cut(window)
    for at in range(len(units), 0, -calendar.span):
        chunk = units[max(0, at - calendar.span) : at]
        yield Window(chunk[0].start, chunk[-1].end)
