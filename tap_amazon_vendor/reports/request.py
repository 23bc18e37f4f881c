"""What a report is asked for with: the whole identity of a report at Amazon."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tap_amazon_vendor.reports.windows import PERIODS, SETTLED_DAYS, Window

if t.TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ReportRequest:
    """One report of one account. Two streams that need the same request share its report.

    Attributes:
        account: Label of the account.
        report_type: Amazon's report type.
        marketplace_id: The one marketplace.
        options: Amazon's option names and values, sorted by name.
        window: The days asked for.
    """

    account: str
    report_type: str
    marketplace_id: str
    options: tuple[tuple[str, str], ...]
    window: Window

    def __str__(self) -> str:
        """Name the report for a log line."""
        values = " ".join(value for _, value in self.options)
        return f"{self.report_type} {values} {self.window} of {self.account!r}"

    @property
    def partition(self) -> ReportPartition:
        """Everything but the window."""
        return ReportPartition(self.account, self.report_type, self.marketplace_id, self.options)

    def recent(self, today: date) -> bool:
        """Say whether Amazon may still publish something for these days."""
        return self.window.end > today - timedelta(days=SETTLED_DAYS)

    def shorten(self) -> ReportRequest | None:
        """Leave the newest period out, None when no other is left."""
        window = PERIODS[dict(self.options)["reportPeriod"]].shorten(self.window)
        return replace(self, window=window) if window else None

    def matches(self, specification: Mapping[str, t.Any] | None) -> bool:
        """Say whether a document answers this request.

        Args:
            specification: ``reportSpecification`` of the document, where it has one. Amazon
                repeats there what was asked for, dates without their clock part.
        """
        if not specification:
            return True
        options = specification.get("reportOptions") or {}
        return (
            specification.get("reportType", self.report_type) == self.report_type
            and self.marketplace_id in specification.get("marketplaceIds", [self.marketplace_id])
            and all(options.get(name, value) == value for name, value in self.options)
            and str(specification.get("dataStartTime", self.window.start))[:10] == self.window.start.isoformat()
            and str(specification.get("dataEndTime", self.window.end))[:10] == self.window.end.isoformat()
        )

    def to_state(self) -> dict[str, t.Any]:
        """Write the request as JSON."""
        return {
            "account": self.account,
            "report_type": self.report_type,
            "marketplace_id": self.marketplace_id,
            "options": dict(self.options),
            "start": self.window.start.isoformat(),
            "end": self.window.end.isoformat(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, t.Any]) -> ReportRequest:
        """Read what `to_state` wrote.

        Raises:
            KeyError: Something is missing.
            ValueError: A date is none.
        """
        return cls(
            account=state["account"],
            report_type=state["report_type"],
            marketplace_id=state["marketplace_id"],
            options=tuple(sorted(state["options"].items())),
            window=Window(date.fromisoformat(state["start"]), date.fromisoformat(state["end"])),
        )


class ReportPartition(t.NamedTuple):
    """What the windows of one bookmark have in common."""

    account: str
    report_type: str
    marketplace_id: str
    options: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Name the partition for a log line."""
        values = " ".join(value for _, value in self.options)
        return f"{self.report_type} {values} of {self.account!r}"
