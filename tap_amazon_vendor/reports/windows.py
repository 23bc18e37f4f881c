"""Windows: ranges of days or hours, and their arithmetic."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

if t.TYPE_CHECKING:
    from collections.abc import Iterable

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, order=True)
class Window:
    """A range of days or of hours.

    Attributes:
        start: First day, or the start of the first hour (UTC).
        end: Last day (inclusive), or the end of the last hour.
    """

    start: date
    end: date

    def __str__(self) -> str:
        """Write both ends in ISO 8601, with a slash as ISO writes intervals."""
        return f"{to_text(self.start)}/{to_text(self.end)}"

    @property
    def next(self) -> date:
        """The start of a window that follows without a gap."""
        return self.end if isinstance(self.end, datetime) else self.end + DAY

    @property
    def last_day(self) -> date:
        """The day that the window ends on."""
        return self.end.date() if isinstance(self.end, datetime) else self.end

    def before(self, start: date) -> Window:
        """The window that begins at `start` and is followed by this one without a gap."""
        return Window(start, self.start if isinstance(self.start, datetime) else self.start - DAY)


def of_one_kind(*moments: date) -> bool:
    """Return whether all are days, or all are hours: others can't be compared."""
    return len({isinstance(moment, datetime) for moment in moments}) == 1


#: The window of a request that has none yet.
NO_TIME = Window(date.min, date.min)


def to_text(moment: date) -> str:
    """Write a day or an hour in ISO 8601."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(moment, datetime) else moment.isoformat()


def from_text(text: str) -> date:
    """Read a day or an hour as `to_text` wrote it.

    Raises:
        ValueError: It is neither.
    """
    if "T" in text:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return date.fromisoformat(text)


def touches(complete: Window | None, window: Window) -> bool:
    """Return whether a complete range and a window join without a gap."""
    return complete is None or (window.start <= complete.next and complete.start <= window.next)


def extend(complete: Window | None, window: Window) -> Window:
    """Join a complete range and a complete window that touches it.

    Raises:
        ValueError: There is a gap between them.
    """
    if complete is None:
        return window
    if not touches(complete, window):
        msg = f"{complete} and {window} leave a hole"
        raise ValueError(msg)
    return Window(min(complete.start, window.start), max(complete.end, window.end))


def common(ranges: Iterable[Window | None]) -> Window | None:
    """Return what is complete in every one of some ranges, None if nothing is."""
    ranges = list(ranges)
    known = [complete for complete in ranges if complete is not None]
    if not known or len(known) < len(ranges):
        return None
    start = max(complete.start for complete in known)
    end = min(complete.end for complete in known)
    return Window(start, end) if start <= end else None
