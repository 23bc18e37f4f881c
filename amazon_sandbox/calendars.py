"""Periods of reports, and when the figures of a day appear."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

# A day of retail analytics is a Pacific day, in every marketplace (docs/amazon/calendars.md#time-zones).
PACIFIC = ZoneInfo("America/Los_Angeles")
SATURDAY = 5


def published_at(day: date, saturday: int = 48) -> datetime:
    """Say when the figures of a day appear (docs/amazon/calendars.md#publication).

    Args:
        day: A Pacific day.
        saturday: The hours that a Saturday takes.

    Returns:
        72 hours after the day closes; for a Saturday, and so for its week, what is given.
    """
    close = datetime.combine(day + timedelta(days=1), time(), PACIFIC)
    hours = saturday if day.weekday() == SATURDAY else 72
    # Through UTC: across a change to summer time 72 hours are not three days.
    return close.astimezone(ZoneInfo("UTC")) + timedelta(hours=hours)


def date_time(text: str) -> datetime | None:
    """Read an ISO 8601 date-time with its zone; None for anything else, a bare date too."""
    try:
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        return None
    return moment.astimezone(timezone.utc) if "T" in text and moment.tzinfo else None


def period_of(period: str, day: date) -> tuple[date, date]:
    """Find the period that a day lies in.

    Args:
        period: DAY, WEEK (Sunday to Saturday), MONTH, QUARTER or YEAR.
        day: Any day.

    Returns:
        Its first and its last day.
    """
    if period == "DAY":
        return day, day
    if period == "WEEK":
        first = day - timedelta(days=(day.weekday() + 1) % 7)
        return first, first + timedelta(days=6)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[period]
    first_month = (day.month - 1) // months * months + 1
    last_month = first_month + months - 1
    following = date(day.year + last_month // 12, last_month % 12 + 1, 1)
    return date(day.year, first_month, 1), following - timedelta(days=1)


def periods(period: str, start: date, end: date) -> Iterator[tuple[date, date]]:
    """Cut an aligned range into its periods, oldest first.

    Args:
        period: The reportPeriod.
        start: The first day of the first period.
        end: The last day of the last period.

    Yields:
        First and last day of each period.
    """
    while start <= end:
        last = period_of(period, start)[1]
        yield start, last
        start = last + timedelta(days=1)
