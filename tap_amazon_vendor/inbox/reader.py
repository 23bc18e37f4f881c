"""Reads the inbox: from its files to rows, state and ledger.

A file is decoded completely before its first row is written, so it is read whole or not at all. Each stream remembers
in its bookmark, under `INBOX`, the hashes of what it read and the days on which it did. The complete range of a
partition stays unchanged: what a manually provided file leaves out is unknown.
"""

from __future__ import annotations

import logging
import typing as t
from dataclasses import replace
from datetime import date
from pathlib import Path

from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.config.marketplaces import BY_ID
from tap_amazon_vendor.documents.json_values import shown
from tap_amazon_vendor.engine.model import JobResult
from tap_amazon_vendor.errors import DocumentError, NoRoomError, TapFaultError, UnknownReportError
from tap_amazon_vendor.inbox.files import InboxFile, clean_name, files_in, folders_of, lies_within, look_at
from tap_amazon_vendor.inbox.listings import FiledElements, recognise_listing
from tap_amazon_vendor.inbox.queries import is_query_file, recognise_query
from tap_amazon_vendor.inbox.reading import INBOX, InboxReading, ListingReading, has_read
from tap_amazon_vendor.inbox.recognise import Recogniser, option_value
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.belonging import named_marketplace
from tap_amazon_vendor.reports.calendars import Hours
from tap_amazon_vendor.reports.request import ReportPartition, ReportRequest
from tap_amazon_vendor.reports.specification import stated
from tap_amazon_vendor.reports.windows import Window, from_text
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS
from tap_amazon_vendor.streams.paged_stream import PagedStream
from tap_amazon_vendor.streams.query_stream import QueryStream
from tap_amazon_vendor.streams.report_stream import ReportStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_amazon_vendor.audit.recorder import Recorder
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.inbox.listings import ListingFile
    from tap_amazon_vendor.inbox.reading import FileStream
    from tap_amazon_vendor.inbox.recognise import Recognised

AnyStream = t.TypeVar("AnyStream", bound="FileStream")

logger = logging.getLogger("tap-amazon-vendor")


