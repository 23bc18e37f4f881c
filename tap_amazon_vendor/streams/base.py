"""The base of report streams: from a partition's windows to rows, state and ledger.

The SDK counts a bookmark up record by record. Here a bookmark moves when a window is complete, and
the complete range also grows backwards (DESIGN: state), so this class keeps its own partition
state: ``complete_from`` and ``replication_key_value`` are the first and the last complete day.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import typing as t
from dataclasses import replace
from datetime import date, timedelta
from importlib import resources

import msgspec
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams.core import Stream

from tap_amazon_vendor.accounts import country_of, marketplaces
from tap_amazon_vendor.errors import AmazonError, DocumentError
from tap_amazon_vendor.reports.documents import read_slices
from tap_amazon_vendor.reports.flat_files import FlatFileReader
from tap_amazon_vendor.reports.jobs import LISTED_DAYS, ReportResult
from tap_amazon_vendor.reports.ledger import LedgerEntry
from tap_amazon_vendor.reports.outcomes import Outcome
from tap_amazon_vendor.reports.request import ReportKind, ReportPartition, ReportRequest
from tap_amazon_vendor.reports.rows import EXTRA, RowShaper
from tap_amazon_vendor.reports.windows import (
    PERIODS,
    Calendar,
    Window,
    from_text,
    reachable,
    to_text,
)
from tap_amazon_vendor.streams.columns import ACCOUNT, COUNTRY_CODE, MARKETPLACE, all_columns, with_own_countries
from tap_amazon_vendor.streams.roles import BRAND_ANALYTICS
from tap_amazon_vendor.streams.windows import PartitionWindows

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record

    from tap_amazon_vendor.accounts import Account, Marketplace
    from tap_amazon_vendor.reports.documents import Document
    from tap_amazon_vendor.reports.flat_files import FlatFile
    from tap_amazon_vendor.settings import Settings
    from tap_amazon_vendor.streams.options import Option
    from tap_amazon_vendor.tap import TapAmazonVendor

#: Column of snapshots: when Amazon made the report.
SNAPSHOT_TIME = "snapshot_time"

#: In the state of reports that Amazon makes by itself: their ids, and the days on which they were read.
REPORTS_READ = "reports_read"

#: Products that a report may be asked for: their ids must fit in 200 characters (REPORTS.md section 2).
MOST_ASINS = 18

#: Days after which a partition that the account lacked is tried again.
SKIPPED_DAYS = 7


class _Impressions(msgspec.Struct):
    """How often customers saw a product in search results."""

    asin: str
    data: dict[str, t.Any] = msgspec.field(name="impressionData", default_factory=dict)

    @property
    def count(self) -> int:
        return self.data.get("impressionCount") or 0


_impressions = msgspec.json.Decoder(list[_Impressions])


def _not_reached(request: ReportRequest) -> ReportResult:
    """What became of a window that would leave a hole, because another before it is not complete."""
    return ReportResult(Outcome.LATER, request, "a window between this one and the complete range is missing")


def load_schema(name: str) -> dict[str, t.Any]:
    """Load the schema file of a stream.

    Args:
        name: Name of the stream and of the file.

    Returns:
        Its JSON Schema.
    """
    file = resources.files("tap_amazon_vendor.schemas") / f"{name}.json"
    return {"type": "object", **json.loads(file.read_text(encoding="utf-8"))}


def skipped_until(state: Mapping[str, t.Any], today: date) -> date | None:
    """Return when a partition is tried again that the account was found to lack.

    Args:
        state: The partition's.
        today: The current UTC day.

    Returns:
        None where it was not found lacking, or where it is time to try again.
    """
    try:
        since = date.fromisoformat(state["skipped_on"])
    except (KeyError, TypeError, ValueError):
        return None
    until = since + timedelta(days=SKIPPED_DAYS)
    return until if since <= today < until else None


class ReportStream(Stream):
    """One array of rows of one report type.

    A subclass is a declaration: `name`, the attributes below, and a schema file of its name.

    Attributes:
        report_type: Amazon's report type.
        array: The array of the document that holds the rows; of an array within, the path with dots.
            A flat file has none.
        flat: How the document is written, where it is a flat file.
        inherits: Fields that a row of an inner array takes from the elements around it.
        leaves_out: Inner arrays, which have streams of their own.
        from_specification: Columns that rows do not say, and the field of the document's specification that does.
        options: Report options that make partitions.
        fixed_options: Report options that are the same in every report.
        row_keys: Columns that identify a row within a partition.
        calendars: How time is cut, by ``reportPeriod``, or just one calendar.
        compares_programs: Its rows show whether RETAIL contains the other programs.
        costly: Takes too many rows, or too much of a quota, to be read by whoever did not ask for it: deselected where
            no catalog selects it.
        kind: Type of account that has the report.
        roles: Amazon's roles of which any one suffices.
        countries: Countries whose marketplaces have the report; None for all.
        countries_without: Countries whose marketplaces don't.
        once_per_account: Amazon makes one report for all marketplaces of an account: only one of them is asked for.
        made_by_amazon: Amazon makes the report by itself: it is looked for, never asked for, and read once by its id.
        restricted: The document is handed out for a restricted data token only (REPORTS.md 0.7).
        regenerates: How long Amazon takes the last report for an answer instead of making another (REPORTS.md 0.5).
        asins_from: The stream whose rows say which products to ask for, where the report must be told. Its report is
            read first, then the stream's own is asked for.
    """

    name: str = ""
    report_type: t.ClassVar[str]
    array: t.ClassVar[str] = ""
    flat: t.ClassVar[FlatFile | None] = None
    inherits: t.ClassVar[tuple[str, ...]] = ()
    leaves_out: t.ClassVar[tuple[str, ...]] = ()
    from_specification: t.ClassVar[Mapping[str, str]] = {}
    options: t.ClassVar[tuple[Option, ...]] = ()
    fixed_options: t.ClassVar[Mapping[str, str]] = {}
    row_keys: t.ClassVar[tuple[str, ...]]
    calendars: t.ClassVar[Mapping[str, Calendar] | Calendar] = PERIODS
    compares_programs: t.ClassVar[bool] = False
    costly: t.ClassVar[bool] = False
    kind: t.ClassVar[str] = "vendor"
    roles: t.ClassVar[tuple[str, ...]] = (BRAND_ANALYTICS,)
    countries: t.ClassVar[frozenset[str] | None] = None
    countries_without: t.ClassVar[frozenset[str]] = frozenset()
    once_per_account: t.ClassVar[bool] = False
    made_by_amazon: t.ClassVar[bool] = False
    restricted: t.ClassVar[bool] = False
    regenerates: t.ClassVar[timedelta | None] = None
    asins_from: t.ClassVar[type[ReportStream] | None] = None

    replication_key = "end_date"

    # Rows are shaped by their schema already; the SDK need not do it once more.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapAmazonVendor) -> None:
        """Load the schema and put the columns that every report has around it."""
        self.tap = tap
        own = load_schema(self.name)
        self._properties = own["properties"]
        keys = ("account", "marketplace_id", *(option.column for option in self.options), *self.row_keys)
        self._own_keys = tuple(key for key in keys if key in self._properties)
        self._shaper = RowShaper(self._properties, self._own_keys, self._warn_of_unknown, self.leaves_out)
        self._flat_reader = self.flat and self._reader(self.flat)
        self._warned: set[str] = set()
        source = f"{self.report_type}, {self.array}" if self.array else self.report_type
        described = f"{own['description']} Source: {source}."
        options = {option.column: {"type": "string", "description": option.description} for option in self.options}
        report_id = {
            "type": ["string", "null"],
            "description": f"Amazon's id of the {self.report_type} that the row comes from.",
        }
        before = {**ACCOUNT, **MARKETPLACE, **options}
        properties = all_columns(before, self._properties, {"report_id": report_id}, self.row_keys)
        super().__init__(tap, schema=own | {"description": described, "properties": properties})
        self.primary_keys = keys

    @property
    def partitions(self) -> list[dict[str, t.Any]] | None:
        """One partition for each account, marketplace and combination of options."""
        settings = self.tap.settings
        choices = [
            [(option.column, value) for value in getattr(settings, option.setting)
             if value in option.values]
            for option in self.options
        ]  # fmt: skip
        return self._contexts(choices)

    def _contexts(self, choices: list[list[tuple[str, str]]]) -> list[dict[str, t.Any]]:
        """Return each account and marketplace with each choice of options."""
        return [
            {
                "account": account.label,
                "marketplace_id": marketplace.marketplace_id,
                **dict(combination),
            }
            for account in self.tap.settings.accounts
            if account.kind == self.kind
            for marketplace in self.marketplaces(account)
            for combination in itertools.product(*choices)
        ]

    @classmethod
    def left_out(cls, settings: Settings) -> str | None:
        """Say why the settings leave the stream without any partition, None where they do not.

        Args:
            settings: Those of the run.
        """
        if not any(account.kind == cls.kind for account in settings.accounts):
            return None
        reasons = (option.lacks(getattr(settings, option.setting)) for option in cls.options)
        return "; ".join(reason for reason in reasons if reason) or None

    def account_for_left_out(self) -> None:
        """Where the settings leave the stream out, say so, and note in the ledger what they want and Amazon lacks."""
        settings, horizon = self.tap.settings, self.tap.horizon
        reason = self.left_out(settings)
        if reason is None:
            return
        self.logger.info("%s: %s", self.name, reason)
        window = Window(horizon.start, horizon.end or horizon.today)
        choices = [[(option.column, value) for value in getattr(settings, option.setting)] for option in self.options]
        for context in self._contexts(choices):
            request = ReportRequest(*self.report_partition(context), window=window)
            entry = LedgerEntry(self.name, ReportResult(Outcome.SKIPPED, request, reason), window, Outcome.SKIPPED, 0)
            self.tap.ledger.write(entry.row(self.tap.clock()))

    def marketplaces(self, account: Account) -> list[Marketplace]:
        """Return those of an account's marketplaces that have the report; one where it is the same in all."""
        known = marketplaces()
        having = {known[country].marketplace_id for country in self.countries or known}
        having -= {known[country].marketplace_id for country in self.countries_without}
        found = [each for each in account.marketplaces if each.marketplace_id in having]
        # Not the user's first: the order of the settings must not decide what a row's key is.
        return sorted(found, key=lambda each: each.marketplace_id)[:1] if self.once_per_account else found

    def report_partition(self, context: Mapping[str, t.Any]) -> ReportPartition:
        """Return what the reports of a partition have in common."""
        options = {option.name: context[option.column] for option in self.options}
        return ReportPartition(
            context["account"],
            self.report_type,
            context["marketplace_id"],
            tuple(sorted({**self.fixed_options, **options}.items())),
        )

    def first_partition(self, context: Mapping[str, t.Any]) -> ReportPartition:
        """Return what the reports have in common that are asked for first."""
        own = self.report_partition(context)
        return own._replace(report_type=self.asins_from.report_type) if self.asins_from else own

    def next_request(self, first: ReportRequest, result: ReportResult) -> ReportRequest | None:
        """Return what to ask for after a report that says what.

        Args:
            first: The request of that report.
            result: What became of it.

        Returns:
            The request for the products with the most impressions; None where there are none, or nothing follows.

        Raises:
            DocumentError: The report can't be read.
        """
        if not self.asins_from or first.report_type == self.report_type or not result.document:
            return None
        slices = read_slices(result.document, self.asins_from.array)
        shown = itertools.chain.from_iterable(map(_impressions.decode, slices))
        # The same products in the same order make the same request, which an earlier run may have sent.
        try:
            most = heapq.nlargest(MOST_ASINS, shown, key=lambda row: (row.count, row.asin))
        except msgspec.ValidationError as error:
            text = f"report {result.report_id}: {error}"
            raise DocumentError(text) from None
        asins = sorted(row.asin for row in most)
        if not asins:
            return None
        return replace(
            first,
            report_type=self.report_type,
            options=tuple(sorted({**dict(first.options), "asin": " ".join(asins)}.items())),
            kind=self.report_kind,
        )

    @property
    def report_kind(self) -> ReportKind:
        """What Amazon does with reports of the type."""
        return ReportKind(
            flat=self.flat is not None,
            restricted=self.restricted,
            made_by_amazon=self.made_by_amazon,
            regenerates=self.regenerates,
            roles=self.roles,
        )

    def calendar(self, context: Mapping[str, t.Any]) -> Calendar:
        """Return how the time of a partition's reports is cut."""
        if isinstance(self.calendars, Calendar):
            return self.calendars
        period = next(option.column for option in self.options if option.setting == "report_periods")
        return self.calendars[context[period]]

    def complete_range(self, context: Mapping[str, t.Any]) -> Window | None:
        """Return the unbroken range of days that earlier runs completed, None for none.

        A user who replicates the stream as FULL_TABLE wants everything again. A range that can't
        be continued, because Amazon no longer has what follows it, is given up.
        """
        calendar = self.calendar(context)
        if self.replication_method == REPLICATION_FULL_TABLE or not calendar.unbroken:
            return None
        state = self.get_context_state(context)
        try:
            complete = Window(from_text(state["complete_from"]), from_text(state["replication_key_value"]))
            if complete.start > complete.end:
                return None
        except (KeyError, TypeError, ValueError):
            return None
        if reachable(complete, self.tap.horizon, calendar):
            return complete
        self._warn_once(f"Amazon no longer has what follows {complete}: there will be a gap. Starting anew")
        return None

    def skipped_until(self, context: Context, today: date) -> date | None:
        """Return when a partition is tried again that the account was found to lack, None where that is due."""
        return skipped_until(self.get_context_state(context), today)

    def windows(self, context: Context) -> PartitionWindows:
        """Return what this run wants of a partition."""
        planned = self.tap.plan.get(self.first_partition(context), [])
        requests = [report.request for report in planned if self.name in report.readers]
        return PartitionWindows(self.complete_range(context), requests, unbroken=self.calendar(context).unbroken)

    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Read a partition window by window, waiting for each: for the SDK's own sync, which a connection test uses.

        Args:
            context: The partition.

        Yields:
            Rows.

        Raises:
            AmazonError: In a connection test, whatever keeps the first window from being read.
        """
        if not context:
            # The SDK, of a stream without partitions.
            return
        windows = self.windows(context)
        while windows.left:
            request = windows.left[0]
            result = self.tap.jobs.result(request)
            reading = Reading(self, context, windows, request)
            yield from itertools.chain.from_iterable(reading)
            reading.finish()
            testing = self.ABORT_AT_RECORD_COUNT is not None
            if testing and result.outcome.ends_partition and self.tap.nothing_else_of(result):
                raise AmazonError(result.words)

    def chunks(
        self, context: Mapping[str, t.Any], result: ReportResult, flat: FlatFile | None = None
    ) -> Iterator[list[Record]]:
        """Read the rows of a report.

        Args:
            context: The partition.
            result: What became of its report: it has a document.
            flat: How a flat file is written, where that is not what is declared.

        Yields:
            Rows, some at a time.

        Raises:
            DocumentError: They can't be read.
        """
        document = t.cast("Document", result.document)
        country = country_of(context["marketplace_id"])
        whose = {name: context[name] for name in ("account", "marketplace_id")}
        constants = {
            **whose,
            COUNTRY_CODE: country,
            **context,
            **self._said_once(result),
            "report_id": result.report_id,
            EXTRA: None,
        }
        if self._flat_reader:
            reader = self._reader(flat) if flat else self._flat_reader
            return reader.read(
                document.path,
                constants,
                f"report {result.report_id}",
                charset=document.charset,
                country=country,
            )
        slices = read_slices(document, self.array, self.inherits)
        rows = self._shaper.shape(slices, constants, f"report {result.report_id}, {self.array}")
        return with_own_countries(rows) if "marketplace_id" in self._properties else rows

    def _reader(self, flat: FlatFile) -> FlatFileReader:
        return FlatFileReader(flat, self._properties, self._own_keys, self._warn_of_unknown, self._warn_once)

    def _said_once(self, result: ReportResult) -> dict[str, t.Any]:
        """Return what the document says once for all its rows: what was asked for, and what Amazon made of it."""
        specification = (result.document and result.document.specification) or {}
        said = {**result.asked.body(), **specification, **(specification.get("reportOptions") or {})}
        columns: dict[str, t.Any] = {}
        if SNAPSHOT_TIME in self._properties:
            # When Amazon made the report, not when we read it: read twice, it gives the same rows.
            made = result.processed_at or t.cast("datetime", result.asked_at).isoformat()
            columns[SNAPSHOT_TIME] = f"{made[:19]}Z"
        for column, field in self.from_specification.items():
            is_day = self._properties[column].get("format") == "date"
            columns[column] = said[field][:10] if is_day and field in said else said.get(field)
        return columns

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the state alone: it moves with windows, not with records."""

    def log(self, message: str, *args: object, level: int = logging.INFO, **kwargs: t.Any) -> None:  # noqa: ANN401
        """Log a message; in a connection test, where each stream ends by an exception, do not call that an error."""
        testing = self.ABORT_AT_RECORD_COUNT is not None
        super().log(message, *args, level=logging.DEBUG if testing and level == logging.ERROR else level, **kwargs)

    def _warn_of_unknown(self, field: str) -> None:
        self._warn_once(f"{self.report_type} has a field that this tap does not know: {field}. It goes to {EXTRA}")

    def _warn_once(self, words: str) -> None:
        if words not in self._warned:
            self._warned.add(words)
            self.logger.warning(words)


