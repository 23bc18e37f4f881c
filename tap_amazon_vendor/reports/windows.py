"""Pure dates: Amazon's periods, the widest legal windows, and what a run still has to ask for.

Rules and figures are those of REPORTS.md section 0.3.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import date, timedelta

import pendulum

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DAY = timedelta(days=1)

#: Days after which Amazon no longer changes whether there is anything for a day.
SETTLED_DAYS = 7


@dataclass(frozen=True, order=True)
class Window:
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    def __str__(self) -> str:
        """Write both days in ISO 8601, with a slash as ISO writes intervals."""
        return f"{self.start}/{self.end}"


@dataclass(frozen=True)
class Period:
    """One of Amazon's report periods.

    Attributes:
        name: Amazon's name, the value of ``reportPeriod``.
        span: Most periods that one request may ask for.
        look_back: How far back from today the first period may start.
    """

    name: str
    span: int
    look_back: pendulum.Duration

    def first_day(self, day: date) -> date:
        """Return the first day of the period that holds a day."""
        if self.name == "DAY":
            return day
        if self.name == "WEEK":  # Sunday to Saturday
            return day - timedelta(days=(day.weekday() + 1) % 7)
        return pendulum.date(day.year, day.month - (day.month - 1) % _MONTHS[self.name], 1)

    def last_day(self, day: date) -> date:
        """Return the last day of the period that holds a day."""
        if self.name == "DAY":
            return day
        if self.name == "WEEK":
            return self.first_day(day) + timedelta(days=6)
        first = self.first_day(day)
        return pendulum.date(first.year, first.month, 1).add(months=_MONTHS[self.name]) - DAY

    def newest_day(self, day: date) -> date:
        """Return the last day of the newest period that is closed at the end of a day."""
        last = self.last_day(day)
        return last if last == day else self.first_day(day) - DAY

    def oldest_day(self, today: date) -> date:
        """Return the first day of the oldest period that Amazon still has."""
        limit = pendulum.date(today.year, today.month, today.day) - self.look_back
        first = self.first_day(limit)
        return first if first == limit else self.last_day(limit) + DAY

    def periods(self, window: Window) -> list[Window]:
        """Cut an aligned window into its periods, oldest first."""
        periods = []
        start = window.start
        while start <= window.end:
            periods.append(Window(start, self.last_day(start)))
            start = periods[-1].end + DAY
        return periods

    def shorten(self, window: Window) -> Window | None:
        """Drop the newest period of a window, None when nothing would be left."""
        end = self.first_day(window.end) - DAY
        return Window(window.start, end) if end >= window.start else None


#: Calendar months in a period.
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}

#: Spans and look-backs by period.
PERIODS = {
    period.name: period
    for period in (
        Period("DAY", 15, pendulum.duration(days=1460)),
        Period("WEEK", 7, pendulum.duration(weeks=7)),
        Period("MONTH", 15, pendulum.duration(months=36)),
        Period("QUARTER", 4, pendulum.duration(months=24)),
        Period("YEAR", 2, pendulum.duration(years=3)),
    )
}


@dataclass(frozen=True)
class Horizon:
    """What the settings and the clock say about time.

    Attributes:
        today: The current UTC day. It is never behind the Pacific day that Amazon counts in.
        start: First day that the user wants.
        end: Last day that the user wants, None for the newest.
        availability_days: The newest day there is, counted back from today.
        restatement_days: The oldest day that is read again, counted back from today.
    """

    today: date
    start: date
    end: date | None
    availability_days: int
    restatement_days: int

    def wanted(self, period: Period) -> Window | None:
        """Return the closed, published periods that the user wants, None for none.

        The period that holds the first wanted day counts as wanted.
        """
        newest = self.today - timedelta(days=self.availability_days)
        end = period.newest_day(min(newest, self.end or newest))
        oldest = period.oldest_day(self.today)
        start = period.first_day(self.start) if self.start > oldest else oldest
        return Window(start, end) if start <= end else None

    def restated(self, period: Period) -> date:
        """Return the first day of the oldest period that is read again."""
        return period.first_day(self.today - timedelta(days=self.restatement_days))


def touches(complete: Window | None, window: Window) -> bool:
    """Say whether a complete range and a window together leave no hole."""
    return complete is None or (window.start <= complete.end + DAY and window.end >= complete.start - DAY)


def extend(complete: Window | None, window: Window) -> Window:
    """Join a complete range and a complete window that touches it."""
    if complete is None:
        return window
    return Window(min(complete.start, window.start), max(complete.end, window.end))


def common(ranges: Iterable[Window | None]) -> Window | None:
    """Return what is complete in every one of some ranges, None when nothing is."""
    ranges = list(ranges)
    known = [complete for complete in ranges if complete is not None]
    if not known or len(known) < len(ranges):
        return None
    start = max(complete.start for complete in known)
    end = min(complete.end for complete in known)
    return Window(start, end) if start <= end else None


def reachable(complete: Window | None, horizon: Horizon, period: Period) -> Window | None:
    """Return a complete range, or None when Amazon no longer has what follows it.

    A range that can't be continued without a hole is given up, and a new one begins.
    """
    if complete is None or complete.end + DAY < period.oldest_day(horizon.today):
        return None
    return complete


def plan(complete: Window | None, horizon: Horizon, period: Period) -> list[Window]:
    """List the windows that a run asks for, in the order in which they are to be read.

    Upwards from the complete range to the newest day, with what may have been restated; then
    backwards to the first wanted day. With nothing complete everything is backwards, so that a
    first run starts with the newest window. A range that grows in this order never has a hole.

    Args:
        complete: The unbroken range of days that is complete.
        horizon: What is wanted.
        period: Length of the periods.

    Returns:
        Aligned windows, each no wider than Amazon allows, that share no day.
    """
    wanted = horizon.wanted(period)
    if wanted is None:
        return []
    if complete is None:
        return list(_backwards(wanted, period))
    restated = max(horizon.restated(period), period.oldest_day(horizon.today))
    lowest = min(complete.end + DAY, max(complete.start, restated))
    upwards = Window(lowest, wanted.end)
    backwards = Window(wanted.start, complete.start - DAY)
    return [*_forwards(upwards, period), *_backwards(backwards, period)]


def _forwards(window: Window, period: Period) -> Iterator[Window]:
    periods = period.periods(window)
    for at in range(0, len(periods), period.span):
        chunk = periods[at : at + period.span]
        yield Window(chunk[0].start, chunk[-1].end)


def _backwards(window: Window, period: Period) -> Iterator[Window]:
    periods = period.periods(window)
    for at in range(len(periods), 0, -period.span):
        chunk = periods[max(0, at - period.span) : at]
        yield Window(chunk[0].start, chunk[-1].end)
