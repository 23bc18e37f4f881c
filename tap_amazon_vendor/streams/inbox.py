"""The reading of the inbox: from its files to rows, state and ledger.

A file is decoded completely before its first row is written, so it is read whole or not at all. Each stream remembers
in its bookmark, under `INBOX`, the hashes of what it read and the days on which it did. The complete range of a
partition stays as it is: nobody knows what a file by hand leaves out.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from tap_amazon_vendor.accounts import marketplaces
from tap_amazon_vendor.errors import DocumentError, UnknownReportError
from tap_amazon_vendor.inbox import (
    InboxFile,
    Recogniser,
    clean_name,
    files_in,
    look_at,
    marketplace_of,
    option_value,
)
from tap_amazon_vendor.reports.jobs import ReportResult
from tap_amazon_vendor.reports.ledger import LedgerEntry
from tap_amazon_vendor.reports.outcomes import Outcome
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.windows import Hours, Window, from_text
from tap_amazon_vendor.streams import REPORT_STREAMS
from tap_amazon_vendor.streams.base import ReportStream, load_schema

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_amazon_vendor.accounts import Account
    from tap_amazon_vendor.inbox import Recognised
    from tap_amazon_vendor.reports.flat_files import FlatFile
    from tap_amazon_vendor.tap import TapAmazonVendor

#: In a stream's bookmark: hashes of the files that it read. In the ledger's options: the file.
INBOX = "inbox"

#: Digits of a hash in the state: 128 bits.
_DIGITS = 32


@dataclass
class InboxReading:
    """The reading of one file by one stream: iterate over its rows, write them, then `finish`.

    Attributes:
        stream: Who reads.
        context: The partition that the rows belong to.
        result: What stands for the report.
        flat: How a flat file is written.
        sha256: Hash of the file.
        rows: How many rows it has.
    """

    stream: ReportStream
    context: dict[str, str]
    result: ReportResult
    flat: FlatFile | None
    sha256: str
    rows: int = 0

    def __iter__(self) -> Iterator[list[Record]]:
        """Yield the rows, some at a time."""
        if self.result.document and not self.result.document.empty:
            yield from self.stream.chunks(self.context, self.result, self.flat)

    def check(self) -> None:
        """Decode the file completely, count its rows and find the days that they are of.

        Raises:
            DocumentError: It can't be read whole.
        """
        days: set[str] = set()
        periods: set[tuple[t.Any, ...]] = set()
        for chunk in self:
            self.rows += len(chunk)
            days |= {str(row.get(self.stream.replication_key))[:10] for row in chunk}
            periods |= {(row["start_date"], row["end_date"]) for row in chunk if "end_date" in row}
        self._check_period(periods)
        known = sorted(filter(None, map(_day, days)))
        asked = self.result.asked
        if known and not _said_window(self.stream, self.context, self.result):
            self.result = replace(self.result, asked=replace(asked, window=Window(known[0], known[-1])))
        if not self.rows:
            self.result = replace(self.result, reason="the file has no rows")

    def finish(self) -> None:
        """Complete the file in ledger and state. Its rows are written."""
        outcome = Outcome.LOADED if self.rows else Outcome.EMPTY
        tap = self.stream.tap
        tap.record(LedgerEntry(self.stream.name, self.result, self.result.asked.window, outcome, self.rows))
        self.stream.stream_state[INBOX] = {**_read(self.stream), self.sha256[:_DIGITS]: tap.today.isoformat()}
        tap.write_state()

    def _check_period(self, periods: set[tuple[t.Any, ...]]) -> None:
        """Check a period that the file's first row or its name told against all rows."""
        document = self.result.document
        column = next((option.column for option in self.stream.options if option.setting == "report_periods"), None)
        if not column or (document and document.specification):
            return
        calendar = self.stream.calendar(self.context)
        for start, end in periods:
            first, last = _day(start), _day(end)
            if first and last and [Window(first, last)] != calendar.cut(Window(first, last)):
                text = f"a row from {first} to {last} is not of the period {self.context[column]}"
                raise DocumentError(text)


