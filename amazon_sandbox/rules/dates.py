"""Which dates a report type takes, and which ones are in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from amazon_sandbox.calendars import PACIFIC, date_time, period_of, periods, published_at
from amazon_sandbox.rules.verdicts import (
    CLIENT_ERROR,
    INVALID_VALUE,
    NOT_YET_AVAILABLE,
    Verdict,
    fatal,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amazon_sandbox.rules.verdicts import ReportRequest

    Window = tuple[date, date] | tuple[None, None]


@dataclass(frozen=True)
class Span:
    """How far back and how wide a request may be, counted in its own periods."""

    look_back: int
    most: int


@dataclass(frozen=True)
class NoDates:
    """The report takes no dates, and ignores those that are sent."""

    needed: ClassVar[bool] = False

    def window(self, request: ReportRequest, now: datetime) -> Window:  # noqa: ARG002
        """The range that the data is asked for."""
        return None, None

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:  # noqa: ARG002
        """Say how a report ends whose dates break a rule."""
        return None


NO_DATES = NoDates()


@dataclass(frozen=True)
class Days(NoDates):
    """dataStartTime and dataEndTime are the first and the last day of whole periods.

    Attributes:
        spans: Limits by reportPeriod.
        saturday: Hours after which a Saturday, and so its week, is published.
        too_new: What a request for a day is told that is not yet published.
    """

    needed: ClassVar[bool] = True

    spans: Mapping[str, Span]
    saturday: int = 48
    too_new: str = NOT_YET_AVAILABLE

    def window(self, request: ReportRequest, now: datetime) -> tuple[date, date]:
        """The first and the last day; the clock part of both does not count."""
        return (request.start or now).date(), (request.end or now).date()

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for whole, closed, published periods, not too many and not too old."""
        period = request.options["reportPeriod"]
        start, end = self.window(request, now)
        span = self.spans[period]
        today = now.astimezone(PACIFIC).date()
        aligned = period_of(period, start)[0] == start and period_of(period, end)[1] == end
        if (
            not aligned
            or start < _earliest(period, today, span.look_back)
            or sum(1 for _ in periods(period, start, end)) > span.most
            # A longer period that still runs is no period; a day that runs is only early.
            or (period != "DAY" and end >= today)
        ):
            return fatal(CLIENT_ERROR)
        if now < published_at(end, self.saturday):
            return fatal(self.too_new)
        return None


@dataclass(frozen=True)
class Hours(NoDates):
    """dataStartTime and dataEndTime are moments, and the full hours between them count.

    Attributes:
        look_back: How old the start may be.
        most: How far the end may be from the start.
        newest: How old the end must be at least.
    """

    needed: ClassVar[bool] = True

    look_back: timedelta
    most: timedelta
    newest: timedelta

    def window(self, request: ReportRequest, now: datetime) -> tuple[datetime, datetime]:
        """Both moments, as sent."""
        return request.start or now, request.end or now

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for a window that is neither too wide nor too old nor too new."""
        start, end = self.window(request, now)
        if end - start > self.most or start < now - self.look_back:
            return fatal(CLIENT_ERROR)
        # FATAL is what scripts saw; that it says so is taken over from the daily reports.
        return fatal(NOT_YET_AVAILABLE) if end > now - self.newest else None


@dataclass(frozen=True)
class Moments(NoDates):
    """dataStartTime and dataEndTime are moments, and what happened between them counts.

    Attributes:
        most: How far the end may be from the start; None for any distance.
        look_back: How old the start may be; None for any age.
        too_wide: What a request is told that asks for more.
    """

    needed: ClassVar[bool] = True

    most: timedelta | None = None
    look_back: timedelta | None = None
    too_wide: str = CLIENT_ERROR

    def window(self, request: ReportRequest, now: datetime) -> tuple[datetime, datetime]:
        """Both moments, as sent."""
        return request.start or now, request.end or now

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for a window that is neither too wide nor too old."""
        start, end = self.window(request, now)
        if self.most is not None and end - start > self.most:
            return fatal(self.too_wide)
        if self.look_back is not None and start < now - self.look_back:
            return fatal(CLIENT_ERROR)
        return None


