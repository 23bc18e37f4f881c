"""What the ledger says about a window."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from tap_amazon_vendor.accounts import country_of
from tap_amazon_vendor.reports.keys import key_text
from tap_amazon_vendor.reports.outcomes import Outcome
from tap_amazon_vendor.reports.windows import to_text

if t.TYPE_CHECKING:
    from datetime import date, datetime

    from tap_amazon_vendor.reports.jobs import ReportResult
    from tap_amazon_vendor.reports.windows import Window


@dataclass(frozen=True)
class LedgerEntry:
    """One window of one stream, and what became of it.

    Attributes:
        stream: Name of the stream.
        result: What became of the report.
        window: The days that the entry is about.
        outcome: What became of them in this stream.
        rows: Rows written.
    """

    stream: str
    result: ReportResult
    window: Window
    outcome: Outcome
    rows: int

    def row(self, now: datetime) -> dict[str, t.Any]:
        """Return the row of the stream `report_ledger`.

        Args:
            now: The current time.
        """
        result = self.result
        asked = result.asked
        # Settlements of several marketplaces are of the same days.
        options = (*asked.options, *(("reportId", each) for each in (asked.report_id,) if each))
        good = self.outcome.completes
        recorded_at = now.isoformat(timespec="seconds")
        return {
            "account": asked.account,
            "marketplace_id": key_text(asked.marketplace_id),
            "country_code": country_of(asked.marketplace_id),
            "report_type": key_text(asked.report_type),
            "report_options": key_text(",".join(f"{name}={value}" for name, value in options)),
            "stream_name": self.stream,
            "window_start": _date_time(self.window.start),
            "window_end": _date_time(self.window.end),
            "outcome": self.outcome.value,
            "reason": None if self.outcome is Outcome.LOADED else result.reason,
            "rows": self.rows,
            "bytes": result.document.bytes if result.document and good else None,
            "attempts": result.attempts,
            "asked_at": result.asked_at.isoformat(timespec="seconds") if result.asked_at else None,
            "processed_at": result.processed_at,
            "loaded_at": recorded_at if good else None,
            "recorded_at": recorded_at,
            "report_id": result.report_id,
        }


def _date_time(moment: date) -> str:
    """Write a day as its first moment, an hour as it is."""
    text = to_text(moment)
    return text if "T" in text else f"{text}T00:00:00Z"