class Reading:
    """The reading of one window whose report is finished: iterate over its rows, write them, then `finish`."""

    def __init__(
        self, stream: ReportStream, context: Context, windows: PartitionWindows, request: ReportRequest
    ) -> None:
        """Begin.

        Args:
            stream: Who reads.
            context: The partition.
            windows: Its windows.
            request: One of them that is ready.
        """
        self._stream = stream
        self._tap = stream.tap
        self._context = context
        self._windows = windows
        self._request = request
        self._result = stream.tap.jobs.result(request)
        self._rows = 0
        self._next: ReportRequest | None = None

    def __iter__(self) -> Iterator[list[Record]]:
        """Yield the rows, some at a time. What can't be read ends them, and is told by `finish`."""
        if not self._result.document:
            return
        overlap = self._tap.overlap if self._stream.compares_programs else None
        try:
            if self._request.report_type != self._stream.report_type:
                self._next = self._stream.next_request(self._request, self._result)
                return
            for chunk in self._stream.chunks(self._context, self._result):
                self._rows += len(chunk)
                if overlap:
                    overlap.see(chunk)
                yield chunk
        except DocumentError as error:
            self._result = replace(self._result, outcome=Outcome.FAILED, reason=str(error))
            self._tap.jobs.shun(t.cast("str", self._result.report_id))

    def finish(self) -> list[ReportRequest]:
        """Complete the window in ledger and state. Its rows are written.

        Returns:
            What is to be read in its place, where Amazon finds it too wide or made reports by itself, or where its rows
            say what to ask for.
        """
        if self._next:
            self._tap.jobs.replan(self._request, [self._next], reader=self._stream.name)
            self._windows.replace(self._request, [self._next])
            self._tap.jobs.release(self._request, self._stream.name, read=True)
            return [self._next]
        read = self._stream.get_context_state(self._context).get(REPORTS_READ, {})
        parts = [part for part in self._result.parts if part.report_id not in read]
        if parts:
            self._tap.jobs.replan(self._request, parts)
            self._windows.replace(self._request, parts)
            self._tap.jobs.release(self._request, self._stream.name, read=True)
        else:
            self._complete()
        return parts

    def _complete(self) -> None:
        result, request = self._result, self._request
        asked = result.asked.window
        outcome = result.outcome
        if outcome is Outcome.LOADED and self._rows == 0:
            outcome = Outcome.EMPTY
        good = outcome.completes
        if good and not self._windows.joins(asked):
            # Shortened, it no longer joins the range: its rows are written, but the range would have a hole.
            good, outcome = False, Outcome.LATER
        lost = self._windows.decide(request, asked if good else None)
        # The ledger first: whatever the state says must be accounted for, also when the process ends here.
        self._record(result, asked if good else request.window, outcome, self._rows)
        if good and asked != request.window:
            self._record(result, Window(asked.next, request.window.end), Outcome.LATER)
        # Of reports that Amazon made by itself, a damaged one must not keep the others from being read.
        ends = outcome.ends_partition and not request.report_id
        if ends:
            lost += self._windows.give_up()
        for other in lost:
            if not ends:
                self._record(_not_reached(other), other.window, Outcome.LATER)
            self._tap.jobs.release(other, self._stream.name, read=False)
        self._move_state(outcome, result)
        # A report that can't be read is not read again; one that could not be had is.
        spent = outcome.completes or result.document is not None
        self._tap.jobs.release(request, self._stream.name, read=spent)
        self._tap.jobs.save(changed=True)

    def _record(self, result: ReportResult, window: Window, outcome: Outcome, rows: int = 0) -> None:
        self._tap.record(LedgerEntry(self._stream.name, result, window, outcome, rows))

    def _move_state(self, outcome: Outcome, result: ReportResult) -> None:
        state = self._stream.get_context_state(self._context)
        state.pop("skipped_on", None)
        complete = self._windows.complete
        if self._request.report_id:
            if outcome.completes:
                self._note_read(state, self._request.report_id)
        elif complete:
            state["complete_from"] = to_text(complete.start)
            state["replication_key"] = self._stream.replication_key
            state["replication_key_value"] = to_text(complete.end)
        # What the account had before, and what Amazon refused outright, costs one call to try again.
        elif outcome is Outcome.SKIPPED and result.report_id:
            state["skipped_on"] = self._tap.today.isoformat()

    def _note_read(self, state: dict[str, t.Any], report_id: str) -> None:
        """Remember a report that Amazon made by itself, for as long as Amazon lists it."""
        today = self._tap.today
        kept = {
            known: day
            for known, day in state.get(REPORTS_READ, {}).items()
            if date.fromisoformat(day) >= today - timedelta(days=LISTED_DAYS)
        }
        state[REPORTS_READ] = {**kept, report_id: today.isoformat()}