@dataclass(frozen=True)
class ExactMonth(Moments):
    """The end is exactly one month after the start."""

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for the same day and time of the next month."""
        start, end = self.window(request, now)
        later = period_of("MONTH", start.date())[1] + timedelta(days=1)
        same_time = (end.day, end.timetz()) == (start.day, start.timetz())
        next_month = (end.year, end.month) == (later.year, later.month)
        return None if same_time and next_month else fatal(CLIENT_ERROR)


@dataclass(frozen=True)
class OneMonth(Moments):
    """The range lies in one month of charge; a month that is not yet billed has no rows."""

    def window(self, request: ReportRequest, now: datetime) -> tuple[datetime, datetime]:
        """Both moments; midnight after the last day still belongs to that day."""
        start, end = super().window(request, now)
        return start, max(start, end - timedelta(seconds=1))

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for one month at a time."""
        start, end = self.window(request, now)
        return None if (start.year, start.month) == (end.year, end.month) else fatal(CLIENT_ERROR)


@dataclass(frozen=True)
class ClosedMonth(NoDates):
    """The range is one whole month, whose figures are there from a day of the next month on.

    Attributes:
        ready: That day.
    """

    needed: ClassVar[bool] = True

    ready: int = 3

    def window(self, request: ReportRequest, now: datetime) -> tuple[date, date]:
        """The first and the last day; the clock part of both does not count."""
        return (request.start or now).date(), (request.end or now).date()

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for one whole month, not too early."""
        start, end = self.window(request, now)
        if period_of("MONTH", start) != (start, end):
            return fatal(CLIENT_ERROR)
        return fatal(NOT_YET_AVAILABLE) if now.date() < end + timedelta(days=self.ready) else None


@dataclass(frozen=True)
class UpToNow(NoDates):
    """The start lies back some time at least, and the end is now, the default of a request (model:reports_2021-06-30).

    Attributes:
        least: How far the start must lie back.
        tolerance: How far the end may be from now.
    """

    least: timedelta
    tolerance: timedelta = timedelta(hours=1)

    def window(self, request: ReportRequest, now: datetime) -> tuple[datetime, datetime]:
        """Both moments, as sent."""
        return request.start or now, request.end or now

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for an early start and no other end."""
        start, end = self.window(request, now)
        return fatal(CLIENT_ERROR) if start > now - self.least or end < now - self.tolerance else None


@dataclass(frozen=True)
class Widened(NoDates):
    """Half periods are widened to whole ones; a start too old ends CANCELLED.

    Attributes:
        option: The option that names the period.
        usual: The period without that option.
        look_back: How old the start may be.
    """

    needed: ClassVar[bool] = True

    option: str
    usual: str
    look_back: timedelta

    def window(self, request: ReportRequest, now: datetime) -> tuple[date, date]:
        """The first day of the first period and the last day of the last one."""
        period = request.options.get(self.option, self.usual)
        start, end = (request.start or now).date(), (request.end or now).date()
        return period_of(period, start)[0], period_of(period, end)[1]

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for nothing older than there is."""
        return Verdict("CANCELLED") if (request.start or now) < now - self.look_back else None


@dataclass(frozen=True)
class StartsIn(NoDates):
    """Two options select what started between them; dataStartTime is ignored.

    Attributes:
        first: The option with the earliest start.
        last: The option with the latest start; it may lie in the future.
    """

    first: str
    last: str

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for two date-times in order, at most two years back."""
        moments: list[datetime] = []
        for option in (self.first, self.last):
            moment = date_time(request.options[option])
            if moment is None:
                return fatal(INVALID_VALUE.format(option=option))
            moments.append(moment)
        if moments[0] > moments[1] or moments[0] < now - TWO_YEARS:
            return fatal(CLIENT_ERROR)
        return None


# Whether a leap day makes two years longer is not known; the shorter reading is safe.
TWO_YEARS = timedelta(days=730)


# Four years of days take a millisecond, and a run asks a thousand times on the same day.
@lru_cache(maxsize=32)
def _earliest(period: str, today: date, look_back: int) -> date:
    first = period_of(period, today)[0]
    for _ in range(look_back):
        first = period_of(period, first - timedelta(days=1))[0]
    return first