class Inbox:
    """The inbox files that are to be read."""

    def __init__(  # noqa: PLR0913  # each is one fact
        self,
        folder: Path,
        *,
        streams: Iterable[FileStream],
        accounts: Sequence[Account],
        recorder: Recorder,
        spool: Path,
        today: date,
    ) -> None:
        """Prepare.

        Args:
            folder: The inbox.
            streams: All streams of the run that read Amazon, including deselected ones.
            accounts: The accounts that files may belong to.
            recorder: Records the outcome of files that no stream reads.
            spool: Private folder for copies.
            today: The current UTC day.
        """
        self._folder = folder
        self._streams = {stream.name: stream for stream in streams}
        self._accounts = {account.label: account for account in accounts}
        self._recorder = recorder
        self._spool = spool
        self._today = today
        self._recogniser = Recogniser(REPORT_STREAMS, lambda name: load_schema(name)["properties"])

    def __iter__(self) -> Iterator[InboxReading]:
        """Yield the readings of files that can be read completely; record those that can't."""
        for path in files_in(self._folder, self._unlisted):
            name = clean_name(path, self._folder)
            copy = self._spool / "inbox"
            file = None
            try:
                if not lies_within(path, self._folder):
                    text = "it is a link that points outside the inbox: put the file itself into the inbox"
                    raise UnknownReportError(text)  # noqa: TRY301  # recorded as such
                if self._is_read(look_at(path, name)):
                    continue
                file = look_at(path, name, copy)
                yield from self._readings(file)
            except UnknownReportError as error:
                self._record(name, file, Outcome.SKIPPED, str(error))
            except DocumentError as error:
                self._record(name, file, Outcome.FAILED, str(error))
            except OSError as error:
                reason = f"the file can't be read: {error.strerror or error}"
                self._record(name, file, Outcome.FAILED, str(NoRoomError.of(error) or reason))
            except Exception as error:  # noqa: BLE001  # whatever is wrong with one file, the others are read
                self._record(name, file, Outcome.FAILED, f"the file can't be read: {TapFaultError.of(error, name)}")
            finally:
                copy.unlink(missing_ok=True)

    def _is_read(self, file: InboxFile) -> bool:
        """Return whether every selected stream that reads a file has done so. Those streams are of one report type.

        The same bytes may be two reports that differ in their names only.
        """
        streams = self._streams.values()
        types = {_kind(stream) for stream in streams if has_read(stream, file)}
        due = [
            stream for stream in streams if stream.selected and _kind(stream) in types and not has_read(stream, file)
        ]
        return bool(types) and not due and self._recogniser.named(file) <= types

    def _readings(self, file: InboxFile) -> Iterator[InboxReading]:
        account = self._account(file)
        if is_query_file(file):
            readings = self._query_readings(file, account)
        elif found := recognise_listing(file):
            readings = self._listing_readings(file, found, account)
        else:
            readings = self._report_readings(file, account)
        try:
            for reading in readings:
                reading.check()
        except DocumentError as error:
            for reading in readings:
                result = replace(reading.result, outcome=Outcome.FAILED, reason=str(error))
                window = result.request.window
                self._recorder.record(
                    LedgerEntry.of_job(reading.stream.name, result, window, Outcome.FAILED, reading.findings)
                )
            return
        yield from readings

    def _query_readings(self, file: InboxFile, account: Account) -> list[InboxReading]:
        found = recognise_query(file)
        stream, kind = self._streams.get(found.rows.name), found.rows.account_type
        if not isinstance(stream, QueryStream) or (account.asks and account.kind != kind):
            text = f"{found.rows.source} belongs to {kind} accounts, and {account.label!r} is not one"
            raise UnknownReportError(text)
        if not _selected(file, [stream]) or has_read(stream, file):
            return []
        context = {"account": account.label, **found.context(stream.attributes)}
        return [_reading_of(stream, file, found.document, context)]

    def _listing_readings(self, file: InboxFile, found: ListingFile, account: Account) -> list[InboxReading]:
        """Make the readings of a file with answers of a paged API.

        Raises:
            DocumentError: Nothing says of which marketplace its rows are.
        """
        listing = found.listing
        known = [stream for name, stream in self._streams.items() if name in found.streams]
        if not known or (account.asks and account.kind != listing.account_type):
            text = (
                f"{listing.operation.name} belongs to {listing.account_type} accounts, and {account.label!r} is not one"
            )
            raise UnknownReportError(text)
        streams = [stream for stream in _selected(file, known) if not has_read(stream, file)]
        if not streams:
            return []
        context = {"account": account.label, "marketplace_id": self._listed_marketplace(file, found, account)}
        listed = FiledElements(found, context, file.modified)
        # Nobody asked for the rows of some marketplaces only.
        everywhere = replace(account, marketplaces=tuple(BY_ID.values()))
        return [
            ListingReading(
                stream,
                context,
                _result_of(
                    ReportPartition(account.label, stream.declaration.source, context["marketplace_id"], ()),
                    file,
                    found.document,
                ),
                file.sha256,
                dated=False,
                listed=listed,
                account=everywhere,
            )
            for stream in streams
        ]

    @staticmethod
    def _listed_marketplace(file: InboxFile, found: ListingFile, account: Account) -> str:
        """Return the marketplace of what names none: the one that a folder is named after, or what the API's rows have.

        Raises:
            DocumentError: Nothing says it.
        """
        for folder in file.folders:
            if marketplace := named_marketplace(folder):
                return marketplace
        configured = [each.marketplace_id for each in account.marketplaces]
        if configured and (len(configured) == 1 or not found.listing.per_marketplace):
            return configured[0]
        text = "the file does not say its marketplace: put it into a folder named by country code, such as US"
        raise DocumentError(text)

    def _report_readings(self, file: InboxFile, account: Account) -> list[InboxReading]:
        country = account.marketplaces[0].country if len(account.marketplaces) == 1 else None
        found = self._recogniser.recognise(file, country)
        streams = self._wanted(file, found, account)
        return [self._reading(stream, file, found, account) for stream in streams]

    def _wanted(self, file: InboxFile, found: Recognised, account: Account) -> list[ReportStream]:
        """Return the streams that are to read a file."""
        report = found.streams[0].report
        known = {name: stream for name, stream in self._streams.items() if isinstance(stream, ReportStream)}
        streams = [known[each.name] for each in found.streams if each.name in known]
        if len(streams) < len(found.streams) or (account.asks and account.kind != report.account_type):
            text = f"{report.name} belongs to {report.account_type} accounts, and {account.label!r} is not one"
            raise UnknownReportError(text)
        return [stream for stream in _selected(file, streams) if not has_read(stream, file)]

    def _account(self, file: InboxFile) -> Account:
        """Return the account of a file: the one that a folder is named after, or the only one.

        Raises:
            DocumentError: There are several, and no folder names one.
        """
        accounts = self._accounts
        for folder in file.folders:
            if folder in accounts:
                return accounts[folder]
        if len(accounts) > 1:
            text = f"the file does not say its account: put it into a folder named {' or '.join(map(repr, accounts))}"
            raise DocumentError(text)
        return next(iter(accounts.values()))

    def _marketplace(self, stream: ReportStream, file: InboxFile, found: Recognised, account: Account) -> str:
        """Return the marketplace of a file.

        The one that the file names, else the one that a folder is named after, else the account's only one that has
        the report, or the only one that has it at all. A report on all marketplaces gets the one that the API's rows
        have.

        Raises:
            DocumentError: There are several, and none is named; or no marketplace has the report.
        """
        report = stream.declaration.report
        having = report.marketplaces(account)
        if report.once_per_account and having:
            return having[0].marketplace_id
        said = self._recogniser.said_marketplaces(file, found)
        if len(said) == 1:
            return said.pop()
        if said and "marketplaceIds" in found.said:
            text = f"the file covers several marketplaces, and its rows do not say which: {shown(sorted(said))}"
            raise DocumentError(text)
        for folder in file.folders:
            if marketplace := named_marketplace(folder):
                return marketplace
        if not having:
            having = report.marketplaces(replace(account, marketplaces=tuple(BY_ID.values())))
        if len(having) > 1 and len(account.marketplaces) == 1:
            having = list(account.marketplaces)
        if len(having) == 1:
            return having[0].marketplace_id
        if report.ignores_marketplaces and len(account.marketplaces) > 1:
            # Such a file holds the whole region: its rows say where they belong, and the rest goes where a run has it.
            return min(each.marketplace_id for each in having)
        choices = [each.country for each in having] if account.marketplaces or report.countries else []
        ways = f"put it into a folder named {' or '.join(choices)}" if choices else (
            "set `marketplaces`, or put it into a folder named by country code, such as US"
        )  # fmt: skip
        text = f"the file does not say its marketplace: {ways}"
        raise DocumentError(text)

    def _reading(self, stream: ReportStream, file: InboxFile, found: Recognised, account: Account) -> InboxReading:
        """Make the reading of a file for a stream.

        Raises:
            DocumentError: The file does not specify what the rows' keys need.
        """
        declaration = stream.declaration
        needed = [name for key, name in declaration.from_specification.items() if key in declaration.key_columns]
        if lacks := [name for name in needed if name not in found.said]:
            lacking = f"its reportSpecification has no {' and no '.join(lacks)}"
            if not found.document.specification:
                lacking = "it has no reportSpecification"
            text = f"the file does not say its period: {lacking}"
            raise DocumentError(text)
        context = {
            "account": account.label,
            "marketplace_id": self._marketplace(stream, file, found, account),
            **{option.column: option_value(option, file, found) for option in declaration.report.options},
        }
        reading = _reading_of(stream, file, found.document, context)
        if window := _said_window(stream, context, reading.result):
            reading.result = replace(reading.result, request=replace(reading.result.request, window=window))
            reading.dated = True
        return reading

    def _unlisted(self, error: OSError) -> None:
        name = clean_name(Path(error.filename), self._folder)
        self._record(name, None, Outcome.FAILED, f"the folder can't be read: {error.strerror}")

    def _record(self, name: str, file: InboxFile | None, outcome: Outcome, reason: str) -> None:
        """Record a file that belongs to no stream, or not for certain."""
        labels = list(self._accounts)
        label = next((folder for folder in folders_of(name) if folder in labels), labels[0])
        day = file.modified.date() if file else self._today
        subject = ReportPartition(label, report_type="", marketplace_id="", options=((INBOX, name),))
        report_id = file.report_id if file else None
        self._recorder.record(
            LedgerEntry(INBOX, subject, Window(day, day), outcome, reason=reason, report_id=report_id)
        )