class Inbox:
    """The files of the inbox that are to be read."""

    def __init__(self, tap: TapAmazonVendor, folder: Path) -> None:
        """Begin.

        Args:
            tap: Whose streams.
            folder: The inbox.
        """
        self._tap = tap
        self._folder = folder
        self._recogniser = Recogniser(REPORT_STREAMS, lambda name: load_schema(name)["properties"])

    def __iter__(self) -> Iterator[InboxReading]:
        """Yield the readings of files that can be read whole; what can't be read is told here."""
        for path in files_in(self._folder, self._unlisted):
            name = clean_name(path, self._folder)
            copy = self._tap.spool / "inbox"
            file = None
            try:
                if self._is_read(look_at(path, name)):
                    continue
                file = look_at(path, name, copy)
                yield from self._readings(file)
            except UnknownReportError as error:
                self._record(name, file, Outcome.SKIPPED, str(error))
            except DocumentError as error:
                self._record(name, file, Outcome.FAILED, str(error))
            except OSError as error:
                self._record(name, file, Outcome.FAILED, f"the file can't be read: {error.strerror or error}")
            finally:
                copy.unlink(missing_ok=True)

    def _is_read(self, file: InboxFile) -> bool:
        """Say whether every selected stream that reads a file has done so. Those that do are of one report type.

        The same bytes may be two reports, of which only the names differ.
        """
        streams = [stream for stream in self._tap.streams.values() if isinstance(stream, ReportStream)]
        types = {stream.report_type for stream in streams if _has_read(stream, file)}
        due = [
            stream
            for stream in streams
            if stream.selected and stream.report_type in types and not _has_read(stream, file)
        ]
        return bool(types) and not due and self._recogniser.named(file) <= types

    def _readings(self, file: InboxFile) -> Iterator[InboxReading]:
        account = self._account(file)
        country = account.marketplaces[0].country if len(account.marketplaces) == 1 else None
        found = self._recogniser.recognise(file, country)
        streams = self._wanted(file, found, account)
        if not streams:
            return
        readings = [self._reading(stream, file, found, account) for stream in streams]
        try:
            for reading in readings:
                reading.check()
        except DocumentError as error:
            for reading in readings:
                result = replace(reading.result, outcome=Outcome.FAILED, reason=str(error))
                entry = LedgerEntry(reading.stream.name, result, result.asked.window, Outcome.FAILED, 0)
                self._tap.record(entry)
            return
        yield from readings

    def _wanted(self, file: InboxFile, found: Recognised, account: Account) -> list[ReportStream]:
        """Return the streams that are to read a file."""
        kind, report_type = found.streams[0].kind, found.streams[0].report_type
        streams = [self._tap.streams.get(stream.name) for stream in found.streams]
        if None in streams or (account.asks and account.kind != kind):
            text = f"{report_type} is a report of {kind} accounts, and {account.label!r} is none"
            raise UnknownReportError(text)
        selected = [stream for stream in streams if isinstance(stream, ReportStream) and stream.selected]
        if not selected:
            names = ", ".join(stream.name for stream in found.streams)
            self._tap.logger.warning("%s in the inbox is not read: %s is not selected", file.name, names)
        return [stream for stream in selected if not _has_read(stream, file)]

    def _account(self, file: InboxFile) -> Account:
        """Return the account that a file is of: the one that a folder is named after, or the only one.

        Raises:
            DocumentError: There are several, and none is named.
        """
        accounts = {account.label: account for account in self._tap.settings.labels}
        for folder in file.folders:
            if folder in accounts:
                return accounts[folder]
        if len(accounts) > 1:
            text = f"nothing says whose file it is: put it into a folder named {' or '.join(map(repr, accounts))}"
            raise DocumentError(text)
        return next(iter(accounts.values()))

    def _marketplace(self, stream: ReportStream, file: InboxFile, found: Recognised, account: Account) -> str:
        """Return the marketplace that a file is of.

        The one that the file names, else the one that a folder is named after, else the only one of the account that
        has the report, or the only one at all. A report of all marketplaces has the one that the API's rows have.

        Raises:
            DocumentError: There are several, and none is named; or there is none.
        """
        having = stream.marketplaces(account)
        if stream.once_per_account and having:
            return having[0].marketplace_id
        said = self._recogniser.said_marketplaces(file, found)
        if len(said) == 1:
            return said.pop()
        for folder in file.folders:
            if marketplace := marketplace_of(folder):
                return marketplace
        if not having:
            everywhere = {each.marketplace_id: each for each in marketplaces().values()}
            having = stream.marketplaces(replace(account, marketplaces=tuple(everywhere.values())))
        if len(having) == 1:
            return having[0].marketplace_id
        choices = [each.country for each in having] if account.marketplaces or stream.countries else []
        ways = f"put it into a folder named {' or '.join(choices)}" if choices else (
            "set `marketplaces`, or put it into a folder named by country code, such as US"
        )  # fmt: skip
        text = f"nothing says of which marketplace the file is: {ways}"
        raise DocumentError(text)

    def _reading(self, stream: ReportStream, file: InboxFile, found: Recognised, account: Account) -> InboxReading:
        """Make the reading of a file by a stream.

        Raises:
            DocumentError: What the rows' keys need is not said.
        """
        if set(stream.from_specification) & set(stream.row_keys) and not found.document.specification:
            text = "the file does not say which period it is of: it lacks its reportSpecification"
            raise DocumentError(text)
        context = {
            "account": account.label,
            "marketplace_id": self._marketplace(stream, file, found, account),
            **{option.column: option_value(option, file, found) for option in stream.options},
        }
        partition = stream.report_partition(context)
        # In the ledger a file stands beside what was asked for, and never in its place.
        options = tuple(sorted([*partition.options, (INBOX, file.name)]))
        day = file.modified.date()
        asked = ReportRequest(*partition[:3], options=options, window=Window(day, day))
        result = ReportResult(
            Outcome.LOADED,
            asked,
            document=found.document,
            report_id=file.report_id,
            processed_at=f"{file.modified:%Y-%m-%dT%H:%M:%SZ}",
        )
        if window := _said_window(stream, context, result):
            result = replace(result, asked=replace(asked, window=window))
        return InboxReading(stream, context, result, found.flat, file.sha256)

    def _unlisted(self, error: OSError) -> None:
        name = clean_name(Path(error.filename), self._folder)
        self._record(name, None, Outcome.FAILED, f"the folder can't be read: {error.strerror}")

    def _record(self, name: str, file: InboxFile | None, outcome: Outcome, reason: str) -> None:
        """Note a file that belongs to no stream, or not for sure."""
        labels = [account.label for account in self._tap.settings.labels]
        label = next((folder for folder in name.split("/")[-2::-1] if folder in labels), labels[0])
        day = file.modified.date() if file else self._tap.today
        asked = ReportRequest(label, "", "", ((INBOX, name),), Window(day, day))
        result = ReportResult(outcome, asked, reason=reason, report_id=file.report_id if file else None)
        self._tap.record(LedgerEntry(INBOX, result, asked.window, outcome, 0))


