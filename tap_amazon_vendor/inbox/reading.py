"""Reads one file of the inbox for one stream."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from datetime import date

from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.windows import Window

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_amazon_vendor.audit.recorder import Recorder
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.inbox.files import InboxFile
    from tap_amazon_vendor.inbox.listings import FiledElements
    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.streams.job_stream import JobStream
    from tap_amazon_vendor.streams.paged_stream import PagedStream

    #: The streams that files are read for.
    FileStream = JobStream | PagedStream

#: In a stream's bookmark: hashes of the files that it read. In the ledger's options: the file.
INBOX = "inbox"

#: Hexadecimal digits of a hash in the state: 128 bits.
_DIGITS = 32


@dataclass
class InboxReading:
    """Reads one file for one stream: iterate over its rows, write them, then `finish`.

    Attributes:
        stream: The stream.
        context: The partition that the rows belong to.
        result: Stands for the result of a report.
        sha256: Hash of the file.
        dated: The document's specification states the window of the request.
        findings: What the file holds besides rows.
    """

    stream: FileStream
    context: dict[str, str]
    result: JobResult
    sha256: str
    dated: bool
    findings: Findings = field(default_factory=Findings)

    @property
    def failed(self) -> bool:
        """Whether nothing may be written."""
        return self.result.outcome is Outcome.FAILED

    def fail(self, error: AmazonError) -> None:
        """Note why nothing may be written."""
        self.result = replace(self.result, outcome=Outcome.FAILED, reason=str(error))

    @property
    def subject(self) -> ReportPartition:
        """What is read."""
        return t.cast("ReportPartition", self.result.request.subject)

    @property
    def window(self) -> Window:
        """The days that the file covers."""
        return t.cast("Window", self.result.request.window)

    @property
    def report_id(self) -> str | None:
        """What identifies the file."""
        return self.result.job_id

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows in chunks."""
        if self.result.document:
            stream = t.cast("JobStream", self.stream)
            yield from stream.chunks(self.context, self.result, self.findings, asked=False, dated=self.dated)

    def check(self) -> None:
        """Decode the file completely, count its rows and find the days that they cover.

        Raises:
            DocumentError: It can't be read completely.
        """
        days: set[str] = set()
        periods: set[tuple[t.Any, ...]] = set()
        for chunk in self:
            days |= {str(row.get(self.stream.declaration.replication_key))[:10] for row in chunk}
            periods |= {(row["start_date"], row["end_date"]) for row in chunk if "end_date" in row}
        self._check_period(periods)
        known = sorted(filter(None, map(_day, days)))
        asked = self.result.request
        if known and not self.dated:
            self.result = replace(self.result, request=replace(asked, window=Window(known[0], known[-1])))
        if self.findings.is_empty:
            self.result = replace(self.result, reason="the file has no rows")
        self.findings = Findings()

    def finish(self, recorder: Recorder, today: date) -> None:
        """Complete the file in ledger and state. Its rows are written."""
        window = self.result.request.window
        if self.failed:
            recorder.record(LedgerEntry.of_job(self.stream.name, self.result, window, Outcome.FAILED, Findings()))
            return
        outcome = Outcome.EMPTY if self.findings.is_empty else Outcome.LOADED
        recorder.record(LedgerEntry.of_job(self.stream.name, self.result, window, outcome, self.findings))
        self.stream.stream_state[INBOX] = {**_read(self.stream), self.sha256[:_DIGITS]: today.isoformat()}

    def _check_period(self, periods: set[tuple[t.Any, ...]]) -> None:
        """Check a period that was inferred from the file's first row or name against all rows."""
        document = self.result.document
        column = getattr(self.stream.declaration, "period_column", None)
        if not column or (document and document.specification):
            return
        calendar = self.stream.declaration.calendar(self.context)
        for start, end in periods:
            first, last = _day(start), _day(end)
            if first and last and [Window(first, last)] != calendar.cut(Window(first, last)):
                text = f"a row from {first} to {last} is not a period of {self.context[column]}"
                raise DocumentError(text)


@dataclass
class ListingReading(InboxReading):
    """Reads a file with answers of a paged API.

    Attributes:
        listed: The elements in the file.
        account: Their account, with all marketplaces: nobody asked for some of them.
    """

    listed: FiledElements = field(kw_only=True)
    account: Account = field(kw_only=True)

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows in chunks."""
        stream = t.cast("PagedStream", self.stream)
        yield from stream.chunks(self.listed, self.account, self.findings, ())


def _read(stream: FileStream) -> dict[str, str]:
    """Return the hashes of the files that a stream has read, and the days on which it did."""
    found = stream.stream_state.get(INBOX)
    return found if isinstance(found, dict) else {}


def has_read(stream: FileStream, file: InboxFile) -> bool:
    """Return whether a stream has read a file, or one of the same content."""
    return file.sha256[:_DIGITS] in _read(stream)


def _day(text: object) -> date | None:
    """Parse a day, or a month as its first day; None if it is neither."""
    digits = str(text)[:10]
    try:
        return date.fromisoformat(digits if len(digits) == len("2026-01-31") else f"{digits}-01")
    except ValueError:
        return None
