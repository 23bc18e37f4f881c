"""Report schedules, those of clients and Amazon's own one for settlements.

docs/amazon/reports-api.md#schedules: no vendor report can be scheduled; Amazon accepts such a
schedule and ends its reports FATAL. A schedule asks for one report as soon as it is made,
so that a client meets the text without a wait.

docs/amazon/seller-reports.md#settlements: Amazon settles with a seller every 14 days and then makes the reports
that nobody can ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_sandbox.chance import derive
from amazon_sandbox.reports import RULES
from amazon_sandbox.rules.verdicts import ReportRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amazon_sandbox.accounts import SandboxAccount

PERIODS = (
    *("PT5M", "PT15M", "PT30M", "PT1H", "PT2H", "PT4H", "PT8H", "PT12H", "PT84H"),
    *("P1D", "P2D", "P3D", "P7D", "P14D", "P15D", "P18D", "P30D", "P1M"),
)

SETTLEMENT = timedelta(days=14)
# The report of a settlement comes some hours after its end.
SETTLING = timedelta(hours=6)
FIRST = datetime(2020, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Schedule:
    """One schedule.

    Attributes:
        schedule_id: Its id.
        account: Whose it is.
        report_type: What it asks for.
        marketplace_ids: As sent.
        options: The reportOptions.
        period: How often, as sent.
        next_time: The nextReportCreationTime, as sent.
    """

    schedule_id: str
    account: SandboxAccount
    report_type: str
    marketplace_ids: tuple[str, ...]
    options: Mapping[str, str]
    period: str
    next_time: str | None

    def as_json(self) -> dict[str, object]:
        """The ReportSchedule of the model."""
        schedule: dict[str, object] = {
            "reportScheduleId": self.schedule_id,
            "reportType": self.report_type,
            "marketplaceIds": list(self.marketplace_ids),
            "reportOptions": dict(self.options),
            "period": self.period,
        }
        if self.next_time is not None:
            schedule["nextReportCreationTime"] = self.next_time
        return schedule


class Schedules:
    """All schedules of one sandbox.

    Args:
        seed: Decides the ids.
    """

    def __init__(self, seed: int) -> None:
        """Start without any schedule."""
        self._seed = seed
        self._made = 0
        self._schedules: dict[str, Schedule] = {}

    def new_id(self) -> str:
        """An id that no schedule had before."""
        self._made += 1
        return str(derive(self._seed, "schedule", self._made))

    def add(self, schedule: Schedule) -> None:
        """Keep a schedule in place of one of the same type and marketplaces (model)."""
        for other in self.of(schedule.account):
            same_places = set(other.marketplace_ids) == set(schedule.marketplace_ids)
            if other.report_type == schedule.report_type and same_places:
                self.remove(other)
        self._schedules[schedule.schedule_id] = schedule

    def remove(self, schedule: Schedule) -> None:
        """Forget a schedule."""
        del self._schedules[schedule.schedule_id]

    def of(self, account: SandboxAccount) -> list[Schedule]:
        """The schedules of an account."""
        return [s for s in self._schedules.values() if s.account.label == account.label]

    def find(self, account: SandboxAccount, schedule_id: str) -> Schedule | None:
        """The schedule of an account by its id."""
        schedule = self._schedules.get(schedule_id)
        return schedule if schedule and schedule.account.label == account.label else None


def settlements(
    seed: int, account: SandboxAccount, since: datetime, until: datetime
) -> Iterator[tuple[ReportRequest, datetime]]:
    """The settlement reports that Amazon makes of a seller, one per marketplace and 14 days.

    Args:
        seed: Decides when a seller's settlements end.
        account: The seller.
        since: Only reports made after this moment.
        until: Only reports made up to this moment.

    Yields:
        What Amazon asks itself for, and when, oldest first.
    """
    types = [rule.report_type for rule in RULES.values() if rule.made_by_amazon and account.kind in rule.kinds]
    # Settlements of all marketplaces end together, at a full hour of the seller's own.
    offset = timedelta(hours=derive(seed, account.label, "settlement") % (14 * 24))
    end = FIRST + offset + (since - SETTLING - FIRST - offset) // SETTLEMENT * SETTLEMENT
    while end + SETTLING <= until:
        sold = account.first_day is None or account.first_day < end.date()
        if sold and end + SETTLING > since:
            for report_type in types:
                for place in account.marketplaces:
                    yield ReportRequest(report_type, (place,), {}, end - SETTLEMENT, end), end + SETTLING
        end += SETTLEMENT