def _read(stream: ReportStream) -> dict[str, str]:
    """Return the hashes of the files that a stream read, and the days on which it did."""
    found = stream.stream_state.get(INBOX)
    return found if isinstance(found, dict) else {}


def _has_read(stream: ReportStream, file: InboxFile) -> bool:
    return file.sha256[:_DIGITS] in _read(stream)


def _said_window(stream: ReportStream, context: dict[str, str], result: ReportResult) -> Window | None:
    """Return the range of a document's specification, None where it has none."""
    specification = (result.document and result.document.specification) or {}
    said = {**specification, **(specification.get("reportOptions") or {})}
    calendar = stream.calendar(context)
    fields = calendar.range_in or ("dataStartTime", "dataEndTime")
    try:
        start, end = (str(said[name]) for name in fields)
        if isinstance(calendar, Hours):
            return Window(*(from_text(f"{text[:19]}Z" if "T" in text else text) for text in (start, end)))
        window = Window(date.fromisoformat(start[:10]), date.fromisoformat(end[:10]))
    except (KeyError, ValueError):
        return None
    return window if window.start <= window.end else None


def _day(text: object) -> date | None:
    """Read a day, or the first day of a month."""
    digits = str(text)[:10]
    try:
        return date.fromisoformat(digits if len(digits) == len("2026-01-31") else f"{digits}-01")
    except ValueError:
        return None