def _kind(stream: AnyStream) -> str:
    """Return what the files of a stream are: parts of an element are in the files of its listing, too."""
    return stream.declaration.listing.operation.name if isinstance(stream, PagedStream) else stream.declaration.source


def _reading_of(
    stream: QueryStream | ReportStream, file: InboxFile, document: Document, context: dict[str, str]
) -> InboxReading:
    """Return the reading of a file whose window is not known."""
    result = _result_of(stream.declaration.report_partition(context), file, document)
    return InboxReading(stream, context, result, file.sha256, dated=False)


def _result_of(partition: ReportPartition, file: InboxFile, document: Document) -> JobResult:
    """Return what stands for the result of a report."""
    # In the ledger a file gets its own row beside that of a requested report, and never replaces it.
    options = tuple(sorted([*partition.options, (INBOX, file.name)]))
    day = file.modified.date()
    return JobResult(
        Outcome.LOADED,
        ReportRequest(*partition[:3], options=options, window=Window(day, day)),
        document=document,
        job_id=file.report_id,
        processed_at=f"{file.modified:%Y-%m-%dT%H:%M:%SZ}",
    )


def _selected(file: InboxFile, streams: Sequence[AnyStream]) -> list[AnyStream]:
    """Return the selected ones of the streams of a file; warn if there are none."""
    selected = [stream for stream in streams if stream.selected]
    if not selected:
        names = ", ".join(stream.name for stream in streams)
        logger.warning("%s in the inbox is not read: %s is not selected", file.name, names)
    return selected


def _said_window(stream: ReportStream, context: dict[str, str], result: JobResult) -> Window | None:
    """Return the range in a document's specification, None if it has none."""
    said = stated(result.document and result.document.specification)
    calendar = stream.declaration.calendar(context)
    fields = calendar.range_in or ("dataStartTime", "dataEndTime")
    try:
        start, end = (str(said[name]) for name in fields)
        if isinstance(calendar, Hours):
            return Window(*(from_text(f"{text[:19]}Z" if "T" in text else text) for text in (start, end)))
        window = Window(date.fromisoformat(start[:10]), date.fromisoformat(end[:10]))
    except (KeyError, ValueError):
        return None
    return window if window.start <= window.end else None
