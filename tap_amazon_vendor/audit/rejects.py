"""The audit streams of lines that can't be rows."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.audit.ledger import date_time, what_was_read
from tap_amazon_vendor.audit.stream import AuditStream
from tap_amazon_vendor.documents.keys import key_text
from tap_amazon_vendor.singer.schema_files import load_schema

if t.TYPE_CHECKING:
    from datetime import datetime

    from singer_sdk import Tap

    from tap_amazon_vendor.documents.findings import Reject
    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.reports.windows import Window


class ReportRejects(AuditStream):
    """One row for each line of a report that can't be a row.

    Its rows arise while other streams are read, and are staged with theirs: see `ReportLedger`. Lines of reports that
    hold personal data are in a stream of their own, which is deselected unless a catalog selects it.
    """

    own_keys = ("report_id", "line_number")

    def __init__(self, tap: Tap, *, restricted: bool) -> None:
        """Load the schema.

        Args:
            tap: The tap, for the SDK.
            restricted: For reports that need a restricted data token.
        """
        schema = load_schema("report_rejects")
        if restricted:
            schema["description"] += " Only of reports with personal data."
        super().__init__(tap, name=rejects_name(restricted=restricted), schema=schema)
        self.restricted = restricted


def rejects_name(*, restricted: bool) -> str:
    """Return the name of the stream for rejected lines."""
    return "report_rejects_restricted" if restricted else "report_rejects"


def reject_row(  # noqa: PLR0913  # each is one fact
    reject: Reject, *, stream: str, subject: ReportPartition, window: Window, report_id: str | None, now: datetime
) -> dict[str, t.Any]:
    """Return the row for a rejected line.

    Args:
        reject: The line.
        stream: Name of the stream that it was read for.
        subject: What was read.
        window: The days or hours that were asked for.
        report_id: Amazon's id, or what identifies a file.
        now: The current time.
    """
    return {
        **what_was_read(subject, stream),
        "line_number": reject.number,
        "line": reject.text,
        "column_name": reject.column,
        "reason": reject.reason,
        "window_start": date_time(window.start),
        "window_end": date_time(window.end),
        "recorded_at": now.isoformat(timespec="seconds"),
        "report_id": key_text(report_id),
    }
