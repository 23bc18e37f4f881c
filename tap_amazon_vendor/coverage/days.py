"""What became of each day of a stream, from the windows that hold it."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum

from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_vendor.coverage.ledger import LedgerWindow

_DAY = timedelta(days=1)


class DayState(Enum):
    """What became of a day, the best first: a day that was written once stays written."""

    LOADED = "loaded"
    RESTATED = "read again"
    REJECTED = "with rejected lines"
    EMPTY = "empty"
    FAILED = "failed"
    LATER = "later"
    SKIPPED = "skipped"
    MISSING = "missing"


#: States of days that a user should look at.
GAPS = frozenset({DayState.FAILED, DayState.MISSING})


@dataclass(frozen=True)
class Span:
    """Days in a row with the same state.

    Attributes:
        first: The first day.
        last: The last day.
        state: What became of them.
        reason: Amazon's text, or ours, where there is one.
    """

    first: date
    last: date
    state: DayState
    reason: str | None

    @property
    def days(self) -> int:
        """How many days it holds."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class StreamDays:
    """The days of a stream with one combination of options.

    Attributes:
        account: The account's label.
        country: Country code of the marketplace.
        stream: Name of the stream.
        options: Amazon's report options.
        spans: Its days from the first to the last that was wanted, without a hole.
    """

    account: str
    country: str
    stream: str
    options: str
    spans: tuple[Span, ...]

    @property
    def gaps(self) -> int:
        """Days that failed or are missing."""
        return sum(span.days for span in self.spans if span.state in GAPS)

    def within(self, first: date, last: date) -> Iterator[Span]:
        """Yield the parts of the spans that lie between two days."""
        for span in self.spans:
            start, end = max(span.first, first), min(span.last, last)
            if start <= end:
                yield Span(start, end, span.state, span.reason)


def stream_days(windows: Iterable[LedgerWindow]) -> list[StreamDays]:
    """Return the days of every stream in a ledger, by account, country, stream and options.

    Streams of single reports or files, whose options name the one, are drawn in one line: their windows don't join.
    """
    groups: dict[tuple[str, str, str, str], list[LedgerWindow]] = defaultdict(list)
    for window in windows:
        groups[window.account, window.country, window.stream, _shared_options(window.options)].append(window)
    return [
        StreamDays(*group, _spans(groups[group], joins=_joins(group[3], groups[group]))) for group in sorted(groups)
    ]


def _shared_options(options: str) -> str:
    """Return the options but for those that name a single report or file; empty if there are only such."""
    single = ("reportId=", "inbox=")
    return ",".join(each for each in options.split(",") if not each.startswith(single))


def _joins(options: str, windows: Iterable[LedgerWindow]) -> bool:
    """Return whether the windows of a stream are to join: not those of single reports and files, nor of snapshots."""
    is_snapshot = all(window.start.date().isoformat() == window.recorded_at[:10] for window in windows)
    return bool(options) and not is_snapshot


def _spans(windows: list[LedgerWindow], *, joins: bool) -> tuple[Span, ...]:
    midnight = datetime.min.time()
    hourly = any(each.start.time() != midnight or each.end.time() != midnight for each in windows)
    days: dict[date, list[LedgerWindow]] = defaultdict(list)
    for window in windows:
        # The end of an hour at midnight is the day before's.
        end = window.end - window.end.resolution if hourly and window.end > window.start else window.end
        for number in range((end.date() - window.start.date()).days + 1):
            days[window.start.date() + number * _DAY].append(window)
    first, last = min(days), max(days)
    wanted = (first + number * _DAY for number in range((last - first).days + 1)) if joins else sorted(days)
    spans: list[Span] = []
    for day in wanted:
        state, reason = _state(days.get(day, []), is_hourly=hourly)
        if spans and (spans[-1].last + _DAY, spans[-1].state, spans[-1].reason) == (day, state, reason):
            spans[-1] = replace(spans[-1], last=day)
        else:
            spans.append(Span(day, day, state, reason))
    return tuple(spans)


def _state(windows: list[LedgerWindow], *, is_hourly: bool) -> tuple[DayState, str | None]:
    """Return what became of a day, and why."""
    by_outcome = {window.outcome: window for window in sorted(windows, key=lambda each: each.recorded_at)}
    if loaded := by_outcome.get(Outcome.LOADED):
        times = sum(window.outcome is Outcome.LOADED for window in windows)
        if rejected := sum(window.rejected for window in windows if window.outcome is Outcome.LOADED):
            return DayState.REJECTED, f"{rejected} lines of its reports are in `report_rejects`"
        return (DayState.RESTATED if times > 1 and not is_hourly else DayState.LOADED), loaded.reason
    for state in (DayState.EMPTY, DayState.FAILED, DayState.LATER, DayState.SKIPPED):
        if found := by_outcome.get(Outcome(state.value)):
            return state, found.reason
    return DayState.MISSING, "no run requested it, though runs requested days before and after it"
