"""The ledger's entry for a window."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.keys import key_text
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.windows import to_text

if t.TYPE_CHECKING:
    from datetime import date, datetime

    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.reports.windows import Window


@dataclass(frozen=True)
class LedgerEntry:
    """One window of one stream, and how it ended.

    Attributes:
        stream: Name of the stream.
        subject: What was read: a report, an operation or an inbox file. Its options distinguish it from others of the
            same type and days.
        window: The days or hours that the entry covers.
        outcome: How it ended in this stream.
        rows: Rows written.
        findings: What its document holds besides rows, None without a document.
        reason: Amazon's text, or ours.
        doubtful: What else is known contradicts what Amazon says, or it is more than a delay.
        advice: What the user can do about it.
        error: The failed call's error, where the reason comes from a call.
        report_id: Amazon's id, or what identifies a file.
        bytes: Size of the document.
        attempts: Number of createReport calls; 0 where an existing report was used.
        asked_at: When it was first requested.
        processed_at: When Amazon finished it, ISO 8601.
        loaded_at: When its rows were written, aware; None until it is recorded.
    """

    stream: str
    subject: ReportPartition
    window: Window
    outcome: Outcome
    rows: int = 0
    findings: Findings | None = None
    reason: str | None = None
    doubtful: bool = False
    advice: str = ""
    error: AmazonError | None = None
    report_id: str | None = None
    bytes: int | None = None
    attempts: int = 0
    asked_at: datetime | None = None
    processed_at: str | None = None
    loaded_at: datetime | None = None

    @classmethod
    def of_job(
        cls, stream: str, result: JobResult, window: Window, outcome: Outcome, findings: Findings | None = None
    ) -> LedgerEntry:
        """Return the entry for a window of a job.

        Args:
            stream: Name of the stream.
            result: How the job ended.
            window: The days or hours that the entry covers.
            outcome: How they ended in this stream.
            findings: What its document holds, None if it was not read.
        """
        return cls(
            stream,
            result.request.subject,
            window,
            outcome,
            findings.rows if findings and outcome is not Outcome.FAILED else 0,
            findings,
            reason=result.reason,
            doubtful=result.doubtful,
            advice=result.advice,
            error=result.error,
            report_id=result.job_id,
            bytes=sum(document.bytes for document in result.documents) if result.documents else None,
            attempts=result.attempts,
            asked_at=result.asked_at,
            processed_at=result.processed_at,
        )

    @property
    def message(self) -> str:
        """Reason and advice in one line."""
        return ". ".join(part for part in (self.reason, self.advice) if part)

    @property
    def target(self) -> str:
        """Subject and window, for a log line."""
        return self.subject.label(self.window)

    def row(self, now: datetime) -> dict[str, t.Any]:
        """Return the row of the stream `report_ledger`.

        Args:
            now: The current time.
        """
        good = self.outcome.completes
        found = self.findings or Findings()
        return {
            **what_was_read(self.subject, self.stream),
            "window_start": date_time(self.window.start),
            "window_end": date_time(self.window.end),
            "outcome": self.outcome.value,
            "reason": None if self.outcome is Outcome.LOADED else self.reason,
            "rows": self.rows,
            # Nothing of a failed window is written, not even its rejected lines.
            "rejected": 0 if self.outcome is Outcome.FAILED else found.rejected,
            "unreadable_cells": found.unreadable_cells.total(),
            "repeated_keys": found.repeated_keys,
            "rows_elsewhere": found.rows_elsewhere.total(),
            "total_difference": found.total_difference,
            "remarks": "; ".join(found.remarks) or None,
            "bytes": self.bytes if good else None,
            "attempts": self.attempts,
            "asked_at": self.asked_at.isoformat(timespec="seconds") if self.asked_at else None,
            "processed_at": self.processed_at,
            "loaded_at": (self.loaded_at or now).isoformat(timespec="seconds") if good else None,
            "recorded_at": now.isoformat(timespec="seconds"),
            "report_id": self.report_id,
        }


def what_was_read(subject: ReportPartition, stream: str) -> dict[str, t.Any]:
    """Return the columns with which every audit row begins.

    Args:
        subject: What was read.
        stream: Name of the stream that it was read for.
    """
    return {
        "account": subject.account,
        "marketplace_id": key_text(subject.marketplace_id),
        "country_code": country_of(subject.marketplace_id),
        "report_type": key_text(subject.report_type),
        "report_options": key_text(",".join(f"{name}={value}" for name, value in subject.options)),
        "stream_name": stream,
    }


def date_time(moment: date) -> str:
    """Format a day as its first moment, an hour unchanged."""
    text = to_text(moment)
    return text if "T" in text else f"{text}T00:00:00Z"
