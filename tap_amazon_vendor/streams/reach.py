"""How far Amazon's data reaches, if less far than the user wants: reported once, not for each report."""

from __future__ import annotations

import logging
import typing as t
from collections import defaultdict
from datetime import datetime

from tap_amazon_vendor.reports.calendars import Calendar

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.streams.base import AmazonStream

#: Calendars by stream and period; the period's name is empty for a stream without periods.
Calendars = t.Mapping[str, t.Mapping[str, Calendar]]


def remarks(streams: Iterable[AmazonStream], horizon: Horizon, *, start_given: bool) -> Iterator[tuple[int, str]]:
    """Report what a run can't read however long it waits.

    Args:
        streams: The selected streams that read Amazon.
        horizon: The time bounds from settings and clock.
        start_given: The user has set `start_date`.

    Yields:
        Levels of `logging`, and messages.
    """
    found: dict[str, dict[str, Calendar]] = defaultdict(dict)
    for stream in streams:
        for context in stream.partitions or ():
            if not stream.skipped_until(context, horizon.today):
                calendar = stream.calendar(context)
                found[stream.name][getattr(calendar, "name", "")] = calendar
    if message := nothing_published(found, horizon):
        yield logging.WARNING, message
    # The default need not reach far.
    if start_given and (message := begins_later(found, horizon)):
        yield logging.INFO, message


def begins_later(calendars: Calendars, horizon: Horizon) -> str | None:
    """Report where data begins, if Amazon no longer keeps it for `start_date`.

    Args:
        calendars: The streams' calendars.
        horizon: The time bounds from settings and clock.

    Returns:
        A message, None if there is nothing to report.
    """
    streams: dict[date, list[str]] = defaultdict(list)
    for name, periods in calendars.items():
        for period, calendar in periods.items():
            oldest = calendar.oldest(horizon)
            first = oldest.date() if isinstance(oldest, datetime) else oldest
            if first > horizon.start:
                streams[first].append(_name(name, period, periods))
    if not streams:
        return None
    begins = "; ".join(f"{first} for {', '.join(sorted(names))}" for first, names in sorted(streams.items()))
    return f"`start_date` ({horizon.start}) is earlier than Amazon keeps data. Data begins on {begins}"


def nothing_published(calendars: Calendars, horizon: Horizon) -> str | None:
    """Report the streams for which no period in the requested time is closed and published.

    Args:
        calendars: The streams' calendars.
        horizon: The time bounds from settings and clock.

    Returns:
        A message that says what to do, None if there is nothing to report.
    """
    streams = [
        _name(name, period, periods)
        for name, periods in calendars.items()
        for period, calendar in periods.items()
        if calendar.wanted(horizon) is None
    ]
    if not streams:
        return None
    time = f"between {horizon.start} and {horizon.end or horizon.today}"
    return f"Amazon has published no complete period of {', '.join(sorted(streams))} {time}: move `start_date`"


def _name(stream: str, period: str, periods: t.Collection[str]) -> str:
    return f"{stream} ({period})" if len(periods) > 1 else stream
