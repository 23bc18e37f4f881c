"""Days of advertising: they are those of the profile's time zone, and are read again as each kind needs it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pendulum

from tap_amazon_vendor.reports.calendars import Period

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from tap_amazon_vendor.ads.report_type import AdsReportType
    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.reports.windows import Window

#: Time zones by country (docs/amazon/ads.md#profiles), for profiles that do not tell theirs. Where another country
#: begins to advertise, UTC must do.
ZONES = {
    **dict.fromkeys(("US", "CA", "MX"), "America/Los_Angeles"),
    **dict.fromkeys(("DE", "ES", "FR", "IT"), "Europe/Paris"),
    "AE": "Asia/Dubai",
    "AU": "Australia/Sydney",
    "BE": "Europe/Brussels",
    "BR": "America/Sao_Paulo",
    "EG": "Africa/Cairo",
    "GB": "Europe/London",
    "IE": "Europe/Dublin",
    "IN": "Asia/Kolkata",
    "JP": "Asia/Tokyo",
    "NL": "Europe/Amsterdam",
    "PL": "Europe/Warsaw",
    "SA": "Asia/Riyadh",
    "SE": "Europe/Stockholm",
    "SG": "Asia/Singapore",
    "TR": "Europe/Istanbul",
    "ZA": "Africa/Johannesburg",
}

#: Days that the first run of a month reads again: conversions are restated up to two months after the day of the click
#: (docs/amazon/ads.md#restatement).
MONTHLY_DAYS = 60


@dataclass(frozen=True)
class AdsDays(Period):
    """Days in the time zone of a profile.

    Attributes:
        zone: The time zone.
        days_back: Days before today that Amazon keeps.
        days_again: Days that each run reads again, None for as many as of sales.
        family: The kind of advertising, as `restatement_days` names it.
    """

    zone: str = "UTC"
    days_back: int = 60
    days_again: int | None = None
    family: str = ""

    @classmethod
    def of(cls, report_type: AdsReportType, country: str | None) -> AdsDays:
        """Return the calendar of a report type in a country."""
        back = report_type.days_back
        return cls(
            "DAY",
            report_type.span,
            pendulum.duration(days=back),
            late=1,  # conversions are there a day after the click
            zone=ZONES.get(country or "", "UTC"),
            days_back=back,
            family=report_type.family,
        )

    def of_profile(self, zone: str | None, restatement_days: Mapping[str, int]) -> AdsDays:
        """Return the calendar of a profile.

        Args:
            zone: Its time zone, None where Amazon does not tell it.
            restatement_days: How far back each run reads again, by kind of advertising, where the settings say so.
        """
        return replace(self, zone=zone or self.zone, days_again=restatement_days.get(self.family))

    def today(self, horizon: Horizon) -> date:
        """Return the day that the profile has."""
        return horizon.now.astimezone(ZoneInfo(self.zone)).date()

    def newest(self, horizon: Horizon) -> date:
        """Return the newest day that is over."""
        return self.today(horizon) - timedelta(days=self.late or 0)

    def oldest(self, horizon: Horizon) -> date:
        """Return the oldest day that Amazon accepts, with a day of margin for a run over midnight."""
        return self.today(horizon) - timedelta(days=self.days_back - 1)

    def restated(self, horizon: Horizon) -> date:
        """Return the oldest day that each run reads again."""
        return self.today(horizon) - timedelta(days=self._days_again(horizon))

    def settles(self, window: Window, horizon: Horizon) -> datetime:
        """Return the moment after which a window is no longer read again."""
        return super().settles(window, replace(horizon, restatement_days=self._days_again(horizon)))

    def due_from(self, horizon: Horizon) -> date:
        """Return the oldest day that is asked for because an earlier run was to read it again."""
        return min(self.restated(horizon), self.today(horizon) - timedelta(days=MONTHLY_DAYS)) - self.patience

    def _days_again(self, horizon: Horizon) -> int:
        return horizon.restatement_days if self.days_again is None else self.days_again

    def read_again(self, complete: Window, horizon: Horizon) -> date:
        """Return the oldest day that this run reads again: the first of a month goes further back."""
        restated, newest = self.restated(horizon), self.newest(horizon)
        is_first = (complete.last_day.year, complete.last_day.month) < (newest.year, newest.month)
        if not (is_first and self._days_again(horizon)):
            return restated
        return min(restated, self.today(horizon) - timedelta(days=MONTHLY_DAYS))
