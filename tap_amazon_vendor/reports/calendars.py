"""Amazon's calendars: how the time of a report is cut, how far back it goes, and when its figures are available.

Rules and figures are those of docs/amazon/calendars.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pendulum

from tap_amazon_vendor.reports.windows import DAY, HOUR, Window, to_text

HOURS_OF_DAY = 24
DAYS_OF_WEEK = 7

#: A day of retail analytics is a Pacific day, in every marketplace (docs/amazon/calendars.md#time-zones).
PACIFIC = ZoneInfo("America/Los_Angeles")

#: Clock parts of a request's days.
MIDNIGHT = "T00:00:00Z"
LAST_SECOND = "T23:59:59Z"

#: Days after which Amazon no longer changes whether a day has data.
SETTLED_DAYS = 7


class Calendar(ABC):
    """How the time of a report is cut, and where a request states which part it wants.

    Attributes:
        range_in: Fields of a request that hold start and end; empty if there are none. Those
            that do not begin with ``data`` are report options.
        exact: The clock part of a range counts. If not, Amazon answers for its whole days.
        unbroken: Windows join into one complete range. If not, each run requests them anew.
        span: Most units in one request.
        patience: How long what was to be read again and was not is still asked for, once it is too old to be.
    """

    range_in: tuple[str, ...] = ("dataStartTime", "dataEndTime")
    exact: bool = False
    unbroken: bool = True
    span: int
    patience = 7 * DAY

    @abstractmethod
    def wanted(self, horizon: Horizon) -> Window | None:
        """Return what the user wants and Amazon has, in whole units; None for nothing."""

    def oldest(self, horizon: Horizon) -> date:
        """Return the start of the oldest unit that Amazon still has."""
        return horizon.start

    def restated(self, horizon: Horizon) -> date:
        """Return the start of the oldest unit that is read again."""
        return horizon.today

    def read_again(self, complete: Window, horizon: Horizon) -> date:  # noqa: ARG002
        """Return the start of the oldest unit that this run reads again, beside what is complete."""
        return self.restated(horizon)

    def due_from(self, horizon: Horizon) -> date:
        """Return the end of the oldest unit that is asked for because an earlier run was to read it again."""
        return self.restated(horizon) - self.patience

    def settles(self, window: Window, horizon: Horizon) -> datetime:
        """Return the moment after which a window is no longer read again: a report made later is as good as new."""
        return _midnight(window.last_day + DAY) + horizon.restatement_days * DAY

    def cut(self, window: Window) -> list[Window]:
        """Cut a window into its units, oldest first."""
        return [window]

    def shorten(self, window: Window) -> Window | None:  # noqa: ARG002
        """Drop the newest unit of a window; return None if nothing would be left."""
        return None

    def halve(self, window: Window) -> tuple[Window, Window] | None:  # noqa: ARG002
        """Cut a window that Amazon may find too wide in two; return None if that is not to be tried."""
        return None

    def range(self, window: Window) -> dict[str, str]:
        """Return start and end of a window under the names and in the form of a request.

        The clock part of a day is ignored (docs/amazon/calendars.md#periods), but a campaign that starts on the last
        day belongs to it (docs/amazon/calendars.md#campaign-ranges).
        """
        if not self.range_in:
            return {}
        start, end = to_text(window.start), to_text(window.end)
        if not isinstance(window.start, datetime):
            end_of_day = MIDNIGHT if self.range_in[0].startswith("data") else LAST_SECOND
            start, end = f"{start}{MIDNIGHT}", f"{end}{end_of_day}"
        return dict(zip(self.range_in, (start, end), strict=True))


@dataclass(frozen=True)
class Snapshot(Calendar):
    """A report of the current state. Its window is the day on which it was taken.

    Attributes:
        since: Days before today that the report is to begin; None if it takes no dates. Its end is always now,
            which is what Amazon assumes if a request states no end.
    """

    since: int | None = None
    range_in = ()
    unbroken = False
    span = 1

    def wanted(self, horizon: Horizon) -> Window | None:
        """Return today."""
        return Window(horizon.today, horizon.today)

    def range(self, window: Window) -> dict[str, str]:
        """Return the start, if there is one."""
        if self.since is None:
            return {}
        return {"dataStartTime": f"{to_text(window.start - self.since * DAY)}{MIDNIGHT}"}


@dataclass(frozen=True)
class AmazonGenerated(Calendar):
    """Reports that Amazon makes without a request. A run looks for all that Amazon still keeps.

    Neither `start_date` nor the last run limits that: reports already read are recognised by id, so that none is
    missed, however long ago the tap last ran.

    Attributes:
        kept: Days that Amazon keeps a report.
    """

    kept: int = 90
    range_in = ()
    unbroken = False
    span = 1

    def wanted(self, horizon: Horizon) -> Window | None:
        """Return the days on which the reports were made."""
        end = min(horizon.today, horizon.end or horizon.today)
        start = self.oldest(horizon)
        return Window(start, end) if start <= end else None

    def oldest(self, horizon: Horizon) -> date:
        """Return the oldest day of which Amazon surely still has all reports."""
        return horizon.today - (self.kept - 1) * DAY

    def covered(self, start: str | None, end: str | None, created_at: datetime) -> Window:
        """Return the days that a report covers, as Amazon lists it; without any, the day on which it was made."""
        first = date.fromisoformat(start[:10]) if start else created_at.date()
        return Window(first, date.fromisoformat(end[:10]) if end else max(first, created_at.date()))


@dataclass(frozen=True)
class Campaigns(Calendar):
    """A report of campaigns by the day on which they started.

    Running campaigns grow, so each run reads all of them again: one request holds them all.

    Attributes:
        range_in: The report options that hold the range.
        years: How far back Amazon goes.
    """

    range_in: tuple[str, ...] = ()
    years: int = 2
    unbroken = False
    span = 1

    def wanted(self, horizon: Horizon) -> Window | None:
        """Return the days from the first wanted to today."""
        start, end = max(horizon.start, self.oldest(horizon)), min(horizon.today, horizon.end or horizon.today)
        return Window(start, end) if start <= end else None

    def oldest(self, horizon: Horizon) -> date:
        """Return the oldest day that Amazon accepts, with a day of margin for a long run."""
        return _pendulum(horizon.today).subtract(years=self.years) + DAY


@dataclass(frozen=True)
class Hours(Calendar):
    """Hours, UTC.

    Attributes:
        span: Most hours in one request.
        look_back: Hours that Amazon keeps.
        late: Hours after which Amazon has an hour.
    """

    span: int
    look_back: int
    late: int
    exact = True
    patience = DAY

    def wanted(self, horizon: Horizon) -> Window | None:
        """Return the full hours that the user wants and Amazon has."""
        end = self.newest(horizon)
        if horizon.end:
            end = min(end, _midnight(horizon.end + DAY))
        start = max(_midnight(horizon.start), self.oldest(horizon))
        return Window(start, end) if start < end else None

    def newest(self, horizon: Horizon) -> datetime:
        """Return the end of the newest full hour that Amazon has."""
        return _hour(horizon.now) - self.late * HOUR

    def oldest(self, horizon: Horizon) -> datetime:
        """Return the oldest hour, with a margin for the time that a run waits for its turn."""
        return _hour(horizon.now) - (self.look_back - 2) * HOUR

    def restated(self, horizon: Horizon) -> datetime:
        """Return the first hour that is read again: of the last day."""
        return _hour(horizon.now) - min(horizon.restatement_days, 1) * DAY

    def settles(self, window: Window, horizon: Horizon) -> datetime:
        """Return the end of the last day on which the hours are read again."""
        end: datetime = window.end  # type: ignore[assignment]  # hours end in a moment
        return end + HOUR + min(horizon.restatement_days, 1) * DAY

    def cut(self, window: Window) -> list[Window]:
        """Cut a window into hours."""
        hours = []
        start = window.start
        while start < window.end:
            hours.append(Window(start, start + HOUR))
            start += HOUR
        return hours

    def shorten(self, window: Window) -> Window | None:
        """Drop the newest hour."""
        end = window.end - HOUR
        return Window(window.start, end) if end > window.start else None

    def halve(self, window: Window) -> tuple[Window, Window] | None:
        """Cut a window of more than a day at a full hour: the widest allowed is not known for sure."""
        hours = int((window.end - window.start) / HOUR)
        if hours <= HOURS_OF_DAY:
            return None
        middle = window.start + hours // 2 * HOUR
        return Window(window.start, middle), Window(middle, window.end)


@dataclass(frozen=True)
class Period(Calendar):
    """One of Amazon's report periods.

    Attributes:
        name: Amazon's name, the value of ``reportPeriod``.
        span: Most periods in one request.
        look_back: How far back from today the first period may start.
        late: Days after which Amazon has a day, if that is known. Else `availability_days`.
    """

    name: str
    span: int
    look_back: pendulum.Duration
    late: int | None = None

    def first_day(self, day: date) -> date:
        """Return the first day of the period that holds a day."""
        if self.name == "DAY":
            return day
        if self.name == "WEEK":  # Sunday to Saturday
            return day - timedelta(days=(day.weekday() + 1) % 7)
        return _pendulum(day).set(month=day.month - (day.month - 1) % _MONTHS[self.name], day=1)

    def last_day(self, day: date) -> date:
        """Return the last day of the period that holds a day."""
        if self.name == "DAY":
            return day
        if self.name == "WEEK":
            return self.first_day(day) + timedelta(days=6)
        return _pendulum(self.first_day(day)).add(months=_MONTHS[self.name]) - DAY

    def newest_day(self, day: date) -> date:
        """Return the last day of the newest period that is closed at the end of a day."""
        last = self.last_day(day)
        return last if last == day else self.first_day(day) - DAY

    def oldest_day(self, today: date) -> date:
        """Return the first day of the oldest period that Amazon still has."""
        limit = _pendulum(today) - self.look_back
        first = self.first_day(limit)
        return first if first == limit else self.last_day(limit) + DAY

    def wanted(self, horizon: Horizon) -> Window | None:
        """Return the closed, published periods; the one that holds the first wanted day counts."""
        newest = self.newest(horizon)
        end = self.newest_day(min(newest, horizon.end or newest))
        oldest = self.oldest(horizon)
        start = self.first_day(horizon.start) if horizon.start > oldest else oldest
        return Window(start, end) if start <= end else None

    def newest(self, horizon: Horizon) -> date:
        """Return the newest day that Amazon has."""
        return horizon.published if self.late is None else horizon.today - timedelta(days=self.late)

    def oldest(self, horizon: Horizon) -> date:
        """Return the first day of the oldest period that Amazon still has."""
        return self.oldest_day(horizon.today)

    def restated(self, horizon: Horizon) -> date:
        """Return the first day of the oldest period that is read again."""
        return self.first_day(horizon.today - timedelta(days=horizon.restatement_days))

    def cut(self, window: Window) -> list[Window]:
        """Cut an aligned window into its periods."""
        periods = []
        start = window.start
        while start <= window.end:
            periods.append(Window(start, self.last_day(start)))
            start = periods[-1].next
        return periods

    def shorten(self, window: Window) -> Window | None:
        """Drop the newest period."""
        end = self.first_day(window.end) - DAY
        return Window(window.start, end) if end >= window.start else None


@dataclass(frozen=True)
class TimedPeriod(Period):
    """Periods of a seller's report, whose range consists of moments: the first midnight and the last second, UTC.

    Attributes:
        late: Days after which Amazon has a day, or has billed a month.
        restated_days: Most days that are read again.
        ends_at_midnight: The range ends with the midnight after the last day: end minus start is exactly the period.
    """

    late: int = 1
    restated_days: int | None = None
    ends_at_midnight: bool = False
    exact = True

    def restated(self, horizon: Horizon) -> date:
        """Return the first day of the oldest period that is read again, counted back from the newest available.

        A month that is billed late would be too old to be read again, were it counted from today.
        """
        return self.first_day(self.newest(horizon) + DAY - self._days_again(horizon) * DAY)

    def settles(self, window: Window, horizon: Horizon) -> datetime:
        """Return the end of the last day on which the window's last day is read again."""
        return _midnight(window.last_day) + (self.late + self._days_again(horizon)) * DAY

    def _days_again(self, horizon: Horizon) -> int:
        days = horizon.restatement_days
        return days if self.restated_days is None else min(days, self.restated_days)

    def halve(self, window: Window) -> tuple[Window, Window] | None:
        """Cut a window of more than a week of days in two: the widest allowed is often unknown."""
        days = (window.end - window.start).days + 1
        if self.name != "DAY" or days <= DAYS_OF_WEEK:
            return None
        middle = window.start + days // 2 * DAY
        return Window(window.start, middle - DAY), Window(middle, window.end)

    def range(self, window: Window) -> dict[str, str]:
        """Return the first and the last moment."""
        end = f"{to_text(window.next)}{MIDNIGHT}" if self.ends_at_midnight else f"{to_text(window.end)}{LAST_SECOND}"
        return {"dataStartTime": f"{to_text(window.start)}{MIDNIGHT}", "dataEndTime": end}


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

#: The same for brand reports, whose limits Amazon does not state: what connectors use
#: (docs/amazon/calendars.md#brand-periods).
BRAND_PERIODS = {
    period.name: period
    for period in (
        Period("DAY", 15, pendulum.duration(days=365)),
        Period("WEEK", 7, pendulum.duration(weeks=52)),
        Period("MONTH", 15, pendulum.duration(months=36)),
        Period("QUARTER", 4, pendulum.duration(months=36)),
    )
}


@dataclass(frozen=True)
class Horizon:
    """What the settings and the clock say about time.

    Attributes:
        now: The current time, of any time zone.
        start: First day that the user wants.
        end: Last day that the user wants, None for the newest available.
        availability_days: The newest available day, counted back from the current Pacific day.
        restatement_days: The oldest day that is read again, counted back from today.
    """

    now: datetime
    start: date
    end: date | None
    availability_days: int
    restatement_days: int

    @property
    def today(self) -> date:
        """The current UTC day. It is never behind the Pacific day that Amazon counts in."""
        return self.now.astimezone(timezone.utc).date()

    @property
    def published(self) -> date:
        """The newest day that Amazon has had time to publish.

        Amazon counts hours from the end of a Pacific day (docs/amazon/calendars.md#publication): with the usual 4 days,
        a day is asked for from 72 hours after its end, whether a change to summer time lies between or not.
        """
        closed = self.now.astimezone(timezone.utc) - (self.availability_days - 1) * DAY
        return closed.astimezone(PACIFIC).date() - DAY


def _pendulum(day: date) -> pendulum.Date:
    return pendulum.date(day.year, day.month, day.day)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
