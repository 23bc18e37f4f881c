"""Records how windows ended: a ledger row, a log line, and what the verdict needs."""

from __future__ import annotations

import logging
import typing as t
from dataclasses import replace

from tap_amazon_vendor.audit.few_rows import windows_with_few_rows
from tap_amazon_vendor.audit.reasons import Reasons
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_amazon_vendor.audit.ledger import LedgerEntry
    from tap_amazon_vendor.audit.stream import ReportLedger
    from tap_amazon_vendor.config.redaction import Redactor

logger = logging.getLogger("tap-amazon-vendor")


class Recorder:
    """The ledger of a run.

    Attributes:
        entries: What was recorded.
        reasons: The skipped and failed entries, by reason.
    """

    def __init__(self, stream: ReportLedger | None, clock: Callable[[], datetime], redactor: Redactor) -> None:
        """Start with nothing recorded.

        Args:
            stream: The stream `report_ledger`; None to write no rows.
            clock: Returns the current time, aware.
            redactor: Redacts secrets that a text of Amazon quotes.
        """
        self._stream = stream
        self._clock = clock
        self._redactor = redactor
        self.entries: list[LedgerEntry] = []
        self.reasons = Reasons()
        #: What was warned about already, by stream or account.
        self._told: set[tuple[str, str]] = set()

    def note(self, entry: LedgerEntry) -> None:
        """Write a ledger row for what was never tried and so does not count in the verdict."""
        if self._stream:
            self._stream.write(self._redactor.redact_row(entry.row(self._clock())))

    def record(self, entry: LedgerEntry) -> None:
        """Write a ledger row and log it: windows that share a reason get one warning."""
        # A later row of the same window has another `recorded_at`, but not another `loaded_at`.
        entry = replace(entry, loaded_at=self._clock())
        self.entries.append(entry)
        self.note(entry)
        if entry.outcome is Outcome.LOADED:
            logger.info("%s: %d rows of %s", entry.stream, entry.rows, entry.target)
            self._warn(entry)
            return
        message = entry.message or "the report has no rows"
        later = entry.outcome is Outcome.LATER
        # An outage ends many windows alike: one warning says so. A delay by quota or settings is none.
        warns = entry.doubtful and (not later or self._is_new(entry.subject.account, message))
        level = logging.WARNING if warns else logging.INFO
        if entry.outcome.ends_partition:
            first = self.reasons.note(entry)
            if first is not entry:
                message = f"for the same reason as {first.stream}"
            elif entry.outcome is Outcome.SKIPPED:
                level = logging.WARNING
        logger.log(level, "%s: %s %s: %s", entry.stream, entry.target, entry.outcome.value, message)
        if entry.outcome is Outcome.EMPTY:
            self._warn(entry)

    def remark_on_few_rows(self) -> None:
        """Once all windows are recorded, write those with far fewer rows than those near them again, with a remark."""
        for entry, remark in windows_with_few_rows(self.entries):
            found = entry.findings or Findings()
            found.remarks.append(remark)
            self.note(replace(entry, findings=found))
            logger.warning("%s: %s has %s: %s", entry.stream, entry.target, _many(entry.rows, "row"), remark)

    def _warn(self, entry: LedgerEntry) -> None:
        """Warn about what a document holds besides rows: of each stream once about each column and each remark."""
        found = entry.findings or Findings()
        for column, cells in found.unreadable_cells.items():
            if self._is_new(entry.stream, column):
                logger.warning(
                    "%s: %s of column %s in %s could not be read: the column is null, `_extra` keeps the text",
                    entry.stream,
                    _many(cells, "cell"),
                    column,
                    entry.target,
                )
        if found.rejected:
            logger.warning(
                "%s: rejected %s of %s: see `report_rejects` for the reasons",
                entry.stream,
                _many(found.rejected, "line"),
                entry.target,
            )
        if found.repeated_keys:
            logger.warning(
                "%s: repeated keys in %s of %s: a target keeps the last row",
                entry.stream,
                _many(found.repeated_keys, "row"),
                entry.target,
            )
        for remark in found.remarks:
            if self._is_new(entry.stream, remark):
                logger.warning("%s: %s: %s", entry.stream, entry.target, remark)

    def _is_new(self, of: str, subject: str) -> bool:
        """Return whether there was no warning about a subject of a stream or account so far; note that there is one."""
        known = len(self._told)
        self._told.add((of, subject))
        return len(self._told) > known


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
